"""What the books of a restored backup do not know: who is dead, and what was asked meanwhile."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update

from shared import deliveries, leaving, runs
from shared.db.bookkeeping import audits, questions, usage, workers
from shared.db.bookkeeping import deliveries as deliveries_table
from shared.db.engine import clock
from shared.errors import Conflict
from shared.resources import BY_NAME
from tests.ground import Ground
from tests.worker.test_forgetting import added
from worker import restored
from worker.audit import books

LEADS = BY_NAME["kommo.leads"]
HOUR = timedelta(hours=1)


def test_nobody_of_then_holds_anything_and_walks_begin_anew(ground: Ground) -> None:
    kommo = ground.integration("kommo").id
    run = ground.order(LEADS, full=True)
    ground.carry_once(run)
    ground.run(runs.claim, run, uuid4(), 3600.0)
    ground.keep(kommo, b"leads[update][0][id]=1")
    ground.run(deliveries.claim, kommo, uuid4(), 3600.0, 10)
    ground.run(books.claim, ground.run(books.request, kommo, LEADS, trigger="cli"), 3600.0)
    going = added(ground, ground.box)
    ground.run(leaving.remove, ground.reach.settings, going.id, "delete")
    ground.run(leaving.begin, going.id)
    ground.run(lambda c: c.execute(workers.insert().values(name="sync@then", queues="sync")))
    ground.run(restored.free)
    report = ground.report(run)
    assert (report["state"], report["position"], report["owner"]) == ("queued", None, None)
    assert ground.carry(run)["state"] == "done"
    (delivery,) = ground.deliveries()
    assert (delivery["owner"], delivery["deaths"]) == (None, 0)
    assert ground.run(deliveries.waiting, kommo).count == 1
    assert ground.run(lambda c: c.scalar(select(audits.c.state))) == "failed"
    for table in (workers, questions):
        assert ground.run(lambda c, t=table: c.scalar(select(func.count()).select_from(t))) == 0
    assert ground.run(leaving.under_way) == [going.id]


def used(ground: Ground) -> dict[datetime, int]:
    rows: Any = ground.run(lambda c: c.execute(select(usage.c.hour, usage.c.requests)).all())
    return {row.hour: row.requests for row in rows}


def assumed(ground: Ground, since: datetime, until: datetime, rate: float = 2.0) -> int:
    limits = {"gestao_click_rate_limit": rate, "gestao_click_daily_limit": 30_000}
    settings = ground.reach.settings.model_copy(update=limits)
    one = ground.integration("gestao-click")
    return int(ground.run(restored.count_unknown, settings, one, since, until))


def test_what_may_have_been_asked_since_the_backup_is_taken_for_used(ground: Ground) -> None:
    now = ground.run(clock).replace(minute=30, second=0, microsecond=0)
    assert assumed(ground, now - timedelta(minutes=45), now) == 45 * 60 * 2
    assert sorted(used(ground).values()) == [15 * 60 * 2, 30 * 60 * 2]


def test_no_more_than_a_day_allows_and_of_the_newest_hours_first(ground: Ground) -> None:
    now = ground.run(clock).replace(minute=0, second=0, microsecond=0)
    assert assumed(ground, now - timedelta(days=9), now) == 30_000
    told = used(ground)
    assert told[now - HOUR] == 2 * 3600
    assert sum(told.values()) == 30_000
    assert min(told) >= now - timedelta(hours=25)


def test_nothing_is_unknown_when_it_stopped_before_the_backup_or_nobody_counts(
    ground: Ground,
) -> None:
    now = ground.run(clock)
    assert assumed(ground, now, now - HOUR) == 0
    assert assumed(ground, now - HOUR, now, rate=0) == 0
    kommo = ground.integration("kommo")
    assert ground.run(restored.count_unknown, ground.reach.settings, kommo, now - HOUR, now) == 0
    assert used(ground) == {}


def test_a_clock_that_is_behind_the_backup_is_told_before_anything_is_changed(
    ground: Ground,
) -> None:
    assert ground.run(restored.last_sign) is None
    ground.keep(ground.integration("kommo").id, b"x")
    assert ground.run(restored.last_sign)
    ahead = update(deliveries_table).values(received_at=text("clock_timestamp() + '1 hour'"))
    ground.run(lambda c: c.execute(ahead))
    with pytest.raises(Conflict, match="set the clock right"):
        ground.run(restored.last_sign)
