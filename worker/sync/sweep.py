"""Finding what has vanished: nobody told us, a complete walk did not meet it.

Absence is confirmed by id where the vendor has a way; elsewhere two complete walks in a row have to miss
a key. What is gone without a word is missing, not deleted: rights may hide it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from shared.db.mirror import rows_table
from shared.resources.columns import Context
from shared.resources.grammar import Resource
from worker.sources.protocol import Found, Source
from worker.sync import rows
from worker.sync.rows import Batch, Key
from worker.sync.upsert import Mirror

SUSPICIOUS_COUNT, SUSPICIOUS_SHARE = 100, 0.02
"""More absent keys than both: the walk is doubted before the records are."""


def suspicious(absent: int, live: int) -> bool:
    return absent > SUSPICIOUS_COUNT and absent > SUSPICIOUS_SHARE * live


def batches(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    waiting = list(ids)
    return (waiting[start : start + size] for start in range(0, len(waiting), size))


def keep_look(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    asked: Sequence[str],
    found: Found,
    country: str,
    told: Iterable[str] = (),
) -> tuple[int, int]:
    """Writes what a look at ids brought and marks what it did not; returns (written, gone).

    told: ids of which somebody said that they were deleted.
    """
    mirror = Mirror(connection, integration_id, resource)
    parameters = _asked_before(connection, integration_id, resource, asked)
    batch = rows.batch(resource, found.records, Context(parameters, country))
    refused = tuple(rows.refused(id_) for id_ in found.refused)
    batch = Batch(batch.rows, batch.rejects + refused)
    written = mirror.put(batch, found.observed_at, found.observed_at)
    kept = {str(row.key[0]) for row in batch.rows} | {reject.key for reject in batch.rejects}
    absent = [id_ for id_ in asked if id_ not in kept]
    said = set(absent) if found.told else set(told)
    gone = mirror.gone(
        _keys(resource, (id_ for id_ in absent if id_ in said)), found.observed_at, told=True
    )
    gone += mirror.gone(
        _keys(resource, (id_ for id_ in absent if id_ not in said)), found.observed_at, told=False
    )
    return written.written, gone


def _keys(resource: Resource, ids: Iterable[str]) -> list[Key]:
    """Keys of a resource that is asked for by id: one column, a number or a text."""
    numeric = resource.key_columns[0].type == "bigint"
    return [(int(id_) if numeric else id_,) for id_ in ids]


def _asked_before(
    connection: Connection, integration_id: int, resource: Resource, ids: Sequence[str]
) -> dict[str, str]:
    """The parameters that were stored with a row: a look by id does not tell them."""
    columns = [column.name for column in resource.columns if column.asked]
    if not columns or len(ids) != 1:
        return {}
    table = rows_table(resource)
    row = connection.execute(
        select(*(table.c[name] for name in columns)).where(
            table.c.integration_id == integration_id,
            table.c[resource.key[0]] == _keys(resource, ids)[0][0],
        )
    ).first()
    return {name: value for name, value in row._mapping.items() if value} if row else {}


def unmet(engine: Engine, integration_id: int, resource: Resource, since: datetime) -> list[Key]:
    """Live keys that the walk since a moment did not meet."""
    with engine.begin() as connection:
        return Mirror(connection, integration_id, resource).absent(since)


def mark_twice_missed(
    connection: Connection, integration_id: int, resource: Resource, since: datetime, now: datetime
) -> int:
    """For lists without a way to ask by id: marks what two complete walks in a row did not meet."""
    mirror = Mirror(connection, integration_id, resource)
    return mirror.gone(mirror.missed(since), now, told=False)


def look_at(
    source: Source, resource: Resource, ids: Sequence[str]
) -> Iterator[tuple[list[str], Found]]:
    """Looks in batches of the source's size."""
    for batch in batches(ids, source.batch):
        yield batch, source.look(resource, batch)
