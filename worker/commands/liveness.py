"""Is a pool at work? Looked at from outside: a process can live, and its heart beat, while it takes no messages.

That is known of Celery on Redis after a connection was lost (docs/decisions/0003-celery-on-redis.md). The sign:
bells hang in the pool's queues, and for long it has neither taken one nor had a task in hand.
"""

from __future__ import annotations

import threading
import time

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from shared.db.bookkeeping import workers
from shared.db.engine import connect
from shared.settings import Settings

LOOK_EVERY = 3.0
QUIET = 15.0
"""Seconds without a sign of work that mean nothing yet: the pool writes one every five."""


class Liveness:
    """Whether one pool answers its bells. Servers that are away say nothing against it.

    A thread looks, so that who asks never waits for PostgreSQL or Redis.
    """

    def __init__(self, settings: Settings, pool: str, queues: str) -> None:
        self._settings, self._pool, self._queues = settings, pool, queues.split(",")
        self._deaf_since: float | None = None
        self._thread: threading.Thread | None = None

    def __call__(self) -> bool:
        if self._thread is None:
            self._thread = threading.Thread(target=self._look_on, name="liveness", daemon=True)
            self._thread.start()
        return not self.deaf(time.monotonic())

    def deaf(self, now: float) -> bool:
        since = self._deaf_since
        return since is not None and now - since >= self._settings.ponte_deaf_seconds

    def _look_on(self) -> None:
        url = self._settings.database_url
        broker = self._settings.redis_url
        assert url  # noqa: S101  (resolved by the command before)
        assert broker  # noqa: S101
        engine = connect(url.get_secret_value(), pool_size=1, name="ponte-liveness")
        redis = Redis.from_url(broker.get_secret_value(), socket_timeout=5)
        silent = select(func.extract("epoch", func.clock_timestamp() - workers.c.busy_at)).where(
            workers.c.name == self._pool
        )
        while True:
            try:
                hanging = sum(int(redis.llen(queue)) for queue in self._queues)
                with engine.connect() as connection:
                    self.note(hanging, connection.scalar(silent), time.monotonic())
            except (SQLAlchemyError, RedisError):
                self._deaf_since = None
            time.sleep(LOOK_EVERY)

    def note(self, hanging: int, silent: float | None, now: float) -> None:
        """One look. hanging: bells in its queues; silent: seconds since its last sign of work, None: no sign yet."""
        if not hanging or (silent is not None and silent < QUIET):
            self._deaf_since = None
        elif self._deaf_since is None:
            self._deaf_since = now
