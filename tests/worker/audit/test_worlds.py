"""What is no drift: a world in motion, lists that the account does not get, lists that are read in part."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from shared.resources import BY_NAME
from tests.contract.changes import remove, rewrite
from tests.contract.worlds import world
from tests.ground import ground_on, pages_of
from tests.worker.audit.conftest import Audits
from worker.audit import books
from worker.audit.carry import carry_out

LEADS, EVENTS, TALKS, NOTES, CUSTOMERS = (
    BY_NAME[f"kommo.{name}"] for name in ("leads", "events", "talks", "notes", "customers")
)
SALES = BY_NAME["gestao_click.vendas"]


@pytest.fixture
def lively(database_url: str) -> Iterator[Audits]:
    """2,000 leads, in pages of 100: twenty of them."""
    with ground_on(database_url, leads=2000) as ground, pages_of(LEADS, 100):
        yield Audits(ground)


def test_a_world_in_motion_gives_no_false_drift_and_hides_none(lively: Audits) -> None:
    ground = lively.ground
    ground.sync(LEADS)
    before = {row["id"]: row["updated_at"] for row in ground.rows(LEADS)}
    quiet = list(before)[1000]
    lively.plant("update kommo.leads set price = 1 where id = :id", id=quiet)
    audit_id, stop = lively.order(LEADS), threading.Event()

    def live() -> None:
        while not stop.wait(0.005):
            ground.box.life.run(1, "kommo")

    life = threading.Thread(target=live)
    life.start()
    try:
        found = lively.carry(audit_id)
    finally:
        stop.set()
        life.join()
    assert found["state"] == "done", found["reason"]
    # Kommo's times are whole seconds: what moved is told by another one, not by a later one
    now = {row["id"]: row["updated_at"] for row in ground.rows(LEADS)}
    moved = {id_ for id_, at in before.items() if now[id_] != at}
    assert moved
    assert lively.found(found) <= {(str(quiet), "different", "price")}
    if quiet not in moved:
        assert len(lively.found(found)) == 1


def test_what_changed_before_the_next_sync_came_by_is_brought_and_no_drift(lively: Audits) -> None:
    ground = lively.ground
    ground.sync(LEADS)
    ids = [row["id"] for row in ground.rows(LEADS)]
    ground.box.kommo.change("leads", [ids[0]], {"price": 4711}, silent=True)
    ground.box.kommo.delete("leads", [ids[1]], silent=True)
    made = ground.box.kommo.create("leads", {"name": "novo"}, silent=True)
    found = lively.audit(LEADS)
    assert (found["state"], lively.found(found)) == ("done", set())
    assert ground.row(LEADS, ids[0])["price"] == 4711
    assert ground.row(LEADS, ids[1])["deleted_at"]
    assert ground.row(LEADS, made["id"])


def test_what_no_incremental_would_ever_bring_is_drift(lively: Audits) -> None:
    """Its `updated_at` did not move, and no event tells of it."""
    ground = lively.ground
    ground.sync(LEADS)
    id_ = ground.rows(LEADS)[7]["id"]
    ground.box.kommo.change("leads", [id_], {"price": 4711}, silent=True, bump=False)
    found = lively.audit(LEADS, repair=True)
    assert lively.found(found) == {(str(id_), "different", "price")}
    assert ground.row(LEADS, id_)["price"] == 4711


def test_the_ordinary_sync_that_fails_leaves_the_audit_waiting(
    lively: Audits, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = lively.ground
    ground.sync(LEADS)
    lively.plant("update kommo.leads set price = 1 where id = (select min(id) from kommo.leads)")
    failing = "update sync.runs set state = 'failed', reason = 'out of order' where id = :id"

    def fail(_: Any, run_id: int, __: float) -> bool:
        lively.plant(failing, id=run_id)
        return False

    monkeypatch.setattr("worker.audit.ordinary.carry_out", fail)
    audit_id = lively.order(LEADS)
    waits = lively.carry(audit_id)
    assert (waits["state"], lively.found(waits)) == ("queued", set())
    assert "out of order" in waits["reason"]
    monkeypatch.undo()
    lively.plant("update sync.audits set next_at = now()")
    assert lively.carry(audit_id)["different"] == 1


def test_a_quiet_audit_costs_its_pages_and_nothing_else(lively: Audits) -> None:
    lively.ground.sync(LEADS)
    lively.ground.box.reset_stats()
    found = lively.audit(LEADS)
    assert lively.ground.asked("kommo") == {"/leads": found["requests"]}
    assert found["requests"] <= 2000 // 100 + 3
    assert (found["pages"], found["compared"]) == (20, 2000)


def test_a_killed_audit_goes_on_at_its_page(
    lively: Audits, monkeypatch: pytest.MonkeyPatch
) -> None:
    lively.ground.sync(LEADS)
    audit_id = lively.order(LEADS)
    monkeypatch.setattr("worker.audit.carry._put_back", _die)
    for _ in range(5):  # dies after a page each time: nobody puts it back
        with pytest.raises(_Killed):
            carry_out(lively.ground.reach, audit_id, 0.0)
        assert not carry_out(lively.ground.reach, audit_id, 0.0)  # it has an owner still
        lively.plant("update sync.audits set lease_until = now() - interval '1 s'")
    assert lively.report(audit_id)["pages"] == 5
    monkeypatch.undo()
    lively.ground.box.reset_stats()
    found = lively.carry(audit_id)
    assert (found["state"], found["pages"], found["compared"]) == ("done", 20, 2000)
    assert lively.ground.requests("kommo") <= 15 + 3
    assert lively.found(found) == set()


class _Killed(BaseException):
    """As much as kill -9 leaves: what was committed."""


def _die(*_: Any) -> None:
    raise _Killed


def test_one_audit_at_a_time_for_each_list(audits: Audits) -> None:
    audits.ground.sync(LEADS)
    one, other = audits.order(LEADS), audits.order(LEADS, repair=True)
    assert one == other
    assert audits.report(one)["repair"] is True
    assert audits.order(NOTES) != one


def test_a_list_that_was_never_read_is_not_audited_and_says_so(audits: Audits) -> None:
    found = audits.audit(LEADS)
    assert (found["state"], found["verified_through"]) == ("failed", None)
    assert "ponte sync kommo.leads" in found["reason"]


def test_a_list_that_the_account_does_not_get_is_no_drift(database_url: str) -> None:
    with ground_on(database_url, customers_mode="unavailable") as ground:
        audits = Audits(ground)
        assert ground.sync(CUSTOMERS)["state"] == "unavailable"
        found = audits.audit(CUSTOMERS)
        assert (found["state"], found["requests"]) == ("unavailable", 0)
        assert found["reason"]


def test_a_list_that_is_taken_away_marks_nothing(database_url: str) -> None:
    with ground_on(database_url) as ground:
        audits = Audits(ground)
        ground.sync(CUSTOMERS)
        rows = ground.rows(CUSTOMERS)
        ground.box.options.customers_mode = "unavailable"
        found = audits.audit(CUSTOMERS, repair=True)
        assert found["state"] == "unavailable"
        assert (audits.found(found), ground.rows(CUSTOMERS)) == (set(), rows)


def test_of_what_only_grows_the_last_days_are_compared(audits: Audits) -> None:
    ground = audits.ground
    ground.box.life.run(50, "kommo")
    ground.sync(EVENTS)
    newest = max(ground.rows(EVENTS), key=lambda row: row["created_at"])
    audits.plant("delete from kommo.events where id = :id", id=newest["id"])
    # what only lives here is not judged: it stays as it is
    invented = """insert into kommo.events (integration_id, id, raw, changed_at)
        select integration_id, 'invented', '{}', now() from kommo.events limit 1"""
    audits.plant(invented)
    found = audits.audit(EVENTS, repair=True)
    assert found["scope"] == "recent"
    assert audits.found(found) == {(newest["id"], "only there", "no row here")}
    assert ground.row(EVENTS, newest["id"])


def test_what_has_no_list_is_looked_at_by_id(audits: Audits) -> None:
    ground = audits.ground
    integration = ground.integration("kommo").id
    insert = """insert into kommo.talks (integration_id, id, raw, changed_at)
        values (:integration, :id, '{}', now() - interval '1 hour')"""
    there = ground.box.truth("kommo", "talks")[0]["talk_id"]
    for id_ in (there, 1):
        audits.plant(insert, integration=integration, id=id_)
    found = audits.audit(TALKS, repair=True)
    assert (found["scope"], found["compared"]) == ("by id", 1)
    assert {(key, kind) for key, kind, _ in audits.found(found)} == {
        ("1", "only here"),
        (str(there), "different"),
    }
    assert found["repaired"] == 2
    assert ground.row(TALKS, 1)["missing_since"]


def test_records_that_cannot_become_rows_are_neither_here_nor_there(audits: Audits) -> None:
    ground = audits.ground
    ground.sync(LEADS)
    id_ = ground.rows(LEADS)[0]["id"]
    with ground.box.world.lock:
        table = ground.box.world.table("kommo", "leads")
        record = {**table.live[id_].open(), "price": "nonsense"}
        table.put(table.make(record))
    assert audits.found(audits.audit(LEADS)) == set()


def test_what_vanished_without_a_word_is_drift_that_a_repair_marks(audits: Audits) -> None:
    ground = audits.ground
    ground.sync(LEADS)
    gone = world(ground.box, LEADS)[3]
    remove(ground.box, LEADS, gone)
    found = audits.audit(LEADS, repair=True)
    assert (found["only_here"], found["repaired"]) == (1, 1)
    assert audits.found(audits.audit(LEADS)) == set()


def test_audits_are_forgotten_but_the_newest_and_the_newest_proof(audits: Audits) -> None:
    ground = audits.ground
    ground.sync(LEADS)
    ids = [audits.audit(LEADS)["id"] for _ in range(2)]
    audits.plant("update kommo.leads set price = 1")
    ids.append(audits.audit(LEADS)["id"])
    audits.plant("update sync.audits set ended_at = now() - interval '40 days'")
    assert ground.run(books.forget_ended, 30) == 1
    assert [audits.ground.run(books.listed, [one]) == [] for one in ids] == [True, False, False]


def test_sales_in_motion_give_no_false_drift(database_url: str) -> None:
    with ground_on(database_url, leads=200) as ground:
        audits, stop = Audits(ground), threading.Event()
        ground.sync(SALES)

        def live() -> None:
            while not stop.wait(0.02):
                ground.box.life.run(1, "gestao-click")

        life = threading.Thread(target=live)
        life.start()
        try:
            found = audits.audit(SALES)
        finally:
            stop.set()
            life.join()
        assert found["state"] == "done", found["reason"]
        assert (found["different"], found["only_here"], found["only_there"]) == (0, 0, 0)
        assert found["verified_through"]


def test_what_changed_outside_the_window_is_late_while_history_is_read_in_its_turn(
    database_url: str,
) -> None:
    with ground_on(database_url, leads=200) as ground:
        audits = Audits(ground)
        ground.sync(SALES)
        oldest = min(ground.rows(SALES), key=lambda row: row["data"])["id"]
        expected = next(one for one in world(ground.box, SALES) if one.record["id"] == oldest)
        rewrite(ground.box, SALES, expected, nome_cliente="outro nome")
        late = audits.audit(SALES)
        assert (late["different"], bool(late["verified_through"])) == (0, True)
        assert audits.states(late) == {(oldest, "late")}
        audits.plant("update sync.checkpoints set walked_at = now() - interval '15 days'")
        drift = audits.audit(SALES)
        assert (drift["different"], drift["verified_through"]) == (1, None)
        assert audits.audit(SALES, repair=True)["repaired"] == 1
        assert ground.row(SALES, oldest)["nome_cliente"] == "outro nome"
