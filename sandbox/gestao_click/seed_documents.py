"""The seeded ERP's other documents: service orders, quotes, purchases, invoices.

They are made by the acts of the business days, at moments of the past; what they leave in the
titles is settled like the sales' titles.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sandbox.gestao_click.actions import VENDOR, GestaoClickActions
from sandbox.gestao_click.acts import documents, invoices, purchases
from sandbox.gestao_click.acts.turn import Act, NothingToDo, Turn
from sandbox.records import Json
from sandbox.world import World

DAY = 86400
LEFT = 0.02
"""Share of the steps that nobody takes: some old documents stay open."""


@dataclass(frozen=True)
class Plan:
    """How a list's documents come about: one for so many sales; two steps, some days apart."""

    name: str
    sales: int
    make: Act
    go_on: Act
    days: int


PLANS = (
    Plan("ordens_servicos", 20, documents.open_order, documents.advance_order, 9),
    Plan("orcamentos", 20, documents.write_quote, documents.decide_quote, 7),
    Plan("compras", 30, purchases.buy, purchases.confirm, 4),
    Plan("notas_fiscais_produtos", 10, invoices.issue, invoices.decide, 1),
)


class Documents:
    def __init__(self, world: World, days: int, settle: Callable[[Json], Json]) -> None:
        self.world = world
        self.days = days
        self.settle = settle
        self.actions = GestaoClickActions(world)
        self.rng = Random(world.options.seed + 8)

    def build(self, sales: int) -> None:
        for plan in PLANS:
            if self.world.has(VENDOR, plan.name):
                count = sales // plan.sales
                for number in range(count):
                    back = self.days * (count - number) / count
                    self.write(plan, self.world.started_at - back * DAY)

    def write(self, plan: Plan, at: float) -> None:
        for name, keys in self.done(plan.make, at).items():
            for step in (1, 2):
                when = at + step * plan.days * DAY
                if when < self.world.started_at and self.rng.random() > LEFT:
                    self.settled(self.done(plan.go_on, when, name, keys[0]))

    def done(self, act: Act, at: float, name: str = "", key: int | None = None) -> Json:
        try:
            return act(Turn(self.actions, self.rng, key, name, at))
        except NothingToDo:
            return {}

    def settled(self, done: Json) -> None:
        for name in done.keys() & {"recebimentos", "pagamentos"}:
            table = self.world.table(VENDOR, name)
            for key in done[name]:
                record = table.live[key]
                self.actions.store(table, self.settle(record.open()), record.hidden)
