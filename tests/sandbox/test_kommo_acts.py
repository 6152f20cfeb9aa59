"""Everything that can happen in the account, by name: what it changes, logs and sends."""

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from sandbox_client import Client, Receiver, act, events, eventually, one

from sandbox import Sandbox
from sandbox.faults import KINDS
from sandbox.kommo.acts import ACTS
from sandbox.kommo.rules import NOTES, RULES, rules_for
from sandbox.options import Options
from sandbox.webhooks.oddities import KINDS as ODD

LEAD, CONTACT, COMPANY = 40010001, 50010001, 50020001


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


def test_a_late_commit_shows_an_old_second(client: Client) -> None:
    act(client, "leads.price", LEAD, late=30, set={"price": 7})
    lead, event = one(client, "leads", LEAD), client.walk("/events")[0]
    assert 25 <= client.box.world.now() - lead["updated_at"] <= 40
    assert event["type"] == "sale_field_changed" or event["created_at"] > lead["updated_at"]
    client.control("POST", "/settings", {"late_commits": 60.0})
    act(client, "leads.price", 40010002, set={"price": 7})
    client.control("POST", "/settings", {"late_commits": 0.0})
    assert 55 <= client.box.world.now() - one(client, "leads", 40010002)["updated_at"] <= 70


def test_a_webhook_may_be_earlier_than_its_commit(client: Client, receiver: Receiver) -> None:
    client.subscribe(receiver.url, "update_lead", "delete_lead", "add_lead")
    before = {name: client.control("GET", f"/world/kommo/{name}") for name in ("leads", "events")}
    for action, ids in (
        ("leads.price", [LEAD]),
        ("leads.delete", [40010002]),
        ("leads.create", []),
    ):
        act(client, action, *ids, visible_after=600)
        for name, world in before.items():
            assert client.control("GET", f"/world/kommo/{name}") == world
        assert client.control("POST", "/commit")["visible"] >= 2
        after = {name: client.control("GET", f"/world/kommo/{name}") for name in before}
        assert after["leads"] != before["leads"]
        before = after
    receiver.wait(3)
    assert client.kommo("/leads/40010002").status_code == 204
    act(client, "leads.restore", 40010002, visible_after=0.05)
    eventually(lambda: client.kommo("/leads/40010002").status_code == 200)


def test_the_next_act_makes_what_was_held_visible(client: Client) -> None:
    act(client, "leads.price", LEAD, set={"price": 11}, visible_after=600)
    assert one(client, "leads", LEAD)["price"] == 12500
    act(client, "leads.price", LEAD, set={"name": "depois"})
    lead = one(client, "leads", LEAD)
    assert (lead["price"], lead["name"]) == (11, "depois")


def test_who_did_it_is_in_the_record_and_in_the_log(client: Client) -> None:
    act(client, "leads.move", LEAD, by=0, set={"status_id": 142})
    assert one(client, "leads", LEAD)["updated_by"] == 0
    assert events(client, "lead_status_changed")[0]["created_by"] == 0


def test_the_readme_names_actions_options_and_odd_bodies_that_exist() -> None:
    readme = (Path(__file__).parents[2] / "sandbox" / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| trap | how |")[2]
    named = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)?)`", table))
    known = ACTS.keys() | {spec.name for spec in fields(Options)} | KINDS | ODD.keys()
    others = {"updated_at", "limit", "next", "query", "enums", "seed", "ids", "late", "type", "hide", "visible_after",
              "double", "bulk", "custom_fields_values"}  # fmt: skip
    assert named - known <= others
    assert [n for n in range(1, 49) if f"\n| {n} " not in table] == []
