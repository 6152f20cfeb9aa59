"""Scheduled audits: each list once in so many days, in the hours of the night, one after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared import queue, resources
from shared.errors import SettingsError
from shared.resources import BY_NAME
from shared.settings import load
from tests.ground import Ground, ground_on, settings_for
from tests.worker.audit.conftest import Audits
from worker import tasks
from worker.audit import due

SETTINGS = settings_for("postgresql://h/x")
NIGHT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)  # 2:00 in São Paulo
DAY = timedelta(days=1)
LISTS = resources.of_provider("kommo")
LEADS = BY_NAME["kommo.leads"]


@pytest.mark.parametrize(
    ("hours", "hour", "inside"),
    [
        ("1-5", 0, False),
        ("1-5", 1, True),
        ("1-5", 4, True),
        ("1-5", 5, False),
        ("22-4", 21, False),
        ("22-4", 23, True),
        ("22-4", 3, True),
        ("22-4", 4, False),
        ("0-24", 12, True),
    ],
)
def test_the_hours_are_those_of_the_deployments_time_zone(
    hours: str, hour: int, inside: bool
) -> None:
    settings = SETTINGS.model_copy(update={"ponte_audit_hours": hours})
    at = datetime(2026, 11, 24, hour, 30, tzinfo=UTC) + timedelta(hours=3)
    assert due.in_hours(settings, at) is inside


@pytest.mark.parametrize("hours", ["", "5", "5-5", "1-25", "a-b", "-1-3"])
def test_other_hours_are_refused_by_name(hours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PONTE_AUDIT_HOURS", hours or " ")
    with pytest.raises(SettingsError, match="PONTE_AUDIT_HOURS"):
        load()


def audited(ago: timedelta, state: str = "done") -> dict[str, tuple[datetime, str]]:
    return {resource.full_name: (NIGHT - ago, state) for resource in LISTS}


@pytest.mark.parametrize(
    ("books", "chosen"),
    [
        ({}, LISTS[0]),
        (audited(6 * DAY), None),
        (audited(7 * DAY), LISTS[0]),
        ({**audited(7 * DAY), LEADS.full_name: (NIGHT - 8 * DAY, "done")}, LEADS),
        ({**audited(DAY), LEADS.full_name: (NIGHT - DAY, "failed")}, LEADS),
        ({**audited(DAY / 2), LEADS.full_name: (NIGHT - DAY / 2, "failed")}, None),
    ],
    ids=["never", "this_week", "last_week", "longest_ago", "failed_yesterday", "failed_today"],
)
def test_the_list_that_waited_longest_is_next(
    books: dict[str, tuple[datetime, str]], chosen: object
) -> None:
    assert due.next_due(SETTINGS, LISTS, books, NIGHT) is chosen


def order(ground: Ground, now: datetime, **changes: object) -> None:
    settings = ground.reach.settings.model_copy(update=changes)
    ground.run(due.order, settings, [ground.integration("kommo")], now)


def ordered(ground: Ground) -> list[int]:
    integrations = [ground.integration("kommo")]
    found: list[int] = ground.run(due.waiting, ground.reach.settings, integrations, NIGHT)
    return found


def test_one_list_at_a_time_is_ordered_by_night_only(audits: Audits) -> None:
    ground = audits.ground
    ground.sync(LEADS)
    order(ground, NIGHT + DAY / 2)
    order(ground, NIGHT, ponte_audit_days=0)
    assert ordered(ground) == []
    order(ground, NIGHT)
    order(ground, NIGHT)
    (audit_id,) = ordered(ground)
    assert audits.report(audit_id)["trigger"] == "schedule"
    integrations, noon = [ground.integration("kommo")], NIGHT + DAY / 2
    assert ground.run(due.waiting, ground.reach.settings, integrations, noon) == []
    by_hand = audits.order(BY_NAME["kommo.notes"])
    assert ground.run(due.waiting, ground.reach.settings, integrations, noon) == [by_hand]
    # those that were never read have to be read first; by id there is nothing to compare
    names = {LEADS.full_name, "kommo.talks"}
    assert audits.report(audit_id)["resource"] in names
    assert audits.carry(audit_id)["state"] == "done"
    order(ground, NIGHT)
    assert ordered(ground) == [by_hand]  # it comes first
    assert audits.carry(by_hand)["state"] == "failed"
    order(ground, NIGHT)
    (other,) = ordered(ground)
    assert audits.report(other)["resource"] in names - {audits.report(audit_id)["resource"]}


def test_beat_rings_and_a_worker_carries_it_out(database_url: str, redis_url: str) -> None:
    with ground_on(database_url, redis_url=redis_url) as ground:
        ground.reach.redis.flushdb()
        audits = Audits(ground)
        ground.sync(LEADS)
        audit_id = audits.order(LEADS)
        tasks.make_due_audits(ground.reach)
        assert (queue.AUDIT, audit_id) in ground.rung
        tasks.audit(ground.reach, audit_id)
        assert audits.report(audit_id)["state"] == "done"
        ground.rung.clear()
        tasks.make_due_audits(ground.reach)
        assert (queue.AUDIT, audit_id) not in ground.rung
