"""Whether a vendor's answer is what was asked for: filters that are ignored in silence, pages that repeat."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, and_, or_, select, tuple_

from shared.db.mirror import rows_table, stamps_table
from worker.sources.protocol import Ask, Page
from worker.sync.rows import Batch, Key


def acted(ask: Ask, batch: Batch) -> bool:
    """Did the filter act? Most rows have to lie where they were asked for (kommo-api.md 9, 6)."""
    if not _filtered(ask):
        return True
    outside = sum(
        not _inside(ask, dict(zip(_names(ask), row.values, strict=True))) for row in batch.rows
    )
    return outside * 2 <= len(batch.rows)


def carried(ask: Ask, batch: Batch) -> dict[str, str] | None:
    """What all records say of themselves where something else was asked for: `{"loja_id": "1"}`.

    Parameters that a vendor does not act upon, it ignores in silence (gestaoclick-api.md 3, 5).
    """
    if ask.resource.asks_alone(ask.slice):
        return None  # proved by `settled`
    for at, column in enumerate(ask.resource.columns):
        if column.asked or column.name not in ask.slice:
            continue
        said = [row.values[at] for row in batch.rows if row.values[at] is not None]
        if said and column.holds(ask.slice[column.name]) not in said:
            return {column.name: str(said[0])}
    return None


def settled(ask: Ask, batch: Batch) -> dict[str, str] | None:
    """What most rows say of themselves where only open ones were asked for: the parameter was ignored."""
    unsettled = ask.resource.windows.open if ask.resource.windows else None
    if unsettled is None or not ask.resource.asks_alone(ask.slice):
        return None
    at = _names(ask).index(unsettled.column)
    over = [row.values[at] for row in batch.rows if unsettled.is_settled(row.values[at])]
    return {unsettled.asked: str(over[0])} if len(over) * 2 > len(batch.rows) else None


def met_before(
    connection: Connection, integration_id: int, ask: Ask, batch: Batch, since: datetime
) -> dict[Key, dict[str, str]]:
    """Which of these records this walk has met in another slice already, and in which."""
    resource = ask.resource
    # with another key it would be another record
    asked = [
        column
        for column in resource.columns
        if column.asked and column.name in ask.slice and column.name not in resource.key
    ]
    names = [column.name for column in asked]
    if not names or not batch.rows:
        return {}
    table, stamps = rows_table(resource), stamps_table(resource)
    same = [stamps.c[name] == table.c[name] for name in ("integration_id", *resource.key)]
    elsewhere = or_(*(table.c[c.name] != c.holds(ask.slice[c.name]) for c in asked))
    key = [table.c[name] for name in resource.key]
    found = connection.execute(
        select(*key, *(table.c[name] for name in names))
        .join(stamps, and_(*same))
        .where(
            table.c.integration_id == integration_id,
            tuple_(*key).in_([row.key for row in batch.rows]),
            stamps.c.observed_at >= since,
            elsewhere,
        )
    )
    width = len(key)
    return {tuple(row[:width]): dict(zip(names, row[width:], strict=True)) for row in found}


def ends(page: Page) -> str:
    """Recognises a page by its first and its last record."""
    ends = orjson.dumps([page.records[0], page.records[-1]], default=str)
    return hashlib.blake2b(ends, digest_size=8).hexdigest()


def _names(ask: Ask) -> list[str]:
    return [column.name for column in ask.resource.columns]


def _filtered(ask: Ask) -> bool:
    """Was a filter asked for that the rows can prove?"""
    windows = ask.resource.windows
    return ask.since is not None or (windows is not None and windows.start in ask.slice)


def _inside(ask: Ask, row: dict[str, object]) -> bool:
    """Does a row lie inside what was asked for, as far as its columns tell?"""
    proof = ask.resource.since
    if ask.since and proof:
        value = row[proof.column]
        return not isinstance(value, datetime) or value >= ask.since - timedelta(seconds=1)
    windows = ask.resource.windows
    if windows and windows.start in ask.slice:
        value = next((row[name] for name in windows.columns if row[name] is not None), None)
        return value is None or ask.slice[windows.start] <= str(value) <= ask.slice[windows.end]
    return True
