"""The doorbell: it coalesces, and nothing that happens to Redis reaches who rings."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from shared import queue
from shared.queue import Doorbell, doorbell, make_celery
from tests.ground import settings_for


def until(true: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_many_rings_while_it_is_busy_become_one_each() -> None:
    rung: list[Any] = []
    first = threading.Event()

    def ring(*ids: Any) -> None:
        rung.append(ids)
        first.wait(5)

    bell = Doorbell(ring, every=0.0)
    bell("drain", 1)
    until(lambda: len(rung) == 1)
    for _ in range(100):
        bell("drain", 1)
        bell("sync", 2)
    first.set()
    until(lambda: len(rung) == 3)
    time.sleep(0.05)
    assert sorted(rung[1:]) == [("drain", 1), ("sync", 2)]


def test_a_ring_that_fails_is_dropped_and_the_next_one_rings() -> None:
    rung: list[Any] = []

    def ring(*ids: Any) -> None:
        rung.append(ids)
        if len(rung) == 1:
            raise ConnectionError

    bell = Doorbell(ring, every=0.0)
    bell("drain", 1)
    until(lambda: len(rung) == 1)
    bell("drain", 1)
    until(lambda: len(rung) == 2)


def test_ringing_never_waits_for_a_ring_that_hangs() -> None:
    hanging = threading.Event()
    bell = Doorbell(lambda *_: bool(hanging.wait(5)), every=0.0)  # type: ignore[arg-type]
    bell("drain", 1)
    started = time.monotonic()
    for number in range(200):
        bell("drain", number)
    assert time.monotonic() - started < 1
    hanging.set()


@pytest.mark.parametrize("frozen", [False, True], ids=["dead", "frozen"])
def test_a_redis_that_is_dead_or_frozen_is_not_noticed_by_who_rings(frozen: bool) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if frozen:
            silent.listen(5)
        port = silent.getsockname()[1]
        bell = doorbell(settings_for("postgresql://h/x", f"redis://127.0.0.1:{port}/0"))
        started = time.monotonic()
        for _ in range(50):
            bell(queue.DRAIN, 1)
        assert time.monotonic() - started < 1


def test_a_ring_puts_a_name_and_ids_on_the_queue_of_its_task(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    redis.delete(*queue.QUEUES.values())
    bell = doorbell(settings_for("postgresql://h/x", redis_url))
    try:
        bell(queue.DRAIN, 7)
        bell(queue.SYNC, 8)
        until(lambda: redis.llen("webhooks") == 1 and redis.llen("sync") == 1)
        (message,) = redis.lrange("webhooks", 0, -1)
        assert b"ponte.drain" in message
    finally:
        redis.delete(*queue.QUEUES.values())
        redis.close()


def test_every_task_has_a_queue_and_ends_before_it_becomes_visible_again() -> None:
    app = make_celery(settings_for("postgresql://h/x"))
    tasks = {
        queue.DRAIN,
        queue.SYNC,
        queue.ANSWER,
        queue.SCHEDULE,
        queue.SWEEP,
        queue.TIDY,
        queue.CARE,
        queue.AUDIT,
        queue.FORGET,
        queue.REPLAY,
        queue.SCHEDULE_AUDITS,
    }
    assert set(queue.QUEUES) == tasks
    visible = app.conf.broker_transport_options["visibility_timeout"]
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit < visible
    assert app.conf.task_acks_late
    assert not app.conf.task_reject_on_worker_lost, "what kills its worker would come for ever"
    assert app.conf.task_ignore_result
