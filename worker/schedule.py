"""What is due: incremental walks every few minutes, whole lists now and then, everything at night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from shared import agenda, availability, integrations, resources
from shared import runs as runs_of
from shared.agenda import Agenda
from shared.db.bookkeeping import checkpoints, runs
from shared.db.engine import clock
from shared.integrations import Integration
from shared.resources.grammar import Resource
from shared.settings import Settings

FULL_AGAIN = timedelta(hours=1)


@dataclass(frozen=True)
class Past:
    """What was done about a resource: its newest run, its newest full one, its last complete full walk.

    refused: within the last day the vendor said that this account does not get it; parked: within the
    last day it killed its workers.
    """

    asked_at: datetime | None = None
    full_asked_at: datetime | None = None
    walked_at: datetime | None = None
    refused: bool = False
    parked: bool = False

    def lacks_full_walk(self, night: datetime, now: datetime) -> bool:
        """Not walked in full since that night; one that failed is tried again after an hour."""
        if self.walked_at is None or self.walked_at >= night:
            return False
        return self.full_asked_at is None or self.full_asked_at < max(night, now - FULL_AGAIN)


def order(connection: Connection, settings: Settings, integration: Integration) -> None:
    """Orders what is due for one integration; its own schedule is read at every tick."""
    if not integration.auto_sync:
        return
    books, now = past(connection, integration), clock(connection)
    found = None
    if settings.daily_limit(integration.provider):
        found = agenda.of(connection, settings, integration)
    wanted = due(settings, integration, books, now, found)
    for full in (True, False):
        chosen = [resource for resource, whole in wanted if whole is full]
        if chosen:
            runs_of.request(connection, integration, chosen, full=full, trigger=runs_of.SCHEDULE)


def due(
    settings: Settings,
    integration: Integration,
    past: Mapping[str, Past],
    now: datetime,
    agenda: Agenda | None = None,
) -> list[tuple[Resource, bool]]:
    """(resource, full) for everything that should be read now. Pure: `now` has a time zone.

    agenda: of a vendor that counts the requests of a day; it brings all of history in its turn, so there
    are no full walks at night. An integration with a frequency of its own is never read more often: its full walk waits for it too.
    """
    night = _last_night(settings, now)
    wanted = []
    for resource in resources.of_provider(integration.provider):
        last = past.get(resource.full_name, Past())
        if resource.unlisted or last.refused or last.parked:
            continue
        if last.asked_at is None:
            wanted.append((resource, True))
            continue
        if agenda:
            every = agenda.leads(resource)
            if every is not None and now - last.asked_at >= every:
                wanted.append((resource, False))
            continue
        interval = integrations.every(settings, integration, windowed=resource.windowed)
        its_turn = now - last.asked_at >= interval
        full = last.lacks_full_walk(night, now) and (its_turn or not integration.sync_frequency)
        if full or its_turn:
            wanted.append((resource, full))
    return wanted


def _last_night(settings: Settings, now: datetime) -> datetime:
    """The last time that the hour of full walks struck, in the deployment's time zone."""
    local = now.astimezone(ZoneInfo(settings.ponte_timezone))
    struck = local.replace(hour=settings.full_sync_hour, minute=0, second=0, microsecond=0)
    return struck if struck <= local else struck - timedelta(days=1)


def past(connection: Connection, integration: Integration) -> dict[str, Past]:
    """What the books say of each resource."""
    asked = connection.execute(
        select(
            runs.c.resource,
            func.max(runs.c.created_at),
            func.max(runs.c.created_at).filter(runs.c.mode == "full"),
        )
        .where(runs.c.integration_id == integration.id)
        .group_by(runs.c.resource)
    )
    walked = connection.execute(
        select(checkpoints.c.resource, checkpoints.c.walked_at).where(
            checkpoints.c.integration_id == integration.id
        )
    )
    walks: dict[str, Any] = {row[0]: row[1] for row in walked}
    refused = availability.lists_refused_lately(connection, integration.id)
    parked = runs_of.parked(connection, integration.id)
    return {
        name: Past(at, full_at, walks.get(name), name in refused, name in parked)
        for name, at, full_at in asked
    }
