"""What kills its worker three times is parked and reported, and everything else goes on."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from pytest import MonkeyPatch
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from shared import deliveries, leaving, questions, runs
from shared.db.engine import clock
from shared.errors import RequestRefused
from shared.resources import BY_NAME
from tests.ground import Ground, ground_on, pages_of
from tests.worker.dying import POISON, die, dies, end_leases
from tests.worker.test_forgetting import added, told
from worker import forgetting, subscription, tasks
from worker.audit import books
from worker.audit import carry as audits
from worker.drain import drain
from worker.schedule import due, past
from worker.sources.kommo import Kommo
from worker.sync.carry import carry_out

LEADS, TASKS = BY_NAME["kommo.leads"], BY_NAME["kommo.tasks"]


def poison(ground: Ground) -> int:
    """One of the leads kills whoever reads it."""
    key = int(ground.box.truth("kommo", "leads")[20]["id"])
    ground.box.kommo.change("leads", [key], {"name": POISON}, silent=True)
    return key


def told_of(ground: Ground, *keys: int) -> None:
    integration = ground.integration("kommo").id
    for key in keys:
        body = urlencode({"leads[update][0][id]": key}).encode()
        ground.keep(integration, body)


def drained(ground: Ground) -> int:
    """Drains until nothing waits, as workers that are started again do; how many died."""
    integration, deaths = ground.integration("kommo").id, 0
    while ground.run(deliveries.waiting, integration).count:
        deaths += dies(ground, lambda reach: drain(reach, integration, 20))
        end_leases(ground)
        assert deaths < 10
    return deaths


# --- deliveries


def test_a_delivery_that_kills_its_worker_stands_alone_the_third_time_and_is_parked(
    ground: Ground,
) -> None:
    ground.sync(LEADS)
    deadly = poison(ground)
    keys = [int(record["id"]) for record in ground.box.truth("kommo", "leads")]
    ground.box.kommo.change("leads", [k for k in keys if k != deadly], {"name": "B"}, silent=True)
    told_of(ground, *keys)
    assert drained(ground) == 3
    (parked,) = [row for row in ground.deliveries() if row["outcome"] != "done"]
    assert (parked["outcome"], parked["deaths"]) == ("failed", 3)
    assert parked["reason"] == "its worker died 3 times over this delivery"
    assert {row["name"] for row in ground.rows(LEADS) if row["id"] != deadly} == {"B"}


def test_what_comes_after_a_deadly_batch_does_not_wait_for_its_lease(ground: Ground) -> None:
    ground.sync(LEADS)
    told_of(ground, poison(ground))
    integration = ground.integration("kommo").id
    assert dies(ground, lambda reach: drain(reach, integration, 20))
    told_of(ground, int(ground.box.truth("kommo", "leads")[3]["id"]))
    assert not dies(ground, lambda reach: drain(reach, integration, 20))
    assert [row["outcome"] for row in ground.deliveries()] == [None, "done"]


def test_after_a_death_a_large_batch_is_read_in_a_few_smaller_ones(ground: Ground) -> None:
    told_of(ground, *range(1, 101))
    id_ = ground.integration("kommo").id
    assert len(ground.run(deliveries.claim, id_, uuid4(), 0.0, 2000)) == 100
    second = [ground.run(deliveries.claim, id_, uuid4(), 60, 2000) for _ in range(3)]
    assert [len(claimed) for claimed in second] == [45, 45, 10]
    end_leases(ground)
    assert len(ground.run(deliveries.claim, id_, uuid4(), 60, 2000)) == 1
    assert ground.run(deliveries.park_deadly, id_) == [], "nothing has died alone"


def test_an_outage_of_the_vendor_is_no_death(ground: Ground) -> None:
    told_of(ground, *range(1, 11))
    id_ = ground.integration("kommo").id
    for _ in range(5):
        owner = uuid4()
        claimed = ground.run(deliveries.claim, id_, owner, 60, 2000)
        assert len(claimed) == 10
        ground.run(deliveries.put_back, owner, [one.id for one in claimed], "HTTP 503")
    assert {row["deaths"] for row in ground.deliveries()} == {0}


def test_a_request_that_the_vendor_refuses_for_good_parks_the_one_delivery_behind_it(
    ground: Ground, monkeypatch: MonkeyPatch
) -> None:
    def refused(self: Kommo, path: str) -> None:
        raise RequestRefused("Kommo", path, 422, "nobody knows why")

    ground.sync(LEADS)
    integration = ground.integration("kommo").id
    monkeypatch.setattr(Kommo, "_look_at_one", refused)
    told_of(ground, *(int(record["id"]) for record in ground.box.truth("kommo", "leads")[:5]))
    ground.keep(integration, b"talk[update][0][talk_id]=7")
    drain(ground.reach, integration, 20)
    parked = ground.deliveries()[-1]
    assert parked["outcome"] == "failed"
    assert "422" in parked["reason"]
    assert {row["outcome"] for row in ground.deliveries()[:-1]} == {"done"}


# --- runs


def test_a_run_whose_page_kills_its_worker_fails_after_the_third_time(ground: Ground) -> None:
    poison(ground)
    run = ground.order(LEADS, full=True)
    with pages_of(LEADS, 5):
        deaths = 0
        while dies(ground, lambda reach: carry_out(reach, run, 60)):
            deaths += 1
            end_leases(ground)
            assert deaths <= 3
    report = ground.report(run)
    assert (deaths, report["state"], report["deaths"]) == (3, "failed", 3)
    assert report["reason"] == "its worker died 3 times over page 5 of kommo.leads"
    assert report["pages"] == 4, "what was read before stays"
    assert ground.sync(TASKS)["state"] == "done"


def test_a_page_that_was_read_forgets_the_deaths_before_it(ground: Ground) -> None:
    run = ground.order(LEADS, full=True)
    for _ in range(2):
        ground.run(runs.claim, run, uuid4(), 0.0)
    assert ground.report(run)["deaths"] == 1
    assert ground.carry(run)["state"] == "done"
    assert ground.report(run)["deaths"] == 0


def test_the_schedule_leaves_a_deadly_list_alone_for_a_day_and_a_person_may_try_it(
    ground: Ground,
) -> None:
    run = ground.order(LEADS, full=True)
    for _ in range(4):
        ground.run(runs.claim, run, uuid4(), 0.0)
    assert ground.carry(run)["state"] == "failed"

    def scheduled() -> set[Any]:
        one = ground.integration("kommo")
        later = ground.run(clock) + timedelta(hours=1)
        known = ground.run(past, one)
        return {resource for resource, _ in due(ground.reach.settings, one, known, later)}

    assert LEADS not in scheduled()
    assert ground.carry(ground.order(LEADS))["state"] == "done"
    assert LEADS in scheduled()


# --- audits, removals, questions


def test_an_audit_that_kills_its_worker_fails_after_the_third_time(ground: Ground) -> None:
    ground.sync(LEADS)
    poison(ground)
    id_ = ground.run(books.request, ground.integration("kommo").id, LEADS, trigger="cli")
    deaths = 0
    while dies(ground, lambda reach: audits.carry_out(reach, id_, 60)):
        deaths += 1
        end_leases(ground)
        assert deaths <= 3
    (audit,) = ground.run(books.listed, [id_])
    assert (deaths, audit["state"]) == (3, "failed")
    assert audit["reason"] == "its worker died 3 times over this audit"


def test_a_removal_that_kills_its_worker_waits_to_be_ordered_anew(
    ground: Ground, monkeypatch: MonkeyPatch
) -> None:
    one = added(ground, ground.box)
    ground.run(leaving.remove, ground.reach.settings, one.id, "delete")
    with monkeypatch.context() as patch:
        patch.setattr(subscription, "remove", die)
        patch.setattr(forgetting, "_forget_mirror", die)
        for _ in range(3):
            assert ground.run(leaving.under_way) == [one.id]
            assert dies(ground, lambda reach: forgetting.carry_out(reach, one.id, 5))
    assert ground.run(leaving.under_way) == []
    assert ground.run(leaving.deadly) == [one.id]
    assert forgetting.carry_out(ground.reach, one.id, 5) is False
    assert told(ground, one.id)["state"] == "removing"
    ground.run(leaving.remove, ground.reach.settings, one.id, "delete")
    while forgetting.carry_out(ground.reach, one.id, 5):
        pass
    assert told(ground, one.id)["state"] == "removed"


def test_a_question_that_kills_its_worker_is_not_asked_again(
    ground: Ground, monkeypatch: MonkeyPatch
) -> None:
    asked = {"provider": "kommo"}
    id_ = questions.ask(ground.reach.engine, ground.reach.keys, questions.TEST_CONNECTION, asked)
    monkeypatch.setattr("worker.answers.answer", die)
    assert dies(ground, lambda reach: tasks.answer(reach, str(id_)))
    assert not dies(ground, lambda reach: tasks.answer(reach, str(id_)))
    assert questions.wait(ground.reach.engine, id_, 0.0) is None


# --- who lives and could not say so


FULL = """
    create function full_disk() returns trigger language plpgsql as $$
    begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$;
    create trigger full_disk before insert or update on kommo.leads
    for each row execute function full_disk();
    create trigger full_disk before update on sync.runs
    for each row when (new.state = 'queued') execute function full_disk();
    create trigger full_disk before update on sync.audits
    for each row when (new.state = 'queued') execute function full_disk()
"""
ROOM = "drop function full_disk cascade"


@pytest.fixture
def remembering(database_url: str, redis_url: str) -> Iterator[Ground]:
    with ground_on(database_url, redis_url=redis_url) as ground:
        yield ground


def test_a_disk_that_stays_full_kills_nobody_and_parks_no_delivery(remembering: Ground) -> None:
    ground = remembering
    told_of(ground, *(int(record["id"]) for record in ground.box.truth("kommo", "leads")[:5]))
    integration = ground.integration("kommo").id
    ground.run(lambda c: c.execute(text(FULL)))
    for _ in range(5):
        with pytest.raises(OperationalError):
            drain(ground.reach, integration, 20)
        end_leases(ground)
    ground.run(lambda c: c.execute(text(ROOM)))
    assert drain(ground.reach, integration, 20) is False
    assert {(row["outcome"], row["deaths"]) for row in ground.deliveries()} == {("done", 0)}


def test_a_disk_that_stays_full_ends_no_run(remembering: Ground) -> None:
    ground = remembering
    run = ground.order(LEADS, full=True, trigger="schedule")
    ground.run(lambda c: c.execute(text(FULL)))
    for _ in range(5):
        with pytest.raises(OperationalError):
            carry_out(ground.reach, run, 60)
        end_leases(ground)
    ground.run(lambda c: c.execute(text(ROOM)))
    assert ground.carry(run)["state"] == "done"
