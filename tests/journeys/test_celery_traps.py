"""The known traps of Celery on Redis (docs/decisions/0003-celery-on-redis.md), with a real worker.

What a worker's death does to what it held: test_crashes.py. Two beats: tests/worker/test_schedule.py. All of it
at once, at random: tests/drills.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from socket import gethostname

import pytest
from celery import Celery
from redis import Redis

from shared.queue import DRAIN, make_celery, send
from tests.ground import settings_for
from tests.journeys.deployment import Deployment, deployed
from tests.servers import copy_of

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("drills")]
QUICK = {"PONTE_DEAF_SECONDS": "6", "SYNC_PROCESSES": "1", "WEBHOOK_PROCESSES": "1"}
POOL = f"webhooks@{gethostname()}"


@pytest.fixture(scope="module")
def ponte(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, template_url: str, redis_url: str
) -> Iterator[Deployment]:
    """A worker, and nobody who rings but the tests."""
    folder = tmp_path_factory.mktemp("traps")
    Redis.from_url(redis_url).flushdb()
    with (
        copy_of(postgres_url, template_url) as url,
        deployed(folder, url, redis_url, QUICK, leads=20) as made,
    ):
        made.start("worker")
        there = "select count(*) from sync.workers"
        made.until(lambda: made.value(there) == 2, 60, "both pools to be ready")
        yield made
    Redis.from_url(redis_url).flushdb()


@pytest.fixture
def app(ponte: Deployment) -> Iterator[Celery]:
    made = make_celery(settings_for(ponte.database_url, ponte.redis_url))
    yield made
    made.close()


def deliver(ponte: Deployment, app: Celery) -> None:
    id_ = ponte.value("select id from ponte.integration_settings where provider = 'kommo'")
    body = b"leads[update][0][id]=40010001"
    ponte.execute("insert into sync.deliveries (integration_id, body) values (%s, %s)", id_, body)
    send(app, DRAIN, id_)


def log_of(ponte: Deployment) -> str:
    return (ponte.folder / "worker.log").read_text()


def test_a_pool_that_has_stopped_consuming_is_started_again_and_takes_what_waits(
    ponte: Deployment, app: Celery
) -> None:
    """As after a reconnect of Redis: the process lives, its heart beats, and it takes nothing."""
    before = ponte.children("worker", POOL)[0]
    (told,) = app.control.cancel_consumer("webhooks", destination=[POOL], reply=True, timeout=5)
    assert "ok" in told[POOL]
    deliver(ponte, app)
    ponte.until(ponte.settled, 60, "the delivery to be settled by another process")
    assert before not in ponte.children("worker", POOL)
    assert "program.stuck" in log_of(ponte)


def test_a_worker_that_is_told_to_stop_puts_its_task_back_and_leaves_within_its_grace(
    ponte: Deployment, app: Celery
) -> None:
    ponte.box.faults.add({"vendor": "kommo", "kind": "hang", "seconds": 60})
    asked = ponte.box.stats()["kommo"]["requests"]
    deliver(ponte, app)
    ponte.until(lambda: ponte.box.stats()["kommo"]["requests"] > asked, 20, "a task to be at work")
    pids = ponte.tree("worker")
    ponte.end("worker")
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert "program.killed" not in log_of(ponte)
    with Redis.from_url(ponte.redis_url) as redis:
        assert redis.llen("webhooks") >= 1, "the bell hangs again, for the next worker"
        assert redis.hlen("unacked") == 0
