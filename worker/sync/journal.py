"""The journal: what happened to each mirrored row after it was first written, and what it was before.

`upsert.py` writes it in the page's own transaction. Entries of a row stand in a chain: each tells what was
true from `since` until `at` (both are moments of looks), the row itself what is true since its `changed_at`.
The first insert by a walk has no entry: its run tells it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select, text

from shared.db.bookkeeping import journal as table
from shared.db.mirror import rows_table
from shared.resources.columns import Value
from shared.resources.grammar import Resource


class Kind(StrEnum):
    """What an entry tells. READ_ANEW: the record is the same, a new declaration filled the columns again;
    ERASED: what of it was a person's was scrubbed, before and after."""

    FIRST_SEEN = "first seen"
    CHANGED = "changed"
    READ_ANEW = "read anew"
    RESTORED = "restored"
    DELETED = "deleted"
    MISSING = "missing"
    IGNORED = "older look ignored"
    ERASED = "erased"


class State(StrEnum):
    LIVE = "live"
    DELETED = "deleted"
    MISSING = "missing"


@dataclass(frozen=True)
class Version:
    """What a row was from `since` until `until` (None: still is). record: as the vendor sent it."""

    since: datetime
    until: datetime | None
    state: State
    record: Mapping[str, Any]


def key_text(key: Iterable[Value]) -> str:
    """`123`, `leads/120001`: a key as people write it, as the journal and deliveries keep it."""
    return "/".join(str(part) for part in key)


def key_of(resource: Resource, written: str) -> tuple[Value, ...]:
    """The key behind `leads/120001`; only its first part may hold a slash. Raises ValueError."""
    parts = written.rsplit("/", len(resource.key) - 1)
    if len(parts) != len(resource.key) or not all(parts):
        raise ValueError(f"a key of {resource.full_name} is written {'/'.join(resource.key)}")
    typed = zip(parts, resource.key_columns, strict=True)
    return tuple(int(part) if column.type == "bigint" else part for part, column in typed)


def entries(
    connection: Connection, integration_id: int, resource: Resource, key: tuple[Value, ...]
) -> list[Row[Any]]:
    """Everything that is kept about one row, oldest first."""
    of_row = (
        table.c.integration_id == integration_id,
        table.c.resource == resource.full_name,
        table.c.key == key_text(key),
    )
    return list(connection.execute(select(table).where(*of_row).order_by(table.c.at, table.c.id)))


def versions(
    connection: Connection, integration_id: int, resource: Resource, key: tuple[Value, ...]
) -> list[Version]:
    """Everything that a row was, as far back as the journal reaches, and what it is; oldest first."""
    rows = rows_table(resource)
    on_key = (rows.c[name] == part for name, part in zip(resource.key, key, strict=True))
    mine = and_(rows.c.integration_id == integration_id, *on_key)
    row = connection.execute(select(rows).where(mine)).first()
    if row is None:
        return []
    told = [Version(row.changed_at, None, state_of(row), row.raw)]
    for entry in reversed(entries(connection, integration_id, resource, key)):
        if entry.since is not None:
            # without an image the record did not change: it is that of the version after
            record = told[-1].record if entry.before is None else entry.before
            told.append(Version(entry.since, entry.at, State(entry.was), record))
    return told[::-1]


def state_of(row: Row[Any]) -> State:
    if row.deleted_at is not None:
        return State.DELETED
    return State.LIVE if row.missing_since is None else State.MISSING


def as_of(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    key: tuple[Value, ...],
    moment: datetime,
) -> Version | None:
    """What a row was at a moment; None: not mirrored yet, or forgotten (PONTE_JOURNAL_DAYS)."""
    found = versions(connection, integration_id, resource, key)
    return next((each for each in reversed(found) if each.since <= moment), None)


def forget(connection: Connection, days: int) -> int:
    """Deletes entries older than `days`; returns how many."""
    old = table.c.at < func.clock_timestamp() - text(f"interval '{days:d} days'")
    return connection.execute(table.delete().where(old)).rowcount
