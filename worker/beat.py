"""Beat's scheduler: Celery's own without a memory, that stops ringing while nobody answers.

A ring with an expiry would be judged by the worker's clock: one that is some minutes ahead would throw every
ring away, and nothing would be scheduled. So bells carry none; while enough hang, no more are hung up. That nobody is
there no worker can tell: then beat itself looks for alerts.
"""

from __future__ import annotations

import threading
from typing import Any

from celery.beat import ScheduleEntry, Scheduler
from redis import Redis

from shared.logs import logger
from shared.queue import ALERT, QUEUES

ENOUGH = 20
"""Bells in one queue: beat's tasks take milliseconds, so nobody is there."""

log = logger(__name__)


class Bells(Scheduler):  # type: ignore[misc]  # Celery tells no types
    _standing_in: threading.Thread | None = None

    def apply_async(
        self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **options: Any
    ) -> Any:
        """Rings, unless enough bells hang; raises what Redis raises, which Celery logs and survives."""
        if self._hanging(QUEUES[entry.task]) >= ENOUGH:
            log.warning("nobody_answers", task=entry.task)
            if entry.task == ALERT:
                self._stand_in()
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **options)

    def _stand_in(self) -> None:
        """In a thread: a channel that does not answer must not hold up the bells."""
        if self._standing_in is None or not self._standing_in.is_alive():
            task = self.app.tasks[ALERT]
            self._standing_in = threading.Thread(target=task.apply, name="alerts", daemon=True)
            self._standing_in.start()

    def _hanging(self, queue: str) -> int:
        with Redis.from_url(
            self.app.conf.broker_url, socket_timeout=5, socket_connect_timeout=2
        ) as redis:
            return int(redis.llen(queue))
