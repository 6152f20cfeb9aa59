"""Who is erased stays erased: nothing of them is in the database, whatever the vendors go on to send."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from shared import resources
from tests.contract.changes import rewrite
from tests.contract.worlds import world
from tests.ground import pages_of
from tests.worker.audit.conftest import Audits
from tests.worker.people.conftest import CLIENT, PAULO, Stage
from worker.explain import explain_now
from worker.matching import work as matching
from worker.people import erasing
from worker.record import named

CONTACTS, LEADS, NOTES, EVENTS = (
    resources.BY_NAME[f"kommo.{name}"] for name in ("contacts", "leads", "notes", "events")
)
CLIENTS, SALES, TITLES = (
    resources.BY_NAME[f"gestao_click.{name}"] for name in ("clientes", "vendas", "recebimentos")
)


def test_nothing_of_an_erased_person_is_left_and_money_and_ids_stay(stage: Stage) -> None:
    ground = stage.ground
    before = {row["id"]: row for row in ground.rows(SALES)}
    leads = {row["id"]: row["price"] for row in ground.rows(LEADS)}
    assert stage.said(stage.name, "000.000.114-79")
    stage.deliver(b"contacts%5Bupdate%5D%5B0%5D%5Bname%5D=Paulo", [f"kommo.contacts:{PAULO}"])
    stage.deliver(b"message[add][0][text]=ligue+%2831%29+90000-0014", [])
    other = stage.deliver(b"leads[add][0][id]=1", ["kommo.leads:1"])
    found = stage.erase()
    assert {place[1] for place in found.found[CONTACTS]} == {(PAULO,)}
    assert {place[1] for place in found.found[CLIENTS]} == {(CLIENT,)}
    assert stage.said(stage.name, "000.000.114-79", "900000014", "90000-0014") == []
    after = {row["id"]: row for row in ground.rows(SALES)}
    mine = [row for row in after.values() if row["cliente_id"] == CLIENT]
    assert mine
    assert all(row["nome_cliente"] is None for row in mine)
    for id_, row in after.items():
        assert row["valor_total"] == before[id_]["valor_total"]
        assert row["data"] == before[id_]["data"]
    assert leads == {row["id"]: row["price"] for row in ground.rows(LEADS)}
    bodies = {row["id"]: bytes(row["body"]) for row in ground.deliveries()}
    assert [body for id_, body in bodies.items() if id_ != other] == [b"", b""]
    assert bodies[other]


def test_by_what_an_erased_person_was_matched_is_gone_too(stage: Stage) -> None:
    ground, known = (
        stage.ground,
        "select fact from ponte.party_facts where record in (:contact, :client)",
    )
    pair = "select facts from ponte.matches where record = :contact and erp_record = :client"
    named = {"contact": str(PAULO), "client": CLIENT}

    def told(statement: str) -> list[Any]:
        return list(ground.run(lambda c: c.scalars(text(statement), named).all()))

    matching.carry_out(ground.reach, 60.0)
    assert told(known)
    assert [facts != [] for facts in told(pair)] == [True]
    stage.erase()
    assert told(known) == []
    assert told(pair) == [[]]
    stage.sync(full=True)
    matching.carry_out(ground.reach, 60.0)
    assert (told(known), told(pair)) == ([], [[]])


def test_an_erasure_survives_full_syncs_changes_at_the_vendor_and_audits(stage: Stage) -> None:
    ground, audits = stage.ground, Audits(stage.ground)
    stage.erase()
    written = stage.contact()["changed_at"]
    stage.sync(full=True)
    assert stage.contact()["changed_at"] == written  # unchanged: a narrow stamp, and no more
    for resource, key in ((CONTACTS, (PAULO,)), (CLIENTS, (CLIENT,))):
        expected = next(each for each in world(ground.box, resource) if each.key(resource) == key)
        field = "name" if resource is CONTACTS else "nome"
        rewrite(ground.box, resource, expected, **{field: "Paulo Segundo"})
    stage.sync(full=True)
    assert stage.said(stage.name, "Paulo Segundo", "000.000.114-79", "90000-0014") == []
    for resource in (CONTACTS, LEADS, CLIENTS, SALES):
        report = audits.audit(resource)
        assert report["state"] == "done"
        assert audits.found(report) == set(), resource.full_name


def test_what_was_staged_ahead_is_scrubbed_as_well(stage: Stage) -> None:
    ground = stage.ground
    stage.erase()
    forget = text("update sync.kommo_contacts_stamps set hash = null where not gone")
    ground.run(lambda c: c.execute(forget))
    with pages_of(CONTACTS, 3):
        report = ground.sync(CONTACTS, full=True)
    assert report["written"] == report["seen"] > 9, "pages enough that they are staged"
    assert stage.contact()["name"] is None
    assert stage.said(stage.name, "000.000.114-79") == []


def test_what_a_vendor_brings_of_an_erased_person_for_the_first_time_is_scrubbed_as_it_comes(
    stage: Stage,
) -> None:
    ground = stage.ground
    stage.erase()
    box = ground.box.kommo
    phone = {"field_code": "PHONE", "field_id": 1300001, "values": [{"value": "31 90000 0014"}]}
    again = box.create("contacts", {"name": "Paulo Outro", "custom_fields_values": [phone]})
    linked = {"_embedded": {"contacts": [{"id": again["id"], "is_main": True}]}}
    lead = box.create("leads", {"name": "Pedido do Paulo", "price": 70, **linked})
    ground.sync(CONTACTS)
    ground.sync(LEADS)
    assert ground.row(CONTACTS, again["id"])["name"] is None
    row = ground.row(LEADS, lead["id"])
    assert (row["name"], row["price"], row["main_contact_id"]) == (None, 70, again["id"])
    assert stage.said("Paulo Outro", "Pedido do Paulo") == []


def test_what_came_before_the_record_on_which_it_hangs_is_scrubbed_by_the_nightly_pass(
    stage: Stage,
) -> None:
    ground = stage.ground
    stage.erase()
    box = ground.box.kommo
    linked = {"_embedded": {"contacts": [{"id": PAULO, "is_main": True}]}}
    lead = box.create("leads", {"name": "Pedido do Paulo", **linked})
    told: Any = {"entity_id": lead["id"], "note_type": "common", "params": {"text": "Rua do Paulo"}}
    note = box.create("leads_notes", told)
    ground.sync(NOTES)
    assert stage.said("Rua do Paulo")
    ground.sync(LEADS)
    late = stage.deliver(b"contacts[update][0][name]=Paulo", [f"kommo.contacts:{PAULO}"])
    assert erasing.keep_erased(ground.reach) >= 1
    assert stage.said("Rua do Paulo", "Pedido do Paulo") == []
    assert ground.row(NOTES, "leads", note["id"])["text"] is None
    assert bytes({row["id"]: row for row in ground.deliveries()}[late]["body"]) == b""
    assert erasing.keep_erased(ground.reach) == 0


def test_an_erasure_that_died_half_way_is_finished_by_the_same_order(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = erasing.in_order()[: erasing.in_order().index(CONTACTS) + 1]
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "in_order", lambda: reached)
        stage.erase()
    lead = next(r for r in stage.ground.rows(LEADS) if r["main_contact_id"] == PAULO)
    assert (stage.contact()["name"], bool(lead["name"])) == (None, True)
    stage.erase()
    assert stage.ground.row(LEADS, lead["id"])["name"] is None
    assert stage.said(stage.name) == []


def test_stages_of_leads_stay_in_their_events_and_titles_stay_tied_to_their_sales(
    stage: Stage,
) -> None:
    ground = stage.ground
    ground.sync(EVENTS)
    ground.sync(TITLES)
    before = {r["id"]: r["value_after"] for r in ground.rows(EVENTS)}
    titles = {row["id"]: row["descricao"] for row in ground.rows(TITLES)}
    found = stage.erase()
    moved = 0
    for row in ground.rows(EVENTS):
        if row["type"] == "lead_status_changed":
            assert row["value_after"] == before[row["id"]]
            moved += 1
    assert moved
    ours = [row for row in ground.rows(TITLES) if row["cliente_id"] == CLIENT]
    assert ours
    assert found.found[TITLES]
    for row in ours:
        assert row["nome_cliente"] is None
        if (titles[row["id"]] or "").startswith("Venda de nº"):
            assert row["descricao"]
            assert titles[row["id"]].startswith(row["descricao"])


def test_explain_says_that_a_row_was_erased(stage: Stage) -> None:
    ground = stage.ground
    stage.erase()
    with ground.reach.engine.begin() as connection:
        record = named(connection, ground.reach.settings, "kommo.contacts", str(PAULO), None)
        found = explain_now(connection, record)
    assert found.erased
    assert any("a person was erased" in fact.what for fact in found.facts)


def test_what_cannot_be_a_row_keeps_nothing_of_an_erased_person(stage: Stage) -> None:
    ground = stage.ground
    stage.erase()
    bad = {
        "id": 999,
        "created_at": "never",
        "name": "Paulo",
        "custom_fields_values": [
            {"field_id": 1, "field_code": "PHONE", "values": [{"value": "+55 31 90000-0014"}]}
        ],
    }
    ground.box.plant("kommo", "contacts", bad)
    ground.sync(CONTACTS, full=True)
    (reject,) = ground.rejects()
    assert reject["record"] == {"id": "999"}
    assert stage.said("90000-0014") == []


def test_a_person_who_comes_again_can_be_taken_back(stage: Stage) -> None:
    from worker.people import tombstones

    ground = stage.ground
    stage.erase()
    assert ground.run(tombstones.lift, stage.person) == len(stage.person)
    stage.sync(full=True)
    assert stage.contact()["name"] == stage.name
