"""The doorbell: it coalesces, and nothing that happens to Redis reaches who rings."""

import ast
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
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
        queue.MATCH,
        queue.ALERT,
    }
    assert set(queue.QUEUES) == tasks
    visible = app.conf.broker_transport_options["visibility_timeout"]
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit < visible
    assert app.conf.task_acks_late
    assert not app.conf.task_reject_on_worker_lost, "what kills its worker would come for ever"
    assert app.conf.task_ignore_result


@pytest.mark.parametrize("seconds", [0.5, 10.0, 90.0, 3600.0])
def test_no_message_becomes_visible_again_while_its_task_lives(seconds: float) -> None:
    """Whatever TASK_SECONDS says: the hard limit ends a task before Redis gives it to another worker."""
    conf = make_celery(settings_for("postgresql://h/x", task_seconds=seconds)).conf
    restored = conf.broker_transport_options["unacked_restore_interval"]
    assert conf.task_time_limit + restored < conf.broker_transport_options["visibility_timeout"]
    assert seconds < conf.task_soft_time_limit


def test_a_worker_holds_one_message_more_than_it_works_on_and_what_kills_it_is_rung_for_by_the_books() -> (
    None
):
    conf = make_celery(settings_for("postgresql://h/x")).conf
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_acks_late
    assert not conf.task_reject_on_worker_lost
    assert conf.broker_transport_options["unacked_restore_throttle"] == 1


LATER = {"eta", "countdown", "expires", "retry_policy", "autoretry_for"}


def test_no_task_is_put_off_by_celery() -> None:
    """ETA piles: on Redis what is put off runs twice or vanishes. Delays are `next_at` in PostgreSQL."""
    root = Path(queue.__file__).parents[1]
    for path in [
        p for folder in ("worker", "shared", "webhook_app") for p in (root / folder).rglob("*.py")
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                given = {keyword.arg for keyword in node.keywords}
                assert not (called in SENDING and given & LATER), f"{path}:{node.lineno}"
                assert not (called == "retry" and isinstance(node.func, ast.Attribute)), path


SENDING = {"send_task", "apply_async", "signature", "task"}
