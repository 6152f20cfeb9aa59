"""The main job with real processes: full syncs, limits, storms, life with faults, crashes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.journeys.deployment import Deployment, deployed

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("journeys")]
MONTHS = 9
"""The fixtures' oldest title is younger."""
HISTORY = (date.today() - timedelta(days=31 * MONTHS)).replace(day=1).isoformat()
UNLIMITED = {
    "KOMMO_RATE_LIMIT": "0",
    "GESTAO_CLICK_RATE_LIMIT": "0",
    "GESTAO_CLICK_HISTORY_FROM": HISTORY,
}
NO_LIMITS = {"kommo_limit": 0, "gestao_click_limit": 0}
MANY = {
    "kommo": ["kommo.leads", "kommo.contacts", "kommo.companies"],
    "gestao-click": ["gestao_click.vendas", "gestao_click.orcamentos", "gestao_click.clientes"],
}
"""Lists that bring each vendor's limit to bear for half a minute."""


@pytest.fixture
def ponte(tmp_path: Path, database_url: str, fresh_redis: str) -> Iterator[Deployment]:
    """A small world without limits."""
    with deployed(tmp_path, database_url, fresh_redis, UNLIMITED, leads=300, **NO_LIMITS) as made:
        yield made


def test_a_full_sync_makes_every_table_equal_to_the_vendors(ponte: Deployment) -> None:
    done = ponte.run("sync", "--json")
    assert done.returncode == 0, done.stderr
    assert ponte.differences() == {}
    again = ponte.run("sync", "--full", "--json")
    assert again.returncode == 0, again.stderr
    runs = json.loads(again.stdout)["runs"]
    assert [run["resource"] for run in runs if run["written"] or run["gone"]] == []
    assert {run["mode"] for run in runs} == {"full"}


def test_an_hour_of_life_with_failing_requests_ends_in_the_same_world(ponte: Deployment) -> None:
    assert ponte.run("sync").returncode == 0
    ponte.start("web", "worker", "beat")
    ponte.subscribe()
    kinds = ("429", "500_html", "504_html", "drop", "truncate")
    ponte.control(
        "faults",
        [
            {"vendor": vendor, "kind": kind, "probability": 0.002}
            for vendor in ("kommo", "gestao-click")
            for kind in kinds
        ],
    )
    ponte.control("churn", {"changes": 600})
    ponte.until(lambda: ponte.control("stats")["webhooks"]["pending"] == 0, 60, "the webhooks")
    ponte.until(ponte.settled, 60, "the deliveries to be settled")
    assert ponte.differences(["kommo"]) == {}
    done = ponte.run("sync", "--full")
    assert done.returncode == 0, done.stderr + ponte.logs()
    assert ponte.differences() == {}


def test_what_no_webhook_told_is_learnt_by_the_next_incremental(ponte: Deployment) -> None:
    assert ponte.run("sync").returncode == 0
    ponte.control("churn", {"changes": 200, "vendor": "kommo"})
    done = ponte.run("sync", "kommo")
    assert done.returncode == 0, done.stderr
    assert ponte.differences(["kommo"]) == {}


def test_a_storm_of_webhooks_is_answered_and_costs_few_requests(
    tmp_path: Path, database_url: str, fresh_redis: str
) -> None:
    with deployed(tmp_path, database_url, fresh_redis, leads=1200) as ponte:
        ponte.run("sync", "kommo")
        ponte.start("web", "worker", "beat")
        ponte.subscribe()
        requests.delete(f"{ponte.box.kommo_url}/_sandbox/stats", timeout=5)
        storm = {"count": 5000, "leads": 1000, "double": True, "shuffle": True, "concurrency": 8}
        told = ponte.control("webhooks/storm", storm)
        assert (told["sent"], told["acknowledged"]) == (5000, 5000)
        ponte.until(ponte.settled, 60, "the deliveries to be settled")
        stats = ponte.control("stats")["kommo"]
        assert stats["requests"] < 60
        assert stats["by_status"].get("429", 0) <= 1, stats
        assert ponte.differences(["kommo"]) == {}


def test_the_limits_are_used_and_never_passed_by_two_workers(
    tmp_path: Path, database_url: str, fresh_redis: str
) -> None:
    env = {"GESTAO_CLICK_HISTORY_FROM": date.today().isoformat()}
    world = {"leads": 6_000, "sales": 300, "months": 1}
    with deployed(tmp_path, database_url, fresh_redis, env, **world) as ponte:
        assert ponte.run("sync", "kommo.account", "gestao-click.lojas").returncode == 0
        ponte.execute("update ponte.integration_settings set auto_sync = false")
        requests.delete(f"{ponte.box.kommo_url}/_sandbox/stats", timeout=5)
        ponte.start("worker", "worker2", "beat", "web")
        token = ponte.run("token", "create", "journey").stdout.strip()
        for provider, lists in MANY.items():
            asked = requests.post(
                f"http://127.0.0.1:{ponte.port}/api/{provider}/sync",
                json={"full": True, "resources": lists},
                headers={"Authorization": f"Bearer {token}"},
                timeout=10,
            )
            assert asked.status_code == 202, asked.text
        ponte.until(ponte.at_rest, 180, "the full sync")
        assert ponte.value("select count(*) from sync.runs where state = 'failed'") == 0
        for vendor, limit in (("kommo", 7), ("gestao-click", 3)):
            stats = ponte.control("stats")[vendor]
            # two workers that did not share their budget would be refused at every other request;
            # a machine that stands still for a tenth of a second costs one
            assert stats["by_status"].get("429", 0) <= stats["requests"] / 100, stats
            assert stats["max_in_any_second"] <= limit + 1, stats
            # how much of it is used depends on the machine's other work: shown, not asserted
            print(f"{vendor}: {_busiest(stats):.1f} of {limit} requests a second")


def _busiest(stats: dict[str, Any]) -> float:
    """Requests a second over the ten busiest seconds in a row."""
    per_second = {int(second): count for second, count in stats["per_second"].items()}
    return max(sum(per_second.get(second + n, 0) for n in range(10)) / 10 for second in per_second)
