"""Which titles a document left: the ERP knows, its API shows a text only (gestaoclick-api.md 7)."""

from collections import defaultdict

from sandbox.records import Key, Record, Table
from sandbox.world import World

VENDOR = "gestao-click"
TIES = {
    "vendas": ("recebimentos", "venda_id"),
    "ordens_servicos": ("recebimentos", "ordem_servico_id"),
    "compras": ("pagamentos", "compra_id"),
}
"""List of documents -> list of its titles, and what ties them in the title's hidden part."""


class Ties:
    def __init__(self, world: World) -> None:
        self.world = world
        self._keys: dict[tuple[str, str], set[Key]] = defaultdict(set)
        for name in ("recebimentos", "pagamentos"):
            if world.has(VENDOR, name):
                table = world.table(VENDOR, name)
                for records in (table.live, table.gone):
                    for record in records.values():
                        self.note(record)

    def note(self, record: Record) -> None:
        for field, document in (record.hidden or {}).items():
            if field != "loja_id":
                self._keys[field, str(document)].add(record.key)

    def table(self, name: str) -> Table | None:
        """Where the titles of a list's documents are."""
        titles, _ = TIES.get(name, ("", ""))
        return self.world.table(VENDOR, titles) if self.world.has(VENDOR, titles) else None

    def titles(self, name: str, document: Key) -> list[Record]:
        """The live titles of a document, by id."""
        table = self.table(name)
        if table is None:
            return []
        keys = sorted(self._keys.get((TIES[name][1], str(document)), ()))
        return [table.live[key] for key in keys if key in table.live]

    def open_titles(self, name: str, document: Key) -> list[Record]:
        return [title for title in self.titles(name, document) if title.open()["liquidado"] == "0"]
