"""`ponte doctor`: every check on its own; one that cannot look says so and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from redis import Redis
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from shared.db.engine import connect
from shared.errors import Misuse, SettingsError
from shared.logs import mask
from shared.settings import Settings
from worker.commands.servers import ready_settings
from worker.doctor import accounts, servers, work
from worker.doctor.findings import Finding, State, bad
from worker.doctor.hooks import hooks
from worker.doctor.servers import Ground

PATIENCE = 3.0

BOOKS: Sequence[Callable[[Connection, Settings], Iterable[Finding]]] = (
    work.workers,
    work.runs,
    work.inbox,
    work.dead_letters,
    work.rejected,
    accounts.token,
    accounts.kept_tokens,
    accounts.credentials,
    accounts.subscription,
    hooks,
    work.quotas,
    work.not_given,
    accounts.time_zone,
)


def examine() -> list[Finding]:
    """Everything that was found. Raises SettingsError: without settings there is nothing to look at."""
    try:
        with ready_settings() as ready, _ground(ready.settings) as ground:
            return [replace(found, said=mask(found.said)) for found in examined(ground)]
    except SettingsError:
        raise
    except Misuse as error:  # the embedded servers do not start
        return [bad("servers", str(error), "see the logs below PONTE_DATA_DIR")]


@contextmanager
def _ground(settings: Settings) -> Iterator[Ground]:
    assert settings.database_url  # noqa: S101
    assert settings.redis_url  # noqa: S101
    engine = connect(
        settings.database_url.get_secret_value(),
        pool_size=2,
        patience=PATIENCE,
        name="ponte-doctor",
        statement_seconds=30,
    )
    address = settings.redis_url.get_secret_value()
    redis = Redis.from_url(address, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    try:
        yield Ground(settings, engine, redis)
    finally:
        engine.dispose()
        redis.close()


def examined(ground: Ground) -> Iterator[Finding]:
    yield from servers.ours(ground)
    yield from servers.redis(ground)
    found = list(servers.postgresql(ground))
    yield from found
    if any(each.check == "postgresql" and each.state is State.BAD for each in found):
        return
    yield from servers.migrated(ground)
    for check in BOOKS:
        yield from _looked(ground, check)


def _looked(
    ground: Ground, check: Callable[[Connection, Settings], Iterable[Finding]]
) -> list[Finding]:
    """In a transaction of its own: a table that is not there yet spoils one check."""
    try:
        with ground.engine.begin() as connection:
            return list(check(connection, ground.settings))
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", error)).strip().splitlines()[0]
        name = check.__name__.replace("_", " ")
        return [bad(name, f"could not be looked at: {why}", "ponte db upgrade, then look again")]
