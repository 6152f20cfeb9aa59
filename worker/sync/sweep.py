"""Finding what has vanished: nobody told us, a complete walk did not meet it.

Absence is confirmed by id where the vendor has a way; elsewhere two complete walks in a row have to miss
a key. What is gone without a word is missing, not deleted: rights may hide it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, and_, false, or_, select

from shared.db.mirror import rows_table, stamps_table
from shared.resources.columns import Context, Type
from shared.resources.grammar import Asked, Resource
from worker.sources.protocol import Ask, Found, Source
from worker.sync import rows, windows
from worker.sync.rows import Batch, Key
from worker.sync.upsert import Mirror

Slice = tuple[tuple[str, str], ...]
"""A slice as a key of a dict: (("entity_type", "leads"),)."""
TOLD_BY_DETAIL = "404 of its detail"
TOMBSTONE = "its own flag"
ABSENT_BY_ID = "absent, asked by id"
ABSENT_TWICE = "absent from two walks"
SUSPICIOUS_COUNT, SUSPICIOUS_SHARE = 100, 0.02
"""More absent keys than both: the walk is doubted before the records are."""


def suspicious(absent: int, live: int) -> bool:
    return absent > SUSPICIOUS_COUNT and absent > SUSPICIOUS_SHARE * live


def keep_look(
    connection: Connection,
    integration_id: int,
    ask: Ask,
    ids: Sequence[str],
    found: Found,
    country: str,
    cause: str,
    told: Mapping[str, str] | None = None,
) -> tuple[int, int]:
    """Writes what a look at ids brought and marks what it did not; returns (written, gone).

    cause: why somebody looked, for the journal; told: of which ids somebody said that they were deleted,
    and in what words.
    """
    resource = ask.resource
    mirror = Mirror(connection, integration_id, resource, cause)
    parameters = ask.slice or _asked_before(connection, integration_id, resource, ids)
    context = Context(parameters, country)
    batch = rows.batch(resource, found.records, context)
    refused = tuple(rows.refused(resource, id_, context) for id_ in found.refused)
    batch = Batch(batch.rows, batch.rejects + refused, batch.deleted)
    written = mirror.put(batch, found.observed_at, found.observed_at)
    gone = mirror.gone(batch.deleted, found.observed_at, told=True, how=TOMBSTONE)
    kept = {str(row.key[-1]) for row in batch.rows} | {reject.key for reject in batch.rejects}
    kept |= {str(key[-1]) for key in batch.deleted}
    absent: dict[str | None, list[Key]] = defaultdict(list)
    for id_ in ids:
        if id_ not in kept:
            how = TOLD_BY_DETAIL if found.told else (told or {}).get(id_)
            absent[how].append(key_of(resource, ask.slice, id_))
    for how, keys in absent.items():
        told_so = how is not None
        gone += mirror.gone(keys, found.observed_at, told=told_so, how=how or ABSENT_BY_ID)
    return written.written, gone


def key_of(resource: Resource, slice_: Asked, id_: str) -> Key:
    """The key of a record that is asked for by id: its slice's parameters, and the id last."""
    given = [slice_[column.name] if column.asked else id_ for column in resource.key_columns]
    return tuple(
        int(value) if column.type == Type.BIGINT else value
        for column, value in zip(resource.key_columns, given, strict=True)
    )


def by_slice(resource: Resource, keys: Iterable[Key]) -> dict[Slice, list[str]]:
    """Ids of keys, by the slice in which they stand: the other way round."""
    sorted_: dict[Slice, list[str]] = {}
    for key in keys:
        slice_ = tuple(slice_of(resource, key).items())
        sorted_.setdefault(slice_, []).append(str(key[-1]))
    return sorted_


def slice_of(resource: Resource, key: Key) -> dict[str, str]:
    """The slice in which a key stands."""
    named = zip(resource.key_columns, key, strict=True)
    return {column.name: str(value) for column, value in named if column.asked}


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
            table.c[resource.key[-1]] == key_of(resource, {}, ids[0])[-1],
        )
    ).first()
    return {name: value for name, value in row._mapping.items() if value} if row else {}


def unmet(
    engine: Engine,
    integration_id: int,
    resource: Resource,
    since: datetime,
    asks: Sequence[Asked],
) -> list[Key]:
    """Live keys that the walk since a moment did not meet, in the slices that it read."""
    with engine.begin() as connection:
        if resource.windows is None:
            return Mirror(connection, integration_id, resource).absent(since)
        table, stamps = rows_table(resource), stamps_table(resource)
        keys = [stamps.c[name] for name in resource.key]
        same = [stamps.c[name] == table.c[name] for name in ("integration_id", *resource.key)]
        rows = connection.execute(
            select(*keys)
            .join(table, and_(*same))
            .where(
                stamps.c.integration_id == integration_id,
                stamps.c.observed_at < since,
                ~stamps.c.gone,
                or_(false(), *(windows.inside(resource, ask) for ask in asks)),
            )
            .order_by(*keys)
        )
        return [tuple(row) for row in rows]


def mark_twice_missed(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    absent: Sequence[Key],
    since: datetime,
    now: datetime,
    cause: str,
) -> int:
    """For lists without a way to ask by id: marks what two complete walks in a row did not meet.

    absent: what this walk did not meet, without what the vendor refused to list: that is not judged.
    """
    mirror = Mirror(connection, integration_id, resource, cause)
    missed = mirror.missed(absent, since)
    return mirror.gone(missed, now, told=False, how=ABSENT_TWICE)


def look_at(source: Source, ask: Ask, ids: Sequence[str]) -> Iterator[tuple[Sequence[str], Found]]:
    """Looks at ids, as many at once as the resource allows."""
    size = ask.resource.by_id.most if ask.resource.by_id else 1
    for start in range(0, len(ids), size):
        batch = ids[start : start + size]
        yield batch, source.look(ask, batch)
