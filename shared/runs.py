"""Runs: one sync of one resource each. The row is the order, the lock and the report.

queued → running (owner and lease) → done or failed; a run that stops half-way is queued again with its
position. One active run per integration and resource, by a partial unique index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import array as pg_array
from sqlalchemy.dialects.postgresql import insert

from shared import deaths, integrations, resources
from shared.availability import WHOLE
from shared.db.bookkeeping import ACTIVE, checkpoints, unavailable
from shared.db.bookkeeping import runs as table
from shared.errors import LostOwnership
from shared.integrations import Integration
from shared.resources.grammar import Resource

SCHEDULE = "schedule"
UNAVAILABLE = "unavailable"
"""The state of a run whose list the vendor does not give to this account: over, and nobody's failure."""
FINE = ("done", UNAVAILABLE)
OVER = (*FINE, "failed")
NOW = func.clock_timestamp()
_READY = or_(
    and_(table.c.state == "queued", table.c.next_at <= NOW),
    and_(table.c.state == "running", table.c.lease_until < NOW),
)
PROGRESS = {"attempts": 0, "deaths": 0}
"""What a page of a run resets."""


@dataclass(frozen=True)
class Run:
    """A claimed run. position: where it goes on (see worker/sync/checkpoint.py); full: the whole list;
    deaths: how often its worker died since its last page."""

    id: int
    integration_id: int
    resource: Resource
    full: bool
    owner: UUID
    started_at: datetime
    attempts: int
    trigger: str
    position: Mapping[str, Any] | None
    deaths: int = 0


@dataclass(frozen=True)
class Requested:
    request_id: UUID
    run_ids: tuple[int, ...]


def request(
    connection: Connection,
    integration: Integration,
    wanted: Iterable[Resource],
    *,
    full: bool,
    trigger: str,
    request_id: UUID | None = None,
) -> Requested:
    """One run per resource, and per resource that they need and that was never read.

    What is active already is joined, not repeated: asked again while they run, the same runs come
    back. The caller commits, then rings.
    """
    if trigger != SCHEDULE:
        integrations.allow_again(connection, integration.id)
    known = _tried(connection, integration.id)
    request_id = request_id or uuid4()
    ids = [
        _insert_or_join(
            connection,
            integration,
            resource,
            full or resource.full_name not in known,
            trigger,
            request_id,
        )
        for resource in _with_needed(wanted, known)
        if not resource.unlisted
    ]
    return Requested(_shared_request(connection, ids) or request_id, tuple(ids))


def _tried(connection: Connection, integration_id: int) -> set[str]:
    """Resources that were read once, or that the vendor refused to list."""
    read = select(checkpoints.c.resource).where(checkpoints.c.integration_id == integration_id)
    refused = select(unavailable.c.resource).where(
        unavailable.c.integration_id == integration_id, unavailable.c.slice == WHOLE
    )
    return set(connection.scalars(read.union(refused)))


def never_tried(connection: Connection, integration: Integration) -> list[Resource]:
    """The lists that nobody has asked for yet."""
    tried = _tried(connection, integration.id)
    of_vendor = resources.of_provider(integration.provider)
    return [each for each in of_vendor if not each.unlisted and each.full_name not in tried]


def _with_needed(wanted: Iterable[Resource], known: set[str]) -> list[Resource]:
    chosen: dict[str, Resource] = {}
    for resource in wanted:
        for needed in resource.needs:
            if needed not in known:
                chosen.setdefault(needed, resources.BY_NAME[needed])
        chosen.setdefault(resource.full_name, resource)
    return list(chosen.values())


def _insert_or_join(
    connection: Connection,
    integration: Integration,
    resource: Resource,
    full: bool,
    trigger: str,
    request_id: UUID,
) -> int:
    while True:
        made = connection.execute(
            insert(table)
            .values(
                request_ids=[request_id],
                integration_id=integration.id,
                resource=resource.full_name,
                mode="full" if full else "incremental",
                trigger=trigger,
            )
            .on_conflict_do_nothing(
                index_elements=["integration_id", "resource"], index_where=ACTIVE
            )
            .returning(table.c.id)
        ).scalar()
        joined = (
            made
            or connection.execute(
                update(table)
                .where(
                    table.c.integration_id == integration.id,
                    table.c.resource == resource.full_name,
                    ACTIVE,
                )
                .values(
                    request_ids=table.c.request_ids.op("||")(pg_array([request_id])),
                    # wanted in full now: a walk that has begun is walked again when it ends
                    mode="full" if full else table.c.mode,
                )
                .returning(table.c.id)
            ).scalar()
        )
        if joined:  # else it ended between the two statements: insert again
            return int(joined)


def _shared_request(connection: Connection, ids: Sequence[int]) -> UUID | None:
    """The oldest request that asked for all of these runs: repeating a request gives it back."""
    asked = list(connection.scalars(select(table.c.request_ids).where(table.c.id.in_(ids))))
    first = asked[0] if asked else []
    return next((one for one in first if all(one in others for others in asked)), None)


def ready(connection: Connection, integration_ids: Sequence[int]) -> list[int]:
    """Runs that a worker may take now, oldest first."""
    chosen = select(table.c.id).where(_READY, table.c.integration_id.in_(integration_ids))
    return list(connection.scalars(chosen.order_by(table.c.id)))


def claim(
    connection: Connection,
    run_id: int,
    owner: UUID,
    lease: float,
    survivors: Collection[UUID] = (),
) -> Run | None:
    """Takes a run for `lease` seconds; None when it is somebody else's, over, or not yet due.

    survivors: who is not dead though a lease of his ran out.
    """
    row = connection.execute(
        update(table)
        .where(table.c.id == run_id, _READY)
        .values(
            state="running",
            owner=owner,
            lease_until=_from_now(lease),
            started_at=func.coalesce(table.c.started_at, NOW),
            attempts=table.c.attempts + 1,
            deaths=deaths.counted(table, survivors),
            reason=None,
        )
        .returning(table)
    ).first()
    return _run(row) if row else None


def _run(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        integration_id=row.integration_id,
        resource=resources.BY_NAME[row.resource],
        full=row.mode == "full",
        owner=row.owner,
        started_at=row.started_at,
        attempts=row.attempts,
        trigger=row.trigger,
        position=row.position,
        deaths=row.deaths,
    )


def renew(connection: Connection, run: Run, lease: float, **changes: Any) -> datetime:
    """Lengthens the lease, adds `changes` to the row, and tells the time; raises LostOwnership."""
    now = connection.execute(
        update(table)
        .where(table.c.id == run.id, table.c.owner == run.owner, table.c.state == "running")
        .values(lease_until=_from_now(lease), **changes)
        .returning(func.clock_timestamp())
    ).scalar()
    if now is None:
        raise LostOwnership(f"run {run.id} of {run.resource.full_name}")
    return now  # type: ignore[no-any-return]


def put_back(connection: Connection, run: Run, delay: float, reason: str | None = None) -> None:
    """Queues a run again, to go on from its position after `delay` seconds."""
    _leave(connection, run, state="queued", next_at=_from_now(delay), reason=reason)


def finish(
    connection: Connection, run: Run, reason: str | None = None, state: str = "failed"
) -> None:
    """Ends a run: done, or failed when there is a reason; queued anew when it is wanted in full since."""
    mode = connection.scalar(select(table.c.mode).where(table.c.id == run.id))
    if mode == "full" and not run.full and not reason:
        _leave(connection, run, state="queued", next_at=NOW, position=None)
        return
    if state != UNAVAILABLE:
        integrations.note_run(connection, run.integration_id, run.resource.full_name, reason)
    ended = {"state": state} if reason else {"state": "done", "deaths": 0}
    _leave(connection, run, finished_at=NOW, reason=reason, position=None, **ended)


def _leave(connection: Connection, run: Run, **values: Any) -> None:
    left = connection.execute(
        update(table)
        .where(table.c.id == run.id, table.c.owner == run.owner, table.c.state == "running")
        .values(owner=None, lease_until=None, **values)
    )
    if left.rowcount != 1:
        raise LostOwnership(f"run {run.id} of {run.resource.full_name}")


def parked(connection: Connection, integration_id: int) -> set[str]:
    """Resources whose newest run was given up within the last day because it killed its workers."""
    newest = select(func.max(table.c.id)).where(table.c.integration_id == integration_id)
    chosen = select(table.c.resource).where(
        table.c.id.in_(newest.group_by(table.c.resource)),
        table.c.state == "failed",
        table.c.deaths >= deaths.MOST,
        table.c.finished_at > NOW - text("interval '1 day'"),
    )
    return set(connection.scalars(chosen))


def listed(
    connection: Connection,
    *,
    request_id: UUID | None = None,
    ids: Sequence[int] | None = None,
    integration_id: int | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Runs as they are reported, newest first."""
    chosen = select(table).order_by(table.c.id.desc()).limit(limit).offset(offset)
    if request_id:
        chosen = chosen.where(table.c.request_ids.contains([request_id]))
    if ids is not None:
        chosen = chosen.where(table.c.id.in_(ids))
    if integration_id is not None:
        chosen = chosen.where(table.c.integration_id == integration_id)
    return [row._asdict() for row in connection.execute(chosen)]


def forget_ended(connection: Connection, days: int) -> int:
    """Deletes runs that ended longer than `days` ago, but the newest of each resource."""
    newest = select(func.max(table.c.id)).group_by(table.c.integration_id, table.c.resource)
    old = table.c.finished_at < NOW - text(f"interval '{days:d} days'")
    return connection.execute(table.delete().where(old, table.c.id.not_in(newest))).rowcount


def _from_now(seconds: float) -> Any:
    return NOW + text(f"interval '{seconds:f} seconds'")
