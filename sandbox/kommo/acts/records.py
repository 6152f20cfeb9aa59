"""Creating, editing, handing over, tagging, deleting, restoring, merging: whatever list it is."""

from collections.abc import Callable, Iterable
from functools import partial

from sandbox.kommo.acts.turn import Act, Done, NothingToDo, Turn
from sandbox.kommo.definitions import aligned
from sandbox.kommo.samples import LOSS_REASON, USERS, company_fields, contact_fields, lead_fields
from sandbox.people import person
from sandbox.records import Json

PEOPLE = ("leads", "contacts", "companies", "customers")
WITH_TRASH = ("leads", "contacts", "companies")
RESPONSIBLES = (*USERS, 0, 11500103)
"""User id 0 and a dismissed user too (kommo-api.md 9.19)."""
TAGS = ("vip", "2ª via", "recompra", "urgente", "feira 2026", "atacado")
NAMES = ("Pedido revisto", "Orçamento 🚀", "", "Proposta nº", "Renovação")


def create(name: str, turn: Turn) -> Done:
    fields = turn.fields or {"responsible_user_id": turn.any_of(*USERS)}
    return {name: [turn.actions.create(name, fields, turn.silent)["id"]]}


def edit(name: str, turn: Turn) -> Done:
    return change(
        name, turn, {"name": f"{turn.any_of(*NAMES)} {turn.rng.randrange(10_000)}".strip()}
    )


def refill(name: str, turn: Turn) -> Done:
    """All custom fields anew: those that are gone were cleared (kommo-api.md 9.11)."""
    number = turn.rng.randrange(10_000)
    fields: list[Json] = {
        "contacts": lambda: contact_fields(person(number), number),
        "companies": lambda: company_fields(number),
    }.get(name, lambda: lead_fields(turn.rng, turn.world.now()))()
    return change(name, turn, {"custom_fields_values": aligned(turn.world, name, fields)})


def clear(name: str, turn: Turn) -> Done:
    """kommo-api.md 9.12: null or []."""
    return change(name, turn, {"custom_fields_values": turn.any_of(None, [])})


def hand_over(name: str, turn: Turn) -> Done:
    return change(name, turn, {"responsible_user_id": turn.any_of(*RESPONSIBLES)})


def edit_many(name: str, turn: Turn) -> Done:
    """A bulk edit: one webhook body with many indices (6.6)."""
    count = min(len(turn.table(name).ids), turn.rng.randrange(2, 8))
    keys = turn.some(name, count)
    turn.actions.change(
        name, keys, turn.fields or {"responsible_user_id": turn.any_of(*USERS)}, turn.silent
    )
    return {name: keys}


def tag(name: str, turn: Turn) -> Done:
    """A new tag joins the entity's own set of tags (5.12)."""
    wanted = str(turn.fields.get("tag") or turn.any_of(*TAGS))
    given = _tag_called(name, wanted, turn)
    return _retag(name, turn, lambda tags: [*tags, given])


def untag(name: str, turn: Turn) -> Done:
    wanted = turn.fields.get("tag")
    return _retag(name, turn, lambda tags: [t for t in tags if wanted and t["name"] != wanted])


def delete(name: str, turn: Turn) -> Done:
    if not turn.ids and len(turn.table(name).ids) <= 3:
        raise NothingToDo(name)
    keys = turn.some(name)
    turn.actions.delete(name, keys, turn.silent)
    return {name: keys}


def restore(name: str, turn: Turn) -> Done:
    gone = sorted(key for key, r in turn.table(name).gone.items() if not r.planted)
    if not turn.ids and not gone:
        raise NothingToDo(name)
    keys = list(turn.ids) or [turn.rng.choice(gone)]
    turn.actions.restore(name, keys, turn.silent)
    return {name: keys}


def merge(name: str, turn: Turn) -> Done:
    """The first id wins."""
    if not turn.ids and len(turn.table(name).ids) <= 4:
        raise NothingToDo(name)
    winner, *losers = turn.some(name, turn.any_of(2, 2, 3))
    turn.actions.merge(name, winner, losers, turn.silent)
    return {name: [winner, *losers]}


def move(turn: Turn, status: int | None = None) -> Done:
    """Into another stage of any pipeline that is there."""
    pipelines = turn.table("pipelines")
    stages = [
        (record["id"], stage["id"])
        for record in (pipelines.live[key].open() for key in pipelines.ids)
        for stage in record["_embedded"]["statuses"]
        if status in (None, stage["id"])
    ]
    pipeline, stage = turn.any_of(*stages)
    fields: Json = {"pipeline_id": pipeline, "status_id": stage}
    if stage == 143:
        fields |= {"loss_reason_id": LOSS_REASON["id"], "_embedded.loss_reason": [LOSS_REASON]}
    return change("leads", turn, fields)


def price(turn: Turn) -> Done:
    return change("leads", turn, {"price": turn.any_of(0, None, turn.rng.randrange(50, 20000))})


def change(name: str, turn: Turn, fields: Json, count: int = 1) -> Done:
    keys = turn.some(name, count)
    turn.actions.change(name, keys, turn.fields or fields, turn.silent)
    return {name: keys}


def _retag(name: str, turn: Turn, edited: Callable[[list[Json]], list[Json]]) -> Done:
    keys = turn.some(name)
    for key in keys:
        tags = turn.record(name, key)["_embedded"].get("tags") or []
        turn.actions.change(name, [key], {"_embedded.tags": edited(tags)}, turn.silent)
    return {name: keys}


def _tag_called(name: str, wanted: str, turn: Turn) -> Json:
    table = turn.table(f"{name}_tags")
    records = (table.live[key].open() for key in table.ids)
    found = next((record for record in records if record["name"] == wanted), None)
    if found is None:
        found = {"id": table.next_id(), "name": wanted, "color": None}
        table.put(table.make(found))
    return found


Verb = Callable[[str, Turn], Done]
VERBS: tuple[tuple[str, tuple[str, ...], Verb], ...] = (
    ("create", PEOPLE, create), ("edit", PEOPLE, edit), ("refill", WITH_TRASH, refill),
    ("clear", PEOPLE, clear), ("hand_over", PEOPLE, hand_over), ("edit_many", PEOPLE, edit_many),
    ("tag", PEOPLE, tag), ("untag", PEOPLE, untag), ("delete", PEOPLE, delete),
    ("restore", WITH_TRASH, restore), ("merge", WITH_TRASH, merge),
)  # fmt: skip


def acts() -> Iterable[tuple[str, Act]]:
    for verb, lists, act in VERBS:
        for name in lists:
            yield f"{name}.{verb}", partial(act, name)
    yield "leads.move", move
    yield "leads.win", partial(move, status=142)
    yield "leads.lose", partial(move, status=143)
    yield "leads.price", price
