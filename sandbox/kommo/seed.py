"""The seeded Kommo world: leads, contacts, companies, their links and a trace of events.

Awkward rows are spread by remainder of the row's number, so that any world has them: empty names,
null prices, custom_fields_values null and [], duplicated tags, nobody or a dismissed user as
responsible, emoji, one NUL character.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from sandbox.kommo import blank, samples
from sandbox.kommo.differences import stage_of
from sandbox.kommo.events import make_event
from sandbox.kommo.seed_activity import seed_incoming, seed_notes, seed_tasks
from sandbox.kommo.seed_catalogs import element_of, seed_catalogs, seed_customers
from sandbox.people import FIRST_CONTACT, firm_name, person
from sandbox.records import Json, Key
from sandbox.world import World, fixture_records

FIRST_LEAD, FIRST_COMPANY = 40100001, 52000001
DAY = 86400
EVENTS_KEPT = 2000
AWKWARD_LEADS: tuple[tuple[int, int, Json], ...] = (
    (19, 3, {"name": ""}),
    (23, 5, {"price": None}),
    (29, 7, {"custom_fields_values": None}),
    (31, 9, {"custom_fields_values": []}),
    (41, 13, {"responsible_user_id": 0, "name": "Lead 🚀"}),
    (43, 15, {"responsible_user_id": samples.INACTIVE_USER}),
)
"""Every so many, at this remainder, these fields: kommo-api.md 9: 43, 16, 12, 40, 19."""


@dataclass
class Plan:
    """Who is linked to whom, drawn before any record is built."""

    leads: int
    contacts: int
    companies: int
    contact_company: list[int | None] = field(default_factory=list)
    lead_contacts: list[list[int]] = field(default_factory=list)
    contact_leads: dict[int, list[int]] = field(default_factory=dict)
    company_contacts: dict[int, list[int]] = field(default_factory=dict)
    company_leads: dict[int, list[int]] = field(default_factory=dict)

    def company_of(self, lead: int) -> int | None:
        contacts = self.lead_contacts[lead]
        return self.contact_company[contacts[0] - FIRST_CONTACT] if contacts else None


def seed_kommo(world: World) -> None:
    counts = {name: len(f.records) for (v, name), f in world.fixtures.items() if v == "kommo"}
    for (vendor, name), fixture in world.fixtures.items():
        if vendor == "kommo":
            table = world.table(vendor, name)
            table.fill(fixture_records(fixture, table))
    leads = world.options.leads
    plan = draw(
        world.rng,
        max(0, leads - counts.get("leads", 0)),
        max(0, leads * 8 // 10 - counts.get("contacts", 0)),
        max(0, leads * 3 // 10 - counts.get("companies", 0)),
    )
    Builder(world, plan).build()
    seed_catalogs(world, leads)
    seed_customers(world, leads)
    seed_tasks(world)
    seed_notes(world)
    seed_incoming(world)


def draw(rng: Random, leads: int, contacts: int, companies: int) -> Plan:
    plan = Plan(leads, contacts, companies)
    for number in range(contacts):
        company = FIRST_COMPANY + rng.randrange(companies) if companies and number % 2 else None
        plan.contact_company.append(company)
        if company:
            plan.company_contacts.setdefault(company, []).append(FIRST_CONTACT + number)
    for number in range(leads):
        key = FIRST_LEAD + number
        chosen = _contacts_of_lead(rng, number, contacts)
        plan.lead_contacts.append(chosen)
        for contact in chosen:
            plan.contact_leads.setdefault(contact, []).append(key)
        company = plan.company_of(number)
        if company:
            plan.company_leads.setdefault(company, []).append(key)
    return plan


def _contacts_of_lead(rng: Random, number: int, contacts: int) -> list[int]:
    if not contacts or number % 11 == 10:
        return []
    first = FIRST_CONTACT + number % contacts
    second = FIRST_CONTACT + rng.randrange(contacts)
    return [first, second] if number % 13 == 5 and second != first else [first]


class Builder:
    def __init__(self, world: World, plan: Plan) -> None:
        self.world = world
        self.plan = plan
        self.rng = world.rng
        self.now = int(world.started_at)
        self.since = self.now - world.options.months * 30 * DAY

    def build(self) -> None:
        for name, count, make in (
            ("companies", self.plan.companies, self.company),
            ("contacts", self.plan.contacts, self.contact),
            ("leads", self.plan.leads, self.lead),
        ):
            if self.world.has("kommo", name):
                table = self.world.table("kommo", name)
                table.fill([table.make(make(number)) for number in range(count)])
        self.events()

    def times(self, number: int, count: int) -> tuple[int, int]:
        """created_at grows with the id; updated_at lies between it and a minute ago."""
        created = self.since + (self.now - 3600 - self.since) * number // max(1, count)
        return created, created + int((self.now - 60 - created) * self.rng.random() ** 3)

    def company(self, number: int) -> Json:
        key = FIRST_COMPANY + number
        embedded = blank.company_embedded(
            self.plan.company_contacts.get(key, []), self.plan.company_leads.get(key, [])
        )
        return blank.company(
            key,
            *self.times(number, self.plan.companies),
            name=firm_name(number),
            custom_fields_values=None if number % 17 == 3 else samples.company_fields(number),
            _embedded=embedded,
        )

    def contact(self, number: int) -> Json:
        key = FIRST_CONTACT + number
        who = person(number)
        tags = [samples.CONTACT_TAG] if number % 8 == 0 else []
        embedded = blank.contact_embedded(
            tags, self.plan.contact_company[number], self.plan.contact_leads.get(key, [])
        )
        record = blank.contact(
            key,
            *self.times(number, self.plan.contacts),
            name=who.name,
            first_name=who.first,
            last_name=who.last,
            custom_fields_values=samples.contact_fields(who, number),
            _embedded=embedded,
        )
        return record | self.awkward_contact(number, who.name)

    def awkward_contact(self, number: int, name: str) -> Json:
        """kommo-api.md 9: 40 (emoji, NUL), 43 (no name), 12 (null and [])."""
        if number == min(20, self.plan.contacts - 1):
            return {"name": f"{name}\x00(nul)"}
        if number % 23 == 7:
            return {"name": f"{name} 😀", "first_name": "", "last_name": ""}
        if number % 29 == 9:
            return {"name": "", "first_name": "", "last_name": "", "responsible_user_id": 0}
        if number % 31 == 11:
            return {"custom_fields_values": None}
        if number % 37 == 13:
            return {"custom_fields_values": [], "responsible_user_id": samples.INACTIVE_USER}
        return {}

    def lead(self, number: int) -> Json:
        rng = self.rng
        created, updated = self.times(number, self.plan.leads)
        pipeline, status = rng.choice(samples.STAGES)
        lost = status == 143
        tags = [rng.choice(samples.TAGS)] if number % 5 == 0 else []
        record = blank.lead(
            FIRST_LEAD + number,
            created,
            updated,
            name=f"Pedido {1000 + number}",
            price=rng.randrange(50, 20000),
            responsible_user_id=samples.USERS[number % 2],
            status_id=status,
            pipeline_id=pipeline,
            closed_at=updated if status in (142, 143) else None,
            loss_reason_id=samples.LOSS_REASON["id"] if lost else None,
            source_id=samples.SOURCE_IDS[number % len(samples.SOURCE_IDS)],
            custom_fields_values=samples.with_campaign(samples.lead_fields(rng, created), number),
            _embedded=blank.lead_embedded(
                tags,
                self.plan.lead_contacts[number],
                self.plan.company_of(number),
                lost,
                element_of(number, self.plan.leads),
            ),
        )
        return record | self.awkward_lead(number, record)

    def awkward_lead(self, number: int, record: Json) -> Json:
        """kommo-api.md 9: 17 (duplicated tags) and AWKWARD_LEADS."""
        if number % 37 == 11:
            return {"_embedded": {**record["_embedded"], "tags": [samples.TAGS[0]] * 2}}
        found = (odd for every, rest, odd in AWKWARD_LEADS if number % every == rest)
        return next(found, {})

    def events(self) -> None:
        """Of the youngest leads that they were made, and moved; what is older has left the log (5.11)."""
        if not self.world.has("kommo", "events") or not self.plan.leads:
            return
        leads, table = self.world.table("kommo", "leads"), self.world.table("kommo", "events")
        youngest = leads.ids[-min(EVENTS_KEPT, self.plan.leads) :]
        table.fill(
            table.make(
                make_event(self.world, "leads", key, "{}_added", leads.live[key].facts.created_at)
            )
            for key in youngest
        )
        moved = (event for key in youngest for event in self.moves(key, leads.live[key].open()))
        table.fill(table.make(event) for event in moved)

    def moves(self, key: Key, lead: Json) -> list[Json]:
        """From where leads come in to where it is, at even steps; one in six went there at once."""
        pipeline, last = lead["pipeline_id"], lead["status_id"]
        way = samples.WAYS[pipeline]
        way = way[: way.index(last)] if last in way else way
        stages = [
            stage_of({"status_id": status, "pipeline_id": pipeline})
            for status in [*(way[:1] if key % 6 == 0 else way), last]
        ]
        span = max(0, (lead["closed_at"] or lead["updated_at"]) - lead["created_at"])
        moments = [
            lead["created_at"] + span * nth // max(1, len(stages) - 1) for nth in range(len(stages))
        ]
        kind = "lead_status_changed"
        return [
            make_event(self.world, "leads", key, kind, at, before=old, after=new)
            for at, (old, new) in zip(moments[1:], pairwise(stages), strict=True)
        ]
