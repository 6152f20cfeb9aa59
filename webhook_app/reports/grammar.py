"""What a report is: one typed declaration. Engine, routes, exports and pages follow from it; none knows its name.

Expressions are SQLAlchemy's upon the columns of the report's view, which carries `integration_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnClause,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Numeric,
    TableClause,
    Text,
    column,
)
from sqlalchemy.types import TypeEngine

ROWS = "linha"
"""The value of `by` that means: not grouped, each row of the view itself."""
WITHOUT = "none"
"""The value of a filter that means: those that name none."""


class Kind(StrEnum):
    """How a value is written: `share` is a part of 1, `days` and `number` have decimals, `count` has none."""

    TEXT = "text"
    ID = "id"
    DAY = "day"
    MONTH = "month"
    COUNT = "count"
    NUMBER = "number"
    MONEY = "money"
    SHARE = "share"
    DAYS = "days"

    @property
    def measured(self) -> bool:
        return self is not Kind.ID and not self.named

    @property
    def named(self) -> bool:
        """It says what a row is about."""
        return self in (Kind.TEXT, Kind.DAY, Kind.MONTH)


class Period(StrEnum):
    """Periods by name, as pages offer them (periods.py says of which days)."""

    MONTH = "month"
    LAST_MONTH = "last-month"
    DAYS_30 = "30d"
    DAYS_90 = "90d"
    MONTHS_12 = "12m"
    NEXT_30 = "next-30d"
    NEXT_90 = "next-90d"
    ALL = "all"


@dataclass(frozen=True)
class Said:
    """The same in both languages."""

    pt: str
    en: str


@dataclass(frozen=True, eq=False)
class Shown:
    """A column of the answer, or a measure: then `what` is an aggregate. name: in addresses and answers; words:
    what the view says in Portuguese, for readers of both languages; overall: the aggregate for the whole, and for
    groups that never share a subject, where it is another one (counting each subject once is dear otherwise)."""

    name: str
    title: Said
    kind: Kind
    what: ColumnElement[Any]
    words: tuple[Said, ...] = ()
    overall: ColumnElement[Any] | None = None


@dataclass(frozen=True, eq=False)
class Grouping:
    """Rows that are equal in `columns` become one. name: the value of `by`; beside: a lateral list of each row
    (its tags), by whose elements it is told; a row then counts at each of them, in the totals once; along: what also tells groups
    apart and puts them in order, behind the first column, and is not shown; overall: its groups never share a subject."""

    name: str
    title: Said
    columns: tuple[Shown, ...]
    sort: str | None = None
    beside: FromClause | None = None
    along: tuple[Shown, ...] = ()
    overall: bool = False

    @property
    def apart(self) -> tuple[Shown, ...]:
        first, *others = self.columns
        return (first, *self.along, *others)


@dataclass(frozen=True, eq=False)
class Choices:
    """Where a page finds what may be chosen: columns of a small table of the vendor's, with `integration_id`."""

    provider: str
    table: TableClause
    value: str
    label: str


@dataclass(frozen=True, eq=False)
class Filter:
    """Equal to, or `none`; of a list of texts: contains. name: the parameter; without choices a page takes text;
    part: a part of the text will do, in any case."""

    name: str
    title: Said
    column: ColumnClause[Any]
    choices: Choices | None = None
    part: bool = False


@dataclass(frozen=True, eq=False)
class Report:
    """name: in the address; about: one sentence; covers: what is in it and what is not; providers: whose
    integration_id the view carries; follows: the mirrored lists whose age is the report's; day: what `since` and
    `until` are about; period: the one that a page shows until another is chosen; columns: of each row (by=linha), if rows are on offer; measures: of each group and of the
    whole; only: flags of the view that must hold; sort: without another, of groups; rows_sort: of rows; usual: `by` without another,
    else the first; chart:
    the measures that are drawn, none for no chart; key: the measure that tells the report in one figure;
    entered: the page where people enter what it is about.
    """

    name: str
    title: Said
    about: Said
    covers: Said
    view: TableClause
    providers: tuple[str, ...]
    follows: tuple[str, ...]
    measures: tuple[Shown, ...]
    key: str
    sort: str
    usual: str = ""
    groupings: tuple[Grouping, ...] = ()
    columns: tuple[Shown, ...] = ()
    rows_sort: str = ""
    filters: tuple[Filter, ...] = ()
    only: tuple[ColumnClause[Any], ...] = ()
    day: ColumnClause[Any] | None = None
    period: Period = Period.MONTHS_12
    chart: tuple[str, ...] = ()
    entered: str = ""

    @property
    def ways(self) -> tuple[str, ...]:
        """The values of `by`."""
        rows = (ROWS,) if self.columns else ()
        return (*(each.name for each in self.groupings), *rows)

    @property
    def usual_by(self) -> str:
        return self.usual or self.ways[0]

    def grouping(self, by: str) -> Grouping | None:
        """None for rows."""
        return next((each for each in self.groupings if each.name == by), None)

    def shown(self, by: str) -> tuple[Shown, ...]:
        grouping = self.grouping(by)
        return (*grouping.columns, *self.measures) if grouping else self.columns

    def sort_of(self, by: str) -> str:
        """The order that is meant when none is given."""
        grouping = self.grouping(by)
        return (grouping.sort or self.sort) if grouping else self.rows_sort

    @property
    def sorts(self) -> tuple[str, ...]:
        """Whatever may stand in `sort`, one way of grouping or another."""
        names = {one.name: None for by in self.ways for one in self.shown(by)}
        return tuple(f"{sign}{name}" for name in names for sign in ("", "-"))

    def measure(self, name: str) -> Shown:
        return next(one for one in self.measures if one.name == name)


TYPES: dict[str, TypeEngine[Any]] = {
    "text": Text(),
    "texts": ARRAY(Text()),
    "day": Date(),
    "number": Numeric(),
    "whole": Integer(),
    "id": BigInteger(),
    "flag": Boolean(),
}


def view(name: str, /, **columns: str) -> TableClause:
    """A view of schema `reports` as declarations write it, without the schema; the words are those of TYPES."""
    return _table(name, None, columns)


def listed(schema: str, name: str, /, **columns: str) -> TableClause:
    """A table of the mirror, for Choices."""
    return _table(name, schema, columns)


def _table(name: str, schema: str | None, columns: Mapping[str, str]) -> TableClause:
    typed = [column(one, TYPES[type_]) for one, type_ in columns.items()]
    own: ColumnClause[Any] = column("integration_id", Integer())
    return TableClause(name, own, *typed, **({"schema": schema} if schema else {}))
