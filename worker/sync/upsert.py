"""Rows into PostgreSQL: one page in one transaction of the caller's, the newest look wins.

Unchanged rows cost their narrow stamp and nothing else; changed ones go through COPY into a temporary
table and one INSERT … ON CONFLICT. Everything is sorted by key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from psycopg import Cursor
from sqlalchemy import Connection

from shared.resources.grammar import Resource
from worker.sync.rows import Batch, Key, Rejected, Row
from worker.sync.statements import Statements, of


@dataclass(frozen=True)
class Known:
    """What a stamp says."""

    hash: Any
    observed_at: datetime
    gone: bool


@dataclass(frozen=True)
class Written:
    """seen: keys of the batch; first: how many of them were not met since `since`; written: wide rows."""

    seen: int
    first: int
    written: int


class Mirror:
    """The rows of one resource of one integration, inside one transaction."""

    def __init__(self, connection: Connection, integration_id: int, resource: Resource) -> None:
        self._connection, self._resource = connection, resource
        self._integration_id = integration_id
        self._sql: Statements = of(resource)
        self._run(self._sql.lock)

    def _run(self, sql: str, **parameters: Any) -> Any:
        return self._connection.exec_driver_sql(
            sql, {"integration": self._integration_id, **parameters}
        )

    def _keys(self, keys: Sequence[Key]) -> dict[str, list[Any]]:
        return {f"k{n}": [key[n] for key in keys] for n in range(len(self._resource.key))}

    def known(self, keys: Sequence[Key]) -> dict[Key, Known]:
        width = len(self._resource.key)
        rows = self._run(self._sql.known, **self._keys(keys)) if keys else ()
        return {tuple(row[:width]): Known(*row[width:]) for row in rows}

    def put(
        self, batch: Batch, observed_at: datetime, since: datetime, run_id: int | None = None
    ) -> Written:
        """Writes what is new, changed or revived and stamps the rest; keeps the rejects."""
        known = self.known([row.key for row in batch.rows])
        newer = [
            row
            for row in batch.rows
            if row.key not in known or known[row.key].observed_at < observed_at
        ]
        same = [row for row in newer if row.key in known and known[row.key].hash == row.hash]
        unchanged = {row.key for row in same}
        changed = [row for row in newer if row.key not in unchanged]
        self._write(changed, observed_at)
        if same:
            keys = self._keys([row.key for row in same])
            self._run(self._sql.stamp_same, observed_at=observed_at, **keys)
        self._keep_rejects(batch, run_id)
        first = sum(
            row.key not in known or known[row.key].observed_at < since for row in batch.rows
        )
        return Written(len(batch.rows), first + len(batch.rejects), len(changed))

    def _write(self, rows: Sequence[Row], observed_at: datetime) -> None:
        if not rows:
            return
        self._run(self._sql.stage)
        cursor = cast("Cursor[Any]", self._connection.connection.cursor())
        with cursor, cursor.copy(self._sql.copy) as copy:
            for row in rows:
                copy.write_row((self._integration_id, *row.values, row.raw, observed_at))
        self._run(self._sql.write)
        self._run(
            self._sql.stamp_changed,
            observed_at=observed_at,
            hashes=[row.hash for row in rows],
            **self._keys([row.key for row in rows]),
        )

    def _keep_rejects(self, batch: Batch, run_id: int | None) -> None:
        """A record that has become a row is no reject any more."""
        named = {"resource": self._resource.full_name}
        keys = [str(row.key[-1]) for row in batch.rows]
        self._run(self._sql.forget_rejects, keys=keys, **named)
        for reject in batch.rejects:
            self._run(KEEP_REJECT, run=run_id, **named, **_reject_values(reject))

    def gone(self, keys: Iterable[Key], observed_at: datetime, *, told: bool) -> int:
        """Marks what a look did not find: deleted when somebody said so, else missing; newest wins.

        Returns how many keys became gone by this.
        """
        wanted = sorted(set(keys))
        if not wanted:
            return 0
        before = self.known(wanted)
        accepted = self._run(self._sql.stamp_gone, observed_at=observed_at, **self._keys(wanted))
        marked = [tuple(row) for row in accepted]
        sql = self._sql.mark_deleted if told else self._sql.mark_missing
        if marked:
            self._run(sql, observed_at=observed_at, **self._keys(marked))
        return sum(key in before and not before[key].gone for key in marked)

    def absent(self, since: datetime) -> list[Key]:
        """Live keys that nothing has met since a moment."""
        return [tuple(row) for row in self._run(self._sql.absent, observed_at=since)]

    def missed(self, since: datetime) -> list[Key]:
        """Counts a miss for every absent key; returns those that two complete walks in a row missed."""
        self._run(self._sql.missed, observed_at=since)
        return [tuple(row) for row in self._run(self._sql.gone_twice)]


def _reject_values(reject: Rejected) -> dict[str, Any]:
    return {
        "key": reject.key,
        "record": reject.record,
        "digest": reject.digest,
        "reason": reject.reason,
    }


KEEP_REJECT = """
    insert into sync.rejects as r (integration_id, resource, key, record, digest, reason, run_id)
    values (%(integration)s, %(resource)s, %(key)s, %(record)s, %(digest)s, %(reason)s, %(run)s)
    on conflict (integration_id, resource, digest) do update
    set times = r.times + 1, seen_at = clock_timestamp(), reason = excluded.reason, run_id = excluded.run_id
"""
