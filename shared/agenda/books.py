"""The books of what was read when: `sync.windows`, and the duties that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from shared import integrations, resources
from shared.agenda.turns import Duty, Tier
from shared.db.bookkeeping import checkpoints
from shared.db.bookkeeping import windows as table
from shared.integrations import Integration
from shared.resources.grammar import Resource
from shared.settings import Settings

ALL = ""
"""The slice of a tier that is always read as one."""
Part = tuple[str, Tier]
RARELY = 4
"""Lists that hardly change are read so many times less often."""


@dataclass(frozen=True)
class Walked:
    """A part of a list as it was last read; of history: the window read longest ago, and all requests."""

    walked_at: datetime
    requests: int
    rows: int
    windows: int


def read(connection: Connection, integration_id: int) -> dict[Part, Walked]:
    """What is known of each part of each list."""
    rows = connection.execute(
        select(
            table.c.resource,
            table.c.tier,
            func.min(table.c.walked_at),
            func.sum(table.c.requests),
            func.sum(table.c.rows),
            func.count(),
        )
        .where(table.c.integration_id == integration_id)
        .group_by(table.c.resource, table.c.tier)
    )
    return {(name, Tier(tier)): Walked(*told) for name, tier, *told in rows}


def history(connection: Connection, integration_id: int, resource: str) -> dict[str, datetime]:
    """When each window of a list's history was last read, by the slice's name."""
    rows = connection.execute(
        select(table.c.slice, table.c.walked_at).where(
            table.c.integration_id == integration_id,
            table.c.resource == resource,
            table.c.tier == Tier.HISTORY,
        )
    )
    return {row.slice: row.walked_at for row in rows}


def full_walks(connection: Connection, integration_id: int) -> dict[str, datetime]:
    """When each list was last read whole, at once: every part of it was read then."""
    chosen = select(checkpoints.c.resource, checkpoints.c.walked_at).where(
        checkpoints.c.integration_id == integration_id, checkpoints.c.walked_at.is_not(None)
    )
    return {row.resource: row.walked_at for row in connection.execute(chosen)}


def note(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    tier: Tier,
    slice_: str,
    walked_at: datetime,
    requests: int,
    rows: int,
) -> None:
    """A part was read to its end."""
    key = {
        "integration_id": integration_id,
        "resource": resource.full_name,
        "tier": tier,
        "slice": slice_,
    }
    values = {"walked_at": walked_at, "requests": requests, "rows": rows}
    connection.execute(
        insert(table)
        .values(**key, **values)
        .on_conflict_do_update(index_elements=list(key), set_=values)
    )


def forget_history(
    connection: Connection, integration_id: int, resource: Resource, kept: Iterable[str]
) -> None:
    """Windows that are no part of the history any more: another horizon, fewer stores."""
    connection.execute(
        table.delete().where(
            table.c.integration_id == integration_id,
            table.c.resource == resource.full_name,
            table.c.tier == Tier.HISTORY,
            table.c.slice.not_in(list(kept)),
        )
    )


def duties(
    settings: Settings,
    integration: Integration,
    known: Mapping[Part, Walked],
    estimated: Mapping[Part, int],
) -> list[Duty]:
    """One for each part of each list of the integration's vendor."""
    found = []
    for resource in resources.of_provider(integration.provider):
        for tier in tiers(resource):
            part = (resource.full_name, tier)
            requests = known[part].requests if part in known else estimated.get(part, 1)
            wish, best = _wish(settings, integration, resource, tier)
            found.append(Duty(*part, wish, best, max(1, requests)))
    return found


def tiers(resource: Resource) -> tuple[Tier, ...]:
    """The parts in which a list is read."""
    if resource.unlisted:
        return ()
    if resource.windows is None:
        return (Tier.WHOLE,)
    still_open = (Tier.OPEN, Tier.AHEAD) if resource.windows.open else ()
    return (Tier.NEAR, *still_open, Tier.HISTORY)


def _wish(
    settings: Settings, integration: Integration, resource: Resource, tier: Tier
) -> tuple[timedelta, timedelta]:
    """(wish, best); an integration with a frequency of its own is never read more often."""
    near = timedelta(seconds=settings.gestao_click_incremental_seconds)
    catalogue = timedelta(seconds=settings.gestao_click_catalogue_seconds)
    usual = {
        Tier.NEAR: (near, near),
        Tier.OPEN: (timedelta(seconds=settings.gestao_click_open_seconds), near),
        Tier.WHOLE: (catalogue * RARELY, catalogue)
        if resource.rarely
        else (catalogue, catalogue / 6),
        Tier.AHEAD: (timedelta(days=1), timedelta(hours=1)),
        Tier.HISTORY: (timedelta(days=settings.gestao_click_history_days), timedelta(hours=4)),
    }[tier]
    own = integrations.frequency(integration.sync_frequency) or timedelta(0)
    return max(usual[0], own), max(usual[1], own)
