"""The only door to Celery: its settings, the names of its tasks, and the doorbell.

Messages carry a task's name and ids, never records: the row in PostgreSQL is the letter.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.logs import logger
from shared.settings import Settings

if TYPE_CHECKING:
    from celery import Celery

DRAIN = "ponte.drain"
SYNC = "ponte.sync"
ANSWER = "ponte.answer"
AUDIT = "ponte.audit"
FORGET = "ponte.forget"
REPLAY = "ponte.replay"
SCHEDULE = "ponte.schedule"
SCHEDULE_AUDITS = "ponte.schedule-audits"
SWEEP = "ponte.sweep"
MATCH = "ponte.match"
TIDY = "ponte.tidy"
CARE = "ponte.care"
ALERT = "ponte.alert"

QUEUES = {
    DRAIN: "webhooks",
    ANSWER: "webhooks",
    SYNC: "sync",
    AUDIT: "sync",
    MATCH: "sync",
    SCHEDULE: "beat",
    SCHEDULE_AUDITS: "beat",
    SWEEP: "beat",
    TIDY: "beat",
    CARE: "beat",
    ALERT: "beat",
    FORGET: "beat",
    REPLAY: "beat",
}
"""`webhooks` has a pool of its own; the other pool serves `beat` before `sync`."""

log = logger(__name__)
Ring = tuple[str, tuple[int | str, ...]]


def make_celery(settings: Settings, name: str = "ponte") -> Celery:
    """A Celery application with Ponte's settings (reasons: docs/decisions/0003-celery-on-redis.md)."""
    # commands that never ring need not wait for it
    from celery import Celery

    assert settings.redis_url  # noqa: S101  (resolved by the command before)
    limit = settings.task_seconds + 60
    app = Celery(name, broker=settings.redis_url.get_secret_value(), set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        # a task that kills its worker would come back at once, for ever: the sweeper rings by the books
        task_reject_on_worker_lost=False,
        task_time_limit=limit,
        task_soft_time_limit=limit - 15,
        task_routes={task: {"queue": queue} for task, queue in QUEUES.items()},
        task_default_queue="sync",
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=500,
        worker_soft_shutdown_timeout=10,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=True,
        task_send_sent_event=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": limit + 60,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_timeout": 30,
            "socket_connect_timeout": 2,
            "health_check_interval": 10,
            "queue_order_strategy": "priority",
        },
    )
    return app


def send(app: Celery, task: str, *ids: int | str) -> None:
    """Puts one message on the queue; raises what kombu raises when Redis is away."""
    app.send_task(task, args=ids, retry=False)


class Doorbell:
    """Rings in the background, each bell at most every `every` seconds; never blocks and never fails.

    A ring that Redis does not take is dropped: beat's sweeper rings again for what waits in PostgreSQL.
    """

    def __init__(self, ring: Callable[..., None], every: float = 0.1) -> None:
        self._ring, self._every = ring, every
        self._wanted: set[Ring] = set()
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None

    def __call__(self, task: str, *ids: int | str) -> None:
        with self._lock:
            self._wanted.add((task, ids))
            self._lock.notify()
            # started at the first ring: a thread would not survive gunicorn's fork
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="doorbell", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        while True:
            with self._lock:
                while not self._wanted:
                    self._lock.wait()
                bells, self._wanted = self._wanted, set()
            for task, ids in bells:
                self._try(task, ids)
            time.sleep(self._every)

    def _try(self, task: str, ids: tuple[int | str, ...]) -> None:
        try:
            self._ring(task, *ids)
        except Exception as error:
            log.warning("doorbell_lost", task=task, why=type(error).__name__)


def doorbell(settings: Settings) -> Doorbell:
    @cache
    def app() -> Celery:
        return make_celery(settings)

    def ring(task: str, *ids: Any) -> None:
        send(app(), task, *ids)

    return Doorbell(ring)
