"""Beat rings without an expiry, and not at all while nobody answers."""

import threading
from collections.abc import Iterator

import pytest
from celery import Celery
from redis import Redis

from shared import queue
from shared.queue import make_celery
from tests.ground import settings_for
from worker.beat import ENOUGH, Bells


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        client.delete("beat")
        yield client
        client.delete("beat")


@pytest.fixture
def app(redis_url: str, redis: Redis) -> Iterator[Celery]:
    made = make_celery(settings_for("postgresql://h/x", redis_url))
    yield made
    made.close()


def ring(app: Celery) -> None:
    bells = Bells(app=app, lazy=True)
    bells.apply_async(bells.Entry(name="sweep", task=queue.SWEEP, schedule=1, app=app))


def test_a_bell_rings_when_it_is_time(app: Celery, redis: Redis) -> None:
    ring(app)
    (message,) = redis.lrange("beat", 0, -1)
    assert queue.SWEEP.encode() in message


def test_nothing_piles_up_while_nobody_answers(app: Celery, redis: Redis) -> None:
    for _ in range(ENOUGH + 5):
        ring(app)
    assert redis.llen("beat") == ENOUGH
    redis.ltrim("beat", 0, 2)
    ring(app)
    assert redis.llen("beat") == 4, "somebody answered: it rings again"


def test_while_nobody_answers_beat_itself_looks_for_alerts(app: Celery, redis: Redis) -> None:
    looked: list[str] = []

    @app.task(name=queue.ALERT)  # type: ignore[untyped-decorator]
    def look() -> None:
        looked.append(threading.current_thread().name)

    bells = Bells(app=app, lazy=True)
    entry = bells.Entry(name="alert", task=queue.ALERT, schedule=1, app=app)
    bells.apply_async(entry)
    assert looked == [], "a worker does it"
    for _ in range(ENOUGH):
        ring(app)
    bells.apply_async(entry)
    assert bells._standing_in
    bells._standing_in.join()
    assert looked == ["alerts"]
