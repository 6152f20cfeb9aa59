"""Declared filters that read columns and what records carry, as SQL (shared/resources/filters.py)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Date, Numeric, Table, and_, func, literal, or_, select

from shared import resources
from shared.db.mirror import child_table, rows_table
from shared.resources.filters import (
    AtLeast,
    AtMost,
    BeginsAs,
    Digits,
    Flagged,
    Holds,
    InChild,
    Is,
    Settled,
)
from shared.resources.grammar import Resource
from webhook_app.wallet.views import local_days

Condition = ColumnElement[bool]
Asked = Holds | Digits | AtLeast | AtMost | Is | Flagged | InChild | BeginsAs | Settled
TRUE = ("1", "true")


def condition(resource: Resource, asked: Asked, value: Any) -> Condition:
    table = rows_table(resource)
    found: Condition
    match asked:
        case Holds(columns=columns):
            found = or_(*(table.c[name].icontains(value, autoescape=True) for name in columns))
        case Digits(columns=columns):
            digits = re.sub("[^0-9]", "", value)
            found = or_(*(_bare(table.c[name]).contains(digits) for name in columns))
        case AtLeast(columns=columns):
            found = func.coalesce(*(table.c[name] for name in columns)) >= _typed(value)
        case AtMost(columns=columns):
            found = func.coalesce(*(table.c[name] for name in columns)) <= _typed(value)
        case Is(column=column):
            found = table.c[column] == value
        case Flagged(column=column):
            found = table.c[column].is_(value in TRUE)
        case InChild():
            found = _in_child(resource, table, asked, value)
        case BeginsAs():
            found = _begins_as(table, asked, value)
        case Settled():
            found = _settled(table, asked, value)
        case _:
            assert_never(asked)
    return found


def _bare(column: ColumnElement[Any]) -> ColumnElement[str]:
    return func.regexp_replace(column, "[^0-9]", "", "g")


def _typed(value: Any) -> ColumnElement[Any]:
    """A number as it was written, or a day."""
    if isinstance(value, str):
        return literal(Decimal(value), Numeric())
    return literal(value, Date())


def _in_child(resource: Resource, table: Table, asked: InChild, value: Any) -> Condition:
    child = next(each for each in resource.children if each.name == asked.child)
    rows = child_table(resource, child)
    same = and_(
        rows.c.integration_id == table.c.integration_id,
        rows.c[child.parent] == table.c[resource.key[-1]],
        rows.c[asked.column] == value,
    )
    return select(1).where(same).correlate(table).exists()


def _begins_as(table: Table, asked: BeginsAs, value: Any) -> Condition:
    """Of a row that is not mirrored nothing begins."""
    to = rows_table(resources.BY_NAME[asked.to])
    same = and_(to.c.integration_id == table.c.integration_id, to.c.id == value)
    begins = table.c[asked.column].startswith(to.c[asked.column])
    return select(1).where(same, begins).correlate(table).exists()


def _settled(table: Table, asked: Settled, value: str) -> Condition:
    settled = table.c[asked.column]
    if value in ("pg", "true"):
        return settled.is_(True)
    still_open = settled.is_(False)
    return and_(still_open, table.c[asked.due] < _today(table)) if value == "at" else still_open


def _today(table: Table) -> ColumnElement[Any]:
    """The day that it is where the account is."""
    here = local_days.c.integration_id == table.c.integration_id
    return select(local_days.c.today).where(here).correlate(table).scalar_subquery()
