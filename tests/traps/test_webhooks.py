"""Traps of webhooks (kommo-api.md 9): how they are taken, what their bodies mean, how many come."""

import time
from urllib.parse import urlencode

from pydantic import SecretStr

from sandbox.webhooks.oddities import send_odd
from sandbox.webhooks.storm import Storm
from tests.ground import Ground, reaching
from tests.traps.conftest import PATH, SECRET, Receiver
from tests.traps.scene import (
    COMPANIES,
    CONTACTS,
    LEADS,
    NOTES,
    TASKS,
    UNSORTED,
    arrived,
    ask,
    change,
    drained,
    ids,
    live,
    names,
    read,
    set_quietly,
    tell,
    true_names,
)
from worker import subscription


def odd(ground: Ground, kind: str, name: str) -> int:
    """A record is renamed in silence, then an odd body speaks of it."""
    key = ids(ground, name)[-1]
    change(ground, name, key, name=kind)
    assert send_odd(ground.box.world, ground.box.subscriptions, ground.box.courier, kind, [key])
    return key


def test_trap_27_the_receiver_never_redirects(receiver: Receiver) -> None:
    """A 3xx counts as a failure: for a slash too many, for http, for an odd host."""
    body = b"leads%5Bupdate%5D%5B0%5D%5Bid%5D=1"
    for path in (PATH, f"{PATH}/"):
        plain = {"X-Forwarded-Proto": "http", "Host": "www.example.com"}
        assert receiver.post(body, path, headers=plain).status_code == 200
        for method in ("GET", "HEAD", "OPTIONS"):
            assert receiver.app.test_client().open(path, method=method).status_code == 200
    for path in ("/webhooks/kommo/wrong", "/webhooks/kommo", "/webhooks/kommo/"):
        assert receiver.post(body, path).status_code == 404


def test_trap_28_a_big_body_is_taken_and_every_record_in_it_is_looked_at(
    inbox: Ground, receiver: Receiver
) -> None:
    """Frameworks answer 413 to large forms: a bulk edit with all its custom fields."""
    keys, filling = ids(inbox, "leads"), "x" * 400
    fields = [(f"leads[update][{n}][custom_fields][{m}][values][0][value]", filling)
              for n in range(len(keys)) for m in range(120)]  # fmt: skip
    wanted = [(f"leads[update][{n}][id]", key) for n, key in enumerate(keys)]
    for key in keys:
        change(inbox, "leads", key, name="Em massa")
    body = urlencode([*fields, *wanted]).encode()
    assert len(body) > 1_000_000
    assert receiver.post(body).status_code == 200
    assert drained(inbox) == ["done"]
    assert set(names(inbox, LEADS).values()) == {"Em massa"}


def test_trap_28_an_odd_body_is_kept_as_it_came_and_stops_no_other(
    inbox: Ground, receiver: Receiver
) -> None:
    """Frameworks answer 400 to what they cannot parse."""
    bodies = [b"", b"\x00\xff", b"%zz=%&&=", b"--x\r\nno end", b'{"leads": []}']
    kinds = ["", "text/plain", "multipart/form-data; boundary=x", "application/json"]
    for body in bodies:
        for kind in kinds:
            assert receiver.post(body, kind=kind).status_code == 200
    assert [row["body"] for row in inbox.deliveries()] == [b for b in bodies for _ in kinds]
    key = ids(inbox, "leads")[0]
    inbox.box.kommo.change("leads", [key], {"name": "Mudou"})
    assert set(drained(inbox)) == {"undecodable", "done"}
    assert names(inbox, LEADS)[key] == "Mudou"
    assert set(receiver.statuses) == {200}


def test_trap_29_a_hook_that_kommo_switched_off_is_mended_and_nothing_is_lost(
    inbox: Ground, receiver: Receiver
) -> None:
    """After many bad answers the hook is off, and nobody says so."""
    inbox.box.options.change({"webhook_disable_after": 3, "webhook_retry_scale": 0.0})
    receiver.away = True
    lost = ids(inbox, "leads")[:4]
    for key in lost:
        inbox.box.kommo.change("leads", [key], {"name": "Perdida"})
    assert arrived(inbox) == b""
    hooks = inbox.box.truth("kommo", "webhooks")
    (ours,) = (hook for hook in hooks if hook["destination"].endswith(PATH))
    assert ours["disabled"]
    receiver.away = False
    given = {"kommo_webhook_secret": SecretStr(SECRET), "ponte_public_url": receiver.home}
    with reaching(inbox.reach.settings.model_copy(update=given)) as (reach, _):
        subscription.tend_all(reach)
    key = ids(inbox, "leads")[-1]
    inbox.box.kommo.change("leads", [key], {"name": "Ouvida"})
    assert set(drained(inbox)) == {"done"}
    assert names(inbox, LEADS)[key] == "Ouvida"
    read(inbox, LEADS)
    assert names(inbox, LEADS) == true_names(inbox, "leads")


def test_trap_30_a_body_is_known_by_its_account_id_alone(inbox: Ground) -> None:
    """`account[_links]` may lack, or name the older domain."""
    for kind in ("without_links", "amocrm_host"):
        key = odd(inbox, kind, "leads")
        assert set(drained(inbox)) == {"done"}
        assert names(inbox, LEADS)[key] == kind
    key = odd(inbox, "other_account", "leads")
    assert sorted(set(drained(inbox))) == ["done", "other account"]
    assert names(inbox, LEADS)[key] != "other_account"


def test_trap_31_a_storm_costs_a_handful_of_requests(inbox: Ground, receiver: Receiver) -> None:
    """An import or a bulk edit sends thousands of bodies within minutes."""
    sent = inbox.box.storm(Storm(count=300, leads=40, concurrency=4))
    assert (sent["acknowledged"], set(receiver.statuses)) == (300, {200})
    assert set(drained(inbox)) == {"done"}
    assert names(inbox, LEADS) == true_names(inbox, "leads")
    assert inbox.requests("kommo") <= 6


def test_trap_35_a_company_among_the_contacts_is_looked_for_where_it_is(inbox: Ground) -> None:
    """Companies come in the group of contacts, now and then without their `type`."""
    key = ids(inbox, "companies")[-1]
    inbox.box.kommo.change("companies", [key], {"name": "Empresa"})
    assert b"contacts%5Bupdate%5D" in arrived(inbox)
    drained(inbox)
    assert names(inbox, COMPANIES)[key] == "Empresa"
    key = odd(inbox, "company_without_type", "companies")
    assert set(drained(inbox)) == {"done"}
    assert names(inbox, COMPANIES)[key] == "company_without_type"
    contact = ids(inbox, "contacts")[0]
    inbox.box.world.table("kommo", "contacts").drop(contact)
    tell(inbox, ("contacts[delete][0][id]", contact), ("contacts[delete][0][type]", "company"))
    drained(inbox)
    assert contact in live(inbox, CONTACTS), "a company's deletion says nothing of a contact"


def test_trap_37_an_entity_is_the_same_in_the_singular_the_plural_and_by_number(
    inbox: Ground,
) -> None:
    """Lists say leads, events and talks say lead, old webhooks say 2."""
    read(inbox, NOTES, TASKS)
    lead, contact = ids(inbox, "leads")[0], ids(inbox, "contacts")[0]
    does = inbox.box.acts.do
    task = does("tasks.create", [], {"entity_type": "leads", "entity_id": lead})["tasks"][0]
    by_lead = does("notes.add", [], {"entity_type": "leads", "entity_id": lead})["leads_notes"][0]
    of = {"entity_type": "contacts", "entity_id": contact, "note_type": "common"}
    by_contact = does("notes.add", [], of)["contacts_notes"][0]
    bodies = arrived(inbox)
    assert b"element_type%5D=2" in bodies
    assert b"element_type%5D=1" in bodies
    assert set(drained(inbox)) == {"done"}
    assert inbox.row(TASKS, task)["entity_type"] == "leads"
    assert inbox.row(NOTES, "leads", by_lead)["entity_id"] == lead
    assert inbox.row(NOTES, "contacts", by_contact)["entity_id"] == contact
    # and from the log: the event of a deleted note says `contact`
    does("notes.delete", [by_contact], {"entity_type": "contacts"})
    inbox.box.kommo.delete("contacts", [contact], silent=True)
    read(inbox, NOTES, CONTACTS)
    assert inbox.row(NOTES, "contacts", by_contact)["deleted_at"]
    assert inbox.row(CONTACTS, contact)["deleted_at"]


def test_trap_42_an_accepted_incoming_lead_is_the_lead_that_it_was(inbox: Ground) -> None:
    """The unsorted goes, the lead goes on under the same id."""
    came = inbox.box.acts.do("unsorted.arrive")
    uid, lead = came["unsorted"][0], came["leads"][0]
    drained(inbox)
    assert inbox.row(UNSORTED, uid)["lead_id"] == lead
    assert inbox.row(LEADS, lead)["status_id"] == 76000001
    inbox.box.acts.do("unsorted.accept", [uid], {"status_id": 76000003})
    assert b"unsorted%5Bdelete%5D" in arrived(inbox)
    drained(inbox)
    assert inbox.row(LEADS, lead)["status_id"] == 76000003
    assert lead in live(inbox, LEADS)
    assert uid not in live(inbox, UNSORTED)


def test_trap_42_the_body_of_an_acceptance_is_enough(inbox: Ground) -> None:
    """No webhook of the lead itself has to come."""
    came = inbox.box.acts.do("unsorted.arrive", silent=True)
    uid, lead = came["unsorted"][0], came["leads"][0]
    inbox.box.acts.do("unsorted.accept", [uid], {"status_id": 76000003}, silent=True)
    said = {"action": "accept", "uid": uid, "accept_result][leads][0": lead}
    tell(inbox, *((f"unsorted[delete][0][{name}]", value) for name, value in said.items()))
    assert drained(inbox) == ["done"]
    assert inbox.row(LEADS, lead)["status_id"] == 76000003


def test_trap_46_no_time_of_day_is_taken_from_a_webhook(inbox: Ground) -> None:
    """Bodies write moments as text, in UTC here and in the server's zone there."""
    read(inbox, TASKS, NOTES)
    task, note = ids(inbox, "tasks")[0], ids(inbox, "leads_notes")[0]
    till = int(time.time()) + 3600
    set_quietly(inbox, "tasks", task, complete_till=till)
    elsewhere = "2001-01-01 02:03:04"
    tell(
        inbox,
        ("task[update][0][id]", task),
        ("task[update][0][complete_till]", elsewhere),
        ("task[update][0][date_create]", elsewhere),
        ("leads[note][0][note][id]", note),
        ("leads[note][0][note][date_create]", elsewhere),
        ("leads[note][0][note][timestamp_x]", elsewhere),
    )
    assert drained(inbox) == ["done"]
    kept = [inbox.row(TASKS, task)[name] for name in ("complete_till", "created_at")]
    true = next(record for record in inbox.box.truth("kommo", "tasks") if record["id"] == task)
    assert [moment.timestamp() for moment in kept] == [till, true["created_at"]]
    true = next(r for r in inbox.box.truth("kommo", "leads_notes") if r["id"] == note)
    row = inbox.row(NOTES, "leads", note)
    moments = (row["created_at"], row["updated_at"])
    assert [m.timestamp() for m in moments] == [true["created_at"], true["updated_at"]]
    sql = "select count(*) as old from kommo.tasks where created_at < '2010-01-01'"
    assert ask(inbox, sql) == [{"old": 0}]
