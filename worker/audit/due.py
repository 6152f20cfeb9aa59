"""Which audit is due: each list once in PONTE_AUDIT_DAYS, in the hours of the night, one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from shared import availability, resources
from shared.db.bookkeeping import audits, checkpoints
from shared.integrations import Integration
from shared.resources.grammar import Resource
from shared.runs import SCHEDULE
from shared.settings import Settings
from worker.audit import books

LONG_AGO = datetime.min.replace(tzinfo=ZoneInfo("UTC"))
AGAIN = timedelta(days=1)
"""When an audit that failed is tried again."""


def in_hours(settings: Settings, now: datetime) -> bool:
    """Is this the time of scheduled audits?"""
    first, last = settings.audit_hours
    hour = now.astimezone(ZoneInfo(settings.ponte_timezone)).hour
    return first <= hour < last if first < last else hour >= first or hour < last


def next_due(
    settings: Settings,
    wanted: Sequence[Resource],
    audited: Mapping[str, tuple[datetime, str]],
    now: datetime,
) -> Resource | None:
    """The list that has waited longest, if one is due. audited: when its last audit began, and its state."""
    every = timedelta(days=settings.ponte_audit_days)
    # a night's audit begins a little earlier or later than the last one
    every -= timedelta(hours=12)

    def began(resource: Resource) -> datetime:
        return audited.get(resource.full_name, (LONG_AGO, ""))[0]

    def is_due(resource: Resource) -> bool:
        at, state = audited.get(resource.full_name, (LONG_AGO, ""))
        return at <= now - (AGAIN if state == "failed" else every)

    return min(filter(is_due, wanted), key=began, default=None)


def order(
    connection: Connection, settings: Settings, working: Sequence[Integration], now: datetime
) -> None:
    """Orders the next audit of the night, unless one is under way: they follow each other."""
    if not settings.ponte_audit_days or not in_hours(settings, now):
        return
    if books.active(connection, [one.id for one in working]):
        return
    for integration in working:
        listed = resources.of_provider(integration.provider)
        wanted = readable(connection, integration.id, listed)
        chosen = next_due(settings, wanted, last(connection, integration.id), now)
        if chosen and integration.auto_sync:
            books.request(connection, integration.id, chosen, trigger=SCHEDULE)
            return


def waiting(
    connection: Connection, settings: Settings, working: Sequence[Integration], now: datetime
) -> list[int]:
    """Audits that a worker may take now; those of the schedule only in its hours."""
    ours, night = {one.id for one in working}, in_hours(settings, now)
    return [
        one.id
        for one in books.ready(connection)
        if one.integration_id in ours and (night or one.trigger != SCHEDULE)
    ]


def readable(
    connection: Connection, integration_id: int, wanted: Sequence[Resource]
) -> list[Resource]:
    """Lists that were read once and that the account gets; and what has no list."""
    read = set(
        connection.scalars(
            select(checkpoints.c.resource).where(checkpoints.c.integration_id == integration_id)
        )
    )
    refused = availability.lists_refused_lately(connection, integration_id)
    return [
        resource
        for resource in wanted
        if (resource.unlisted or resource.full_name in read) and resource.full_name not in refused
    ]


def last(connection: Connection, integration_id: int) -> dict[str, tuple[datetime, str]]:
    """(when it was ordered, its state) of the newest audit of each list."""
    mine = audits.c.integration_id == integration_id
    newest = select(func.max(audits.c.id)).where(mine).group_by(audits.c.resource)
    rows = connection.execute(select(audits).where(audits.c.id.in_(newest)))
    return {row.resource: (row.created_at, row.state) for row in rows}
