"""Each bug that a random walk found, as the shortest way to it."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from shared.resources import BY_NAME
from tests.ground import Ground
from tests.walks.hand import Workers
from tests.walks.ledger import Ledger
from worker.sync import checkpoint, engine, plan

NOTES, TAGS = BY_NAME["kommo.notes"], BY_NAME["kommo.tags"]


@pytest.fixture
def no_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is met a second time because the window before reached so far."""
    for module in (checkpoint, engine, plan):
        monkeypatch.setattr(module, "OVERLAP", timedelta(0))
    monkeypatch.setattr(checkpoint, "MARGIN", timedelta(0))


def next_second() -> None:
    time.sleep(1.001 - time.time() % 1)


@pytest.mark.usefixtures("no_overlap")
def test_what_changed_in_a_slice_while_it_was_refused_is_read_when_it_is_given_again(
    ground: Ground,
) -> None:
    assert ground.sync(NOTES)["state"] == "done"
    ground.box.options.change({"refused": {"/leads/notes": 402}})
    (key,) = ground.box.acts.do("notes.edit", fields={"entity_type": "leads"})["leads_notes"]
    next_second()
    assert ground.sync(NOTES)["state"] == "done"
    next_second()
    ground.box.options.change({"refused": {}})
    assert ground.sync(NOTES)["mode"] == "incremental"
    written = ground.box.world.table("kommo", "leads_notes").live[key].open()["params"]
    assert ground.row(NOTES, "leads", key)["params"] == written


def test_a_slice_that_was_refused_from_the_first_is_read_in_full_once_it_is_given(
    ground: Ground,
) -> None:
    ground.box.options.change({"refused": {"/leads/notes": 402}})
    assert ground.sync(NOTES)["state"] == "done"
    ground.box.options.change({"refused": {}})
    assert ground.sync(NOTES)["mode"] == "incremental"
    there = ground.box.world.table("kommo", "leads_notes").ids
    assert [r["id"] for r in ground.rows(NOTES) if r["entity_type"] == "leads"] == there
    before = ground.requests("kommo")
    assert ground.sync(NOTES)["seen"] == 0, "and only once"
    assert ground.requests("kommo") - before < 12


def test_walks_that_a_slice_was_refused_in_do_not_count_as_walks_that_missed_its_records(
    ground: Ground,
) -> None:
    """Two complete walks in a row have to miss a record before it is marked."""
    assert ground.sync(TAGS)["state"] == "done"
    leads, contacts = (
        ground.box.world.table("kommo", f"{name}_tags") for name in ("leads", "contacts")
    )
    leads.drop(leads.ids[0])
    ground.box.options.change({"refused": {"/contacts/tags": 402}})
    for _ in range(2):
        assert ground.sync(TAGS, full=True)["state"] == "done"
    ground.box.options.change({"refused": {}})
    contacts.drop(key := contacts.ids[0])
    assert ground.sync(TAGS, full=True)["state"] == "done"
    assert ground.row(TAGS, "contacts", key)["missing_since"] is None
    assert ground.sync(TAGS, full=True)["state"] == "done"
    assert ground.row(TAGS, "contacts", key)["missing_since"]


NO_END = """
    create function no_end() returns trigger language plpgsql as $$
    begin raise exception 'the worker dies here'; end $$;
    create trigger no_end before insert or update on sync.checkpoints
    for each row execute function no_end();
"""


def test_a_walk_whose_worker_dies_at_its_very_end_counts_once(ground: Ground) -> None:
    """One walk is no proof that a record is gone, however often its end is tried."""
    assert ground.sync(TAGS)["state"] == "done"
    table = ground.box.world.table("kommo", "leads_tags")
    table.drop(key := table.ids[0])
    workers = Workers(ground, Ledger(ground.box))
    ground.run(lambda connection: connection.execute(text(NO_END)))
    (run_id,) = workers.order([TAGS], full=True)
    for _ in range(2):
        assert ground.carry(run_id)["state"] == "queued"
        workers.wait_long()
    ground.run(lambda connection: connection.execute(text("drop function no_end cascade")))
    assert ground.carry(run_id)["state"] == "done"
    assert ground.row(TAGS, "leads", key)["missing_since"] is None
