"""Notes, talks and incoming leads of the seeded world, on the records that are there."""

from collections.abc import Iterator

from sandbox.kommo import blank_activity as blank
from sandbox.kommo.linking import linked
from sandbox.kommo.samples import NOTES, USERS
from sandbox.records import Json, Table
from sandbox.world import World

EVERY = {"leads": (3, 30000001), "contacts": (8, 31000001), "companies": (8, 32000001)}
"""Parent list -> every how many have a note, and the first note's id."""
FIRST_TALK = 1001
FIRST_TASK = 20000001
MOST_INCOMING = 500
INCOMING_STAGES = b'"status_id":76000001,'
CATEGORIES = ("forms", "chats", "sip", "mail")


def seed_tasks(world: World) -> None:
    """On leads, contacts, companies in turn, and free ones; every third is done (5.9)."""
    if world.has("kommo", "tasks"):
        table = world.table("kommo", "tasks")
        table.fill(table.make(_task(world, number)) for number in range(world.options.tasks))


def _task(world: World, number: int) -> Json:
    kinds = (*EVERY, None)
    kind = kinds[number % len(kinds)]
    parents = world.table("kommo", kind).ids if kind else []
    at = int(world.started_at) - 60 - number % (world.options.months * 30) * 86400
    made = blank.task(FIRST_TASK + number, at, complete_till=_end_of_day(at))
    if parents:
        made |= {"entity_type": kind, "entity_id": parents[number % len(parents)]}
    done: Json = {"is_completed": True, "result": {"text": "Feito"}} if number % 3 == 0 else {}
    return made | done | {"responsible_user_id": (*USERS, 0)[number % 3]}


def _end_of_day(at: int) -> int:
    """5.9: all-day tasks end at 23:59 of the account's time (-03)."""
    return (at - 3 * 3600) // 86400 * 86400 + 86400 + 3 * 3600 - 60


def seed_notes(world: World) -> None:
    for entity, (every, first) in EVERY.items():
        if world.has("kommo", f"{entity}_notes"):
            table = world.table("kommo", f"{entity}_notes")
            table.fill(map(table.make, _notes(world, entity, every, first)))


def _notes(world: World, entity: str, every: int, first: int) -> Iterator[Json]:
    parents = world.table("kommo", entity)
    for number, key in enumerate(parents.ids[::every]):
        kind, params = NOTES[number % len(NOTES)]
        yield blank.note(
            entity,
            first + number,
            key,
            parents.live[key].facts.updated_at,
            note_type=kind,
            params=params,
            created_by=0 if kind == "service_message" else USERS[number % 2],
        )


def seed_incoming(world: World) -> None:
    """Every third lead in the stage of incoming leads is unsorted (5.19); talks (5.20)."""
    leads = world.table("kommo", "leads")
    if world.has("kommo", "unsorted"):
        table = world.table("kommo", "unsorted")
        known = {lead for record in table.live.values() for lead in linked(record.open(), "leads")}
        keys = [k for k in leads.ids if INCOMING_STAGES in leads.live[k].raw and k not in known]
        table.fill(map(table.make, _incoming(leads, keys[::3][:MOST_INCOMING])))
    if world.has("kommo", "talks"):
        table = world.table("kommo", "talks")
        table.fill(map(table.make, _talks(world.table("kommo", "contacts"))))


def _incoming(leads: Table, keys: list[int]) -> Iterator[Json]:
    for number, key in enumerate(keys):
        contacts = linked(leads.live[key].open(), "contacts")
        at = leads.live[key].facts.created_at
        yield blank.incoming(number, at, key, contacts, CATEGORIES[number % len(CATEGORIES)])


def _talks(contacts: Table) -> Iterator[Json]:
    for number, key in enumerate(contacts.ids[10::40]):
        leads = linked(contacts.live[key].open(), "leads")
        at = contacts.live[key].facts.updated_at
        yield blank.talk(FIRST_TALK + number, at, key, leads[0] if leads else None)
