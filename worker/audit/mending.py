"""Mending what differs as any look does: the engine's own way of writing and marking."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from worker.audit.books import Audit
from worker.audit.looking import Seen
from worker.sync import statements, sweep
from worker.sync.rows import Key
from worker.sync.upsert import Mirror


def mend(connection: Connection, audit: Audit, seen: Seen) -> None:
    """Writes what a look brought and marks what it did not; the newest look wins, here too."""
    observed_at, told = seen.found.observed_at, seen.found.told
    mirror = Mirror(connection, audit.integration_id, audit.resource, f"audit {audit.id}")
    _distrust(connection, audit, seen.keys)
    mirror.put(seen.batch, observed_at, observed_at)
    unsaid = sweep.ABSENT_BY_ID if audit.resource.by_id else sweep.ABSENT_TWICE
    how = sweep.TOLD_BY_DETAIL if told else unsaid
    mirror.gone(seen.absent, observed_at, told=told, how=how)


def _distrust(connection: Connection, audit: Audit, keys: Sequence[Key]) -> None:
    """A stamp that says that nothing changed would keep an altered row as it is."""
    resource = audit.resource
    on_key = " and ".join(f"s.{name} = g.{name}" for name in resource.key)
    arrays = {f"k{n}": [key[n] for key in keys] for n in range(len(resource.key))}
    connection.exec_driver_sql(
        f"update {statements.stamps_name(resource)} s set hash = null "
        f"from {statements.given_keys(resource)} "
        f"where s.integration_id = %(integration)s and {on_key}",
        {"integration": audit.integration_id, **arrays},
    )
