"""What people do in the ERP: sell, edit, pay, delete. Nothing tells anybody (no webhooks)."""

from datetime import date
from functools import cached_property
from random import Random

from sandbox.gestao_click import blank
from sandbox.gestao_click.clock import stamp, today
from sandbox.gestao_click.shop import Shop
from sandbox.gestao_click.trade import Buyer, Order, make_sale, net, paid, titles_of
from sandbox.patch import patched
from sandbox.records import Json, Key, Record, Table, key_of
from sandbox.world import World

VENDOR = "gestao-click"


class GestaoClickActions:
    """`silent` is there for symmetry with Kommo's actions: the ERP has no webhooks (section 8)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = Random(world.options.seed + 2)

    @cached_property
    def shop(self) -> Shop:
        return Shop(self.world)

    def change(self, name: str, keys: list[Key], fields: Json, silent: bool = True) -> list[Json]:
        if not keys:
            return []
        with self.world.lock:
            table = self.world.table(VENDOR, name)
            return [self._change(table, key_of(key), fields) for key in keys]

    def create(
        self, name: str, fields: Json, silent: bool = True, hidden: Json | None = None
    ) -> Json:
        """A sale brings its receivables along; `hidden` is its tipo and loja_id."""
        with self.world.lock:
            table = self.world.table(VENDOR, name)
            if table.spec.name == "vendas":
                return self._sell(table, fields, hidden or {})
            record = patched(self._newborn(table), fields)
            if "taxa_banco" in record and "valor_total" not in fields:
                record["valor_total"] = net(record)
            self._store(table, record, hidden)
            return record

    def delete(self, name: str, keys: list[Key], silent: bool = True) -> list[Json]:
        """A sale takes its open titles along."""
        with self.world.lock:
            table = self.world.table(VENDOR, name)
            return [self._bury(table, key_of(key)) for key in keys]

    def restore(self, name: str, keys: list[Key], silent: bool = True) -> list[Json]:
        with self.world.lock:
            table = self.world.table(VENDOR, name)
            return [self._restore(table, key_of(key)) for key in keys]

    def merge(self, name: str, winner: Key, losers: list[Key], silent: bool = True) -> Json:
        raise ValueError("Gestão Click has no merge")

    def pay(self, name: str, key: Key, day: str | None = None) -> Json:
        """Section 4: the title moves to the window of its payment date."""
        with self.world.lock:
            table = self.world.table(VENDOR, name)
            record = _live(table, key)
            when = day or today(self.world.now()).isoformat()
            after = paid(record.open(), when, stamp(self.world.now()))
            self._store(table, after, record.hidden)
            return after

    def _change(self, table: Table, key: Key, fields: Json) -> Json:
        record = _live(table, key)
        after = patched(record.open(), fields)
        if "modificado_em" in after:
            after["modificado_em"] = stamp(self.world.now())
        if "taxa_banco" in after and "valor_total" not in fields:
            after["valor_total"] = net(after)
        hidden = {**(record.hidden or {}), **fields.get("_sandbox", {})}
        after.pop("_sandbox", None)
        self._store(table, after, hidden or None)
        return after

    def _store(self, table: Table, record: Json, hidden: Json | None) -> None:
        table.put(table.make(record, hidden))
        self.world.changed()

    def _bury(self, table: Table, key: Key) -> Json:
        record = _live(table, key)
        table.bury(record)
        if table.spec.name == "vendas":
            self._bury_titles(str(key))
        self.world.changed()
        return record.open()

    def _bury_titles(self, sale: str) -> None:
        titles = self.world.table(VENDOR, "recebimentos")
        for record in list(titles.live.values()):
            if (record.hidden or {}).get("venda_id") == sale and record.open()["liquidado"] == "0":
                titles.bury(record)

    def _restore(self, table: Table, key: Key) -> Json:
        if key not in table.gone:
            raise KeyError(f"{table.spec.name} {key} is not among the deleted")
        record = table.gone.pop(key)
        table.put(record)
        self.world.changed()
        return record.open()

    def _newborn(self, table: Table) -> Json:
        key, at = table.next_id(), stamp(self.world.now())
        match table.spec.name:
            case "clientes":
                return blank.client(key, at, nome=f"Cliente Exemplo {key}")
            case "produtos":
                return blank.product(key, at, "10.0000", "19.9000", nome=f"Produto Exemplo {key}")
            case "recebimentos" | "pagamentos":
                store = self.shop.stores[0]
                more = {"loja_id": store.key, "nome_loja": store.name}
                day = today(self.world.now()).isoformat()
                return blank.title(key, key - 36000, "Avulso", 10000, day, at, **more)
        record = table.live[table.ids[-1]].open() if table.ids else {}
        times: Json = {n: at for n in ("cadastrado_em", "modificado_em") if n in record}
        return {**record, **times, "id": str(key)}

    def _sell(self, table: Table, fields: Json, hidden: Json) -> Json:
        store = self.shop.store(str(hidden.get("loja_id", "")))
        kind = str(hidden.get("tipo", "produto"))
        now = self.world.now()
        buyer = Buyer() if kind == "vendas_balcao" else self.rng.choice(self.shop.buyers)
        day = date.fromisoformat(fields.get("data") or today(now).isoformat())
        code = self.shop.next_code(store)
        situation = self.rng.choices(("60001", "60002"), (1, 9))[0]
        order = Order(table.next_id(), code, day, stamp(now), kind, store, buyer, situation)
        sale = patched(make_sale(self.rng, order, self.shop.wares), fields)
        self._store(table, sale, {"tipo": kind, "loja_id": store.key})
        if self.world.has(VENDOR, "recebimentos"):
            titles = self.world.table(VENDOR, "recebimentos")
            for title in titles_of(sale, store, titles.next_id()):
                self._store(titles, title, {"venda_id": sale["id"]})
        return sale


def _live(table: Table, key: Key) -> Record:
    found = key_of(key)
    if found not in table.live:
        raise KeyError(f"{table.spec.name} has no live record {key}")
    return table.live[found]
