"""Which windows of a list are read now: around today, where rows are still open, and a piece of history.

The vendor tells no changes (gestaoclick-api.md 4), so windows of business dates are read again. Where
rows are still open the mirror itself says; days that lie close together share a window when that costs no
more pages.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    cast,
    false,
    func,
    or_,
    select,
)

from shared.agenda import Tier
from shared.availability import name_of
from shared.db.mirror import rows_table, stamps_table
from shared.resources.grammar import Asked, Horizon, Resource, Unsettled, Windows

LOOKBACK = timedelta(hours=2)
"""History is read in pieces: in every such time as much as brings it through in its turn."""


@dataclass(frozen=True)
class Part:
    """One slice of a walk. rows: as many as the mirror holds of it."""

    tier: Tier
    ask: Asked
    rows: int = 0

    def requests(self, page_size: int) -> int:
        return _pages(self.rows, page_size)


@dataclass(frozen=True)
class Day:
    """The rows of one slice on one day; still_open: those that may change."""

    at: date
    rows: int
    still_open: int


def span(
    connection: Connection, integration_id: int, resource: Resource
) -> tuple[date, date] | None:
    """The first and the last day of a list's live rows."""
    if resource.windows is None:
        return None
    table = rows_table(resource)
    at = _date(resource, table)
    first, last = connection.execute(
        select(func.min(at), func.max(at)).where(*_live(table, integration_id))
    ).one()
    return (first, last) if first else None


def near(resource: Resource, horizon: Horizon, days: Mapping[str, Sequence[Day]]) -> list[Part]:
    """The windows around today, of every slice."""
    windows = _of(resource)
    ask = windows.lately(horizon.today)
    first, last = (date.fromisoformat(ask[name]) for name in (windows.start, windows.end))
    return [
        Part(Tier.NEAR, {**base, **ask}, _rows(days.get(name_of(base), ()), first, last))
        for base in resource.undated(horizon)
    ]


def still_open(
    resource: Resource, horizon: Horizon, days: Mapping[str, Sequence[Day]]
) -> list[Part]:
    """Windows around the older days on which rows are open, as far as the mirror knows them."""
    windows = _of(resource)
    begin = date.fromisoformat(windows.lately(horizon.today)[windows.start])
    parts = []
    for base in resource.undated(horizon):
        older = [day for day in days.get(name_of(base), ()) if day.at < begin]
        parts += [
            Part(Tier.OPEN, {**base, **windows.between(first, last)}, rows)
            for first, last, rows in cover(older, resource.page_size)
        ]
    return parts


def asked_open(
    connection: Connection, integration_id: int, resource: Resource, horizon: Horizon
) -> list[Part]:
    """The older open rows, asked for by the parameter that gives them alone; none where a row does not
    say by which value it could be asked for."""
    table, windows, unsettled = rows_table(resource), _of(resource), _unsettled(resource)
    begin = date.fromisoformat(windows.lately(horizon.today)[windows.start])
    bases = {name_of(base): base for base in resource.undated(horizon)}
    names = [name for name in next(iter(bases.values()), {}) if name in table.c]
    at = _date(resource, table)
    by = [*names, *([] if unsettled.values else [unsettled.asked])]
    rows = connection.execute(
        select(*(table.c[name] for name in by), func.min(at), func.count())
        .where(*_live(table, integration_id), at < begin, _open(unsettled, table))
        .group_by(*(table.c[name] for name in by))
    )
    found = []
    for *said, first, count in rows:
        if None in said:
            return []
        base = bases.get(name_of(dict(zip(names, said[: len(names)], strict=True))))
        dates = windows.between(first, begin - timedelta(days=1))
        for value in unsettled.values or said[len(names) :]:
            if base is not None:
                found.append(Part(Tier.OPEN, {**base, unsettled.asked: str(value), **dates}, count))
    return found


def ahead(resource: Resource, horizon: Horizon, days: Mapping[str, Sequence[Day]]) -> list[Part]:
    """Everything that lies further ahead: new instalments come there, where nothing was before."""
    windows = _of(resource)
    begin = date.fromisoformat(windows.lately(horizon.today)[windows.end]) + timedelta(days=1)
    ask = windows.between(begin, windows.last(horizon.today))
    return [
        Part(Tier.AHEAD, {**base, **ask}, _rows(days.get(name_of(base), ()), begin, date.max))
        for base in resource.undated(horizon)
    ]


def cover(days: Iterable[Day], page_size: int) -> list[tuple[date, date, int]]:
    """(first, last, rows) of windows that hold every day with open rows.

    A window grows to the next such day when that costs no more pages than another window.
    """
    found: list[tuple[date, date, int]] = []
    between = 0
    for day in sorted(days, key=lambda day: day.at):
        if not day.still_open:
            between += day.rows
            continue
        first, before = (found[-1][0], found[-1][2]) if found else (day.at, 0)
        together = before + between + day.rows
        apart = _pages(before, page_size) + _pages(day.rows, page_size)
        if found and _pages(together, page_size) <= apart:
            found[-1] = (first, day.at, together)
        else:
            found.append((day.at, day.at, day.rows))
        between = 0
    return found


def _pages(rows: int, page_size: int) -> int:
    return max(1, math.ceil(rows / page_size))


def history(
    resource: Resource,
    horizon: Horizon,
    walked: Mapping[str, datetime],
    whole: datetime | None,
    every: timedelta,
    now: datetime,
    last: datetime | None,
) -> list[Part]:
    """The piece of history whose turn has come: what was read longest ago, never read first.

    walked: when each window was read, by the slice's name; whole: when the list was last read at once;
    last: when it was read before this; whatever has passed since then, its share is read.
    """
    asks = {name_of(ask): ask for ask in all_history(resource, horizon)}
    if not asks:
        return []
    never = datetime.min.replace(tzinfo=now.tzinfo)
    read = {name: max(walked.get(name, never), whole or never) for name in asks}
    since = now - max(LOOKBACK, every / len(asks), now - (last or now))
    done = sum(at > since for at in read.values())
    count = math.ceil(len(asks) * ((now - since) / every)) - done
    waiting = sorted(asks, key=read.__getitem__)
    return [Part(Tier.HISTORY, asks[name]) for name in waiting[: max(0, count)]]


def all_history(resource: Resource, horizon: Horizon) -> list[Asked]:
    """Every month of every slice until now; what lies ahead is a tier of its own, and what has no date is
    left to full walks."""
    start, today = _of(resource).start, horizon.today.isoformat()
    return [ask for ask in resource.asks(horizon) if start in ask and ask[start] <= today]


def days(
    connection: Connection, integration_id: int, resource: Resource, horizon: Horizon
) -> dict[str, list[Day]]:
    """The live rows of each slice without dates, day by day, by the slice's name."""
    table, windows = rows_table(resource), _of(resource)
    bases = resource.undated(horizon)
    names = [name for name in (bases[0] if bases else {}) if name in table.c]
    at = _date(resource, table).label("at")
    rows = connection.execute(
        select(
            *(table.c[name] for name in names),
            at,
            func.count().label("rows"),
            func.count().filter(_open(windows.open, table)).label("open"),
        )
        .where(*_live(table, integration_id), at.is_not(None))
        .group_by(*(table.c[name] for name in names), at)
    )
    found: dict[str, list[Day]] = defaultdict(list)
    for row in rows:
        asked = {name: getattr(row, name) for name in names}
        found[name_of(asked)].append(Day(row.at, row.rows, row.open))
    return found


def inside(resource: Resource, ask: Asked) -> ColumnElement[bool]:
    """Which rows a slice should hold, as far as their columns tell."""
    table, windows = rows_table(resource), _of(resource)
    alone = resource.asks_alone(ask) and bool(_unsettled(resource).values)
    tests: list[ColumnElement[bool]] = [
        or_(table.c[column.name] == column.holds(ask[column.name]), table.c[column.name].is_(None))
        for column in resource.columns
        if column.name in ask and not (alone and column.name == _unsettled(resource).asked)
    ]
    if alone:
        tests.append(_open(windows.open, table))
    if windows.start in ask:
        at = _date(resource, table)
        first, last = (date.fromisoformat(ask[name]) for name in (windows.start, windows.end))
        tests.append(at.between(first, last))
    return and_(*tests)


def met(
    connection: Connection, integration_id: int, resource: Resource, ask: Asked, since: datetime
) -> int:
    """How many rows of a slice a walk has met since a moment."""
    table, stamps = rows_table(resource), stamps_table(resource)
    same = [stamps.c[name] == table.c[name] for name in ("integration_id", *resource.key)]
    counted = (
        select(func.count())
        .select_from(stamps)
        .join(table, and_(*same))
        .where(
            stamps.c.integration_id == integration_id,
            stamps.c.observed_at >= since,
            ~stamps.c.gone,
            inside(resource, ask),
        )
    )
    return int(connection.scalar(counted) or 0)


def _date(resource: Resource, table: Any) -> Any:
    return func.coalesce(*(table.c[name] for name in _of(resource).columns))


def _live(table: Any, integration_id: int) -> tuple[ColumnElement[bool], ...]:
    mine: ColumnElement[bool] = table.c.integration_id == integration_id
    return mine, table.c.deleted_at.is_(None), table.c.missing_since.is_(None)


def _unsettled(resource: Resource) -> Unsettled:
    found = _of(resource).open
    assert found  # noqa: S101  (callers ask before)
    return found


def _open(unsettled: Unsettled | None, table: Any) -> ColumnElement[bool]:
    if unsettled is None:
        return false()
    said = func.lower(cast(table.c[unsettled.column], Text))
    return or_(said.is_(None), ~said.op("~")("|".join(unsettled.settled)))


def _rows(days: Iterable[Day], first: date, last: date) -> int:
    return sum(day.rows for day in days if first <= day.at <= last)


def _of(resource: Resource) -> Windows:
    assert resource.windows  # noqa: S101  (callers ask before)
    return resource.windows
