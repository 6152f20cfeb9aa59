"""What each part of each list would cost, before anything is read: from the rows that the mirror holds."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from shared import agenda, resources
from shared.agenda import Agenda, Tier
from shared.db.mirror import stamps_table
from shared.errors import DependencyMissing
from shared.integrations import Integration
from shared.resources.grammar import Horizon, Resource
from shared.settings import Settings
from worker.sync import plan, windows
from worker.sync.windows import Part


def of(
    connection: Connection, settings: Settings, integration: Integration, now: datetime
) -> Agenda:
    """The agenda, with the cost of parts that were never read estimated from the rows that are known."""
    today = now.astimezone(ZoneInfo(settings.ponte_timezone)).date()
    estimated: dict[tuple[str, Tier], int] = {}
    for resource in resources.of_provider(integration.provider):
        if resource.unlisted:
            continue
        try:
            around = plan.horizon(connection, settings, integration, resource, today, full=True)
        except DependencyMissing:
            continue
        for tier, requests in _costs(connection, integration, resource, around).items():
            estimated[resource.full_name, tier] = requests
    return agenda.of(connection, settings, integration, estimated)


def _costs(
    connection: Connection, integration: Integration, resource: Resource, around: Horizon
) -> dict[Tier, int]:
    """Requests that reading a part once takes."""
    if resource.windows is None:
        stamps = stamps_table(resource)
        mine = (stamps.c.integration_id == integration.id, ~stamps.c.gone)
        rows = connection.scalar(select(func.count()).where(*mine)) or 0
        return {Tier.WHOLE: len(resource.asks(around)) + rows // resource.page_size}
    known = windows.days(connection, integration.id, resource, around)
    parts = [
        *windows.near(resource, around, known),
        *plan.still_open(connection, integration.id, resource, around, known),
        *windows.ahead(resource, around, known),
    ]
    months = windows.all_history(resource, around)
    rows = sum(day.rows for days in known.values() for day in days)
    return {
        **{
            tier: _requests(parts, tier, resource.page_size)
            for tier in (Tier.NEAR, Tier.OPEN, Tier.AHEAD)
        },
        Tier.HISTORY: len(months) + rows // resource.page_size,
    }


def _requests(parts: list[Part], tier: Tier, page_size: int) -> int:
    return sum(part.requests(page_size) for part in parts if part.tier is tier)
