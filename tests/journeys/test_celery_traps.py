"""The known traps of Celery on Redis (docs/decisions/0003-celery-on-redis.md), with a real worker.

What a worker's death does to what it held: test_crashes.py. Two beats: tests/worker/test_schedule.py. All of it
at once, at random: tests/drills.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from socket import gethostname

import pytest
import requests
from redis import Redis

from shared.queue import make_celery
from tests.ground import settings_for
from tests.journeys.deployment import Deployment, deployed

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("journeys")]
QUICK = {"PONTE_DEAF_SECONDS": "6", "SYNC_PROCESSES": "1", "WEBHOOK_PROCESSES": "1"}


@pytest.fixture
def ponte(tmp_path: Path, database_url: str, fresh_redis: str) -> Iterator[Deployment]:
    with deployed(tmp_path, database_url, fresh_redis, QUICK, leads=20) as made:
        made.env.pop("GESTAO_CLICK_API_KEY")
        made.env.pop("GESTAO_CLICK_SECRET_TOKEN")
        made.start("web", "worker")
        made.until(lambda: len(ready(made)) == 2, 60, "both pools to be ready")
        yield made


def ready(ponte: Deployment) -> list[str]:
    return [name for (name,) in ponte.query("select name from sync.workers")]


def deliver(ponte: Deployment) -> None:
    assert requests.post(ponte.hook, data={"leads[update][0][id]": "40010001"}, timeout=5).ok


def test_a_pool_that_has_stopped_consuming_is_started_again_and_takes_what_waits(
    ponte: Deployment,
) -> None:
    """As after a reconnect of Redis: the process lives, its heart beats, and it takes nothing."""
    before = ponte.children("worker", "webhooks@")[0]
    pool = f"webhooks@{gethostname()}"
    app = make_celery(settings_for(ponte.database_url, ponte.redis_url))
    (told,) = app.control.cancel_consumer("webhooks", destination=[pool], reply=True, timeout=5)
    assert "ok" in told[pool]
    deliver(ponte)
    ponte.until(ponte.settled, 60, "the delivery to be settled by another process")
    assert before not in ponte.children("worker", "webhooks@")
    assert "program.stuck" in (ponte.folder / "worker.log").read_text()


def test_a_worker_that_is_told_to_stop_puts_its_task_back_and_leaves_within_its_grace(
    ponte: Deployment,
) -> None:
    ponte.box.faults.add({"vendor": "kommo", "kind": "hang", "seconds": 60})
    deliver(ponte)
    redis = Redis.from_url(ponte.redis_url)
    ponte.until(lambda: ponte.box.stats()["kommo"]["requests"], 20, "the task to ask the vendor")
    pids = ponte.tree("worker")
    ponte.end("worker")
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert "program.killed" not in (ponte.folder / "worker.log").read_text()
    assert redis.llen("webhooks") == 1, "the bell hangs again, for the next worker"
    assert redis.hlen("unacked") == 0
