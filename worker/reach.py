"""What reaches outside, together: settings, PostgreSQL, Redis, the keys, the bell. One per process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis
from sqlalchemy import Engine

from shared import interpreter
from shared.db.engine import connect
from shared.queue import Doorbell, doorbell
from shared.secrets import Keyring
from shared.settings import Settings, secret_key


@dataclass(frozen=True)
class Reach:
    """The keys travel with the engine's connections too: rows of erased people are known by a keyed hash."""

    settings: Settings
    engine: Engine
    redis: Redis
    keys: Keyring
    ring: Doorbell

    def __post_init__(self) -> None:
        self.engine.update_execution_options(keys=self.keys)


@contextmanager
def reach(settings: Settings, name: str) -> Iterator[Reach]:
    """Opens the connections of one process (after fork) and closes them; nothing is asked yet."""
    opened = open_reach(settings, name)
    try:
        yield opened
    finally:
        opened.engine.dispose()
        opened.redis.close()


def open_reach(settings: Settings, name: str) -> Reach:
    assert settings.database_url  # noqa: S101  (resolved by the command before)
    assert settings.redis_url  # noqa: S101
    interpreter.settle()
    return Reach(
        settings,
        connect(settings.database_url.get_secret_value(), pool_size=12, name=name),
        Redis.from_url(
            settings.redis_url.get_secret_value(), socket_timeout=5, socket_connect_timeout=2
        ),
        Keyring(secret_key(settings)),
        doorbell(settings),
    )
