"""Life: what happens in both systems while somebody looks, from a generator of its own.

`run(n)` makes n changes at once; a rate makes them come by themselves, at random moments.
"""

import threading
from collections.abc import Callable
from functools import partial
from random import Random

from sandbox.dealings import BECOMES, buyer_of, told
from sandbox.gestao_click.actions import GestaoClickActions
from sandbox.gestao_click.business import Trade
from sandbox.kommo.actions import KommoActions
from sandbox.kommo.acts import Acts
from sandbox.kommo.linking import link
from sandbox.kommo.samples import LOSS_REASON, STAGES, USERS, lead_fields
from sandbox.records import Json, Key, Table
from sandbox.world import World

Act = Callable[[], None]


class Life:
    def __init__(self, world: World, acts: Acts, trade: Trade) -> None:
        self.world = world
        self.acts = acts
        self.kommo = KommoLife(world, acts.actions, trade.actions)
        self.gestao_click = GestaoClickLife(world, trade)
        self.rng = Random(world.options.seed + 3)
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._live, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def set_rate(self, rate: float) -> None:
        self.world.options.life = rate
        self._wake.set()

    def run(self, changes: int, vendor: str | None = None) -> int:
        """So many changes now, as fast as possible."""
        for _ in range(changes):
            self._once(vendor)
        return changes

    def _live(self) -> None:
        while not self._stopping:
            rate = self.world.options.life
            if not self._wake.wait(self.rng.expovariate(rate) if rate > 0 else None):
                self._once(None)
            self._wake.clear()

    def _once(self, vendor: str | None) -> None:
        which = vendor or ("kommo" if self.rng.random() < 0.6 else "gestao-click")
        if which == "kommo" and self.world.options.lively and self.rng.random() < 0.5:
            self.acts.walk(1)
        else:
            (self.kommo if which == "kommo" else self.gestao_click).once()


class Hand:
    """Picks acts by weight and records at random; an act without a record to act on is skipped."""

    def __init__(self, world: World, seed: int, vendor: str) -> None:
        self.world = world
        self.rng = Random(seed)
        self.vendor = vendor
        self.acts: list[tuple[Act, int]] = []

    def once(self) -> None:
        acts, weights = zip(*self.acts, strict=True)
        with self.world.lock:
            self.rng.choices(acts, weights)[0]()

    def table(self, name: str) -> Table | None:
        return self.world.table(self.vendor, name) if self.world.has(self.vendor, name) else None

    def some(self, name: str, count: int = 1) -> list[Key]:
        """Records at random; none if there are too few, or one of them was planted."""
        table = self.table(name)
        if table is None or len(table.ids) < count:
            return []
        keys = self.rng.sample(table.ids, count)
        return [] if any(table.live[key].planted for key in keys) else keys

    def plenty(self, name: str) -> bool:
        """Enough to delete one."""
        table = self.table(name)
        return table is not None and len(table.ids) > 3


class KommoLife(Hand):
    def __init__(self, world: World, actions: KommoActions, erp: GestaoClickActions) -> None:
        super().__init__(world, world.options.seed + 4, "kommo")
        self.actions, self.erp = actions, erp
        self.acts = [
            (self.move_lead, 30), (self.edit_lead, 25), (self.new_lead, 10),
            (self.edit_contact, 15), (self.edit_company, 8), (self.hand_over, 5),
            (self.delete, 4), (self.restore, 2), (self.merge, 1), (self.edit_many, 2),
        ]  # fmt: skip

    def move_lead(self) -> None:
        pipeline, status = self.rng.choice(STAGES)
        fields: Json = {"pipeline_id": pipeline, "status_id": status}
        if status == 143:
            fields |= {
                "loss_reason_id": LOSS_REASON["id"],
                "_embedded.loss_reason": [LOSS_REASON],
            }
        keys = self.some("leads")
        fresh = [key for key in keys if self._status(key) != status]
        for lead in self.actions.change("leads", keys, fields):
            if status == 142 and lead["id"] in fresh:
                self.buy(lead)

    def _status(self, lead: Key) -> int:
        status: int = self.world.table("kommo", "leads").live[lead].open()["status_id"]
        return status

    def buy(self, lead: Json) -> None:
        """Who was won is a client of the shop, and buys."""
        buyer = buyer_of(self.world, lead)
        if buyer and self.world.has("gestao-click", "vendas") and self.rng.random() < BECOMES:
            to = {"cliente_id": buyer.key, "nome_cliente": buyer.name}
            store = self.rng.choice(self.erp.shop.stores)
            sale = self.erp.sell(to, {"tipo": "produto", "loja_id": store.key}, self.rng)
            self.actions.change("leads", [lead["id"]], told(self.rng, lead, sale))

    def edit_lead(self) -> None:
        fields: Json = self.rng.choice(
            (
                {"price": self.rng.randrange(50, 20000)},
                {"name": f"Pedido revisto {self.rng.randrange(10_000)}"},
                {"custom_fields_values": lead_fields(self.rng, self.world.now())},
                {"custom_fields_values": None},
            )
        )
        self.actions.change("leads", self.some("leads"), fields)

    def new_lead(self) -> None:
        """With a new contact, one time in three with an old one."""
        contacts = self.some("contacts") if self.rng.random() < 0.33 else [self.new_contact()]
        embedded = [link("contacts", key, is_main=True) for key in contacts]
        fields = {
            "price": self.rng.randrange(50, 20000),
            "responsible_user_id": self.rng.choice(USERS),
            "_embedded.contacts": embedded,
        }
        self.actions.create("leads", fields)

    def new_contact(self) -> Key:
        """One in five brings a new company."""
        fields: Json = {}
        if self.rng.random() < 0.2 and self.table("companies") is not None:
            company = self.actions.create("companies", {})["id"]
            fields["_embedded.companies"] = [link("companies", company)]
        return self.actions.create("contacts", fields)["id"]

    def edit_contact(self) -> None:
        name = f"Nome Exemplo {self.rng.randrange(10_000)}"
        self.actions.change("contacts", self.some("contacts"), {"name": name})

    def edit_company(self) -> None:
        name = f"Empresa Exemplo {self.rng.randrange(10_000)} Ltda"
        self.actions.change("companies", self.some("companies"), {"name": name})

    def edit_many(self) -> None:
        """A bulk edit in the list: one webhook body with several leads (6.6)."""
        responsible = {"responsible_user_id": self.rng.choice(USERS)}
        self.actions.change("leads", self.some("leads", 5), responsible)

    def hand_over(self) -> None:
        name = self.rng.choice(("leads", "contacts"))
        fields = {"responsible_user_id": self.rng.choice(USERS)}
        self.actions.change(name, self.some(name), fields)

    def delete(self) -> None:
        name = self.rng.choice(("leads", "leads", "contacts", "companies"))
        if self.plenty(name):
            self.actions.delete(name, self.some(name))

    def restore(self) -> None:
        for name in self.rng.sample(("leads", "contacts", "companies"), 3):
            table = self.table(name)
            gone = sorted(k for k, r in table.gone.items() if not r.planted) if table else []
            if gone:
                self.actions.restore(name, [self.rng.choice(gone)])
                return

    def merge(self) -> None:
        name = self.rng.choice(("leads", "contacts"))
        pair = self.some(name, 2) if self.plenty(name) else []
        if pair:
            self.actions.merge(name, pair[0], pair[1:])


SHOP = {
    "sales.sell": 25, "sales.note": 10, "sales.conclude": 3, "sales.edit": 3, "sales.cancel": 2,
    "sales.delete": 1, "titles.pay_due": 10, "titles.pay_late": 8, "titles.pay_ahead": 10,
    "titles.undo": 1, "titles.rebook": 3, "titles.new": 5, "titles.delete": 1,
    "orders.open": 3, "orders.advance": 4, "quotes.write": 3, "quotes.decide": 3,
    "purchases.buy": 2, "purchases.confirm": 2, "invoices.issue": 3, "invoices.decide": 2,
    "clients.new": 4, "clients.edit": 10, "clients.delete": 1, "suppliers.edit": 2,
    "products.edit": 10, "products.delete": 1, "catalogues.rename": 1, "documents.delete": 1,
}  # fmt: skip
"""What the ERP's life does (gestao_click/acts), and how often."""


class GestaoClickLife(Hand):
    """The commonest of what gestao_click/acts can do, by the names there."""

    def __init__(self, world: World, trade: Trade) -> None:
        super().__init__(world, world.options.seed + 5, "gestao-click")
        self.trade = trade
        self.acts = [(partial(self.do, name), weight) for name, weight in SHOP.items()]

    def do(self, name: str) -> None:
        self.trade.do(name, rng=self.rng)
