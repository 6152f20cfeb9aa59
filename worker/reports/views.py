"""Standing a view up, in the transaction of the caller: replaced in place where that is possible.

CREATE OR REPLACE VIEW can append columns and keeps grants and whatever reads the view. Anything else takes
a DROP, which PostgreSQL refuses while somebody's own view reads ours: the old one then stays, with a
problem on record.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from psycopg import Error
from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from shared.db.bookkeeping import report_views
from worker.reports.definitions import View, quoted

Shape = list[tuple[str, str]]
"""(name, type) of each column, in order."""


class Done(StrEnum):
    UNCHANGED = "unchanged"
    MADE = "made"
    REPLACED = "replaced"
    KEPT = "kept as it was"


@dataclass(frozen=True)
class Outcome:
    """What became of one view. problem: why it is not as it should be."""

    view: str
    done: Done
    problem: str | None = None


def stand(connection: Connection, view: View) -> Outcome:
    """Brings one view to its definition, unless it stands already."""
    present = _shape(connection, view.name)
    if present and _digest(connection, view) == view.digest:
        return Outcome(view.name, Done.UNCHANGED)
    try:
        with connection.begin_nested():
            _replace(connection, view, present)
    except DBAPIError as error:
        outcome = Outcome(view.name, Done.KEPT, _told(error))
    else:
        outcome = Outcome(view.name, Done.REPLACED if present else Done.MADE)
    _keep(connection, view, outcome)
    return outcome


def _replace(connection: Connection, view: View, present: Shape) -> None:
    place = f"reports.{quoted(view.name)}"
    wanted = [(column.name, column.type) for column in view.columns]
    grants: list[str] = []
    if present != wanted[: len(present)]:
        grants = _grants(connection, view.name)
        _run(connection, f"drop view {place}")
    _run(connection, f"create or replace view {place} as {view.select}")
    for statement in (*view.comments, *grants):
        _run(connection, statement)


def _run(connection: Connection, statement: str) -> None:
    """As it stands: a % in somebody's field name is no placeholder."""
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _shape(connection: Connection, name: str) -> Shape:
    """The columns of a view that is there; empty when it is not."""
    asked = text(
        "select a.attname, format_type(a.atttypid, a.atttypmod)"
        " from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where c.relnamespace = 'reports'::regnamespace and c.relname = :name and c.relkind = 'v'"
        " and a.attnum > 0 order by a.attnum"
    )
    return [(row[0], row[1]) for row in connection.execute(asked, {"name": name})]


def _grants(connection: Connection, name: str) -> list[str]:
    """The statements that give again what others may do with the view."""
    asked = text(
        "select format('grant %s on reports.%I to %s%s', granted.privilege_type, c.relname,"
        " case granted.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(granted.grantee)) end,"
        " case when granted.is_grantable then ' with grant option' else '' end)"
        " from pg_class c, aclexplode(c.relacl) as granted"
        " where c.relnamespace = 'reports'::regnamespace and c.relname = :name"
        " and granted.grantee <> c.relowner"
    )
    return list(connection.scalars(asked, {"name": name}))


def _told(error: DBAPIError) -> str:
    """PostgreSQL's own words: what is wrong, and what depends on the view."""
    cause = error.orig
    if not isinstance(cause, Error):
        return str(cause)
    return ": ".join(
        part for part in (cause.diag.message_primary, cause.diag.message_detail) if part
    )


def _digest(connection: Connection, view: View) -> str | None:
    """Of the definition that stands; None after a failure, so that it is tried again."""
    table = report_views.c
    found: str | None = connection.scalar(
        select(table.digest).where(
            table.name == view.name,
            table.integration_id == view.integration_id,
            table.problem.is_(None),
        )
    )
    return found


def _keep(connection: Connection, view: View, outcome: Outcome) -> None:
    values: dict[str, Any] = {
        "integration_id": view.integration_id,
        "problem": outcome.problem,
    }
    if outcome.problem is None:
        values |= {"digest": view.digest, "refreshed_at": func.clock_timestamp()}
    row = insert(report_views).values(name=view.name, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))
