"""The SQL of one resource, made once from its declaration. Keys travel as arrays, one per key column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from zlib import crc32

from shared.resources.grammar import Resource


@dataclass(frozen=True)
class Statements:
    """Parameters: integration, observed_at, and k0, k1, … (arrays, one per key column)."""

    lock: str
    known: str
    stage: str
    copy: str
    write: str
    stamp_changed: str
    stamp_same: str
    stamp_gone: str
    mark_deleted: str
    mark_missing: str
    forget_rejects: str
    absent: str
    missed: str
    gone_twice: str


@cache
def of(resource: Resource) -> Statements:
    rows, stamps = resource.full_name, f"sync.{resource.source}_{resource.name}_stamps"
    stage = f"stage_{resource.source}_{resource.name}"
    key = ", ".join(resource.key)
    arrays = ", ".join(
        f"%(k{n})s::{column.type}[]" for n, column in enumerate(resource.key_columns)
    )
    given = f"unnest({arrays}) as g ({key})"
    columns = [column.name for column in resource.columns]
    written = ["integration_id", *columns, "raw", "changed_at"]
    overwrite = ", ".join(f"{name} = excluded.{name}" for name in [*columns, "raw", "changed_at"])
    on_row = " and ".join(f"s.{name} = g.{name}" for name in resource.key)
    mine = f"s.integration_id = %(integration)s and {on_row}"
    same = " and ".join(f"k.{name} = s.{name}" for name in ("integration_id", *resource.key))
    return Statements(
        # one writer at a time per integration and resource: what is known stays true until the commit
        lock=f"select pg_advisory_xact_lock({_signed(crc32(rows.encode()))}, %(integration)s)",
        known=f"select {_of('s', resource)}, s.hash, s.observed_at, s.gone from {stamps} s join {given} on {mine}",
        stage=f"create temp table if not exists {stage} (like {rows}) on commit delete rows",
        copy=f"copy {stage} ({', '.join(written)}) from stdin",
        # the newest look wins, decided here: a stage row that is not newer than its stamp stays outside
        write=f"""
            insert into {rows} as t ({", ".join(written)})
            select {", ".join(f"s.{name}" for name in written)}
            from {stage} s left join {stamps} k on {same}
            where k.observed_at is null or k.observed_at < s.changed_at
            order by {_of("s", resource)}
            on conflict (integration_id, {key}) do update
            set {overwrite}, deleted_at = null, missing_since = null""",
        stamp_changed=f"""
            insert into {stamps} as s (integration_id, {key}, hash, observed_at)
            select %(integration)s, {_of("g", resource)}, g.hash, %(observed_at)s
            from unnest({arrays}, %(hashes)s::uuid[]) as g ({key}, hash)
            order by {_of("g", resource)}
            on conflict (integration_id, {key}) do update
            set hash = excluded.hash, observed_at = excluded.observed_at, gone = false, misses = 0
            where s.observed_at < excluded.observed_at""",
        stamp_same=f"""
            update {stamps} s set observed_at = %(observed_at)s, misses = 0
            from {given} where {mine} and s.observed_at < %(observed_at)s""",
        stamp_gone=f"""
            insert into {stamps} as s (integration_id, {key}, observed_at, gone)
            select %(integration)s, {_of("g", resource)}, %(observed_at)s, true from {given}
            order by {_of("g", resource)}
            on conflict (integration_id, {key}) do update
            set hash = null, observed_at = excluded.observed_at, gone = true
            where s.observed_at < excluded.observed_at
            returning {_of("s", resource)}""",
        mark_deleted=f"""
            update {rows} s set deleted_at = %(observed_at)s, missing_since = null,
            changed_at = %(observed_at)s from {given} where {mine} and s.deleted_at is null""",
        mark_missing=f"""
            update {rows} s set missing_since = %(observed_at)s, changed_at = %(observed_at)s
            from {given} where {mine} and s.deleted_at is null and s.missing_since is null""",
        forget_rejects="""
            delete from sync.rejects where integration_id = %(integration)s
            and resource = %(resource)s and key = any(%(keys)s)""",
        absent=f"""
            select {_of("s", resource)} from {stamps} s where s.integration_id = %(integration)s
            and s.observed_at < %(observed_at)s and not s.gone order by {_of("s", resource)}""",
        missed=f"""
            update {stamps} s set misses = least(s.misses + 1, 100)
            where s.integration_id = %(integration)s and s.observed_at < %(observed_at)s and not s.gone""",
        gone_twice=f"""
            select {_of("s", resource)} from {stamps} s where s.integration_id = %(integration)s
            and s.misses >= 2 and not s.gone order by {_of("s", resource)}""",
    )


def _of(alias: str, resource: Resource) -> str:
    return ", ".join(f"{alias}.{name}" for name in resource.key)


def _signed(number: int) -> int:
    return number - 2**32 if number >= 2**31 else number
