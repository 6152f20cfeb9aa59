"""What one audit has met and what it doubts, kept beside its row: an audit that died goes on from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.bookkeeping import audit_findings as table
from shared.resources.grammar import Asked, Resource
from worker.audit.books import Audit
from worker.audit.comparing import Difference
from worker.sync import statements
from worker.sync.journal import key_of, key_text
from worker.sync.rows import Key

DOUBTED, LATE, DRIFT, REPAIRED = "doubted", "late", "drift", "repaired"


@dataclass(frozen=True)
class Doubt:
    """A key that differed. asked: its slice; hash: what the last look at the vendor saw, None: nothing."""

    key: Key
    asked: Asked
    hash: UUID | None


class Notes:
    """The notes of one audit, inside one transaction."""

    def __init__(self, connection: Connection, audit: Audit) -> None:
        self._connection, self._audit, self._resource = connection, audit, audit.resource

    def met(self, keys: Iterable[Key], walk: int) -> int:
        """Remembers what was met; returns how many of them this walk had not met yet."""
        given = {"audit": self._audit.id, "walk": walk, "keys": [key_text(key) for key in keys]}
        return int(self._connection.exec_driver_sql(_MET, given).rowcount)

    def unmet(self) -> list[tuple[Key, dict[str, str]]]:
        """(key, asked) of rows that live here, that were not met, and that nobody looked at since."""
        given = {
            "audit": self._audit.id,
            "integration": self._audit.integration_id,
            "since": self._audit.started_at,
        }
        width, asked = len(self._resource.key), _asked(self._resource)
        return [
            (
                tuple(row[:width]),
                {n: str(v) for n, v in zip(asked, row[width:], strict=True) if v is not None},
            )
            for row in self._connection.exec_driver_sql(_unmet(self._resource), given)
        ]

    def doubt(
        self, found: Mapping[Key, Difference], asked: Asked, hashes: Mapping[Key, UUID]
    ) -> None:
        """Writes down what differs; it counts only if it still does at another look."""
        if not found:
            return
        values = [
            {
                "audit_id": self._audit.id,
                "key": key_text(key),
                "kind": difference.kind,
                "detail": difference.detail,
                "asked": dict(asked),
                "hash": hashes.get(key),
            }
            for key, difference in found.items()
        ]
        # rows of one page may have been met in another slice before: the later look counts
        new = insert(table)
        names = ("kind", "detail", "asked", "hash")
        later = {name: new.excluded[name] for name in names}
        self._connection.execute(
            new.on_conflict_do_update(index_elements=["audit_id", "key"], set_=later), values
        )

    def drop(self, keys: Sequence[Key]) -> None:
        """What is the same by now was no drift."""
        self._connection.execute(delete(table).where(*self._of(keys)))

    def settle(self, keys: Sequence[Key], state: str) -> None:
        self._connection.execute(update(table).where(*self._of(keys)).values(state=state))

    def looked(self, keys: Sequence[Key], looks: int) -> None:
        self._connection.execute(update(table).where(*self._of(keys)).values(looks=looks))

    def _of(self, keys: Sequence[Key]) -> tuple[Any, ...]:
        return table.c.audit_id == self._audit.id, table.c.key.in_([key_text(k) for k in keys])

    def kept(self, state: str, looks: int | None = None) -> list[Doubt]:
        """Findings of a state, of so many looks; grouped by slice and sorted by key."""
        chosen = select(table).where(table.c.audit_id == self._audit.id, table.c.state == state)
        if looks is not None:
            chosen = chosen.where(table.c.looks == looks)
        rows = self._connection.execute(chosen.order_by(table.c.asked, table.c.key))
        return [Doubt(key_of(self._resource, row.key), row.asked, row.hash) for row in rows]

    def counts(self) -> dict[tuple[str, str], int]:
        """How many findings there are, by (kind, state)."""
        grouped = select(table.c.kind, table.c.state, func.count()).group_by(
            table.c.kind, table.c.state
        )
        rows = self._connection.execute(grouped.where(table.c.audit_id == self._audit.id))
        return {(kind, state): count for kind, state, count in rows}


_MET = """
    insert into sync.audit_met as m (audit_id, key, walk)
    select %(audit)s, key, %(walk)s from unnest(%(keys)s::text[]) as g (key) order by key
    on conflict (audit_id, key) do update set walk = excluded.walk where m.walk < excluded.walk
"""


def _asked(resource: Resource) -> list[str]:
    return [column.name for column in resource.columns if column.asked]


@cache
def _unmet(resource: Resource) -> str:
    keys = ", ".join(f"t.{name}" for name in resource.key)
    columns = ", ".join([keys, *(f"t.{name}" for name in _asked(resource))])
    on_stamp = " and ".join(f"k.{name} = t.{name}" for name in ("integration_id", *resource.key))
    return f"""
        select {columns} from {resource.full_name} t
        left join {statements.stamps_name(resource)} k on {on_stamp}
        where t.integration_id = %(integration)s
        and t.deleted_at is null and t.missing_since is null
        and (k.observed_at is null or k.observed_at < %(since)s)
        and not exists (
            select from sync.audit_met m
            where m.audit_id = %(audit)s and m.key = {statements.key_text("t", resource)})
        order by {keys}"""
