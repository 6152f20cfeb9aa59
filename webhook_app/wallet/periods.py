"""A span of days cut into days, weeks or months."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

MOST = 400
"""Periods that may be asked for at once: a year of days."""


@dataclass(frozen=True)
class Period:
    """A day, week or month, or what of it lies in the span that was asked for; both ends included."""

    first: date
    last: date


def cut(by: str, first: date, last: date) -> list[Period]:
    """Every day, week (from Monday) or month of the span; the ends may be parts of one.

    Of a span with more than MOST, one more than those.
    """
    starts = list(_starts(by, first, last))
    ends = [date.fromordinal(start.toordinal() - 1) for start in starts[1:]]
    return [Period(*ends_) for ends_ in zip(starts, [*ends, last], strict=True)]


def _starts(by: str, first: date, last: date) -> Iterator[date]:
    start: date | None = first
    for _ in range(MOST + 1):
        if start is None or start > last:
            return
        yield start
        start = _following(by, start)


def _following(by: str, day: date) -> date | None:
    """The first day of the next period; None: there is none any more."""
    if by == "month":
        return None if day >= date(9999, 12, 1) else _next_month(day)
    ordinal = day.toordinal() + (1 if by == "day" else 7 - day.weekday())
    return date.fromordinal(ordinal) if ordinal <= date.max.toordinal() else None


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
