"""Of which days the periods are that a page offers."""

from __future__ import annotations

from datetime import date, timedelta

from webhook_app.reports.grammar import Period, Said

Days = tuple[date | None, date | None]
"""The first and the last, both included; None: without an end."""

TITLES = {
    Period.MONTH: Said("Este mês", "This month"),
    Period.LAST_MONTH: Said("Mês passado", "Last month"),
    Period.DAYS_30: Said("30 dias", "30 days"),
    Period.DAYS_90: Said("90 dias", "90 days"),
    Period.MONTHS_12: Said("12 meses", "12 months"),
    Period.NEXT_30: Said("Próximos 30 dias", "Next 30 days"),
    Period.NEXT_90: Said("Próximos 90 dias", "Next 90 days"),
    Period.ALL: Said("Tudo", "All"),
}
AHEAD = (Period.NEXT_30, Period.NEXT_90)


def offered(usual: Period) -> tuple[Period, ...]:
    """Those of a report whose usual one this is: it looks back, or ahead."""
    if usual in AHEAD:
        return (*AHEAD, Period.ALL)
    return tuple(period for period in TITLES if period not in AHEAD)


def days(period: Period, today: date) -> Days:
    first = today.replace(day=1)
    before = first - timedelta(days=1)
    return {
        Period.MONTH: (first, today),
        Period.LAST_MONTH: (before.replace(day=1), before),
        Period.DAYS_30: (today - timedelta(days=29), today),
        Period.DAYS_90: (today - timedelta(days=89), today),
        Period.MONTHS_12: (_months_back(first, 11), today),
        Period.NEXT_30: (today, today + timedelta(days=30)),
        Period.NEXT_90: (today, today + timedelta(days=90)),
        Period.ALL: (None, None),
    }[period]


def _months_back(first: date, months: int) -> date:
    month = first.year * 12 + first.month - 1 - months
    return date(month // 12, month % 12 + 1, 1)
