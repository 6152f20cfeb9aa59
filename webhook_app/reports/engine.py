"""The SQL of a report, out of its declaration: no report's name stands here.

The view is read once, in a materialized CTE that bears its name, narrowed to what was asked and to the columns that
are needed; groups, their number and the totals of the whole are taken from it in the same statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnClause,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Text,
    func,
    literal,
    select,
    table,
    text,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import visitors

from webhook_app.reports.grammar import WITHOUT, Grouping, Report, Shown

SCHEMA = "reports"
FETCHED = 1000
MEGABYTES = 64
"""For sorts and the rows of a view: with the usual 4 a year of a large business goes by way of the disk."""
TOTAL, COUNT = "total:", "rows:"
Row = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A question to a report. accounts: integrations of one business; filters: by name, values of the report's."""

    report: Report
    accounts: Sequence[int]
    by: str
    sort: str
    since: date | None = None
    until: date | None = None
    filters: Mapping[str, str] = field(default_factory=dict)

    @property
    def grouping(self) -> Grouping | None:
        return self.report.grouping(self.by)

    @property
    def shown(self) -> tuple[Shown, ...]:
        return self.report.shown(self.by)


@dataclass(frozen=True)
class Result:
    """A page of rows, how many there are in all, and the measures over all of them."""

    rows: list[Row]
    count: int
    totals: Row


def page(connection: Connection, asked: Asked, number: int, limit: int) -> Result:
    """One statement: sums and rows are of the same moment."""
    connection.execute(text(f"set local work_mem = '{MEGABYTES:d}MB'"))
    found = connection.execute(page_of(asked, number, limit)).mappings().all()
    first = found[0]
    totals = {one.name: first[TOTAL + one.name] for one in asked.report.measures}
    rows = [{one.name: row[one.name] for one in asked.shown} for row in found if row["place"]]
    return Result(rows, first[COUNT], totals)


def whole(connection: Connection, asked: Asked) -> Iterator[Row]:
    """Every row in order, as PostgreSQL hands them out."""
    streamed = connection.execution_options(stream_results=True, yield_per=FETCHED)
    for row in streamed.execute(whole_of(asked)).mappings():
        yield dict(row)


def totals(connection: Connection, asked: Asked) -> Row:
    """The measures over everything that is asked about."""
    return dict(connection.execute(totals_of(asked)).mappings().one())


def whole_of(asked: Asked) -> Select[Any]:
    gathered = _gathered(asked)
    return _ordered(asked, gathered.c, select(gathered)).add_cte(_read(asked, _grouped(asked)))


def totals_of(asked: Asked) -> Select[Any]:
    sums = _sums(asked, "")
    return sums.add_cte(_read(asked, sums))


def page_of(asked: Asked, number: int, limit: int) -> Select[Any]:
    """The totals stand beside each row of the page, and in one without `place` when it has none."""
    gathered = _gathered(asked)
    rows = gathered if asked.grouping else asked.report.view
    chosen = _ordered(asked, gathered.c, select(gathered)).limit(limit).offset((number - 1) * limit)
    first = chosen.subquery("first")
    place = func.row_number().over(order_by=_order(asked, first.c)).label("place")
    on_page = select(first, place).subquery("page")
    sums = _sums(asked, TOTAL)
    whole = sums.subquery("whole")
    count = select(func.count()).select_from(rows).scalar_subquery()
    return (
        select(whole, count.label(COUNT), on_page)
        .select_from(whole.outerjoin(on_page, true()))
        .order_by(on_page.c.place)
        .add_cte(_read(asked, _grouped(asked), sums))
    )


def told(asked: Asked) -> str:
    """The statement as a person may run it."""
    compiled = whole_of(asked).compile(
        dialect=postgresql.dialect(paramstyle="named"),  # type: ignore[no-untyped-call]
        compile_kwargs={"literal_binds": True},
    )
    return str(compiled)


def _gathered(asked: Asked) -> FromClause:
    """Groups are worked out once; rows are there already, in the view's own CTE."""
    grouped = _grouped(asked)
    return grouped.cte("gathered") if asked.grouping else grouped.subquery("gathered")


def _grouped(asked: Asked) -> Select[Any]:
    grouping, view = asked.grouping, asked.report.view
    if grouping is None:
        return select(*map(_labelled, asked.shown)).select_from(view)
    measures = _measured(asked.report, "", overall=grouping.overall)
    columns = (*map(_labelled, (*grouping.along, *grouping.columns)), *measures)
    beside = grouping.beside
    source: FromClause = view if beside is None else view.outerjoin(beside, true())
    return select(*columns).select_from(source).group_by(*(one.what for one in grouping.apart))


def _labelled(one: Shown) -> ColumnElement[Any]:
    return one.what.label(one.name)


def _sums(asked: Asked, prefix: str) -> Select[Any]:
    return select(*_measured(asked.report, prefix, overall=True)).select_from(asked.report.view)


def _measured(report: Report, prefix: str, *, overall: bool) -> Iterator[ColumnElement[Any]]:
    for one in report.measures:
        what = one.what if one.overall is None or not overall else one.overall
        yield what.label(prefix + one.name)


def _read(asked: Asked, *statements: Select[Any]) -> CTE:
    """The rows of the view that are asked about, under the view's own name."""
    view = asked.report.view
    source = table(view.name, *(_copy(one) for one in view.columns), schema=SCHEMA)
    needed = {c.name for c in _columns(statements) if c.table is view}
    chosen = [one for one in source.columns if one.name in needed] or [source.c.integration_id]
    read = select(*chosen).where(*_conditions(asked, source.c)).cte(view.name)
    return read.prefix_with("materialized")


def _copy(one: Any) -> ColumnClause[Any]:
    return ColumnClause(one.name, one.type)


def _columns(statements: Iterable[Select[Any]]) -> Iterator[ColumnClause[Any]]:
    for statement in statements:
        for element in visitors.iterate(statement):
            if isinstance(element, ColumnClause):
                yield element


def _conditions(asked: Asked, columns: Any) -> Iterator[ColumnElement[bool]]:
    report = asked.report
    yield columns.integration_id.in_(asked.accounts or (0,))
    for flag in report.only:
        yield columns[flag.name]
    if report.day is not None and asked.since is not None:
        yield columns[report.day.name] >= asked.since
    if report.day is not None and asked.until is not None:
        yield columns[report.day.name] <= asked.until
    for each in report.filters:
        if each.name in asked.filters:
            yield _fits(columns[each.column.name], asked.filters[each.name], each.part)


def _fits(one: ColumnElement[Any], value: str, part: bool) -> ColumnElement[bool]:
    if isinstance(one.type, ARRAY):
        nothing = func.coalesce(func.cardinality(one), 0) == 0
        return nothing if value == WITHOUT else literal(value, Text()) == one.any_()
    if value == WITHOUT:
        return one.is_(None)
    if part:
        return one.icontains(value, autoescape=True)
    return one == (int(value) if isinstance(one.type, Integer) else value)


def _ordered(asked: Asked, columns: Any, statement: Select[Any]) -> Select[Any]:
    return statement.order_by(*_order(asked, columns))


def _order(asked: Asked, columns: Any) -> list[ColumnElement[Any]]:
    """Absent values come last; what tells rows apart makes it the same on every page."""
    first = columns[asked.sort.removeprefix("-")]
    by = first.desc() if asked.sort.startswith("-") else first.asc()
    apart = asked.grouping.apart if asked.grouping else asked.shown
    return [by.nulls_last(), *(columns[one.name].asc().nulls_last() for one in apart)]


def plain(value: Any) -> Any:
    """A value of a row as answers have it: decimals as text in full."""
    return format(value, "f") if isinstance(value, Decimal) else value
