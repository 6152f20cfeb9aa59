"""Incoming leads, talks and messages (kommo-api.md 5.19, 5.20, 6.5)."""

from collections.abc import Iterable

from sandbox.kommo import blank_activity as blank
from sandbox.kommo.acts.turn import Act, Done, NothingToDo, Turn
from sandbox.kommo.linking import link, linked
from sandbox.kommo.seed_activity import CATEGORIES
from sandbox.records import Json, Key
from sandbox.webhooks.activity import message
from sandbox.webhooks.codes import GROUPS, MESSAGE, OUTGOING
from sandbox.webhooks.notifier import Change

UNSORTED, TALK = GROUPS["/leads/unsorted"], GROUPS["/talks"]
PIPELINE, INCOMING_STAGE, FIRST_STAGE = 9100001, 76000001, 76000002


def arrive(turn: Turn) -> Done:
    """A lead and a contact, both without a name (9.43), and the unsorted that holds them.

    6.6: `unsorted[add]`, and possibly `leads[add]`.
    """
    silent, table = turn.silent, turn.table("unsorted")
    nameless = {"name": "", "first_name": "", "last_name": "", "is_unsorted": True}
    contact = turn.actions.create("contacts", nameless, silent=True)["id"]
    fields = {
        "name": "",
        "pipeline_id": PIPELINE,
        "status_id": INCOMING_STAGE,
        "_embedded.contacts": [link("contacts", contact, is_main=True)],
    }
    lead = turn.actions.create("leads", fields, silent or turn.rng.random() < 0.5)["id"]
    category = str(turn.fields.get("category") or turn.any_of(*CATEGORIES))
    record = blank.incoming(lead, turn.world.now(), lead, [contact], category)
    table.put(table.make(record))
    turn.world.changed()
    if not silent:
        turn.actions.notifier.tell(table.spec, "add", [Change(record, {})])
    return {"unsorted": [record["uid"]], "leads": [lead], "contacts": [contact]}


def accept(turn: Turn) -> Done:
    """9.42: the same lead goes on in the first stage of the pipeline."""
    uid, record, lead = _an_unsorted(turn)
    _settle(turn, uid, record, "accept", lead)
    for contact in linked(record, "contacts"):
        if contact in turn.table("contacts").live:
            turn.actions.change("contacts", [contact], {"is_unsorted": False}, silent=True)
    if lead in turn.table("leads").live:
        fields = {"status_id": turn.fields.get("status_id", FIRST_STAGE), "pipeline_id": PIPELINE}
        turn.actions.change("leads", [lead], fields, turn.silent)
    return {"unsorted": [uid], "leads": [lead]}


def decline(turn: Turn) -> Done:
    """Lead and contact go; only unsorted[delete] and the audit log tell."""
    uid, record, lead = _an_unsorted(turn)
    _settle(turn, uid, record, "decline", lead)
    done: Done = {"unsorted": [uid], "leads": [], "contacts": []}
    for name in ("leads", "contacts"):
        keys = [key for key in linked(record, name) if key in turn.table(name).live]
        if name == "contacts":
            keys = [k for k in keys if turn.record(name, k).get("is_unsorted")]
        turn.actions.delete(name, keys, silent=True)
        done[name] = keys
    return done


def _an_unsorted(turn: Turn) -> tuple[Key, Json, Key]:
    [uid] = turn.some("unsorted")[:1]
    record = turn.record("unsorted", uid)
    return uid, record, record["_embedded"]["leads"][0]["id"]


def _settle(turn: Turn, uid: Key, record: Json, action: str, lead: Key) -> None:
    table = turn.table("unsorted")
    table.bury(table.live[uid])
    turn.world.changed()
    if not turn.silent:
        old = {"action": action, "leads": [lead], "by": turn.world.actor}
        turn.actions.notifier.tell(table.spec, "delete", [Change(record, old)])


def open_talk(turn: Turn) -> Done:
    contacts, table = turn.table("contacts"), turn.table("talks")
    if not contacts.ids:
        raise NothingToDo("contacts")
    contact = turn.other("contacts", "contact_id")
    leads = linked(turn.record("contacts", contact), "leads")
    key = table.next_id()
    record = blank.talk(key, turn.world.now(), contact, leads[0] if leads else None)
    table.put(table.make(record))
    turn.world.changed()
    turn.actions.events.write("contacts", contact, "talk_created", after=[{"talk": {"id": key}}])
    if not turn.silent:
        turn.actions.notifier.tell(table.spec, "add", [Change(record, {})])
        _say(turn, record, "Olá! 👋")
    return {"talks": [key]}


def message_in(turn: Turn) -> Done:
    return _message(turn, incoming=True)


def message_out(turn: Turn) -> Done:
    return _message(turn, incoming=False)


def close_talk(turn: Turn) -> Done:
    keys = turn.some("talks", where=lambda r: bool(r["is_in_work"]))
    turn.actions.change("talks", keys, {"is_in_work": False, "is_read": True}, turn.silent)
    for key in keys:
        contact = turn.record("talks", key)["contact_id"]
        turn.actions.events.write("contacts", contact, "talk_closed", after=[{"talk": {"id": key}}])
    return {"talks": keys}


def _message(turn: Turn, incoming: bool) -> Done:
    keys = turn.some("talks")
    for key in keys:
        fields = {"is_read": not incoming, "is_in_work": True}
        [record] = turn.actions.change("talks", [key], fields, turn.silent)
        _say(turn, record, "Tem em estoque? 🙂" if incoming else "Temos!", incoming)
    return {"talks": keys}


def _say(turn: Turn, talk: Json, text: str, incoming: bool = True) -> None:
    number, now = turn.world.tick(), turn.world.now()
    tree = message(talk, text, number, now, incoming)
    told = {"id": tree["id"], "origin": talk["origin"], "talk_id": talk["talk_id"]}
    kind = "incoming_chat_message" if incoming else "outgoing_chat_message"
    turn.actions.events.write("contacts", talk["contact_id"], kind, after=[{"message": told}])
    if not turn.silent:
        group = MESSAGE if incoming else OUTGOING
        turn.actions.notifier.send(group, frozenset({f"add_{group.noun}"}), "add", [tree])


def acts() -> Iterable[tuple[str, Act]]:
    yield from (
        ("unsorted.arrive", arrive), ("unsorted.accept", accept), ("unsorted.decline", decline),
        ("talks.open", open_talk), ("talks.message_in", message_in),
        ("talks.message_out", message_out), ("talks.close", close_talk),
    )  # fmt: skip
