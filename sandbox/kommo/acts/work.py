"""Tasks, notes and catalog elements: what is written on and beside the records."""

from collections.abc import Iterable

from sandbox.kommo import blank, blank_activity
from sandbox.kommo.acts.records import change
from sandbox.kommo.acts.turn import Act, Done, NothingToDo, Turn
from sandbox.kommo.samples import NOTES, USERS, plain
from sandbox.records import Json, Key

PARENTS = ("leads", "contacts", "companies")
NOTE_EVENTS = {"common": "common_note_added", "attachment": "attachment_note_added",
               "call_in": "incoming_call", "call_out": "outgoing_call", "sms_in": "incoming_sms",
               "sms_out": "outgoing_sms", "service_message": "service_note_added",
               "geolocation": "geo_note_added"}  # fmt: skip
CATALOG = 9001
ELEMENTS = f"catalogs/{CATALOG}/elements"


def add_task(turn: Turn) -> Done:
    """On a lead, contact or company, or free (5.9)."""
    parent = turn.any_of(*PARENTS, None)
    table = turn.table("tasks")
    more: Json = {
        "entity_type": parent,
        "entity_id": turn.other(parent, "entity_id") if parent else None,
    }
    record = blank_activity.task(table.next_id(), turn.world.now(), **more) | turn.fields
    turn.actions.create(
        "tasks", {name: value for name, value in record.items() if "." not in name}, turn.silent
    )
    return {"tasks": [record["id"]]}


def edit_task(turn: Turn) -> Done:
    return change("tasks", turn, {"text": f"Visitar {turn.rng.randrange(10_000)}"})


def postpone_task(turn: Turn) -> Done:
    return change("tasks", turn, {"complete_till": turn.world.now() + turn.rng.randrange(86400)})


def complete_task(turn: Turn) -> Done:
    return change("tasks", turn, {"is_completed": True, "result": {"text": "Feito"}})


def hand_over_task(turn: Turn) -> Done:
    return change("tasks", turn, {"responsible_user_id": turn.any_of(*USERS, 0)})


def delete_task(turn: Turn) -> Done:
    keys = turn.some("tasks")
    turn.actions.delete("tasks", keys, turn.silent)
    return {"tasks": keys}


def add_note(turn: Turn) -> Done:
    """`set` may say {"entity_type", "entity_id", "note_type", "params"}."""
    parent = str(turn.fields.get("entity_type") or turn.any_of(*PARENTS))
    key, table = turn.other(parent, "entity_id"), turn.table(f"{parent}_notes")
    turn.record(parent, key)
    kind, params = turn.rng.choice(NOTES)
    kind, params = turn.fields.get("note_type", kind), turn.fields.get("params", params)
    made = blank_activity.note(
        parent, table.next_id(), key, turn.world.now(), note_type=kind, params=params
    ) | {"created_by": turn.world.actor}  # fmt: skip
    table.put(table.make(made))
    turn.world.changed()
    event = NOTE_EVENTS.get(kind, "common_note_added")
    turn.actions.events.write(parent, key, event, after=[{"note": {"id": made["id"]}}])
    if not turn.silent:
        turn.actions.notifier.tell_note(parent, made)
    return {f"{parent}_notes": [made["id"]]}


def edit_note(turn: Turn) -> Done:
    """6.3 (I): no webhook, no event; `updated_at` moves."""
    name, key = _a_note(turn)
    turn.actions.change(name, [key], {"params": {"text": f"revisto {turn.rng.randrange(10_000)}"}})
    return {name: [key]}


def delete_note(turn: Turn) -> Done:
    """5.10: no trace but an event at the parent, and that for common notes only."""
    name, key = _a_note(turn)
    table = turn.table(name)
    record = turn.record(name, key)
    table.bury(table.live[key])
    turn.world.changed()
    if record["note_type"] == "common":
        before: list[Json] = [{"note": {"id": key}}]
        parent = name.removesuffix("_notes")
        turn.actions.events.write(parent, record["entity_id"], "common_note_deleted", before=before)
    return {name: [key]}


def _a_note(turn: Turn) -> tuple[str, Key]:
    """`set` may name the parents' list: {"entity_type": "leads"}."""
    given = turn.fields.get("entity_type")
    names = [f"{p}_notes" for p in PARENTS if given in (None, p) and turn.table(f"{p}_notes").ids]
    if not names:
        raise NothingToDo("notes")
    name = str(turn.rng.choice(names))
    return name, turn.some(name)[0]


def add_element(turn: Turn) -> Done:
    table, now = turn.table(ELEMENTS), turn.world.now()
    record = blank.element(CATALOG, table.next_id(), now, now, is_deleted=False) | turn.fields
    turn.actions.create(ELEMENTS, record, turn.silent)
    return {ELEMENTS: [record["id"]]}


def edit_element(turn: Turn) -> Done:
    price = [plain(1500002, "Price", "price", f"{turn.rng.randrange(900)}.5", "PRICE")]
    return change(ELEMENTS, turn, {"custom_fields_values": price})


def delete_element(turn: Turn) -> Done:
    keys = turn.some(ELEMENTS, where=lambda r: not r.get("is_deleted"))
    turn.actions.delete(ELEMENTS, keys, turn.silent)
    return {ELEMENTS: keys}


def acts() -> Iterable[tuple[str, Act]]:
    yield from (
        ("tasks.create", add_task), ("tasks.edit", edit_task), ("tasks.postpone", postpone_task),
        ("tasks.complete", complete_task), ("tasks.hand_over", hand_over_task),
        ("tasks.delete", delete_task), ("notes.add", add_note), ("notes.edit", edit_note),
        ("notes.delete", delete_note), ("elements.create", add_element),
        ("elements.edit", edit_element), ("elements.delete", delete_element),
    )  # fmt: skip
