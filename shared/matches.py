"""Pairs of something of Kommo and something of the ERP: which hold, which a person has to look at, what was decided.

Of parties (`ponte.matches`) and of deals and sales (`ponte.deal_sales`) alike: the facts propose (`state`), a person
has the last word (`verdict`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Table,
    and_,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from shared.db.matching import matches as people


class Standing(StrEnum):
    """What a pair counts as."""

    MATCHED = "matched"
    REVIEW = "review"
    REJECTED = "rejected"
    APART = "apart"


def holds(table: FromClause) -> ColumnElement[bool]:
    """The two are taken for the same."""
    said_so = table.c.verdict == "accepted"
    return or_(said_so, and_(table.c.verdict.is_(None), table.c.state == "matched"))


def holding(alias: str) -> str:
    """The same as text, of a table by its alias, for statements that are written as SQL."""
    said_so = holds(people.alias(alias)).compile(
        dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"literal_binds": True},
    )
    return f"({said_so})"


def to_review(table: Table) -> ColumnElement[bool]:
    """They wait for a person."""
    return and_(table.c.verdict.is_(None), table.c.state == "doubtful")


def standing(table: Table) -> ColumnElement[str]:
    """A pair's Standing, in SQL."""
    return case(
        (holds(table), Standing.MATCHED),
        (to_review(table), Standing.REVIEW),
        (table.c.verdict == "rejected", Standing.REJECTED),
        else_=Standing.APART,
    )


def counted(connection: Connection, table: Table) -> dict[str, int]:
    """How many pairs of each standing there are."""
    by = standing(table).label("standing")
    found = connection.execute(select(by, func.count()).group_by(by))
    return {**dict.fromkeys(map(str, Standing), 0), **{row[0]: row[1] for row in found}}


def decide(connection: Connection, table: Table, id_: int, verdict: str | None, by: str) -> Any:
    """Keeps what a person says of a pair, None takes it back; returns the row, or None when there is no such pair."""
    said = verdict is not None
    decided = {
        "verdict": verdict,
        "decided_by": by if said else None,
        "decided_at": func.clock_timestamp() if said else None,
        "changed_at": func.clock_timestamp(),
    }
    changed = update(table).where(table.c.id == id_).values(decided)
    told = changed.returning(table, standing(table).label("standing"))
    return connection.execute(told).mappings().first()
