"""The books of audits: a row of sync.audits is the order, the lock and the report, as a run's is.

queued → running (owner and lease) → done, failed or unavailable; one active audit per integration and
resource. A row whose owner died is taken over and goes on from its position.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, and_, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from shared import deaths, resources
from shared.db.bookkeeping import ACTIVE, audit_findings, audit_met
from shared.db.bookkeeping import audits as table
from shared.errors import LostOwnership
from shared.resources.grammar import Resource

NOW = func.clock_timestamp()
OVER = ("done", "failed", "unavailable")
_READY = or_(
    and_(table.c.state == "queued", table.c.next_at <= NOW),
    and_(table.c.state == "running", table.c.lease_until < NOW),
)


@dataclass(frozen=True)
class Audit:
    """A claimed audit. repair: what is found is mended; position: where it goes on; deaths: how often its
    worker died since its last step."""

    id: int
    integration_id: int
    resource: Resource
    trigger: str
    repair: bool
    owner: UUID
    started_at: datetime
    attempts: int
    deaths: int
    position: Mapping[str, Any] | None


def request(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    *,
    trigger: str,
    repair: bool = False,
) -> int:
    """Orders an audit; one that is active already is joined."""
    while True:
        values = {"integration_id": integration_id, "resource": resource.full_name}
        made = connection.scalar(
            insert(table)
            .values(**values, trigger=trigger, repair=repair)
            .on_conflict_do_nothing(index_elements=list(values), index_where=ACTIVE)
            .returning(table.c.id)
        )
        joined = made or connection.scalar(
            update(table)
            .where(*(table.c[name] == value for name, value in values.items()), ACTIVE)
            .values(repair=or_(table.c.repair, literal(repair)))
            .returning(table.c.id)
        )
        if joined:  # else it ended between the two statements: insert again
            return int(joined)


def ready(connection: Connection) -> list[Row[Any]]:
    """Audits (id, integration_id, trigger) that a worker may take now, oldest first."""
    chosen = select(table.c.id, table.c.integration_id, table.c.trigger).where(_READY)
    return list(connection.execute(chosen.order_by(table.c.id)))


def active(connection: Connection, integration_ids: Sequence[int]) -> bool:
    """Is one of these integrations' lists being audited, or ordered to be?"""
    chosen = select(table.c.id).where(ACTIVE, table.c.integration_id.in_(integration_ids))
    return connection.scalar(chosen.limit(1)) is not None


def claim(
    connection: Connection, audit_id: int, lease: float, survivors: Collection[UUID] = ()
) -> Audit | None:
    """Takes an audit for `lease` seconds; None when it is somebody else's, over, or not yet due.

    survivors: who is not dead though a lease of his ran out.
    """
    row = connection.execute(
        update(table)
        .where(table.c.id == audit_id, _READY)
        .values(
            state="running",
            owner=uuid4(),
            lease_until=_from_now(lease),
            started_at=func.coalesce(table.c.started_at, NOW),
            attempts=table.c.attempts + 1,
            deaths=deaths.counted(table, survivors),
            reason=None,
        )
        .returning(table)
    ).first()
    if row is None:
        return None
    names = ("id", "integration_id", "trigger", "repair", "owner", "started_at")
    given = {name: getattr(row, name) for name in (*names, "attempts", "deaths")}
    return Audit(resource=resources.BY_NAME[row.resource], position=row.position, **given)


def renew(connection: Connection, audit: Audit, lease: float, **changes: Any) -> None:
    """Lengthens the lease and adds `changes` to the row; raises LostOwnership."""
    _change(connection, audit, lease_until=_from_now(lease), **changes)


def put_back(connection: Connection, audit: Audit, delay: float, reason: str | None) -> None:
    """Queues an audit again, to go on from its position after `delay` seconds."""
    waits = {"state": "queued", "next_at": _from_now(delay), "reason": reason}
    _change(connection, audit, owner=None, lease_until=None, **waits)


def finish(connection: Connection, audit: Audit, state: str, **values: Any) -> None:
    """Ends an audit; what it had met is not kept, what it found is."""
    connection.execute(audit_met.delete().where(audit_met.c.audit_id == audit.id))
    connection.execute(
        audit_findings.delete().where(
            audit_findings.c.audit_id == audit.id, audit_findings.c.state == "doubted"
        )
    )
    over = {"state": state, "ended_at": NOW, "position": None}
    _change(connection, audit, owner=None, lease_until=None, **over, **values)


def is_to_repair(connection: Connection, audit: Audit) -> bool:
    """Somebody may have asked for it since the audit began."""
    return bool(connection.scalar(select(table.c.repair).where(table.c.id == audit.id)))


def _change(connection: Connection, audit: Audit, **values: Any) -> None:
    mine = (table.c.id == audit.id, table.c.owner == audit.owner, table.c.state == "running")
    if connection.execute(update(table).where(*mine).values(**values)).rowcount != 1:
        raise LostOwnership(f"audit {audit.id} of {audit.resource.full_name}")


def requests_of_a_day(connection: Connection, integration_id: int) -> int:
    """Requests of an integration's audits that were under way within the last 24 hours."""
    lately = func.coalesce(table.c.ended_at, NOW) > NOW - timedelta(days=1)
    summed = select(func.coalesce(func.sum(table.c.requests), 0))
    mine = table.c.integration_id == integration_id
    return int(connection.scalar(summed.where(mine, lately)) or 0)


def listed(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Audits as they are reported, in the order in which they were made."""
    chosen = select(table).where(table.c.id.in_(ids)).order_by(table.c.id)
    return [row._asdict() for row in connection.execute(chosen)]


def findings(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """What audits found for certain, by audit and key."""
    found = audit_findings.c
    chosen = select(audit_findings).where(found.audit_id.in_(ids), found.state != "doubted")
    return [row._asdict() for row in connection.execute(chosen.order_by(found.audit_id, found.key))]


def forget_ended(connection: Connection, days: int) -> int:
    """Deletes audits that ended longer than `days` ago, but the newest and the newest proof of each list."""
    places = (table.c.integration_id, table.c.resource)
    newest = select(func.max(table.c.id)).group_by(*places)
    proofs = newest.where(table.c.verified_through.is_not(None))
    old = table.c.ended_at < NOW - timedelta(days=days)
    kept = table.c.id.not_in(newest.union(proofs))
    return connection.execute(table.delete().where(old, kept)).rowcount


def _from_now(seconds: float) -> Any:
    return NOW + timedelta(seconds=seconds)
