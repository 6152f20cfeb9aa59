"""What a difference is: the stored row itself against the record, value by value, inside PostgreSQL.

The records of a page become rows as in a sync and go into the same temporary table; one statement sets
them beside the mirror's rows. Stamps are no proof: a row that was altered by hand keeps its stamp.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection

from shared.resources.grammar import Resource
from worker.people import tombstones
from worker.sync import statements
from worker.sync.hashing import without_links
from worker.sync.rows import Batch, Key, Row
from worker.sync.upsert import stage

ONLY_THERE, ONLY_HERE, DIFFERENT = KINDS = "only there", "only here", "different"


@dataclass(frozen=True)
class Difference:
    """detail: what of it differs, for people; observed_at: when the mirror last looked at it; mendable: a
    full walk would mend it, for its stamp tells that something changed."""

    kind: str
    detail: str
    observed_at: datetime | None
    mendable: bool


def with_rows(
    connection: Connection, integration_id: int, resource: Resource, batch: Batch
) -> dict[Key, Difference]:
    """The differences of a page, by key; its transaction may hold no other page.

    What a sync would scrub is scrubbed here too: an erased person's row is no drift.
    """
    if not batch.rows:
        return {}
    batch = tombstones.apply(connection, integration_id, resource, batch).batch
    # what is staged is compared in all but its moment
    stage(connection, integration_id, resource, batch.rows, datetime.now(UTC))
    rows = {row.key: row for row in batch.rows}
    beside = connection.exec_driver_sql(_beside(resource)).mappings()
    width = range(len(resource.key))
    found = {tuple(there[f"k{n}"] for n in width): dict(there) for there in beside}
    judged = {key: _judged(rows[key], here) for key, here in found.items()}
    return {key: difference for key, difference in judged.items() if difference}


def with_nothing(
    connection: Connection, integration_id: int, resource: Resource, keys: Iterable[Key]
) -> dict[Key, Difference]:
    """Of keys that the vendor does not have: those that live here."""
    wanted = sorted(set(keys))
    arrays = {f"k{n}": [key[n] for key in wanted] for n in range(len(resource.key))}
    parameters = {"integration": integration_id, **arrays}
    live = connection.exec_driver_sql(_live(resource), parameters)
    return {
        tuple(key): Difference(ONLY_HERE, "lives here, the vendor has none", observed_at, met)
        for *key, observed_at, met in live
    }


def _judged(row: Row, here: Mapping[str, Any]) -> Difference | None:
    kind, detail = _difference(row, here)
    if not kind:
        return None
    return Difference(kind, detail, here["observed_at"], here["hash"] != row.hash)


def _difference(row: Row, here: Mapping[str, Any]) -> tuple[str, str]:
    """("", "") where nothing differs."""
    if here["absent"]:
        return ONLY_THERE, "no row here"
    if here["deleted_at"] or here["missing_since"]:
        return ONLY_THERE, "marked deleted here" if here["deleted_at"] else "marked missing here"
    if here["gone"] is not False:
        return DIFFERENT, "its stamp is lacking" if here["gone"] is None else "its stamp says gone"
    if here["columns"]:
        return DIFFERENT, ", ".join(here["columns"])
    if here["raw"] is not None and not _same_record(row.raw, here["raw"]):
        return DIFFERENT, "raw"
    return "", ""


def _same_record(sent: str, stored: Any) -> bool:
    """`_links` name the host that answered, not the record."""
    return bool(without_links(orjson.loads(sent)) == without_links(stored))


@cache
def _beside(resource: Resource) -> str:
    stage, stamps = statements.stage_name(resource), statements.stamps_name(resource)
    whole = ("integration_id", *resource.key)
    names = [column.name for column in resource.columns if column.name not in resource.key]
    differing = ", ".join(f"case when s.{n} is distinct from t.{n} then '{n}' end" for n in names)
    keys = ", ".join(f"s.{name} as k{n}" for n, name in enumerate(resource.key))

    def beside(alias: str) -> str:
        return " and ".join(f"{alias}.{name} = s.{name}" for name in whole)

    # the stage has no statistics: without the offsets whole tables would be read, page by page
    return f"""
        select {keys}, t.integration_id is null as absent, t.deleted_at, t.missing_since,
        k.observed_at, k.hash, k.gone, array_remove(array[{differing}]::text[], null) as columns,
        case when s.raw is distinct from t.raw then t.raw end as raw
        from {stage} s
        left join lateral (
            select * from {resource.full_name} t where {beside("t")} offset 0) t on true
        left join lateral (select * from {stamps} k where {beside("k")} offset 0) k on true"""


@cache
def _live(resource: Resource) -> str:
    stamps, given = statements.stamps_name(resource), statements.given_keys(resource)
    keys = ", ".join(f"t.{name}" for name in resource.key)
    on_given = " and ".join(f"t.{name} = g.{name}" for name in resource.key)
    on_stamp = " and ".join(f"k.{name} = t.{name}" for name in ("integration_id", *resource.key))
    return f"""
        select {keys}, k.observed_at, coalesce(not k.gone, false) as met from {resource.full_name} t join {given} on {on_given}
        left join {stamps} k on {on_stamp} where t.integration_id = %(integration)s
        and t.deleted_at is null and t.missing_since is null"""
