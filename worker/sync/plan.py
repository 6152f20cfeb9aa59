"""What a walk has to cover: the slices of its resource, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from shared import resources
from shared.availability import WHOLE, is_refused, name_of, refused, refused_lately
from shared.db.mirror import rows_table
from shared.errors import DependencyMissing
from shared.resources.grammar import Horizon, Resource
from shared.runs import SCHEDULE, Run
from worker.sync import checkpoint
from worker.sync.checkpoint import OVERLAP, Position


def position(
    connection: Connection, run: Run, now: datetime, timezone: str, history_from: date
) -> Position:
    """A new walk's start. Raises DependencyMissing when a resource that it needs was never read."""
    cursor = checkpoint.cursor(connection, run.integration_id, run.resource.full_name)
    full = run.full or cursor is None
    today = now.astimezone(ZoneInfo(timezone)).date()
    asks = slices(connection, run.integration_id, run.resource, today, history_from, full=full)
    since = cursor - OVERLAP if cursor and run.resource.since and not full else None
    left_out = _left_out(connection, run)
    unread = refused(connection, run.integration_id, run.resource) - {*left_out, WHOLE}
    begun = Position.start([ask for ask in asks if name_of(ask) not in left_out], now, since)
    begun.left_out = [name_of(ask) for ask in asks if name_of(ask) in left_out]
    begun.unread = [name_of(ask) for ask in asks if name_of(ask) in unread]
    return begun


def was_read(connection: Connection, integration_id: int, resource: Resource) -> bool:
    """Was the list ever read to its end?"""
    return checkpoint.cursor(connection, integration_id, resource.full_name) is not None


def slices(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    today: date,
    history_from: date,
    *,
    full: bool,
) -> list[dict[str, str]]:
    """What a walk of a list asks for. Raises DependencyMissing as `position` does."""
    rows = {name: _live_ids(connection, integration_id, resource, name) for name in resource.needs}
    horizon = Horizon(today=today, since=history_from, full=full, rows=rows)
    return [dict(ask) for ask in resource.asks(horizon)]


def _left_out(connection: Connection, run: Run) -> set[str]:
    """Slices that the schedule leaves out for a day; who asks for the list gets them tried again."""
    if run.trigger != SCHEDULE:
        return set()
    return refused_lately(connection, run.integration_id, run.resource) - {WHOLE}


def covers_all(run: Run, position: Position) -> bool:
    """Does this walk meet every record of the resource, so that what it does not meet is gone?"""
    if run.resource.append_only:
        return False
    if run.resource.since is not None:
        return position.since is None
    return run.full or not run.resource.windowed


def _live_ids(
    connection: Connection, integration_id: int, resource: Resource, name: str
) -> Sequence[str]:
    """Of a list that the account does not get there is no row; one that was never read is missing."""
    needed = resources.BY_NAME[name]
    if checkpoint.cursor(connection, integration_id, name) is None:
        if is_refused(connection, integration_id, needed):
            return []
        raise DependencyMissing(resource.full_name, name)
    table = rows_table(needed)
    live = select(table.c.id).where(
        table.c.integration_id == integration_id,
        table.c.deleted_at.is_(None),
        table.c.missing_since.is_(None),
    )
    return [str(id_) for id_ in connection.scalars(live.order_by(table.c.id))]
