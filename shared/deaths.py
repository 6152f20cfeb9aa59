"""Work that kills its worker (a segfault, memory used up): no exception tells of it, the books do.

A lease that ran out while its owner still stood in the row is a death. Who takes such work over counts it;
after the third it is parked with its reason, and everything else goes on. Who lives and could not give its work
back, because PostgreSQL was away or full, says so in Redis: that was no death.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, Table, and_, case, select

MOST = 3
LIVED = "ponte:lived:"
REMEMBERED = 86_400
"""Seconds: longer than any lease."""


def told(what: str) -> str:
    """The reason with which work is parked: `its worker died 3 times over this delivery`."""
    return f"its worker died {MOST} times over {what}"


def note_survivor(redis: Redis, owner: UUID) -> None:
    """The owner lives. Without Redis it is taken for dead, which it has to be thrice to matter."""
    with suppress(RedisError):
        redis.set(f"{LIVED}{owner}", 1, ex=REMEMBERED)


def survivors(redis: Redis, owners: Iterable[UUID]) -> set[UUID]:
    """Those of the owners of leases that ran out who are not dead."""
    asked = list(owners)
    with suppress(RedisError):
        told = redis.mget([f"{LIVED}{owner}" for owner in asked]) if asked else []
        return {owner for owner, lives in zip(asked, told, strict=True) if lives}
    return set()


def counted(table: Table, survivors: Collection[UUID]) -> Any:
    """The deaths of a row with a state and an owner, once it is taken over from whoever had it running."""
    died = and_(table.c.state == "running", table.c.owner.not_in(survivors))
    return case((died, table.c.deaths + 1), else_=table.c.deaths)


def survivors_of(redis: Redis, connection: Connection, table: Table, id_: int) -> set[UUID]:
    """As survivors, of the owner of one row that is running."""
    running = (table.c.id == id_, table.c.state == "running")
    return survivors(redis, connection.scalars(select(table.c.owner).where(*running)))
