"""Notices that wait: claimed by a lease, sent, settled. Their delay grows with each attempt, here in PostgreSQL.

A channel is told in order: of an incident first that it opened, then that it is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, and_, exists, func, or_, select, update

from shared.db.alerting import alert_channels, alert_incidents
from shared.db.alerting import alert_notices as table

NOW = func.clock_timestamp()
LEASE = timedelta(minutes=2)
"""Longer than any sending takes; after it the sender counts as dead, and the notice is sent once more."""
FIRST_DELAY, LONGEST_DELAY = 30.0, 3600.0
"""Seconds; the delay doubles with each attempt."""
ATTEMPTS = 30
"""About a day of them; then it is given up."""


@dataclass(frozen=True)
class Notice:
    """kind: opened, reminder, closed; said: by language."""

    id: int
    owner: UUID
    channel_id: int
    attempts: int
    kind: str
    incident_id: int
    rule: str
    subject: str
    figure: Decimal
    opened_at: datetime
    closed_at: datetime | None
    said: Mapping[str, str]


def claim(connection: Connection) -> Notice | None:
    """The oldest that is due, for LEASE; None when nothing is."""
    former = table.alias("former")
    earlier = exists().where(
        former.c.incident_id == table.c.incident_id,
        former.c.channel_id == table.c.channel_id,
        former.c.state == "waiting",
        former.c.id < table.c.id,
    )
    free = or_(table.c.lease_until.is_(None), table.c.lease_until < NOW)
    due = and_(table.c.state == "waiting", table.c.next_at <= NOW, free, ~earlier)
    chosen = select(table.c.id).where(due).order_by(table.c.next_at, table.c.id).limit(1)
    held = {"owner": uuid4(), "lease_until": NOW + LEASE, "attempts": table.c.attempts + 1}
    claimed = (
        update(table)
        .where(table.c.id == chosen.with_for_update(skip_locked=True).scalar_subquery())
        .values(held)
        .returning(table)
    )
    row = connection.execute(claimed).first()
    return _notice(connection, row) if row else None


def _notice(connection: Connection, row: Any) -> Notice:
    whose = alert_incidents.c
    about = connection.execute(select(alert_incidents).where(whose.id == row.incident_id)).one()
    return Notice(
        id=row.id,
        owner=row.owner,
        channel_id=row.channel_id,
        attempts=row.attempts,
        kind=row.kind,
        incident_id=about.id,
        rule=about.rule,
        subject=about.subject,
        figure=about.figure,
        opened_at=about.opened_at,
        closed_at=about.closed_at,
        said={"pt-BR": about.said_pt, "en": about.said_en},
    )


def sent(connection: Connection, notice: Notice) -> None:
    if _settle(connection, notice, state="sent", settled_at=NOW, reason=None):
        _note(connection, notice.channel_id, told_at=NOW, problem=None)


def failed(connection: Connection, notice: Notice, why: str) -> None:
    """Tried again later, and with it everything else that the channel is to be told; at last given up."""
    again = NOW + timedelta(seconds=delay(notice.attempts))
    if notice.attempts >= ATTEMPTS:
        ours = _settle(connection, notice, state="given up", settled_at=NOW, reason=why)
    else:
        ours = _settle(connection, notice, next_at=again, reason=why)
    if ours:
        waits = and_(table.c.channel_id == notice.channel_id, table.c.state == "waiting")
        later = func.greatest(table.c.next_at, again)
        connection.execute(update(table).where(waits).values(next_at=later))
        _note(connection, notice.channel_id, problem=why)


def delay(attempts: int) -> float:
    """Seconds until the next attempt, after so many."""
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (attempts - 1))


def _settle(connection: Connection, notice: Notice, **values: Any) -> bool:
    """False when the lease ran out, and somebody else has taken it."""
    mine = and_(table.c.id == notice.id, table.c.owner == notice.owner)
    given = {**values, "owner": None, "lease_until": None}
    return connection.execute(update(table).where(mine).values(given)).rowcount == 1


def _note(connection: Connection, channel_id: int, **values: Any) -> None:
    known = alert_channels.c.id == channel_id
    connection.execute(update(alert_channels).where(known).values(values))


def waiting(connection: Connection) -> bool:
    """Is one due?"""
    due = and_(table.c.state == "waiting", table.c.next_at <= NOW, table.c.lease_until.is_(None))
    return connection.scalar(select(table.c.id).where(due).limit(1)) is not None
