"""What a sale is put together from: stores, buyers, wares, the next code of each store."""

from sandbox.gestao_click.trade import Buyer, Store, Ware
from sandbox.records import Json
from sandbox.world import World

VENDOR = "gestao-click"
FIRST_CODE = 1101


class Shop:
    def __init__(self, world: World) -> None:
        self.world = world
        self.stores = [Store(s["id"], s["nome"]) for s in self._all("lojas")] or [Store("", "")]
        self.buyers = [Buyer(c["id"], c["nome"]) for c in self._all("clientes")] or [Buyer()]
        self.wares = [
            Ware(int(p["id"]), p["nome"], int(p["valor_venda"].replace(".", "")))
            for p in self._all("produtos")
        ]
        self._codes = self._used_codes()

    def store(self, key: str) -> Store:
        return next((s for s in self.stores if s.key == key), self.stores[0])

    def next_code(self, store: Store) -> int:
        """Each store counts for itself: the same codigo twice (gestaoclick-api.md 10.15)."""
        self._codes[store.key] = self._codes.get(store.key, FIRST_CODE - 1) + 1
        return self._codes[store.key]

    def _used_codes(self) -> dict[str, int]:
        if not self.world.has(VENDOR, "vendas"):
            return {}
        used: dict[str, int] = {}
        for record in self.world.table(VENDOR, "vendas").live.values():
            if record.planted:
                continue
            code = int(record.open()["codigo"])
            used[record.facts.store] = max(used.get(record.facts.store, FIRST_CODE - 1), code)
        return used

    def _all(self, name: str) -> list[Json]:
        if not self.world.has(VENDOR, name):
            return []
        table = self.world.table(VENDOR, name)
        return [r.open() for r in (table.live[key] for key in table.ids) if not r.planted]
