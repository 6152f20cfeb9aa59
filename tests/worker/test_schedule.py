"""What is due: incremental walks every few minutes, everything at night, nothing twice."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text, update

from shared import agenda, queue, resources, runs
from shared.agenda import Agenda, Allowance, Tier
from shared.agenda.turns import allot
from shared.db.bookkeeping import runs as runs_table
from shared.db.engine import clock
from shared.integrations import Integration
from shared.resources import BY_NAME
from tests.ground import Ground, ground_on, settings_for
from worker import schedule, tasks
from worker.reach import Reach
from worker.schedule import Past

SETTINGS = settings_for("postgresql://h/x")
NOON = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 12:00 in São Paulo
NIGHT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)  # 3:00 there
KOMMO = [r for r in resources.of_provider("kommo") if not r.unlisted]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def past(
    *, asked: datetime, walked: datetime | None, full_asked: datetime | None = None
) -> dict[str, Past]:
    return {r.full_name: Past(asked, full_asked or walked, walked) for r in resources.ALL}


def due(books: dict[str, Past], now: datetime, provider: str = "kommo") -> dict[str, bool]:
    return {r.full_name: full for r, full in schedule.due(SETTINGS, of(provider), books, now)}


def of(provider: str, **more: Any) -> Integration:
    return Integration(1, "default", provider, **more)


def test_what_was_never_read_is_read_in_full() -> None:
    assert due({}, NOON) == {resource.full_name: True for resource in KOMMO}


def test_nothing_is_due_right_after_a_walk() -> None:
    assert due(past(asked=NOON, walked=NOON), NOON + MINUTE) == {}


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("kommo.leads", 300),
        ("kommo.users", 3600),
    ],
)
def test_each_list_comes_round_at_its_interval(name: str, seconds: int) -> None:
    books, interval = past(asked=NOON, walked=NOON), timedelta(seconds=seconds)
    provider = BY_NAME[name].provider
    assert name not in due(books, NOON + interval - timedelta(seconds=1), provider)
    assert due(books, NOON + interval, provider)[name] is False


def agenda_with(used: int = 0, **costs: int) -> Agenda:
    """Of a shop of which nothing is known but that; costs: requests of the near part of a list."""
    estimated = {(f"gestao_click.{name}", Tier.NEAR): cost for name, cost in costs.items()}
    duties = agenda.books.duties(SETTINGS, of("gestao-click"), {}, estimated)
    allowed = Allowance(30_000, 0.5, used=used)
    return Agenda(allowed, tuple(allot(duties, allowed.requests)), {})


def due_by(found: Agenda, after: timedelta) -> dict[str, bool]:
    books = past(asked=NOON, walked=NOON)
    wanted = schedule.due(SETTINGS, of("gestao-click"), books, NOON + after, found)
    return {resource.name: full for resource, full in wanted}


def test_where_requests_of_a_day_are_counted_the_agenda_says_what_is_due() -> None:
    assert due_by(agenda_with(), 14 * MINUTE) == {}
    after_a_quarter = due_by(agenda_with(), 15 * MINUTE)
    assert {"vendas", "recebimentos", "pagamentos"} <= set(after_a_quarter)
    assert "produtos" not in after_a_quarter
    assert "produtos" in due_by(agenda_with(), 2 * HOUR)
    dear = agenda_with(recebimentos=200, pagamentos=200)
    assert "vendas" not in due_by(dear, 15 * MINUTE), "38,400 requests a day: all wait alike"
    assert "vendas" in due_by(dear, 60 * MINUTE)


def test_history_in_its_turn_takes_the_place_of_nightly_full_walks() -> None:
    assert set(due_by(agenda_with(), 48 * HOUR).values()) == {False}


def test_nothing_is_due_of_a_vendor_whose_day_is_used_up() -> None:
    assert due_by(agenda_with(used=30_000), 48 * HOUR) == {}


def test_everything_is_walked_in_full_once_the_hour_of_the_night_has_struck() -> None:
    before, after = NIGHT - timedelta(seconds=1), NIGHT + timedelta(seconds=1)
    books = past(asked=before - MINUTE, walked=NOON)
    assert due(books, before) == {}
    assert due(books, after) == {resource.full_name: True for resource in KOMMO}


def test_after_the_nights_walk_the_day_goes_on_with_incremental_ones() -> None:
    done = NIGHT + MINUTE
    assert set(due(past(asked=done, walked=done), done + 2 * HOUR).values()) == {False}
    assert due(past(asked=done, walked=done), done + MINUTE) == {}


def test_a_walk_that_is_under_way_since_the_night_struck_is_not_ordered_again() -> None:
    books = past(asked=NIGHT + MINUTE, walked=NOON, full_asked=NIGHT + MINUTE)
    assert True not in due(books, NIGHT + 10 * MINUTE).values()


def test_an_incremental_run_after_the_night_struck_does_not_take_the_full_walks_place() -> None:
    books = past(asked=NIGHT + MINUTE, walked=NOON, full_asked=NOON)
    assert due(books, NIGHT + 2 * MINUTE)["kommo.leads"] is True


def test_a_full_walk_that_failed_is_tried_again_within_the_next_hours() -> None:
    books = past(asked=NIGHT + MINUTE, walked=NOON, full_asked=NIGHT + MINUTE)
    assert due(books, NIGHT + 2 * HOUR)["kommo.leads"] is True


def test_a_deployment_that_slept_through_the_night_catches_up() -> None:
    assert set(due(past(asked=NOON, walked=NOON), NOON + timedelta(days=3)).values()) == {True}


def test_the_night_is_the_deployments_own() -> None:
    three_utc = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    books = past(asked=three_utc - MINUTE, walked=NOON)
    utc = SETTINGS.model_copy(update={"ponte_timezone": "UTC"})
    assert schedule.due(SETTINGS, of("kommo"), books, three_utc + MINUTE) == []
    assert len(schedule.due(utc, of("kommo"), books, three_utc + MINUTE)) == len(KOMMO)


@pytest.mark.parametrize(
    ("frequency", "interval"),
    [("hourly", HOUR), ("daily", 24 * HOUR), ("weekly", 7 * 24 * HOUR), ("7", 7 * MINUTE)],
)
def test_an_integration_with_a_frequency_of_its_own_is_read_as_often_as_it_says(
    frequency: str, interval: timedelta
) -> None:
    own = of("kommo", sync_frequency=frequency)
    books = past(asked=NIGHT + MINUTE, walked=NIGHT + MINUTE)
    before = schedule.due(SETTINGS, own, books, NIGHT + interval)
    after = schedule.due(SETTINGS, own, books, NIGHT + MINUTE + interval)
    assert "kommo.leads" not in [r.full_name for r, _ in before]
    assert "kommo.leads" in [r.full_name for r, _ in after]


def test_whole_lists_are_not_read_more_often_because_changes_are() -> None:
    own = of("kommo", sync_frequency="5")
    books = past(asked=NOON, walked=NOON)
    names = [r.full_name for r, _ in schedule.due(SETTINGS, own, books, NOON + 59 * MINUTE)]
    assert "kommo.leads" in names
    assert "kommo.users" not in names


def test_the_nights_walk_waits_for_a_frequency_that_is_longer() -> None:
    own = of("kommo", sync_frequency="weekly")
    books = past(asked=NOON, walked=NOON)
    assert schedule.due(SETTINGS, own, books, NIGHT + MINUTE) == []
    assert {full for _, full in schedule.due(SETTINGS, own, books, NOON + 7 * 24 * HOUR)} == {True}


# --- with the books


def active(ground: Ground) -> list[tuple[str, str]]:
    return sorted((row["resource"], row["mode"]) for row in ground.runs())


def test_the_schedule_orders_everything_once_however_many_schedulers_there_are(
    ground: Ground,
) -> None:
    for provider in ("kommo", "gestao-click"):
        ground.integration(provider)
    threads = [threading.Thread(target=tasks.make_due_runs, args=(ground.reach,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tasks.make_due_runs(ground.reach)
    assert active(ground) == sorted((r.full_name, "full") for r in resources.ALL if not r.unlisted)


def test_refused_credentials_order_nothing_until_others_are_there(ground: Ground) -> None:
    ground.box.faults.add({"vendor": "kommo", "kind": "401"})
    assert ground.sync(BY_NAME["kommo.leads"])["state"] == "failed"
    tasks.make_due_runs(ground.reach)
    assert {name.split(".")[0] for name, _ in active(ground)[1:]} <= {"gestao_click", "kommo"}
    assert [row["resource"] for row in ground.runs() if row["resource"].startswith("kommo")] == [
        "kommo.leads"
    ]


def test_a_scheduled_order_does_not_allow_refused_credentials_again(ground: Ground) -> None:
    ground.box.faults.add({"vendor": "kommo", "kind": "401"})
    ground.sync(BY_NAME["kommo.leads"])
    ground.order(BY_NAME["kommo.leads"], trigger="schedule")
    assert ground.settings_row("kommo")["metadata"].get("refused")
    ground.order(BY_NAME["kommo.users"], trigger="http")
    assert not ground.settings_row("kommo")["metadata"].get("refused")


def refused_by_mistake(ground: Ground) -> None:
    ground.box.faults.add({"vendor": "kommo", "kind": "401", "times": 1})
    assert ground.sync(BY_NAME["kommo.leads"])["state"] == "failed"


def the_time_of_a_trial_comes(ground: Ground) -> None:
    said = """update ponte.integration_settings set metadata = metadata || '{"trial_at": 0}'"""
    ground.run(lambda connection: connection.execute(text(said)))


def test_credentials_that_were_refused_by_mistake_are_taken_up_again_by_themselves(
    ground: Ground,
) -> None:
    refused_by_mistake(ground)
    tasks.make_due_runs(ground.reach)
    assert ("kommo.users", "full") not in active(ground)
    the_time_of_a_trial_comes(ground)
    tasks.make_due_runs(ground.reach)
    assert ("kommo.users", "full") in active(ground)
    assert ground.settings_row("kommo")["metadata"]["refused"] is None
    assert ground.sync(BY_NAME["kommo.leads"])["state"] == "done"


def test_credentials_that_stay_refused_are_tried_with_one_request_ever_more_rarely(
    ground: Ground,
) -> None:
    ground.box.faults.add({"vendor": "kommo", "kind": "401"})
    ground.sync(BY_NAME["kommo.leads"])
    waits = []
    for _ in range(3):
        the_time_of_a_trial_comes(ground)
        before = ground.requests("kommo")
        tasks.make_due_runs(ground.reach)
        tasks.make_due_runs(ground.reach)
        assert ground.requests("kommo") - before == 1
        said = ground.settings_row("kommo")["metadata"]
        waits.append(said["trial_at"] - ground.run(clock).timestamp())
    assert [round(wait, -2) for wait in waits] == [7200, 14400, 28800]


# --- ringing for what waits


def rung(ground: Ground) -> list[tuple[Any, ...]]:
    ground.rung.clear()
    tasks.sweep(ground.reach)
    return sorted(ground.rung)


@pytest.fixture
def redis_ground(database_url: str, redis_url: str) -> Iterator[Ground]:
    with ground_on(database_url, redis_url=redis_url) as made:
        made.reach.redis.delete(*queue.QUEUES.values())
        yield made
        made.reach.redis.delete(*queue.QUEUES.values())


def test_the_sweeper_rings_for_waiting_deliveries_and_for_runs_that_are_ready_or_died(
    redis_ground: Ground,
) -> None:
    ground = redis_ground
    assert rung(ground) == []
    integration = ground.integration("kommo").id
    ground.keep(integration, b"x")
    run_id = ground.order(BY_NAME["kommo.leads"])
    expected = [(queue.DRAIN, integration), (queue.SYNC, run_id)]
    assert rung(ground) == expected
    ground.run(runs.claim, run_id, uuid4(), 60)
    assert rung(ground) == expected[:1]
    ground.run(
        lambda c: c.execute(update(runs_table).values(lease_until=text("clock_timestamp()")))
    )
    assert rung(ground) == expected


def test_a_task_that_runs_out_of_time_rings_for_the_rest(ground: Ground) -> None:
    hasty = ground.reach.settings.model_copy(update={"task_seconds": 1e-9})
    reach = Reach(
        hasty, ground.reach.engine, ground.reach.redis, ground.reach.keys, ground.reach.ring
    )
    run_id = ground.order(BY_NAME["kommo.leads"])
    tasks.sync(reach, run_id)
    assert ground.rung == [(queue.SYNC, run_id)]
    assert ground.report(run_id)["state"] == "queued"


def test_tidying_forgets_what_is_over_for_long_and_nothing_else(ground: Ground) -> None:
    ground.sync(BY_NAME["kommo.leads"])
    ground.sync(BY_NAME["kommo.leads"])
    ground.run(
        lambda c: c.execute(
            update(runs_table).values(finished_at=text("now() - interval '99 days'"))
        )
    )
    tasks.tidy(ground.reach)
    assert len(ground.runs()) == 1
