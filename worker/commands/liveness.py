"""Is a pool at work? Looked at from outside: a process can live, and its heart beat, while it takes no messages.

That is known of Celery on Redis after a connection was lost (docs/decisions/0003-celery-on-redis.md). The sign:
bells hang in the pool's queues, and for long it has neither taken one nor had a task in hand.
"""

from __future__ import annotations

import math
import threading
import time

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from shared.db.bookkeeping import workers
from shared.db.engine import connect
from shared.settings import Settings

LOOK_EVERY = 2.0
START_UP = 120.0
"""Seconds within which a process must have given its first sign of work."""


class Liveness:
    """Whether one pool answers its bells. Servers that are away say nothing against it.

    A thread looks, so that who asks never waits for PostgreSQL or Redis.
    """

    def __init__(self, settings: Settings, pool: str, queues: str) -> None:
        self._settings, self._pool, self._queues = settings, pool, queues.split(",")
        self._silent, self._hanging_since = 0.0, math.inf
        self._thread: threading.Thread | None = None

    def __call__(self, age: float) -> bool:
        if self._thread is None:
            self._thread = threading.Thread(target=self._look_on, name="liveness", daemon=True)
            self._thread.start()
        return not self.deaf(age, time.monotonic())

    def deaf(self, age: float, now: float) -> bool:
        """Bells have hung for long, and as long it has not worked. age: seconds since its process began."""
        patience = self._settings.ponte_deaf_seconds
        if self._silent > age:  # what is known was told by the process before
            patience = max(patience, START_UP)
        return min(now - self._hanging_since, self._silent, age) >= patience

    def note(self, hanging: int, silent: float | None, now: float) -> None:
        """One look. hanging: bells in its queues; silent: seconds since its last sign of work, None: never."""
        self._silent = math.inf if silent is None else silent
        self._hanging_since = min(self._hanging_since, now) if hanging else math.inf

    def _look_on(self) -> None:
        url, broker = self._settings.database_url, self._settings.redis_url
        assert url  # noqa: S101  (resolved by the command before)
        assert broker  # noqa: S101
        engine = connect(url.get_secret_value(), pool_size=1, name="ponte-liveness")
        redis = Redis.from_url(broker.get_secret_value(), socket_timeout=5)
        while True:
            try:
                hanging = sum(int(redis.llen(queue)) for queue in self._queues)
                with engine.connect() as connection:
                    self.note(hanging, self._asked_silent(connection), time.monotonic())
            except (SQLAlchemyError, RedisError):
                self.note(0, 0.0, time.monotonic())
            time.sleep(LOOK_EVERY)

    def _asked_silent(self, connection: Connection) -> float | None:
        silent = func.extract("epoch", func.clock_timestamp() - workers.c.busy_at)
        said = connection.scalar(select(silent).where(workers.c.name == self._pool))
        return None if said is None else float(said)
