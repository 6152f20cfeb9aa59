"""The SQL of one resource, made once from its declaration. Keys travel as arrays, one per key column.

What happens to a row is told to the journal by the same statement, or by the one before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from zlib import crc32

from shared.resources.grammar import Child, Resource
from worker.sync.journal import Kind, State


@dataclass(frozen=True)
class ChildStatements:
    """Children of the rows k0 are taken away and put anew: integration, parent, ordem, values."""

    clear: str
    copy: str


@dataclass(frozen=True)
class Statements:
    """Parameters: integration, observed_at, and k0, k1, … (arrays, one per key column); hashes where stamps are set.

    write sets the stamps of what is staged, too, and returns the keys that it wrote; tell and the marks also take cause and how; looked: rows that are new are told too.
    """

    lock: str
    known: str
    stage: str
    unstage: str
    copy: str
    tell: str
    write: str
    children: tuple[ChildStatements, ...]
    stamp_same: str
    stamp_gone: str
    mark_deleted: str
    mark_missing: str
    forget_rejects: str
    absent: str
    missed: str


def stamps_name(resource: Resource) -> str:
    return f"sync.{resource.source}_{resource.name}_stamps"


def stage_name(resource: Resource) -> str:
    """A temporary table of one page's rows."""
    return f"stage_{resource.source}_{resource.name}"


def given_keys(resource: Resource) -> str:
    """The keys that travel with a statement, as a table `g`."""
    return f"unnest({_arrays(resource)}) as g ({', '.join(resource.key)})"


def _arrays(resource: Resource) -> str:
    return ", ".join(f"%(k{n})s::{column.type}[]" for n, column in enumerate(resource.key_columns))


@cache
def of(resource: Resource) -> Statements:
    rows, stamps, stage = resource.full_name, stamps_name(resource), stage_name(resource)
    key, arrays, given = ", ".join(resource.key), _arrays(resource), given_keys(resource)
    columns = [column.name for column in resource.columns]
    written = ["integration_id", *columns, "raw", "changed_at"]
    overwrite = ", ".join(f"{name} = excluded.{name}" for name in [*columns, "raw", "changed_at"])
    on_row = " and ".join(f"s.{name} = g.{name}" for name in resource.key)
    mine = f"s.integration_id = %(integration)s and {on_row}"
    whole = ("integration_id", *resource.key)
    same = " and ".join(f"k.{name} = s.{name}" for name in whole)
    same_row = " and ".join(f"t.{name} = s.{name}" for name in whole)
    # the stage has no statistics: without the offset whole tables would be read and hashed, page by page
    staged = f"""
        {stage} s left join lateral (
            select k.observed_at from {stamps} k where {same} offset 0) k on true"""
    present = f"""
        select {_of("s", resource)}, s.changed_at, {_state("s")} as was
        from {rows} s join {given} on {mine} where s.deleted_at is null"""
    return Statements(
        # one writer at a time per integration and resource: what is known stays true until the commit
        lock=f"select pg_advisory_xact_lock({_signed(crc32(rows.encode()))}, %(integration)s)",
        known=f"select {_of('s', resource)}, s.hash, s.observed_at, s.gone from {stamps} s join {given} on {mine}",
        stage=f"create temp table if not exists {stage} (like {rows}) on commit delete rows",
        unstage=f"delete from {stage}",
        copy=f"copy {stage} ({', '.join(written)}) from stdin",
        tell=f"""
            insert into sync.journal (integration_id, resource, key, at, kind, since, was, before, cause)
            select s.integration_id, '{rows}', {key_text("s", resource)}, s.changed_at, {_KIND},
            t.changed_at, case when t.changed_at is not null then {_state("t")} end,
            case when t.differs then t.raw end, %(cause)s
            from {staged} left join lateral (
                select t.*, t.raw is distinct from s.raw as differs from {rows} t where {same_row} offset 0
            ) t on true
            where (k.observed_at is null or k.observed_at < s.changed_at)
            and (t.changed_at is not null or %(looked)s)
            order by {_of("s", resource)}""",
        # the newest look wins, decided here: a stage row that is not newer than its stamp stays outside
        write=f"""
            with stamped as (
                insert into {stamps} as s (integration_id, {key}, hash, observed_at)
                select %(integration)s, {_of("g", resource)}, g.hash, %(observed_at)s
                from unnest({arrays}, %(hashes)s::uuid[]) as g ({key}, hash)
                order by {_of("g", resource)}
                on conflict (integration_id, {key}) do update
                set hash = excluded.hash, observed_at = excluded.observed_at, gone = false, misses = 0, how = null
                where s.observed_at < excluded.observed_at)
            insert into {rows} as t ({", ".join(written)})
            select {", ".join(f"s.{name}" for name in written)}
            from {staged}
            where k.observed_at is null or k.observed_at < s.changed_at
            order by {_of("s", resource)}
            on conflict (integration_id, {key}) do update
            set {overwrite}, deleted_at = null, missing_since = null
            returning {_of("t", resource)}""",
        children=tuple(_child(resource, child) for child in resource.children),
        # those that are the same are stamped, the others told with what their stamps said until now
        stamp_same=f"""
            with given as (select * from unnest({arrays}, %(hashes)s::uuid[]) as g ({key}, new_hash)),
            found as (
                select {_of("g", resource)}, s.hash, s.observed_at, s.gone, s.hash = g.new_hash as same
                from given g left join {stamps} s on {mine}),
            stamped as (
                update {stamps} s set observed_at = %(observed_at)s, misses = 0
                from given g where {mine} and s.hash = g.new_hash and s.observed_at < %(observed_at)s)
            select c.first, {_of("o", resource)}, o.hash, o.observed_at, o.gone
            from (select count(*) filter (where same and observed_at < %(since)s) as first from found) c
            left join found o on same is not true""",
        stamp_gone=f"""
            insert into {stamps} as s (integration_id, {key}, observed_at, gone, how)
            select %(integration)s, {_of("g", resource)}, %(observed_at)s, true, %(how)s from {given}
            order by {_of("g", resource)}
            on conflict (integration_id, {key}) do update
            set hash = null, observed_at = excluded.observed_at, gone = true,
            how = case when s.gone then s.how else excluded.how end
            where s.observed_at < excluded.observed_at
            returning {_of("s", resource)}""",
        mark_deleted=f"""
            with marked as ({present}), {_told_of_marked(resource, stamps, Kind.DELETED)}
            update {rows} s set deleted_at = %(observed_at)s, missing_since = null,
            changed_at = %(observed_at)s from marked g where {mine}""",
        mark_missing=f"""
            with marked as ({present} and s.missing_since is null),
            {_told_of_marked(resource, stamps, Kind.MISSING)}
            update {rows} s set missing_since = %(observed_at)s, changed_at = %(observed_at)s
            from marked g where {mine}""",
        forget_rejects="""
            delete from sync.rejects where integration_id = %(integration)s
            and resource = %(resource)s and key = any(%(keys)s)""",
        absent=f"""
            select {_of("s", resource)} from {stamps} s where s.integration_id = %(integration)s
            and s.observed_at < %(observed_at)s and not s.gone order by {_of("s", resource)}""",
        missed=f"""
            update {stamps} s set misses = least(s.misses + 1, 100)
            from {given} where {mine} and s.observed_at < %(observed_at)s and not s.gone
            returning {_of("s", resource)}, s.misses""",
    )


def _child(resource: Resource, child: Child) -> ChildStatements:
    table = f"{resource.source}.{resource.name}_{child.name}"
    (key,) = resource.key_columns
    names = ["integration_id", child.parent, "ordem", *(column.name for column in child.columns)]
    return ChildStatements(
        clear=f"""
            delete from {table} where integration_id = %(integration)s
            and {child.parent} = any(%(k0)s::{key.type}[])""",
        copy=f"copy {table} ({', '.join(names)}) from stdin",
    )


_KIND = f"""
    case when t.changed_at is null then '{Kind.FIRST_SEEN}'
    when t.deleted_at is not null or t.missing_since is not null then '{Kind.RESTORED}'
    when t.differs then '{Kind.CHANGED}' else '{Kind.READ_ANEW}' end"""


def _state(alias: str) -> str:
    return f"""
        case when {alias}.deleted_at is not null then '{State.DELETED}'
        when {alias}.missing_since is not null then '{State.MISSING}' else '{State.LIVE}' end"""


def _told_of_marked(resource: Resource, stamps: str, kind: Kind) -> str:
    """The journal and the stamps learn of the rows that are about to be marked, of no others."""
    same = " and ".join(f"k.{name} = g.{name}" for name in resource.key)
    return f"""
        told as (
            insert into sync.journal (integration_id, resource, key, at, kind, since, was, cause, how)
            select %(integration)s, '{resource.full_name}', {key_text("g", resource)}, %(observed_at)s,
            '{kind}', g.changed_at, g.was, %(cause)s, %(how)s
            from marked g order by {_of("g", resource)}),
        learnt as (
            update {stamps} k set how = %(how)s from marked g
            where k.integration_id = %(integration)s and {same})"""


def key_text(alias: str, resource: Resource) -> str:
    """As journal.key_text writes it."""
    return f"concat_ws('/', {_of(alias, resource)})"


def _of(alias: str, resource: Resource) -> str:
    return ", ".join(f"{alias}.{name}" for name in resource.key)


def _signed(number: int) -> int:
    return number - 2**32 if number >= 2**31 else number
