"""Audits keep to their share, whoever asks besides: by the moments that they reserve and by their counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from redis import Redis
from sqlalchemy import func, insert

from shared.db.bookkeeping import usage
from shared.resources import BY_NAME
from shared.resources.grammar import Resource
from tests.ground import Ground, ground_on
from tests.worker.audit.conftest import Audits
from worker.audit import cost
from worker.reach import Reach
from worker.sources import opening
from worker.sources.budget import AUDIT, SYNC, Book, Budget
from worker.sources.opening import Credentials

RATE, SHARE = 40.0, 0.25
LEADS, TITLES = BY_NAME["kommo.leads"], BY_NAME["gestao_click.recebimentos"]


@pytest.fixture
def paced(database_url: str, redis_url: str) -> Iterator[Reach]:
    with ground_on(database_url, redis_url=redis_url) as ground:
        Redis.from_url(redis_url).flushdb()
        yield ground.reach


def nothing() -> None:
    return None


def ask(reach: Reach, books: list[Book], priority: str, times: int) -> None:
    budget = Budget(reach.redis, reach.engine, books, books[0].name, None)
    for _ in range(times):
        budget.slot(priority, nothing)


def moments(redis: Redis, book: Book) -> list[int]:
    """µs at which slots of a book are reserved, in order."""
    return sorted(int(moment) for moment in redis.zrange(book.key, 0, -1) if moment != b"opened")


def test_several_audits_among_a_backfill_reserve_no_more_than_their_share(paced: Reach) -> None:
    account = Book("vendor:1", RATE)
    share = Book("vendor:1:audit", RATE * SHARE)
    for book in (account, share):
        paced.redis.zadd(book.key, {"opened": 0})
    workers = [
        *(threading.Thread(target=ask, args=(paced, [account, share], AUDIT, 5)) for _ in "123"),
        threading.Thread(target=ask, args=(paced, [account], SYNC, 40)),
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ours, everybodys = moments(paced.redis, share), moments(paced.redis, account)
    assert len(ours) >= 15
    assert min(later - one for one, later in pairwise(ours)) >= share.interval
    assert set(ours) <= set(everybodys)
    assert min(later - one for one, later in pairwise(everybodys)) >= account.interval


def test_an_audit_that_waits_takes_nothing_from_webhooks(paced: Reach) -> None:
    """A backfill that waits has a part of the slots kept for it; an audit has not."""
    account, share = Book("vendor:2", RATE), Book("vendor:2:audit", RATE * SHARE)
    for book in (account, share):
        paced.redis.zadd(book.key, {"opened": 0})
    ask(paced, [account, share], AUDIT, 6)
    assert not paced.redis.exists(f"{account.key}:sync-waits")


def test_a_share_of_less_than_a_request_in_five_seconds_is_kept_too(paced: Reach) -> None:
    account, share = Book("vendor:3", RATE), Book("vendor:3:audit", 0.1)
    seconds, micros = paced.redis.time()
    seven_seconds_ago = seconds * 1_000_000 + micros - 7_000_000
    paced.redis.zadd(account.key, {"opened": 0})
    paced.redis.zadd(share.key, {"opened": 0, str(seven_seconds_ago): seven_seconds_ago})
    budget = Budget(paced.redis, paced.engine, [account, share], account.name, None)
    keys, intervals = [account.key, share.key], [account.interval, share.interval]
    status, wait = budget._take(keys=keys, args=[AUDIT, 50_000, *intervals])
    assert status == 0
    assert wait > 2_000_000


def rates(reach: Reach, provider: str, priority: str) -> dict[str, float]:
    given = Credentials(provider, "https://vendor.example", ())
    books = opening._books(reach, given, f"{provider}:1", priority)
    return {book.name: round(book.rate, 3) for book in books}


def test_only_an_audit_has_a_book_for_its_share(reach: Reach) -> None:
    whole = {"kommo:1": 7, "kommo:address": 7}
    assert rates(reach, "kommo", AUDIT) == {**whole, "kommo:1:audit": 1.4}
    assert rates(reach, "kommo", SYNC) == whole


def test_an_audits_share_is_one_of_what_is_left_when_other_tools_use_the_quota_too(
    reach: Reach,
) -> None:
    assert rates(reach, "gestao-click", AUDIT) == {"gestao-click:1": 3, "gestao-click:1:audit": 0.6}
    refused = insert(usage).values(budget="gestao-click:1", hour=func.now(), limited=1)
    with reach.engine.begin() as connection:
        connection.execute(refused)
    assert rates(reach, "gestao-click", AUDIT) == {"gestao-click:1": 2, "gestao-click:1:audit": 0.4}


def test_of_the_erps_day_audits_use_their_share_and_then_wait(database_url: str) -> None:
    with ground_on(database_url, leads=40, months=6) as ground:
        audits = Audits(ground)
        ground.sync(TITLES)
        audits.ground = _with(ground, gestao_click_daily_limit=100, ponte_audit_share=0.1)
        audit_id = audits.order(TITLES)
        waits = audits.carry(audit_id)
        assert waits["state"] == "queued"
        assert "may use" in waits["reason"]
        assert 8 <= waits["requests"] <= 10 + 3  # three pages may be on their way
        # a day later it goes on where it was
        audits.ground = _with(ground, gestao_click_daily_limit=100_000, ponte_audit_share=1.0)
        audits.plant("update sync.audits set next_at = now()")
        done = audits.carry(audit_id)
        assert (done["state"], audits.found(done)) == ("done", set())
        assert done["compared"] == len(ground.rows(TITLES))


def _with(ground: Ground, **changes: object) -> Ground:
    settings = ground.reach.settings.model_copy(update=changes)
    return replace(ground, reach=replace(ground.reach, settings=settings))


def test_the_cost_that_is_told_is_the_cost(database_url: str) -> None:
    with ground_on(database_url, leads=1200) as ground:
        audits = Audits(ground)
        for resource in (LEADS, TITLES):
            ground.sync(resource)
            told = _cost(ground, resource)
            assert told.rows == len(ground.rows(resource))
            ground.box.reset_stats()
            assert audits.audit(resource)["state"] == "done"
            assert abs(ground.requests(resource.provider) - told.requests) <= 5


def test_the_cost_tells_minutes_and_the_share_of_the_day(ground: Ground) -> None:
    ground.sync(TITLES)
    limits = {"gestao_click_rate_limit": 3.0, "gestao_click_daily_limit": 1000}
    told = _cost(_with(ground, **limits), TITLES)
    assert told.minutes == pytest.approx(told.requests * 1.04 / (3 * 0.2) / 60)
    assert told.of_the_day == told.requests / 1000
    assert _cost(ground, TITLES).minutes is None


def _cost(ground: Ground, resource: Resource) -> cost.Cost:
    integration, now = ground.integration(resource.provider), datetime.now(UTC)
    told: cost.Cost
    (told,) = ground.run(cost.of, ground.reach.settings, integration, [resource], now, 0.2)
    return told
