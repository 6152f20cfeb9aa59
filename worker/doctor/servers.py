"""The ground under Ponte: PostgreSQL, Redis, their clocks, versions, and the secret key."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine, text

from shared.db import migrations
from shared.db.engine import clock, ensure_reachable, place
from shared.errors import Unreachable
from shared.settings import Settings
from worker.doctor.findings import Finding, bad, ok, warn

CLOCK_WARN, CLOCK_BAD = timedelta(seconds=2), timedelta(seconds=30)
NTP = "let every host keep its time by NTP"


@dataclass(frozen=True)
class Ground:
    """What the checks stand on. redis answers within seconds, or not at all."""

    settings: Settings
    engine: Engine
    redis: Redis

    @property
    def redis_place(self) -> str:
        assert self.settings.redis_url  # noqa: S101
        return place(self.settings.redis_url.get_secret_value(), default=6379)


def ours(ground: Ground) -> Iterator[Finding]:
    yield ok("versions", f"Ponte {version('ponte')} on Python {platform.python_version()}")
    if ground.settings.ponte_secret_key:
        yield ok("secret key", "it comes from PONTE_SECRET_KEY")
        return
    path = ground.settings.ponte_data_dir / "secret_key"
    todo = "keep a copy apart from the database's backups; elsewhere set PONTE_SECRET_KEY to it"
    yield ok("secret key", f"it was made here, in {path}", todo)


def postgresql(ground: Ground) -> Iterator[Finding]:
    try:
        ensure_reachable(ground.engine)
    except Unreachable as error:
        yield bad(
            "postgresql", str(error), "start it; webhooks get 503 meanwhile, Kommo repeats them"
        )
        return
    with ground.engine.begin() as connection:
        name = connection.scalar(text("show server_version"))
        yield ok("postgresql", f"PostgreSQL {name} answers at {place(str(ground.engine.url))}")
        yield from _clock("PostgreSQL", lambda: clock(connection))


def migrated(ground: Ground) -> Iterator[Finding]:
    pending = migrations.pending(ground.engine)
    if pending:
        yield bad("migrations", f"the database lacks {', '.join(pending)}", "ponte db upgrade")
    else:
        yield ok("migrations", "the tables are up to date")


def redis(ground: Ground) -> Iterator[Finding]:
    try:
        told: dict[str, Any] = dict(ground.redis.info())
        yield from _clock("Redis", lambda: _redis_time(ground.redis))
    except RedisError as error:
        said = f"Redis does not answer at {ground.redis_place} ({type(error).__name__})"
        yield bad("redis", said, "start it, or correct REDIS_URL; nothing is lost, nothing is read")
        return
    name = f"{told.get('server_name', 'redis')} {told.get('valkey_version', told.get('redis_version'))}"
    policy = told.get("maxmemory_policy")
    if policy in (None, "noeviction"):
        yield ok("redis", f"{name} answers at {ground.redis_place}")
    else:
        said = f"{name} throws keys away when its memory is full (maxmemory-policy {policy})"
        yield warn("redis", said, "set maxmemory-policy noeviction")


def _redis_time(redis: Redis) -> datetime:
    seconds, micros = redis.time()
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros)


def _clock(name: str, read: Callable[[], datetime]) -> Iterator[Finding]:
    """Compared with ours, as closely as the round trip allows."""
    before = datetime.now(UTC)
    theirs = read()
    after = datetime.now(UTC)
    skew = max(before - theirs, theirs - after, timedelta())
    said = f"{name}'s clock is {skew.total_seconds():.1f} s away from this host's"
    if skew > CLOCK_BAD:
        yield bad("clocks", said, NTP)
    elif skew > CLOCK_WARN:
        yield warn("clocks", said, NTP)
    else:
        yield ok("clocks", f"{name}'s clock is this host's")
