"""What the webhooks and the log tell of notes, incoming leads, talks, elements and tasks."""

from collections.abc import Callable

from sandbox_client import Client, Receiver, act, events, form, one

from sandbox.kommo.acts import ACTS
from sandbox.webhooks.codes import CODES

LEAD, CONTACT = 40010001, 50010001


def test_notes_are_told_in_their_parents_group(client: Client, receiver: Receiver) -> None:
    client.subscribe(receiver.url, "note_lead", "note_contact")
    note = {
        "entity_type": "leads",
        "entity_id": LEAD,
        "note_type": "common",
        "params": {"text": "oi"},
    }
    key = act(client, "notes.add", set=note)["leads_notes"][0]
    told = form(receiver.wait(1)[0])
    start = "leads[note][0][note]"
    assert (told[f"{start}[id]"], told[f"{start}[note_type]"]) == (str(key), "4")
    assert (told[f"{start}[element_type]"], told[f"{start}[element_id]"]) == ("2", str(LEAD))
    assert told[f"{start}[attachement]"] == ""
    assert told[f"{start}[metadata]"].startswith("{")
    call = {"entity_type": "contacts", "entity_id": CONTACT, "note_type": "call_in",
            "params": {"duration": 3}}  # fmt: skip
    act(client, "notes.add", set=call)
    told = form(receiver.wait(2)[1])
    assert told["contacts[note][0][type]"] == "contact"
    assert told["contacts[note][0][note][text]"] == '{"DURATION":3}'
    file = {**note, "note_type": "attachment", "params": {"original_name": "a.pdf"}}
    act(client, "notes.add", set=file)
    assert len(receiver.wait(4)) == 4
    act(client, "notes.edit", key, set={"entity_type": "leads"})
    act(client, "notes.delete", key, set={"entity_type": "leads"})
    assert client.kommo(f"/leads/notes/{key}").status_code == 204
    [gone] = events(client, "common_note_deleted")
    assert (gone["entity_id"], gone["value_before"]) == (LEAD, [{"note": {"id": key}}])
    assert len(receiver.bodies) == 4


def test_an_incoming_lead_arrives_and_is_accepted_or_declined(
    client: Client, receiver: Receiver
) -> None:
    client.subscribe(receiver.url, "add_unsorted", "delete_unsorted")
    did = [act(client, "unsorted.arrive", set={"category": "chats"}) for _ in range(2)]
    told = [form(raw) for raw in receiver.wait(2)]
    leads = {str(done["leads"][0]) for done in did}
    assert {each["unsorted[add][0][lead_id]"] for each in told} == leads
    assert told[0]["unsorted[add][0][data][leads][0][gso_session_uid]"] == "null"
    contact = one(client, "contacts", did[0]["contacts"][0])
    assert (contact["name"], contact["is_unsorted"]) == ("", True)
    act(client, "unsorted.accept", did[0]["unsorted"][0])
    act(client, "unsorted.decline", did[1]["unsorted"][0])
    ends = [form(raw) for raw in receiver.wait(4)[2:]]
    assert {end["unsorted[delete][0][action]"] for end in ends} == {"accept", "decline"}
    accepted = one(client, "leads", did[0]["leads"][0])
    assert accepted["status_id"] == 76000002
    assert one(client, "contacts", did[0]["contacts"][0])["is_unsorted"] is False
    assert client.kommo(f"/leads/{did[1]['leads'][0]}").status_code == 204
    assert client.kommo(f"/leads/unsorted/{did[0]['unsorted'][0]}").status_code == 204


def test_talks_and_messages_are_told(client: Client, receiver: Receiver) -> None:
    client.subscribe(receiver.url, "add_talk", "update_talk", "add_message", "add_outgoing_message")
    key = act(client, "talks.open")["talks"][0]
    act(client, "talks.message_out", key)
    act(client, "talks.close", key)
    told: dict[str, str] = {}
    for raw in receiver.wait(5):
        told |= form(raw)
    assert told["talk[add][0][talk_id]"] == told["message[add][0][talk_id]"] == str(key)
    assert told["outgoing_message[add][0][type]"] == "outgoing"
    assert told["talk[update][0][is_read]"] == "1"
    assert client.kommo(f"/talks/{key}").json()["is_in_work"] is False
    kinds = {event["type"] for event in client.walk("/events")}
    assert {"talk_created", "talk_closed", "incoming_chat_message"} <= kinds


def test_elements_and_customers_have_groups_of_their_own(
    client: Client, receiver: Receiver
) -> None:
    codes = ("add_catalog_9001", "update_catalog_9001", "delete_catalog_9001", "update_customer")
    client.subscribe(receiver.url, *codes)
    act(client, "elements.edit", 3001)
    told = form(receiver.wait(1)[0])
    assert told["catalogs[update][0][catalog_id]"] == "9001"
    assert (told["catalogs[update][0][deleted]"], told["catalogs[update][0][type]"]) == (
        "0",
        "catalog",
    )
    act(client, "elements.delete", 3001)
    told = form(receiver.wait(2)[1])
    assert told["catalogs[delete][0][id]"] == "3001"
    assert client.kommo("/catalogs/9001/elements/3001").status_code == 204
    act(client, "customers.edit", 60010001)
    assert "customers[update][0][id]" in form(receiver.wait(3)[2])
    client.control("POST", "/settings", {"deleted_elements_listed": True})
    act(client, "elements.delete", 3002)
    assert client.kommo("/catalogs/9001/elements/3002").json()["is_deleted"] is True


def test_tasks_tell_what_was_and_who_had_them(client: Client, receiver: Receiver) -> None:
    client.subscribe(receiver.url, "update_task", "responsible_task", "delete_task")
    act(client, "tasks.edit", 8001, set={"text": "Novo texto"})
    assert form(receiver.wait(1)[0])["task[update][0][old_text]"] == "Ligar para o cliente"
    act(client, "tasks.hand_over", 8001, set={"responsible_user_id": 11500102})
    told = form(receiver.wait(2)[1])
    assert told["task[update][0][old_responsible_user_id]"] == "11500101"
    act(client, "tasks.complete", 8001)
    told = form(receiver.wait(3)[2])
    assert (told["task[update][0][action_close]"], told["task[update][0][result][text]"]) == (
        "1",
        "Feito",
    )
    act(client, "tasks.delete", 8001)
    assert form(receiver.wait(4)[3])["task[delete][0][id]"] == "8001"
    kinds = {event["type"] for event in client.walk("/events", filter__entity="task")}
    assert {"task_text_changed", "task_completed", "task_result_added", "task_deleted"} <= kinds


def test_every_group_of_webhooks_can_be_heard(
    make_client: Callable[..., Client], receiver: Receiver
) -> None:
    client = make_client(webhook_jitter_ms=5.0)
    client.subscribe(receiver.url, *sorted(CODES), "update_catalog_9001")
    for name in sorted(ACTS):
        act(client, name)
    sent = client.control("GET", "/stats")["webhooks"]["sent"]
    groups = {key.partition("[")[0] for raw in receiver.wait(sent, 10.0) for key in form(raw)}
    assert groups >= {"leads", "contacts", "task", "unsorted", "talk", "message",
                      "outgoing_message", "customers", "catalogs"}  # fmt: skip
