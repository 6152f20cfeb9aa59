"""The Celery application: `celery -A worker.app worker|beat|flower`. `ponte` starts it so."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from celery import signals
from celery.worker import state
from sqlalchemy import Engine, delete, func
from sqlalchemy.dialects.postgresql import insert

from shared import logs, queue, settings
from shared.db.bookkeeping import workers
from shared.db.engine import connect
from shared.logs import logger
from worker import tasks
from worker.reach import Reach, open_reach

log = logger(__name__)
config = settings.load()
app = queue.make_celery(config)
app.conf.beat_schedule = {
    name: {"task": name, "schedule": timedelta(seconds=seconds)}
    for name, seconds in {
        queue.SWEEP: config.sweep_seconds,
        queue.SCHEDULE: min(15.0, config.kommo_incremental_seconds),
        queue.SCHEDULE_AUDITS: 30.0,
        queue.TIDY: 3600.0,
        queue.CARE: 180.0,
        queue.MATCH: 60.0,
        queue.ALERT: 60.0,
    }.items()
}
# the schedule is idempotent: nothing has to be remembered over a restart, nothing can be stale
app.conf.beat_scheduler = "worker.beat:Bells"
app.conf.beat_max_loop_interval = 5

_reach: Reach | None = None
HEARTBEAT = 5.0


def _here() -> Reach:
    """This process's connections: made after fork, at the first task."""
    global _reach  # noqa: PLW0603  (one per process, as its docstring says)
    if _reach is None:
        _reach = open_reach(config, f"ponte-{_process_name()}")
    return _reach


def _process_name() -> str:
    return os.environ.get("PONTE_PROCESS", "worker")


def _register(name: str, work: Callable[..., None]) -> None:
    @app.task(name=name, bind=True)
    def task(self: Any, *ids: int | str) -> None:
        with structlog.contextvars.bound_contextvars(task=self.request.id):
            work(_here(), *ids)


TASKS: dict[str, Callable[..., None]] = {
    queue.SYNC: tasks.sync,
    queue.DRAIN: tasks.drain_deliveries,
    queue.ANSWER: tasks.answer,
    queue.AUDIT: tasks.audit,
    queue.FORGET: tasks.forget,
    queue.REPLAY: tasks.replay,
    queue.SCHEDULE: tasks.make_due_runs,
    queue.SCHEDULE_AUDITS: tasks.make_due_audits,
    queue.SWEEP: tasks.sweep,
    queue.TIDY: tasks.tidy,
    queue.MATCH: tasks.match,
    queue.CARE: tasks.care_for_webhooks,
    queue.ALERT: tasks.alert,
}
for _name, _work in TASKS.items():
    _register(_name, _work)


@signals.setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    logs.configure(_process_name(), config.log_level)


@signals.worker_process_init.connect
def _forget_inherited(**_: Any) -> None:
    """A forked child must not share its parent's connections."""
    global _reach  # noqa: PLW0603
    _reach = None


@signals.worker_ready.connect
def _report_ready(sender: Any, **_: Any) -> None:
    """A worker that is ready appears in `ponte status`."""
    name, queues = (
        str(sender.hostname),
        ",".join(sorted(q.name for q in app.amqp.queues.consume_from.values())),
    )
    threading.Thread(target=_beat_heart, args=(name, queues), name="heartbeat", daemon=True).start()


_stopped = threading.Event()


def _heart() -> Engine:
    """One connection of the pool's parent process."""
    assert config.database_url  # noqa: S101
    url = config.database_url.get_secret_value()
    return connect(url, pool_size=1, name="ponte-heartbeat")


def _beat_heart(name: str, queues: str) -> None:
    engine, taken = _heart(), -1
    while not _stopped.is_set():
        now: dict[str, Any] = {"seen_at": func.clock_timestamp(), "queues": queues}
        if state.active_requests or state.all_total_count[0] != taken:
            now["busy_at"] = func.clock_timestamp()
        taken = state.all_total_count[0]
        row = insert(workers).values(name=name, queues=queues)
        seen = row.on_conflict_do_update(index_elements=["name"], set_=now)
        try:
            with engine.begin() as connection:
                connection.execute(seen)
        except Exception as error:
            log.warning("heartbeat_missed", why=type(error).__name__)
        _stopped.wait(HEARTBEAT)


@signals.worker_shutting_down.connect
def _report_leaving(**_: Any) -> None:
    _stopped.set()
    name = socket.gethostname()
    log.info("worker_leaving", host=name)


@signals.worker_shutdown.connect
def _forget_worker(sender: Any, **_: Any) -> None:
    with _heart().begin() as connection:
        connection.execute(delete(workers).where(workers.c.name == str(sender.hostname)))
