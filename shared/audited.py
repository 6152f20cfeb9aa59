"""What audits say of each list: when it was last compared with its vendor, and how that ended."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from shared.db.bookkeeping import audits as table
from shared.figures import AuditReport


def last_audits(connection: Connection) -> dict[tuple[int, str], AuditReport]:
    """The newest audit that ended, by integration id and resource."""
    place = (table.c.integration_id, table.c.resource)
    proved = select(*place, func.max(table.c.verified_through).label("at")).group_by(*place)
    at = {(row.integration_id, row.resource): row.at for row in connection.execute(proved)}
    newest = select(func.max(table.c.id)).where(table.c.ended_at.is_not(None)).group_by(*place)
    rows = connection.execute(select(table).where(table.c.id.in_(newest)))
    found = ((row.integration_id, row.resource, row) for row in rows)
    return {(one, name): _report(row, at[one, name]) for one, name, row in found}


def _report(row: Any, verified_through: Any) -> AuditReport:
    return AuditReport(
        id=row.id,
        state=row.state,
        scope=row.scope,
        started_at=row.started_at,
        ended_at=row.ended_at,
        compared=row.compared,
        differences=row.only_there + row.only_here + row.different,
        repaired=row.repaired,
        requests=row.requests,
        reason=row.reason,
        verified_through=verified_through,
    )
