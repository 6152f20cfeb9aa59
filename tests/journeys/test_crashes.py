"""kill -9 in mid sync and in mid drain, Redis wiped: nothing lost, nothing doubled, nobody's hand."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.journeys.deployment import Deployment, deployed

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("journeys")]
SHORT_LEASES = {"RUN_LEASE_SECONDS": "5", "DELIVERY_LEASE_SECONDS": "5"}
HALF = "select page >= 8 from (select (position->>'page')::int page from sync.runs where resource = 'kommo.leads') p"


@pytest.fixture
def ponte(tmp_path: Path, database_url: str, fresh_redis: str) -> Iterator[Deployment]:
    with deployed(
        tmp_path, database_url, fresh_redis, SHORT_LEASES, leads=5000, latency_ms=20
    ) as made:
        made.env.pop("GESTAO_CLICK_API_KEY")
        made.env.pop("GESTAO_CLICK_SECRET_TOKEN")
        yield made


def begin_and_wait_for_the_middle(ponte: Deployment) -> None:
    """The schedule finds nothing read yet and orders everything in full."""
    ponte.run("db", "upgrade")
    ponte.start("web", "worker", "beat")
    ponte.until(lambda: ponte.query(HALF) == [(True,)], 60, "the walk to be half-way")


def test_a_worker_killed_in_mid_sync_is_replaced_and_the_run_goes_on_at_its_page(
    ponte: Deployment,
) -> None:
    begin_and_wait_for_the_middle(ponte)
    ponte.kill("worker")
    page = ponte.value(
        "select (position->>'page')::int from sync.runs where resource = 'kommo.leads'"
    )
    ponte.start("worker")
    ponte.until(ponte.at_rest, 60, "the run to be resumed and finished")
    run = ponte.query(
        "select id, state, pages, attempts from sync.runs where resource = 'kommo.leads'"
    )
    assert [state for _, state, _, _ in run] == ["done"]
    assert run[0][2] == 20, f"5,000 leads are 20 pages; it was killed at page {page}"
    assert ponte.differences(["kommo"]) == {}


def test_a_pool_that_dies_is_started_again_by_its_supervisor(ponte: Deployment) -> None:
    begin_and_wait_for_the_middle(ponte)
    victims = ponte.children("worker", "beat,sync")
    assert victims
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    ponte.until(ponte.at_rest, 60, "the run to be resumed and finished")
    assert ponte.differences(["kommo"]) == {}


def test_redis_wiped_with_deliveries_waiting_and_a_sync_running_loses_nothing(
    ponte: Deployment,
) -> None:
    ponte.subscribe()
    begin_and_wait_for_the_middle(ponte)
    ponte.control("churn", {"changes": 100, "vendor": "kommo"})
    Redis.from_url(ponte.redis_url).flushdb()
    ponte.control("churn", {"changes": 100, "vendor": "kommo"})
    ponte.until(lambda: ponte.control("stats")["webhooks"]["pending"] == 0, 60, "the webhooks")
    ponte.until(ponte.at_rest, 90, "everything to settle")
    stats = ponte.control("stats")["kommo"]
    assert stats["max_in_950ms"] <= 7, stats
    # who waits for a moment of the book that is gone goes beside those of the new one
    assert stats["by_status"].get("429", 0) <= 3, stats
    done = ponte.run("sync", "kommo")
    assert done.returncode == 0, done.stderr
    assert ponte.differences(["kommo"]) == {}


def test_a_worker_killed_in_mid_drain_loses_and_doubles_nothing(ponte: Deployment) -> None:
    ponte.run("sync", "kommo", KOMMO_RATE_LIMIT="7")
    ponte.start("web", "worker", "beat")
    ponte.subscribe()
    ponte.control("settings", {"latency_ms": 1500})
    ponte.control("churn", {"changes": 60, "vendor": "kommo"})
    held = "select count(*) from sync.deliveries where owner is not null and settled_at is null"
    ponte.until(lambda: ponte.value(held) > 0, 30, "a drain to hold deliveries")
    ponte.kill("worker")
    assert ponte.value("select count(*) from sync.deliveries where settled_at is null") > 0
    ponte.control("settings", {"latency_ms": 20})
    ponte.start("worker")
    ponte.until(ponte.settled, 60, "the deliveries to be settled")
    assert ponte.value("select count(*) from sync.deliveries where outcome <> 'done'") == 0
    assert ponte.differences(["kommo"]) == {}


IMPORT = "sync gestao-click --full"
SALES = "select state, seen, pages, requests from sync.runs where resource = 'gestao_click.vendas'"


def test_an_import_by_hand_that_is_killed_goes_on_at_its_page_when_it_is_asked_for_again(
    tmp_path: Path, database_url: str, fresh_redis: str
) -> None:
    quick = {**SHORT_LEASES, "GESTAO_CLICK_RATE_LIMIT": "0"}
    shop = {"leads": 0, "sales": 3000, "months": 12, "stores": 3, "gestao_click_limit": 0}
    with deployed(tmp_path, database_url, fresh_redis, quick, **shop) as ponte:
        assert ponte.run("db", "upgrade").returncode == 0
        ponte.start(IMPORT)
        ponte.until(
            lambda: ponte.value("select coalesce(max(seen), 0) from sync.runs where seen > 1200"),
            60,
            "the sales to be read by half",
        )
        ponte.kill(IMPORT)
        ((state, seen, _, _),) = ponte.query(SALES)
        assert (state, seen < 3000) == ("running", True), "it was killed too late"
        done = ponte.run(*IMPORT.split())
        assert done.returncode == 0, done.stderr
        ((state, all_seen, pages, requests),) = ponte.query(SALES)
        assert (state, all_seen) == ("done", 3000)
        assert requests - pages <= 4, "what was on its way when it died is asked for once more"
        assert ponte.differences(["gestao-click"]) == {}
