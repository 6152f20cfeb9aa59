"""The inbox of webhooks: a body is committed here before Kommo gets its 2xx, and settled here.

A delivery waits (owner null), is claimed (owner and lease), and is settled once, with an outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    Row,
    Text,
    and_,
    bindparam,
    cast,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db.bookkeeping import deliveries as table

NOW = func.clock_timestamp()
_WAITING = and_(
    table.c.settled_at.is_(None),
    table.c.next_at <= NOW,
    or_(table.c.owner.is_(None), table.c.lease_until < NOW),
)


@dataclass(frozen=True)
class Delivery:
    id: int
    body: bytes
    received_at: datetime
    attempts: int
    reason: str | None = None
    """Why it was put back before."""


@dataclass(frozen=True)
class Waiting:
    """count: deliveries to be looked at now; oldest: seconds that the first of them has waited."""

    count: int
    oldest: float


def keep(connection: Connection, integration_id: int, body: bytes, content_type: str | None) -> int:
    """Stores one body as it came; the caller commits before it answers."""
    row = insert(table).values(integration_id=integration_id, body=body, content_type=content_type)
    id_: int = connection.execute(row.returning(table.c.id)).scalar_one()
    return id_


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


def claim(
    connection: Connection, integration_id: int, owner: UUID, lease: float, limit: int
) -> list[Delivery]:
    """Takes up to `limit` waiting deliveries, new ones first, for `lease` seconds; the caller commits."""
    chosen = (
        select(table.c.id)
        .where(table.c.integration_id == integration_id, _WAITING)
        # what was put back before does not stand in the way of what is new
        .order_by(table.c.reason.is_not(None), table.c.id)
        .limit(limit)
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
        )
        .returning(table.c.id, table.c.body, table.c.received_at, table.c.attempts, table.c.reason)
    )
    return sorted((_delivery(row) for row in rows), key=lambda delivery: delivery.id)


def _delivery(row: Row[tuple[int, bytes, datetime, int, str | None]]) -> Delivery:
    return Delivery(row.id, bytes(row.body), row.received_at, row.attempts, row.reason)


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


def put_back(
    connection: Connection,
    owner: UUID,
    ids: Iterable[int],
    delay: float,
    reason: str,
    *,
    tried: bool = True,
) -> None:
    """Gives claimed deliveries back; they are looked at again after `delay` seconds.

    tried: False when it was not their turn: it does not count as an attempt.
    """
    connection.execute(
        update(table)
        .where(table.c.id.in_(list(ids)), table.c.owner == owner, table.c.settled_at.is_(None))
        .values(
            owner=None,
            lease_until=None,
            reason=reason,
            attempts=table.c.attempts - (0 if tried else 1),
            next_at=NOW + text(f"interval '{delay:f} seconds'"),
        )
    )


def forget_settled(connection: Connection, days: int) -> int:
    """Deletes deliveries settled longer than `days` ago; returns how many."""
    old = table.c.settled_at < NOW - text(f"interval '{days:d} days'")
    return connection.execute(table.delete().where(old)).rowcount
