"""What is overdue, summed up by party or by age: of receivables and payables each for itself."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from webhook_app.wallet.views import money, transactions

AGES = ("1-30", "31-60", "61-90", ">90")
PARTY = ("party_kind", "party_id", "party")


@dataclass
class Late:
    """The overdue titles of one type and one party, or one age. first: any of its rows."""

    first: Any
    count: int = 0
    days: int = 0
    oldest: date = date.max
    ages: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    @property
    def net(self) -> Decimal:
        return sum(self.ages.values(), Decimal(0))

    def add(self, row: Any) -> None:
        self.count += row.titles
        self.days = max(self.days, row.days)
        self.oldest = min(self.oldest, row.oldest)
        self.ages[row.age] += row.net

    def told(self, by: str) -> dict[str, Any]:
        return {
            "type": self.first.type,
            **{name: getattr(self.first, name) if by == "party" else None for name in PARTY},
            "age": self.first.age if by == "age" else None,
            "count": self.count,
            "net": money(self.net),
            "oldest_due_on": self.oldest,
            "days_overdue": self.days,
            "ages": {age: money(self.ages[age]) for age in AGES if age in self.ages},
        }


def overdue_rows(
    connection: Connection, wanted: ColumnElement[bool], by: str
) -> list[dict[str, Any]]:
    """By party: the largest sum first; by age: receivables by age, then payables. `wanted`: overdue."""
    found: dict[Any, Late] = {}
    for row in connection.execute(_statement(wanted)):
        whose = (row.party_kind, row.party_id, row.unlisted) if by == "party" else row.age
        found.setdefault((row.type, whose), Late(row)).add(row)
    late = list(found.values())
    if by == "party":
        late.sort(key=lambda one: (-one.net, one.first.type, one.first.party_id or ""))
    else:
        late.sort(key=lambda one: (one.first.type != "income", AGES.index(one.first.age)))
    return [one.told(by) for one in late]


def _statement(wanted: ColumnElement[bool]) -> Select[Any]:
    """A party without an id is known by its name alone."""
    c = transactions.c
    unlisted = case((c.party_id.is_(None), c.party)).label("unlisted")
    parts = (c.type, c.age, c.party_kind, c.party_id, unlisted)
    return (
        select(
            *parts,
            func.max(c.party).label("party"),
            func.count().label("titles"),
            func.coalesce(func.sum(c.net), 0).label("net"),
            func.min(c.due_on).label("oldest"),
            func.max(c.days_overdue).label("days"),
        )
        .where(wanted)
        .group_by(*parts)
    )
