"""Rejects that are to be looked up again: wanted, claimed by whoever looks, and gone when they became rows.

Where a record cannot be asked for by id, its list is read in full. `wanted_at` is when the next look may be
taken; a claim moves it ahead and counts a death (shared/deaths.py) until whoever looks says otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select, text, tuple_, update

from shared import deaths, integrations, letters, resources, runs
from shared.db.bookkeeping import rejects as table
from shared.letters import Chosen
from shared.resources.grammar import Resource

NOW = func.clock_timestamp()
LEASE = timedelta(seconds=60)
_DUE = and_(table.c.wanted_at <= NOW, table.c.deaths < deaths.MOST)


@dataclass(frozen=True)
class Wanted:
    """ids: of the rejects; records: integration, resource and id of each; run_ids: of the full runs that
    bring what cannot be looked up by id."""

    ids: tuple[int, ...]
    records: tuple[tuple[int, str, str | None], ...]
    run_ids: tuple[int, ...]
    integration_ids: tuple[int, ...]


@dataclass(frozen=True)
class Claimed:
    """Rejects that are looked up together. keys: the records' ids."""

    ids: tuple[int, ...]
    keys: tuple[str, ...]
    resource: Resource
    slice: Mapping[str, str]


def want(connection: Connection, chosen: Chosen, trigger: str) -> Wanted:
    """Orders another look at each; what no look by id can bring, a full run of its list does.

    The caller commits, then rings. Raises Misuse when nothing says which are meant.
    """
    chosen.ensure_meant()
    meant = (letters.among_rejects(chosen), letters.of_those_that_stay(table))
    found = connection.execute(select(table).where(*meant).order_by(table.c.id)).all()
    by_id = [row.id for row in found if _can_be_looked_up(row)]
    connection.execute(update(table).where(table.c.id.in_(by_id)).values(wanted_at=NOW, deaths=0))
    to_walk: dict[int, dict[Resource, None]] = defaultdict(dict)
    for row in found:
        if not _can_be_looked_up(row):
            to_walk[row.integration_id][resources.BY_NAME[row.resource]] = None
    run_ids = [
        id_
        for integration_id, lists in to_walk.items()
        for id_ in runs.request(
            connection,
            integrations.by_id(connection, integration_id),
            lists,
            full=True,
            trigger=trigger,
        ).run_ids
    ]
    wanting = {row.integration_id for row in found if _can_be_looked_up(row)}
    records = tuple((row.integration_id, row.resource, row.key) for row in found)
    ids = tuple(row.id for row in found)
    return Wanted(ids, records, tuple(run_ids), tuple(sorted(wanting)))


def _can_be_looked_up(row: Row[Any]) -> bool:
    """The record's id is known, and everything with which it has to be asked for."""
    resource = resources.BY_NAME[row.resource]
    asked = {column.name for column in resource.columns if column.asked}
    return bool(resource.by_id and row.key) and asked <= set(row.slice or ())


def integrations_wanting(connection: Connection) -> list[int]:
    """The integrations whose bell should ring."""
    return list(connection.scalars(select(table.c.integration_id).where(_DUE).distinct()))


def claim(connection: Connection, integration_id: int) -> Claimed | None:
    """Takes wanted rejects of one list and slice, as many as one look may hold; the caller commits.

    What was in a worker's hands when it died is taken alone.
    """
    due = and_(table.c.integration_id == integration_id, _DUE)
    first = connection.execute(
        select(table).where(due).order_by(table.c.deaths, table.c.id)
    ).first()
    if first is None:
        return None
    resource = resources.BY_NAME[first.resource]
    most = resource.by_id.most if resource.by_id and not first.deaths else 1
    chosen = (
        select(table.c.id)
        .where(
            due,
            table.c.resource == first.resource,
            table.c.slice.is_not_distinct_from(first.slice),
            table.c.deaths == first.deaths,
        )
        .order_by(table.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    rows = connection.execute(
        update(table)
        .where(table.c.id.in_(chosen))
        .values(wanted_at=NOW + LEASE, deaths=table.c.deaths + 1)
        .returning(table.c.id, table.c.key)
    ).all()
    keys = sorted({str(row.key) for row in rows})
    ids = tuple(sorted(row.id for row in rows))
    return Claimed(ids, tuple(keys), resource, first.slice or {})


def settle(
    connection: Connection, claimed: Claimed, observed_at: datetime, refused: Sequence[str]
) -> None:
    """After a look: what was not rejected again is a row, or gone, or another reject now.

    refused: ids that the vendor would not look at; their records are kept as they were.
    """
    mine = table.c.id.in_(claimed.ids)
    past = (table.c.seen_at < observed_at, table.c.key.not_in(refused))
    connection.execute(table.delete().where(mine, *past))
    give_up(connection, claimed)


def give_up(connection: Connection, claimed: Claimed) -> None:
    """They are not looked up again until somebody wants it."""
    mine = table.c.id.in_(claimed.ids)
    connection.execute(update(table).where(mine).values(wanted_at=None, deaths=0))


def put_back(connection: Connection, claimed: Claimed, delay: float) -> None:
    """They are looked up after `delay` seconds; nobody died."""
    later = NOW + timedelta(seconds=delay)
    mine = table.c.id.in_(claimed.ids)
    values = {"wanted_at": later, "deaths": func.greatest(table.c.deaths - 1, 0)}
    connection.execute(update(table).where(mine).values(values))


def kept(connection: Connection, wanted: Wanted) -> list[Row[Any]]:
    """What is a reject still, for the same reason or another one."""
    record = tuple_(table.c.integration_id, table.c.resource, table.c.key)
    left = or_(table.c.id.in_(wanted.ids), record.in_(wanted.records))
    return list(connection.execute(select(table).where(left).order_by(table.c.id)))


def forget(connection: Connection, days: int) -> int:
    """Deletes what no read has met for `days`; returns how many."""
    old = table.c.seen_at < NOW - text(f"interval '{days:d} days'")
    return connection.execute(table.delete().where(old)).rowcount
