"""A report's values and charts as the reader reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webhook_app import formats
from webhook_app.reports.engine import Asked, Result, Row
from webhook_app.reports.grammar import Grouping, Kind, Said, Shown
from webhook_app.words import say

MOST_BARS = 12
UNITS = {Kind.MONEY: "money", Kind.SHARE: "percent", Kind.DAYS: "days"}
"""As charts.js calls them; others are counts."""
WRITERS: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: str,
    Kind.ID: str,
    Kind.DAY: formats.day,
    Kind.MONTH: formats.month,
    Kind.COUNT: formats.count,
    Kind.NUMBER: lambda value: formats.count(value, 2),
    Kind.MONEY: formats.money,
    Kind.SHARE: formats.percent,
    Kind.DAYS: lambda value: formats.count(value, 1),
}


def said(both: Said) -> str:
    return say(both.pt, both.en)


def value(one: Shown, found: Any) -> str:
    """What a cell says."""
    if found is None:
        return formats.NOTHING
    for both in one.words:
        if both.pt == found:
            return said(both)
    return WRITERS[one.kind](found)


def name(one: Shown, found: Any) -> str:
    """What a group is called, by one of its columns."""
    return say("não informado", "not given") if found is None else value(one, found)


def whole_name(grouping: Grouping, row: Row) -> str:
    """By all of its columns that say what it is about."""
    named = [one for one in grouping.columns if one.kind.named]
    return " · ".join(name(one, row[one.name]) for one in named)


def chart(asked: Asked, result: Result) -> dict[str, Any] | None:
    """What the groups of a page look like; the table beside it has the same figures. None when there is nothing
    to be drawn."""
    grouping = asked.grouping
    if grouping is None or not asked.report.chart or not result.rows:
        return None
    rows = result.rows if in_time(grouping) else result.rows[:MOST_BARS]
    drawn = [asked.report.measure(each) for each in asked.report.chart]
    return {
        "labels": [whole_name(grouping, row) for row in rows],
        "series": [
            {"name": said(one.title), "values": [_number(row[one.name]) for row in rows]}
            for one in drawn
        ],
        "unit": UNITS.get(drawn[0].kind, "count"),
    }


def in_time(grouping: Grouping) -> bool:
    return grouping.columns[0].kind in (Kind.MONTH, Kind.DAY)


def _number(found: Any) -> float | None:
    return None if found is None else float(found)
