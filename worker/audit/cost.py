"""What a walk through everything will cost, told before it starts: from the rows that are known, without a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from shared.db.mirror import stamps_table
from shared.errors import DependencyMissing
from shared.integrations import Integration
from shared.resources.grammar import Resource
from shared.settings import Settings
from worker.audit.auditor import RECENT
from worker.audit.progress import BY_ID, IN_FULL, LATELY
from worker.sources.budget import SPACING
from worker.sources.opening import vendor_rate
from worker.sync import plan


@dataclass(frozen=True)
class Cost:
    """minutes: at the pace that is kept, None without a limit; of_the_day: share of the vendor's daily limit."""

    resource: str
    scope: str
    rows: int
    requests: int
    minutes: float | None
    of_the_day: float | None


def of(
    connection: Connection,
    settings: Settings,
    integration: Integration,
    wanted: Sequence[Resource],
    now: datetime,
    share: float,
) -> list[Cost]:
    """One for each list, in their order. share: of the vendor's rate, that may be used."""
    rate = vendor_rate(settings, integration)
    daily = settings.daily_limit(integration.provider)
    found = []
    for resource in wanted:
        rows = _rows(connection, integration.id, resource, now)
        requests = _requests(connection, settings, integration, resource, rows, now)
        minutes = requests * SPACING / (rate * share) / 60 if rate else None
        of_the_day = requests / daily if daily else None
        found.append(Cost(resource.full_name, scope(resource), rows, requests, minutes, of_the_day))
    return found


def scope(resource: Resource) -> str:
    """How much of a list is compared."""
    if resource.unlisted:
        return BY_ID
    return LATELY if resource.append_only else IN_FULL


def _rows(connection: Connection, integration_id: int, resource: Resource, now: datetime) -> int:
    table = stamps_table(resource)
    mine = (table.c.integration_id == integration_id, ~table.c.gone)
    lately = (table.c.observed_at >= now - RECENT,) if resource.append_only else ()
    return int(connection.scalar(select(func.count()).where(*mine, *lately)) or 0)


def _requests(
    connection: Connection,
    settings: Settings,
    integration: Integration,
    resource: Resource,
    rows: int,
    now: datetime,
) -> int:
    """A page for each slice at least; of what is looked at by id, so many at once as can be."""
    if resource.unlisted:
        most = resource.by_id.most if resource.by_id else 1
        return -(-rows // most)
    today = now.astimezone(ZoneInfo(settings.ponte_timezone)).date()
    try:
        horizon = plan.horizon(connection, settings, integration, resource, today, full=True)
    except DependencyMissing:
        return 0
    return len(resource.asks(horizon)) + rows // resource.page_size
