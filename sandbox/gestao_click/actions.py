"""What people do in the ERP: sell, edit, pay, delete. Nothing tells anybody (no webhooks)."""

from datetime import date
from functools import cached_property
from random import Random

from sandbox.gestao_click import blank
from sandbox.gestao_click.clock import stamp, today
from sandbox.gestao_click.shop import Shop
from sandbox.gestao_click.ties import TIES, Ties
from sandbox.gestao_click.trade import (
    Bill,
    Buyer,
    Extras,
    Order,
    bill_of,
    make_sale,
    net,
    paid,
    payments_of,
    titles_for,
)
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

    @cached_property
    def ties(self) -> Ties:
        return Ties(self.world)

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
                return self.sell(fields, hidden or {}, self.rng)
            record = patched(self._newborn(table), fields)
            if "taxa_banco" in record and "valor_total" not in fields:
                record["valor_total"] = net(record)
            self.store(table, record, hidden)
            return record

    def delete(self, name: str, keys: list[Key], silent: bool = True) -> list[Json]:
        """A document takes its open titles along."""
        with self.world.lock:
            table = self.world.table(VENDOR, name)
            return [self._bury(table, key_of(key)) for key in keys]

    def restore(self, name: str, keys: list[Key], silent: bool = True) -> list[Json]:
        with self.world.lock:
            table = self.world.table(VENDOR, name)
            return [self._restore(table, key_of(key)) for key in keys]

    def merge(self, name: str, winner: Key, losers: list[Key], silent: bool = True) -> Json:
        raise ValueError("Gestão Click has no merge")

    def pay(
        self, name: str, key: Key, day: str | None = None, extras: Extras | None = None
    ) -> Json:
        """Section 4: the title moves to the window of its payment date."""
        with self.world.lock:
            table = self.world.table(VENDOR, name)
            record = _live(table, key)
            when = day or today(self.world.now()).isoformat()
            after = paid(record.open(), when, stamp(self.world.now()), extras)
            self.store(table, after, record.hidden)
            return after

    def sell(self, fields: Json, hidden: Json, rng: Random) -> Json:
        """A sale of a kind in a store, to some client, with its receivables."""
        with self.world.lock:
            table = self.world.table(VENDOR, "vendas")
            store = self.shop.store(str(hidden.get("loja_id", "")))
            kind = str(hidden.get("tipo", "produto"))
            now = self.world.now()
            buyer = Buyer() if kind == "vendas_balcao" else rng.choice(self.shop.buyers)
            day = date.fromisoformat(fields.get("data") or today(now).isoformat())
            code = self.shop.next_code(store)
            situation = rng.choices(("60001", "60002"), (1, 9))[0]
            order = Order(table.next_id(), code, day, stamp(now), kind, store, buyer, situation)
            sale = patched(make_sale(rng, order, self.shop.wares), fields)
            self.store(table, sale, {"tipo": kind, "loja_id": store.key})
            self.charge("vendas", sale["id"], bill_of(sale, store), payments_of(sale))
            return sale

    def charge(
        self, name: str, document: Key, bill: Bill, payments: list[Json], before: int = 0
    ) -> list[Json]:
        """The document leaves its titles, where there is a list of them."""
        table = self.ties.table(name)
        if table is None:
            return []
        made = titles_for(bill, payments, table.next_id(), before)
        for title in made:
            self.store(table, title, {TIES[name][1]: str(document)})
        return made

    def discharge(self, name: str, document: Key) -> list[Key]:
        """The document's open titles vanish."""
        titles = self.ties.open_titles(name, document)
        for title in titles:
            self.world.table(VENDOR, TIES[name][0]).bury(title)
        return [title.key for title in titles]

    def store(self, table: Table, record: Json, hidden: Json | None) -> None:
        made = table.make(record, hidden)
        table.put(made)
        if table.spec.name in ("recebimentos", "pagamentos"):
            self.ties.note(made)
        self.world.changed()

    def _change(self, table: Table, key: Key, fields: Json) -> Json:
        record = _live(table, key)
        after = patched(record.open(), fields)
        if "modificado_em" in after:
            after["modificado_em"] = stamp(self.world.now())
        if "taxa_banco" in after and "valor_total" not in fields:
            after["valor_total"] = net(after)
        hidden = {**(record.hidden or {}), **fields.get("_sandbox", {})}
        after.pop("_sandbox", None)
        self.store(table, after, hidden or None)
        return after

    def _bury(self, table: Table, key: Key) -> Json:
        record = _live(table, key)
        table.bury(record)
        self.discharge(table.spec.name, key)
        self.world.changed()
        return record.open()

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


def _live(table: Table, key: Key) -> Record:
    found = key_of(key)
    if found not in table.live:
        raise KeyError(f"{table.spec.name} has no live record {key}")
    return table.live[found]
