"""What a walk has to cover: the slices of its resource, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from shared import agenda, resources
from shared.agenda import Agenda, Tier, books
from shared.availability import WHOLE, is_refused, is_shortcut, place_of, refused, refused_lately
from shared.db.mirror import rows_table
from shared.errors import DependencyMissing
from shared.integrations import Integration
from shared.resources.grammar import Horizon, PerRow, Resource
from shared.runs import SCHEDULE, Run
from shared.settings import Settings
from worker.sync import checkpoint, windows
from worker.sync.checkpoint import OVERLAP, Position
from worker.sync.windows import Part


def position(
    connection: Connection,
    settings: Settings,
    integration: Integration,
    run: Run,
    now: datetime,
    timezone: str,
) -> Position:
    """A new walk's start. Raises DependencyMissing when a resource that it needs was never read."""
    resource = run.resource
    cursor = checkpoint.cursor(connection, run.integration_id, resource.full_name)
    full = run.full or cursor is None
    today = now.astimezone(ZoneInfo(timezone)).date()
    horizon_ = horizon(connection, settings, integration, resource, today, full=full)
    left_out = _left_out(connection, run)
    found = parts(connection, settings, integration, run, horizon_, now)
    chosen = [part for part in found if place_of(resource, part.ask) not in left_out]
    since = cursor - OVERLAP if cursor and resource.since and not full else None
    begun = Position.start([dict(part.ask) for part in chosen], now, since)
    begun.tiers = [part.tier.value for part in chosen]
    places = {place_of(resource, part.ask) for part in found}
    ignored = _ignored(resource, refused_lately(connection, run.integration_id, resource))
    begun.left_out = sorted(left_out & places | ignored)
    unread = refused(connection, run.integration_id, resource) - {*left_out, WHOLE}
    begun.unread = sorted(unread & {place_of(resource, part.ask) for part in chosen})
    return begun


def parts(
    connection: Connection,
    settings: Settings,
    integration: Integration,
    run: Run,
    horizon: Horizon,
    now: datetime,
) -> list[Part]:
    """The slices of a walk. Of a list that is cut by date the schedule reads what the agenda has due,
    who asks for it by hand what may have changed."""
    resource = run.resource
    if horizon.full or resource.windows is None:
        tier = Tier.HISTORY if resource.windows else Tier.WHOLE
        return [Part(tier, ask) for ask in resource.asks(horizon)]
    known = windows.days(connection, integration.id, resource, horizon)
    lately = windows.near(resource, horizon, known)
    others = []
    if resource.windows.open:
        others += still_open(connection, integration.id, resource, horizon, known)
        others += windows.ahead(resource, horizon, known)
    if run.trigger != SCHEDULE:
        return [*lately, *others]
    found = agenda.of(connection, settings, integration)
    due = {tier for tier in Tier if found.is_due(resource.full_name, tier, now)}
    chosen = [part for part in others if part.tier in due]
    return [*lately, *chosen, *_history(connection, integration, resource, horizon, found, now)]


def still_open(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    horizon: Horizon,
    known: Mapping[str, Sequence[windows.Day]],
) -> list[Part]:
    """Older open rows: asked for alone, unless the vendor was lately seen to ignore that."""
    if not _ignored(resource, refused_lately(connection, integration_id, resource)):
        alone = windows.asked_open(connection, integration_id, resource, horizon)
        if alone:
            return alone
    return windows.still_open(resource, horizon, known)


def open_by_windows(
    connection: Connection,
    settings: Settings,
    integration: Integration,
    resource: Resource,
    now: datetime,
    timezone: str,
) -> list[Part]:
    """The days on which older rows are open."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    around = horizon(connection, settings, integration, resource, today, full=False)
    known = windows.days(connection, integration.id, resource, around)
    return windows.still_open(resource, around, known)


def _ignored(resource: Resource, places: Iterable[str]) -> set[str]:
    """Those slices that ask for open rows alone."""
    return {place for place in places if is_shortcut(resource, place)}


def _history(
    connection: Connection,
    integration: Integration,
    resource: Resource,
    around: Horizon,
    found: Agenda,
    now: datetime,
) -> list[Part]:
    every = found.every(resource.full_name, Tier.HISTORY)
    if every is None:
        return []
    walked = books.history(connection, integration.id, resource.full_name)
    whole = checkpoint.walked_at(connection, integration.id, resource.full_name)
    last = found.walked.get((resource.full_name, Tier.NEAR))
    return windows.history(resource, replace(around, full=True), walked, whole, every, now, last)


def horizon(
    connection: Connection,
    settings: Settings,
    integration: Integration,
    resource: Resource,
    today: date,
    *,
    full: bool,
) -> Horizon:
    """What a walk of a list has to cover. Raises DependencyMissing as `position` does."""
    rows = {name: _live_ids(connection, integration.id, resource, name) for name in resource.needs}
    chosen = integration.history_from
    return Horizon(
        today=today,
        since=chosen or settings.history_from,
        full=full,
        rows=_of_stores(resource, rows, integration.stores),
        span=_span(connection, integration, resource, today),
        chosen=chosen is not None,
    )


def _of_stores(
    resource: Resource, rows: Mapping[str, Sequence[str]], stores: Sequence[str] | None
) -> dict[str, Sequence[str]]:
    """Of stores only those that the integration names."""
    if stores is None:
        return dict(rows)
    of_stores = {each.needs for each in resource.slices if isinstance(each, PerRow) and each.stores}
    return {
        name: [id_ for id_ in ids if id_ in stores] if name in of_stores else ids
        for name, ids in rows.items()
    }


def _span(
    connection: Connection, integration: Integration, resource: Resource, today: date
) -> tuple[date, date] | None:
    """From the first day of history, chosen or known, to tomorrow or later."""
    if resource.windows is None:
        return None
    known = windows.span(connection, integration.id, resource)
    first = integration.history_from or (known[0] if known else None)
    return (first, max(today + timedelta(days=1), known[1] if known else today)) if first else None


def was_read(connection: Connection, integration_id: int, resource: Resource) -> bool:
    """Was the list ever read to its end?"""
    return checkpoint.cursor(connection, integration_id, resource.full_name) is not None


def _left_out(connection: Connection, run: Run) -> set[str]:
    """Slices that the schedule leaves out for a day; who asks for the list gets them tried again."""
    if run.trigger != SCHEDULE:
        return set()
    return refused_lately(connection, run.integration_id, run.resource) - {WHOLE}


def covers_all(resource: Resource, position: Position) -> bool:
    """Does a walk meet every record of its slices, so that what it does not meet is gone?

    Of a list that is cut by date it is known what a slice should hold (windows.inside).
    """
    if resource.append_only:
        return False
    return resource.since is None or position.since is None


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
