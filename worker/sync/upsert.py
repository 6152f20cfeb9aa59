"""Rows into PostgreSQL: one page in one transaction of the caller's, the newest look wins.

Unchanged rows cost their narrow stamp and nothing else; changed ones go through COPY into a temporary
table and one INSERT … ON CONFLICT; what they carry in tables of its own is replaced with them. Everything
is sorted by key. What happens to a row that was there
before is told to the journal, with what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from shared.db.engine import driver_cursor
from shared.resources.grammar import Resource
from worker.people import books, scrubbing, tombstones
from worker.sync import arrays
from worker.sync.journal import Kind, key_text
from worker.sync.rows import Batch, Key, Rejected, Row
from worker.sync.statements import Statements, of


@dataclass(frozen=True)
class Known:
    """What a stamp says."""

    hash: Any
    observed_at: datetime
    gone: bool


@dataclass(frozen=True)
class Stamped:
    """same: keys of records that are as they are known; first: how many of those were not met since `since`."""

    same: Set[Key]
    first: int

    def __add__(self, other: Stamped) -> Stamped:
        return Stamped(self.same | other.same, self.first + other.first)


NONE = Stamped(frozenset(), 0)


@dataclass(frozen=True)
class Written:
    """seen: keys of the batch; first: how many of them were not met since `since`; written: wide rows."""

    seen: int
    first: int
    written: int


class Mirror:
    """The rows of one resource of one integration, inside one transaction.

    cause: why they are looked at, for the journal: `run 12`, `deliveries 33, 34`, `live look`.
    """

    def __init__(
        self, connection: Connection, integration_id: int, resource: Resource, cause: str = ""
    ) -> None:
        self._connection, self._resource = connection, resource
        self._integration_id, self._cause = integration_id, cause or None
        self._sql: Statements = of(resource)
        self._seen: dict[Key, Known | None] = {}
        self._run(self._sql.lock)

    def _run(self, sql: str, **parameters: Any) -> Any:
        return self._connection.exec_driver_sql(
            sql, {"integration": self._integration_id, **parameters}
        )

    def _keys(self, keys: Sequence[Key]) -> dict[str, Any]:
        columns = enumerate(self._resource.key_columns)
        return {f"k{n}": arrays.of(column.type, [key[n] for key in keys]) for n, column in columns}

    def known(self, keys: Sequence[Key]) -> dict[Key, Known]:
        """What the stamps say; asked once, until something is written."""
        new = [key for key in keys if key not in self._seen]
        if new:
            width = len(self._resource.key)
            self._seen.update(dict.fromkeys(new))
            for row in self._run(self._sql.known, **self._keys(new)):
                self._seen[tuple(row[:width])] = Known(*row[width:])
        return {key: known for key in keys if (known := self._seen[key])}

    def stamp(self, hashes: Mapping[Key, UUID], observed_at: datetime, since: datetime) -> Stamped:
        """Stamps those of these records that are as they are known: they need not be read.

        The commonest work of all, so it is one statement; what it says of the others is known from now on.
        """
        if not hashes:
            return NONE
        width, same = len(self._resource.key), set(hashes)
        given = {**self._keys(list(hashes)), "hashes": arrays.plain(hashes.values())}
        first = 0
        for row in self._run(self._sql.stamp_same, observed_at=observed_at, since=since, **given):
            first = row[0]
            if row[1] is not None:
                key = tuple(row[1 : width + 1])
                same.discard(key)
                self._seen[key] = Known(*row[width + 1 :]) if row[-1] is not None else None
        return Stamped(same, first)

    def put(
        self,
        batch: Batch,
        observed_at: datetime,
        since: datetime,
        run_id: int | None = None,
        stamped: Stamped | None = None,
        *,
        staged: bool = False,
    ) -> Written:
        """Writes what is new, changed or revived and stamps the rest; keeps the rejects.

        run_id: of a walk; rows that are new to it are not journalled, its run tells them; stamped: when that is done;
        staged: the rows lie in the stage of this transaction already.
        What is an erased person's is scrubbed before it is looked at.
        """
        applied = tombstones.apply(self._connection, self._integration_id, self._resource, batch)
        pairs = zip(applied.batch.rows, batch.rows, strict=True)
        scrubbed = [row for row, sent in pairs if row is not sent]
        if staged and scrubbed:
            self._run(self._sql.unstage)
            staged = False
        batch = applied.batch
        # what was scrubbed has another hash than what was sent
        new = {row.key: row.hash for row in (scrubbed if stamped else batch.rows)}
        stamped = (stamped or NONE) + self.stamp(new, observed_at, since)
        others = [row for row in batch.rows if row.key not in stamped.same]
        known = self.known([row.key for row in others])
        changed = [row for row in others if _is_newer(known.get(row.key), observed_at)]
        tell = run_id is None or any(row.key in known for row in changed)
        if changed:
            if not staged:
                stage(self._connection, self._integration_id, self._resource, changed, observed_at)
            self._write(changed, observed_at, tell=tell, looked=run_id is None)
        self._ignore([row.key for row in others if _lost(row, known, observed_at)], observed_at)
        self._keep_rejects(batch, run_id)
        if applied.new:
            whose = (self._connection, self._integration_id, self._resource)
            tombstones.note(*whose, applied.new)
            books.scrub(*whose, dict.fromkeys(applied.new, scrubbing.whole(self._resource)))
        self._seen.clear()
        first = stamped.first + sum(_is_newer(known.get(row.key), since) for row in others)
        return Written(len(batch.keys), first + len(batch.rejects), len(changed))

    def _write(
        self, rows: Sequence[Row], observed_at: datetime, *, tell: bool = True, looked: bool = False
    ) -> None:
        """Rows that are staged. tell: some of them may have been there before; looked: tell the new ones too."""
        if tell:
            self._run(self._sql.tell, cause=self._cause, looked=looked)
        stamps = {
            "hashes": arrays.plain([row.hash for row in rows]),
            **self._keys([row.key for row in rows]),
        }
        written = self._run(self._sql.write, observed_at=observed_at, **stamps)
        self._replace_children(rows, {tuple(key) for key in written})

    def _replace_children(self, rows: Sequence[Row], written: Set[Key]) -> None:
        """Of the rows that were written, no others: a stale page replaces no children either."""
        mine = [row for row in rows if row.key in written]
        for place, sql in enumerate(self._sql.children if mine else ()):
            self._run(sql.clear, **self._keys([row.key for row in mine]))
            _copy(
                self._connection,
                sql.copy,
                (
                    (self._integration_id, row.key[0], number, *values)
                    for row in mine
                    for number, values in enumerate(row.children[place], 1)
                ),
            )

    def _ignore(self, keys: Sequence[Key], observed_at: datetime, how: str | None = None) -> None:
        """Tells of looks that would have changed a row, had no newer one been there."""
        if keys:
            self._run(
                TELL_IGNORED,
                kind=Kind.IGNORED,
                resource=self._resource.full_name,
                keys=[key_text(key) for key in keys],
                observed_at=observed_at,
                cause=self._cause,
                how=how,
            )

    def _keep_rejects(self, batch: Batch, run_id: int | None) -> None:
        """A record that has become a row is no reject any more."""
        named = {"resource": self._resource.full_name}
        keys = [str(key[-1]) for key in batch.keys]
        self._run(self._sql.forget_rejects, keys=arrays.texts(keys), **named)
        for reject in batch.rejects:
            self._run(KEEP_REJECT, run=run_id, **named, **_reject_values(reject))

    def gone(self, keys: Iterable[Key], observed_at: datetime, *, told: bool, how: str = "") -> int:
        """Marks what a look did not find: deleted when somebody said so, else missing; newest wins.

        how: by what it was learnt ("webhook", "absent, asked by id", …), kept in stamps and journal.
        The row keeps the record as it was last seen. Returns how many keys became gone by this.
        """
        wanted = sorted(set(keys))
        if not wanted:
            return 0
        before = self.known(wanted)
        self._seen.clear()
        learnt: dict[str, Any] = {"observed_at": observed_at, "how": how or None}
        accepted = self._run(self._sql.stamp_gone, **learnt, **self._keys(wanted))
        marked = [tuple(row) for row in accepted]
        sql = self._sql.mark_deleted if told else self._sql.mark_missing
        if marked:
            self._run(sql, cause=self._cause, **learnt, **self._keys(marked))
        newer = {key for key, known in before.items() if known.observed_at > observed_at}
        self._ignore([key for key in wanted if key in newer and not before[key].gone], **learnt)
        return sum(key in before and not before[key].gone for key in marked)

    def absent(self, since: datetime) -> list[Key]:
        """Live keys that nothing has met since a moment."""
        return [tuple(row) for row in self._run(self._sql.absent, observed_at=since)]

    def missed(self, keys: Sequence[Key], since: datetime) -> list[Key]:
        """Counts a miss for each that nothing has met since; returns those that two walks in a row missed."""
        counted = self._run(self._sql.missed, observed_at=since, **self._keys(keys))
        return sorted(tuple(row[:-1]) for row in counted if row[-1] >= 2)


def stage(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    rows: Sequence[Row],
    observed_at: datetime,
) -> None:
    """Puts rows into the temporary table from which `put` writes them, for the rest of the transaction."""
    sql = of(resource)
    connection.exec_driver_sql(sql.stage)
    written = arrays.written([column.type for column in resource.columns])
    lines = ((integration_id, *written(row.values), row.raw, observed_at) for row in rows)
    _copy(connection, sql.copy, lines)


def _copy(connection: Connection, sql: str, rows: Iterable[Sequence[Any]]) -> None:
    with driver_cursor(connection) as cursor, cursor.copy(sql) as copy:
        for row in rows:
            copy.write_row(row)


def _is_newer(known: Known | None, observed_at: datetime) -> bool:
    """Was this looked at after what is known?"""
    return known is None or known.observed_at < observed_at


def _lost(row: Row, known: Mapping[Key, Known], observed_at: datetime) -> bool:
    """Would a row have been written, had no newer look been there?"""
    found = known.get(row.key)
    return found is not None and found.observed_at > observed_at and found.hash != row.hash


def _reject_values(reject: Rejected) -> dict[str, Any]:
    return {
        "key": reject.key,
        "record": reject.record,
        "digest": reject.digest,
        "reason": reject.reason,
        "slice": orjson.dumps(reject.asked).decode(),
    }


KEEP_REJECT = """
    insert into sync.rejects as r (integration_id, resource, key, record, digest, reason, run_id, slice)
    values (%(integration)s, %(resource)s, %(key)s, %(record)s, %(digest)s, %(reason)s, %(run)s, %(slice)s)
    on conflict (integration_id, resource, digest) do update
    set times = r.times + 1, seen_at = clock_timestamp(), reason = excluded.reason, run_id = excluded.run_id,
    slice = excluded.slice
"""


TELL_IGNORED = """
    insert into sync.journal (integration_id, resource, key, at, kind, cause, how)
    select %(integration)s, %(resource)s, key, %(observed_at)s, %(kind)s, %(cause)s, %(how)s
    from unnest(%(keys)s::text[]) as g (key)
"""
