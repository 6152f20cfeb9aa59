"""Who asked for a person's data, for their erasure, or took one back: kept for good, without the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from shared.db.bookkeeping import person_requests as table
from shared.identities import Identity
from shared.logs import logger
from worker.people import tombstones
from worker.people.search import Search

log = logger(__name__)
EXPORT, ERASE, LIFT = "export", "erase", "lift"


def note(
    connection: Connection,
    kind: str,
    identities: Sequence[Identity],
    asked_by: str,
    held: Mapping[str, int] | None = None,
) -> int:
    """Writes a request down, in the log too; the person is named by keyed hashes alone."""
    secret = tombstones.hashing_key(connection)
    person = sorted(tombstones.digest(secret, each) for each in identities)
    line = {"kind": kind, "asked_by": asked_by, "person": person, "held": dict(held or {})}
    id_: int = connection.execute(insert(table).values(line).returning(table.c.id)).scalar_one()
    log.warning("person_requested", request=id_, kind=kind, by=asked_by)
    return id_


def note_held(connection: Connection, id_: int, held: Mapping[str, int]) -> None:
    connection.execute(update(table).where(table.c.id == id_).values(held=dict(held)))


def counts(search: Search) -> dict[str, int]:
    """How many records of each list."""
    return {resource.full_name: len(held) for resource, held in search.found.items() if held}


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Every request, the latest first."""
    rows = connection.execute(select(table).order_by(table.c.id.desc()))
    return [dict(row._mapping) for row in rows]
