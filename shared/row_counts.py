"""How many rows each mirrored list has: kept by triggers (migration 0024), added up here.

Exact, and as old as the look: a statement that changes how many there are changes this in its transaction.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from shared.db.bookkeeping import row_counts
from shared.resources.grammar import Resource


def live(connection: Connection, resource: Resource, integration_id: int) -> int:
    table = row_counts.c
    asked = select(func.sum(table.live)).where(
        table.integration_id == integration_id, table.resource == resource.full_name
    )
    return int(connection.scalar(asked) or 0)


def all_of(connection: Connection) -> dict[tuple[int, str], tuple[int, int]]:
    """(live rows, rows marked deleted or missing) by integration id and resource."""
    table = row_counts.c
    place = (table.integration_id, table.resource)
    summed = select(*place, func.sum(table.live), func.sum(table.gone)).group_by(*place)
    return {
        (of, name): (int(live), int(gone)) for of, name, live, gone in connection.execute(summed)
    }
