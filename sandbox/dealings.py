"""Deals that become sales, in a shop that uses both systems: the same person buys at the ERP soon after the deal is won.

Kommo is told what was sold: nearly always the deal has the sale's value, or about that; some have its number in a field,
some keep the value that was hoped for. Other won deals never become a sale, and most sales come from no deal.
"""

from collections import deque
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sandbox.gestao_click.clock import today
from sandbox.gestao_click.money import to_cents
from sandbox.gestao_click.trade import Buyer
from sandbox.kommo.samples import plain
from sandbox.people import FIRST_CLIENT, FIRST_CONTACT, person
from sandbox.records import Json, Key
from sandbox.world import World

BECOMES = 0.8
"""Share of the won deals of clients."""
SOON = timedelta(days=20)
"""From the deal to its sale, at most."""
NAMED, VALUE, ABOUT = 0.25, 0.7, 0.95
"""Shares: the deal names the sale's number; up to here it has its value; up to here about that."""
SALE_NUMBER = 1400027


@dataclass(frozen=True)
class Deal:
    lead: Key
    day: date
    """On which it was won."""
    buyer: Buyer


class Dealings:
    """The seeded deals that wait for their sale, the first won first."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = Random(world.options.seed + 9)
        self.waiting = deque(sorted(self._won(), key=lambda deal: (deal.day, deal.lead)))

    def due(self, day: date) -> Deal | None:
        """A deal that a sale of this day may be of; each is given once, and too old ones never."""
        while self.waiting and self.waiting[0].day < day - SOON:
            self.waiting.popleft()
        if not self.waiting or self.waiting[0].day > day:
            return None
        return self.waiting.popleft()

    def sold(self, deal: Deal, sale: Json) -> None:
        table = self.world.table("kommo", "leads")
        lead = table.live[deal.lead].open()
        table.put(table.make(lead | told(self.rng, lead, sale)))

    def _won(self) -> list[Deal]:
        if not self.world.has("kommo", "leads"):
            return []
        found = []
        for record in self.world.table("kommo", "leads").live.values():
            lead = record.open()
            buyer = buyer_of(self.world, lead) if lead["status_id"] == 142 else None
            if buyer and lead["closed_at"] and self.rng.random() < BECOMES:
                found.append(Deal(record.key, today(lead["closed_at"]), buyer))
        return found


def buyer_of(world: World, lead: Json) -> Buyer | None:
    """The client who is the deal's main contact."""
    contacts = lead["_embedded"]["contacts"]
    number = contacts[0]["id"] - FIRST_CONTACT if contacts else -1
    if number < 0 or not world.has("gestao-click", "clientes"):
        return None
    client = world.table("gestao-click", "clientes").live.get(FIRST_CLIENT + number)
    shown = client.open() if client and not client.planted else {}
    return Buyer(shown["id"], shown["nome"]) if shown.get("nome") == person(number).name else None


def told(rng: Random, lead: Json, sale: Json) -> Json:
    """What the deal says of its sale: fields of the lead."""
    total, chance = to_cents(sale["valor_total"]) // 100, rng.random()
    fields: Json = {}
    if chance < VALUE:
        fields["price"] = total
    elif chance < ABOUT:
        fields["price"] = max(1, total * rng.randrange(97, 104) // 100)
    if chance >= ABOUT or rng.random() < NAMED:
        number = plain(SALE_NUMBER, "Nº da venda", "text", sale["codigo"])
        fields["custom_fields_values"] = [*(lead["custom_fields_values"] or []), number]
    return fields
