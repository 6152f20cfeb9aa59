"""The inbox of webhooks: a body is committed here before Kommo gets its 2xx, and settled here.

A delivery waits (owner null), is claimed (owner and lease), and is settled once, with an outcome. One that
kills its worker is found without anybody remembering: in a batch, among a few, alone (shared/deaths.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    SmallInteger,
    Text,
    and_,
    bindparam,
    cast,
    func,
    not_,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared import deaths
from shared.db.bookkeeping import DEAD
from shared.db.bookkeeping import deliveries as table
from shared.db.engine import driver_cursor

NOW = func.clock_timestamp()
_BODIES = "select id, body from sync.deliveries where id = any(%s) order by id"
_KEEP = """
    insert into sync.deliveries (integration_id, body, content_type)
    select * from unnest(%b::bigint[], %b::bytea[], %t::text[]) returning id"""
_WAITING = and_(
    table.c.settled_at.is_(None),
    table.c.next_at <= NOW,
    or_(table.c.owner.is_(None), table.c.lease_until < NOW),
)
_HELD = table.c.owner.is_not(None)
"""Of one that waits: its lease ran out in somebody's hands."""
FAILED = "failed"
TOGETHER = (4000, 45, 1)
"""So many are claimed at once of those at which a worker died never, once, more often: whatever is the cause
of it stands alone the third time."""


@dataclass(frozen=True)
class Delivery:
    """One that is claimed; its body is asked for when it is read (`bodies`)."""

    id: int
    received_at: datetime
    attempts: int
    reason: str | None = None
    """Why it was put back before."""


class Arrival(NamedTuple):
    """One that has just come: whose it is, and what was sent."""

    integration_id: int
    body: bytes
    content_type: str | None = None


@dataclass(frozen=True)
class Waiting:
    """count: deliveries to be looked at now; oldest: seconds that the first of them has waited."""

    count: int
    oldest: float


def keep(connection: Connection, arrived: Sequence[Arrival]) -> list[int]:
    """Stores bodies as they came and returns their ids; the caller commits before it answers."""
    columns = tuple(list(column) for column in zip(*arrived, strict=True))
    return [id_ for (id_,) in connection.exec_driver_sql(_KEEP, columns)]


def waiting(connection: Connection, integration_id: int) -> Waiting:
    count, oldest = connection.execute(
        select(
            func.count(),
            func.coalesce(func.extract("epoch", NOW - func.min(table.c.received_at)), 0),
        ).where(table.c.integration_id == integration_id, _WAITING)
    ).one()
    return Waiting(count, float(oldest))


def integrations_waiting(connection: Connection) -> list[int]:
    """The integrations whose bell should ring."""
    return list(connection.scalars(select(table.c.integration_id).where(_WAITING).distinct()))


def late_owners(connection: Connection, integration_id: int) -> list[UUID]:
    """Those whose leases ran out with deliveries in their hands."""
    late = (table.c.integration_id == integration_id, _WAITING, _HELD)
    return list(connection.scalars(select(table.c.owner).where(*late).distinct()))


def _died(survivors: Collection[UUID]) -> ColumnElement[bool]:
    return and_(_HELD, table.c.owner.not_in(survivors))


def _deaths(survivors: Collection[UUID]) -> Any:
    return table.c.deaths + cast(cast(_died(survivors), Integer), SmallInteger)


def claim(
    connection: Connection,
    integration_id: int,
    owner: UUID,
    lease: float,
    limit: int,
    survivors: Collection[UUID] = (),
) -> list[Delivery]:
    """Takes up to `limit` waiting deliveries, new ones first, for `lease` seconds; the caller commits.

    Together are only those at which workers died equally often. survivors: late owners who are not dead.
    """
    waits = (table.c.integration_id == integration_id, _WAITING)
    count = _deaths(survivors)
    # what was put back before does not stand in the way of what is new
    order = (table.c.reason.is_not(None), table.c.id)
    died: int = connection.scalar(select(count).where(*waits).order_by(*order).limit(1)) or 0
    chosen = (
        select(table.c.id)
        .where(*waits, died == count)
        .order_by(*order)
        .limit(min(limit, TOGETHER[min(died, len(TOGETHER) - 1)]))
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    rows = connection.execute(
        update(table)
        .where(table.c.id.in_(chosen))
        .values(
            owner=owner,
            lease_until=NOW + text(f"interval '{lease:f} seconds'"),
            attempts=table.c.attempts + 1,
            deaths=count,
        )
        .returning(table.c.id, table.c.received_at, table.c.attempts, table.c.reason)
    )
    return sorted((Delivery(*row) for row in rows), key=lambda delivery: delivery.id)


def bodies(connection: Connection, claimed: Iterable[Delivery]) -> Iterator[tuple[Delivery, bytes]]:
    """Each with its body, one at a time: of the thousands that are claimed at once each may be of 10 MB."""
    by_id = {delivery.id: delivery for delivery in claimed}
    with driver_cursor(connection, binary=True) as cursor:
        for id_, body in cursor.stream(_BODIES, [list(by_id)]):
            yield by_id[id_], body


def park_deadly(
    connection: Connection, integration_id: int, survivors: Collection[UUID] = ()
) -> list[int]:
    """Settles, as failed, what has killed its worker for the last time; returns the ids."""
    deadly = (table.c.integration_id == integration_id, _WAITING, _died(survivors))
    parked = connection.scalars(
        update(table)
        .where(*deadly, table.c.deaths >= deaths.MOST - 1)
        .values(
            settled_at=NOW,
            outcome=FAILED,
            reason=deaths.told("this delivery"),
            lease_until=None,
            deaths=_deaths(survivors),
        )
        .returning(table.c.id)
    )
    return list(parked)


def settle(
    connection: Connection,
    owner: UUID,
    ids: Sequence[int],
    outcome: str,
    reason: str | None = None,
    about: Mapping[int, Iterable[str]] | None = None,
) -> int:
    """Settles what `owner` still holds; returns how many.

    about: the rows that each delivery told of, by its id: {33: ["kommo.leads:123"]}.
    """
    values = {"settled_at": NOW, "outcome": outcome, "reason": reason, "lease_until": None}
    if about:
        values["about"] = _about(about)
    settled = connection.execute(
        update(table)
        .where(table.c.id.in_(ids), table.c.owner == owner, table.c.settled_at.is_(None))
        .values(values)
    )
    return settled.rowcount


def _about(about: Mapping[int, Iterable[str]]) -> Any:
    """Each delivery's own rows, looked up by its id inside the one statement."""
    by_id = {str(id_): sorted(set(names)) for id_, names in about.items()}
    given = bindparam("about", by_id, type_=JSONB).op("->")(cast(table.c.id, Text))
    names = func.jsonb_array_elements_text(given, type_=Text).column_valued("name")
    return func.nullif(func.array(select(names).scalar_subquery()), cast([], ARRAY(Text)))


def put_back(connection: Connection, owner: UUID, ids: Iterable[int], reason: str) -> None:
    """Gives claimed deliveries back, to be looked at again at once."""
    _give_back(connection, owner, ids, NOW, reason)


def put_off(
    connection: Connection, owner: UUID, ids: Iterable[int], longest: float, reason: str
) -> None:
    """Gives claimed deliveries back; the longer one was tried in vain the later it comes again, after `longest`
    seconds at most. A quarter more or less: what fails for ever does not meet the same others each time.
    """
    grown = func.power(2.0, func.least(table.c.attempts, 30))
    delay = func.least(longest, grown) * (0.75 + func.random() / 2)
    _give_back(connection, owner, ids, _in(delay), reason)


def wait_for_turn(
    connection: Connection, owner: UUID, ids: Iterable[int], seconds: float, reason: str
) -> None:
    """Gives claimed deliveries back whose turn it was not: it does not count as an attempt."""
    _give_back(connection, owner, ids, _in(seconds), reason, attempts=table.c.attempts - 1)


def _in(seconds: Any) -> Any:
    return NOW + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _give_back(
    connection: Connection,
    owner: UUID,
    ids: Iterable[int],
    next_at: Any,
    reason: str,
    attempts: Any = table.c.attempts,
) -> None:
    connection.execute(
        update(table)
        .where(table.c.id.in_(list(ids)), table.c.owner == owner, table.c.settled_at.is_(None))
        .values(
            owner=None,
            lease_until=None,
            reason=reason,
            next_at=next_at,
            attempts=attempts,
        )
    )


def forget_settled(connection: Connection, days: int) -> int:
    """Deletes deliveries settled longer than `days` ago, but those that failed for good; returns how many."""
    well = or_(table.c.outcome.is_(None), not_(DEAD))
    return connection.execute(table.delete().where(_settled_before(days), well)).rowcount


def forget_dead(connection: Connection, days: int) -> int:
    """Deletes those that failed for good longer than `days` ago; returns how many."""
    return connection.execute(table.delete().where(_settled_before(days), DEAD)).rowcount


def _settled_before(days: int) -> ColumnElement[bool]:
    return table.c.settled_at < NOW - text(f"interval '{days:d} days'")
