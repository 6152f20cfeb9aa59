"""What a command needs before it does its work: settings, servers that answer, tables up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from shared import logs
from shared.db import migrations
from shared.db.engine import ensure_reachable, place
from shared.errors import Unreachable
from worker.commands.servers import ready_settings
from worker.reach import Reach, reach


@contextmanager
def opened(name: str, *, log_level: str) -> Iterator[Reach]:
    """Raises Misuse with what is wrong and what to do: settings, PostgreSQL, Redis, in this order."""
    with ready_settings() as ready, reach(ready.settings, name) as here:
        logs.configure(name, "DEBUG" if ready.settings.kommo_debug else log_level)
        ensure_database(here)
        ensure_redis(here)
        yield here


def ensure_database(here: Reach) -> None:
    """Raises Unreachable when PostgreSQL does not answer; brings its tables, then its views, up to date."""
    ensure_reachable(here.engine)
    assert here.settings.database_url  # noqa: S101
    if migrations.pending(here.engine):
        from worker import reports

        migrations.upgrade(here.settings.database_url.get_secret_value())
        reports.refresh_all(here.engine)


def ensure_redis(here: Reach) -> None:
    """Raises Unreachable when Redis does not answer."""
    try:
        here.redis.ping()
    except RedisError as error:
        assert here.settings.redis_url  # noqa: S101
        where = place(here.settings.redis_url.get_secret_value(), default=6379)
        raise Unreachable("Redis", where, type(error).__name__) from error
