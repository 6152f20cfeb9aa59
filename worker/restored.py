"""After a backup was restored: what the books of the dump do not know, or hold to be true still.

Nobody of then is alive: what they held is free, and walks begin anew, for rows that were met before the dump
may be gone since. What was asked of a vendor that counts the requests of a day, nobody has written down: as
much as can have been is taken for used.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, delete, func, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import insert

from shared import leaving, resources
from shared.db.bookkeeping import (
    ACTIVE,
    audit_met,
    audits,
    checkpoints,
    deliveries,
    login_links,
    questions,
    runs,
    usage,
    workers,
)
from shared.db.engine import clock
from shared.db.mirror import stamps_table
from shared.errors import Conflict
from shared.integrations import Integration
from shared.resources.grammar import Resource
from shared.settings import Settings
from worker.sources.opening import vendor_rate

NOW = func.clock_timestamp()
DAY, HOUR = timedelta(hours=25), timedelta(hours=1)
"""The books count whole hours: 25 of them hold a day."""
FREE = {"owner": None, "lease_until": None}
WHY = "a backup was restored"


def last_sign(connection: Connection) -> datetime | None:
    """The last thing that the dump knows to have happened. Raises Conflict when it lies ahead of us."""
    signs = (
        workers.c.seen_at,
        runs.c.started_at,
        runs.c.finished_at,
        checkpoints.c.updated_at,
        deliveries.c.received_at,
    )
    each = union_all(*(select(func.max(column).label("at")) for column in signs)).subquery()
    found: datetime | None = connection.scalar(select(func.max(each.c.at)))
    now = clock(connection)
    if found and found > now:
        raise Conflict(
            f"this PostgreSQL's clock says {now:%Y-%m-%d %H:%M:%S} UTC, the backup's last entry is of "
            f"{found:%Y-%m-%d %H:%M:%S}: the newest look wins, so set the clock right first"
        )
    return found


def free(connection: Connection) -> None:
    """Takes everything out of the hands of workers that are no more."""
    anew = {"position": None, "attempts": 0, "deaths": 0, "next_at": NOW}
    again = update(runs).where(ACTIVE).values(state="queued", started_at=None, **FREE, **anew)
    connection.execute(again)
    over = {"state": "failed", "reason": WHY, "ended_at": NOW, "position": None}
    connection.execute(update(audits).where(ACTIVE).values(**FREE, **over))
    held = deliveries.c.settled_at.is_(None)
    connection.execute(update(deliveries).where(held).values(**FREE, next_at=NOW))
    for table in (audit_met, workers, questions, login_links):
        connection.execute(delete(table))
    for integration_id in leaving.under_way(connection):
        leaving.rest(connection, integration_id)


def count_unknown(
    connection: Connection,
    settings: Settings,
    integration: Integration,
    since: datetime,
    until: datetime,
) -> int:
    """Takes for used what may have been asked between two moments, of the newest hours first; how much.

    None of it where the vendor counts no days.
    """
    daily, rate = settings.daily_limit(integration.provider), vendor_rate(settings, integration)
    if daily is None or rate is None:
        return 0
    assumed = 0
    for hour, seconds in _hours(max(since, clock(connection) - DAY), until):
        requests = min(round(rate * seconds), daily - assumed)
        row = insert(usage).values(budget=integration.budget, hour=hour, requests=requests)
        more = {"requests": usage.c.requests + requests}
        connection.execute(row.on_conflict_do_update(index_elements=["budget", "hour"], set_=more))
        assumed += requests
    return assumed


def _hours(since: datetime, until: datetime) -> Iterator[tuple[datetime, float]]:
    """(hour, seconds of it between the two moments), the newest first."""
    while since < until:
        hour = until.replace(minute=0, second=0, microsecond=0)
        if hour == until:
            hour -= HOUR
        yield hour, (until - max(hour, since)).total_seconds()
        until = hour


def in_full(resource: Resource) -> bool:
    """Only a walk through all of it finds what has vanished; what only grows is read from its cursor on."""
    return not resource.append_only


def missed_once(connection: Connection, integration: Integration) -> list[Resource]:
    """Lists without a way by id of which a walk did not meet everything: a second one decides."""
    return [
        resource
        for resource in resources.of_provider(integration.provider)
        if not resource.by_id and _has_misses(connection, integration.id, stamps_table(resource))
    ]


def _has_misses(connection: Connection, integration_id: int, stamps: Table) -> bool:
    mine = (stamps.c.integration_id == integration_id, stamps.c.misses > 0, ~stamps.c.gone)
    return connection.scalar(select(literal(1)).where(*mine).limit(1)) is not None
