"""Everything that can happen in the account, by name: what it changes, logs and sends."""

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sandbox_client import Client, Receiver

from sandbox import Sandbox
from sandbox.faults import KINDS
from sandbox.kommo.acts import ACTS
from sandbox.kommo.rules import NOTES, RULES, rules_for
from sandbox.options import Options
from sandbox.webhooks.codes import CODES
from sandbox.webhooks.oddities import KINDS as ODD

LEAD, CONTACT, COMPANY = 40010001, 50010001, 50020001


def act(client: Client, action: str, /, *ids: Any, **more: Any) -> dict[str, list[Any]]:
    done = client.control("POST", "/act", {"action": action, "ids": list(ids), **more})
    did: dict[str, list[Any]] = done["did"]
    return did


def events(client: Client, kind: str) -> list[Any]:
    return client.walk("/events", filter__type=kind)


def form(raw: bytes) -> dict[str, str]:
    return dict(parse_qsl(raw.decode(), keep_blank_values=True))


def one(client: Client, name: str, key: Any) -> Any:
    world = client.control("GET", f"/world/kommo/{name}")["records"]
    return next(record for record in world if key in (record.get("id"), record.get("uid")))


@pytest.mark.parametrize("name", sorted(ACTS))
def test_an_action_on_nobody_named_finds_somebody(client: Client, name: str) -> None:
    if name.endswith(".restore"):
        act(client, name.replace("restore", "delete"))
    before = client.box.world.changes
    assert act(client, name)
    assert client.box.world.changes > before


def test_the_actions_are_listed_and_an_unknown_one_is_404(client: Client) -> None:
    listed = client.control("GET", "/actions")
    assert set(listed) == set(ACTS)
    assert "no webhook" in listed["notes.delete"]
    assert "updated_at stays" in listed["fields.rename"]
    with pytest.raises(Exception, match="404"):
        act(client, "leads.fly")
    with pytest.raises(Exception, match="404"):
        act(client, "leads.edit", 1)


def test_a_walk_is_the_same_for_the_same_seed() -> None:
    def history(seed: int) -> list[Any]:
        with Sandbox(leads=40, seed=3, now=1_790_000_000.0) as box:
            return box.acts.walk(150, seed=seed)

    assert history(1) == history(1)
    assert history(1) != history(2)


def test_after_a_long_walk_links_are_true_and_nobody_gone_is_linked(client: Client) -> None:
    steps = client.control("POST", "/walk", {"steps": 600, "seed": 11})["steps"]
    assert len(steps) == 600
    assert {step["action"] for step in steps} == set(ACTS)
    leads, contacts, companies = (
        {record["id"]: record for record in client.box.truth("kommo", name)}
        for name in ("leads", "contacts", "companies")
    )
    for here, there, name, back in (
        (leads, contacts, "contacts", "leads"),
        (leads, companies, "companies", "leads"),
        (contacts, companies, "companies", "contacts"),
    ):
        forth = {(k, i["id"]) for k, r in here.items() for i in r["_embedded"][name]}
        assert forth == {(i["id"], k) for k, r in there.items() for i in r["_embedded"][back]}
    stages = {
        (pipeline["id"], stage["id"])
        for pipeline in client.box.truth("kommo", "pipelines")
        for stage in pipeline["_embedded"]["statuses"]
    }
    assert {(r["pipeline_id"], r["status_id"]) for r in leads.values()} <= stages
    assert client.walk("/leads") and client.walk("/events")


def test_the_truth_of_every_list_is_what_a_walk_reads(make_client: Callable[..., Client]) -> None:
    client = make_client(tasks=30, customers_mode="dynamic")
    client.control("POST", "/walk", {"steps": 200, "seed": 5})
    extras = ",".join({name for rules in [*RULES.values(), NOTES] for name in rules.withs})
    for table in client.box.world.of("kommo"):
        path = table.spec.path
        truth = client.control("GET", f"/world/kommo{path}?with={extras}")["records"]
        if path in ("/talks", "/account"):
            continue
        seen = {str(row.get("id", row.get("uid"))): row for row in whole(client, path, extras)}
        assert seen == {str(row.get("id", row.get("uid"))): row for row in truth}, path


def whole(client: Client, path: str, extras: str) -> list[Any]:
    if rules_for(path).paged:
        return client.walk(path, **{"with": extras})
    answer = client.kommo(path, **{"with": extras})
    return list(next(iter(answer.json()["_embedded"].values()))) if answer.content else []


def test_merging_gives_the_winner_fields_links_notes_and_tags(client: Client) -> None:
    first, second = 40010002, LEAD
    act(client, "leads.merge", first, second)
    winner = one(client, "leads", first)
    assert 1400002 in [f["field_id"] for f in winner["custom_fields_values"]]
    assert {t["id"] for t in winner["_embedded"]["tags"]} == {7001, 7002}
    assert {c["id"] for c in winner["_embedded"]["contacts"]} == {CONTACT, 50010002}
    assert client.kommo(f"/leads/{second}").status_code == 204
    notes = client.walk("/leads/notes", filter__entity_id__=first)
    assert 120001 in [note["id"] for note in notes]
    assert one(client, "tasks", 8001)["entity_id"] == first
    [merged] = events(client, "entity_merged")
    assert (merged["entity_id"], merged["value_before"]) == (first, [{"entity": {"id": second}}])


def test_linking_is_told_at_both_ends_and_may_leave_updated_at(client: Client) -> None:
    client.control("POST", "/settings", {"link_bumps_updated_at": False})
    before = {name: one(client, name, key)["updated_at"] for name, key in
              (("leads", LEAD), ("companies", COMPANY))}  # fmt: skip
    act(client, "leads.unlink_company", LEAD)
    act(client, "leads.link_company", 40010002, set={"to": COMPANY})
    unlinked = {(e["entity_type"], e["entity_id"]) for e in events(client, "entity_unlinked")}
    assert unlinked == {("lead", LEAD), ("company", COMPANY)}
    linked = {e["entity_type"]: e["value_after"] for e in events(client, "entity_linked")[:2]}
    assert linked["lead"] == [{"link": {"entity": {"type": "company", "id": COMPANY}}}]
    assert one(client, "leads", LEAD)["_embedded"]["companies"] == []
    assert one(client, "leads", LEAD)["updated_at"] == before["leads"]
    assert one(client, "companies", COMPANY)["updated_at"] == before["companies"]


def test_tagging_makes_the_tag_and_renaming_it_moves_no_updated_at(client: Client) -> None:
    act(client, "contacts.tag", CONTACT, set={"tag": "nova"})
    tags = {tag["name"]: tag["id"] for tag in client.walk("/contacts/tags")}
    stamp = one(client, "contacts", CONTACT)["updated_at"]
    [added] = events(client, "entity_tag_added")
    assert added["value_after"] == [{"tag": {"name": "nova"}}]
    act(client, "tags.rename", tags["nova"], set={"entity_type": "contacts", "name": "velha"})
    contact = one(client, "contacts", CONTACT)
    assert "velha" in [tag["name"] for tag in contact["_embedded"]["tags"]]
    assert contact["updated_at"] == stamp
    act(client, "contacts.untag", CONTACT, set={"tag": "velha"})
    assert len(events(client, "entity_tag_deleted")) == 1


def test_a_stage_is_deleted_and_its_leads_move_without_a_webhook(
    client: Client, receiver: Receiver
) -> None:
    client.subscribe(receiver.url, "status_lead", "update_lead")
    moved = act(client, "stages.delete", 9100001, 76000003)["leads"]
    assert 40010004 in moved
    assert {one(client, "leads", key)["status_id"] for key in moved} == {76000002}
    stages = client.kommo("/leads/pipelines/9100001/statuses").json()["_embedded"]["statuses"]
    assert 76000003 not in [stage["id"] for stage in stages]
    assert client.control("GET", "/stats")["webhooks"]["sent"] == 0
    told = {event["entity_id"] for event in events(client, "lead_status_changed")}
    assert set(moved) <= told


def test_a_field_is_renamed_retyped_and_removed_everywhere(client: Client) -> None:
    stamp = one(client, "leads", LEAD)["updated_at"]

    def entry() -> Any:
        fields = one(client, "leads", LEAD)["custom_fields_values"]
        return next((f for f in fields if f["field_id"] == 1400001), None)

    def definition() -> Any:
        return client.kommo("/leads/custom_fields/1400001")

    where = {"entity_type": "leads"}
    act(client, "fields.rename", 1400001, set={**where, "name": "Recado"})
    assert (entry()["field_name"], definition().json()["name"]) == ("Recado", "Recado")
    act(client, "fields.retype", 1400001, set=where)
    assert (entry()["field_type"], definition().json()["type"]) == ("textarea", "textarea")
    act(client, "fields.remove", 1400001, set=where)
    assert (entry(), definition().status_code) == (None, 204)
    assert one(client, "leads", LEAD)["updated_at"] == stamp
    added = act(client, "fields.add", set={**where, "name": "Novo"})["leads_custom_fields"]
    assert client.kommo(f"/leads/custom_fields/{added[0]}").json()["name"] == "Novo"


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
    told = form(receiver.wait(2)[0])
    assert told["unsorted[add][0][lead_id]"] == str(did[0]["leads"][0])
    assert told["unsorted[add][0][data][leads][0][gso_session_uid]"] == "null"
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


def test_a_late_commit_shows_an_old_second(client: Client) -> None:
    act(client, "leads.price", LEAD, late=30, set={"price": 7})
    lead, event = one(client, "leads", LEAD), client.walk("/events")[0]
    assert 25 <= client.box.world.now() - lead["updated_at"] <= 40
    assert event["type"] == "sale_field_changed" or event["created_at"] > lead["updated_at"]
    client.control("POST", "/settings", {"late_commits": 60.0})
    act(client, "leads.price", 40010002, set={"price": 7})
    client.control("POST", "/settings", {"late_commits": 0.0})
    assert 55 <= client.box.world.now() - one(client, "leads", 40010002)["updated_at"] <= 70


def test_who_did_it_is_in_the_record_and_in_the_log(client: Client) -> None:
    act(client, "leads.move", LEAD, by=0, set={"status_id": 142})
    assert one(client, "leads", LEAD)["updated_by"] == 0
    assert events(client, "lead_status_changed")[0]["created_by"] == 0


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


def test_the_readme_names_actions_options_and_odd_bodies_that_exist() -> None:
    readme = (Path(__file__).parents[2] / "sandbox" / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| trap | how |")[2]
    named = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)?)`", table))
    known = ACTS.keys() | {spec.name for spec in fields(Options)} | KINDS | ODD.keys()
    others = {"updated_at", "limit", "next", "query", "enums", "seed", "ids", "late", "type", "hide",
              "double", "bulk", "custom_fields_values"}  # fmt: skip
    assert named - known <= others
    assert [n for n in range(1, 49) if f"\n| {n} " not in table] == []
