"""Titles summed up by wallet and day, once: all that a page about money asks follows from these few rows.

Each of the views would read every title anew: one pass is what a page has time for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select

from shared.db.mirror import rows_table
from shared.db.wallet import opening_balances
from shared.resources import BY_NAME
from webhook_app.wallet.flow import Flow, Part, Running, flow_out_of
from webhook_app.wallet.views import NONE, transactions, wallet_days

ZERO = Decimal(0)


@dataclass(frozen=True)
class Day:
    """day: of the payment if it is settled, else the due date; None where the title has none. net: of what came or
    went; amount: the same with its sign."""

    wallet_id: str
    type: str
    status: str
    day: date | None
    net: Decimal
    amount: Decimal
    titles: int

    @property
    def settled(self) -> bool:
        return self.status == "cleared"


@dataclass
class Held:
    """What one wallet holds. listed: else only titles name it; balance: None where nobody entered an opening one."""

    id: str
    name: str | None = None
    listed: bool = False
    since: date | None = None
    opening: Decimal | None = None
    balance: Decimal | None = None
    receivable: Decimal = ZERO
    payable: Decimal = ZERO
    overdue_receivable: Decimal = ZERO
    overdue_payable: Decimal = ZERO
    titles: int = 0

    def add(self, day: Day, today: date) -> None:
        self.titles += day.titles
        if not day.settled:
            kind = "receivable" if day.type == "income" else "payable"
            setattr(self, kind, getattr(self, kind) + day.net)
            if day.status == "overdue":
                setattr(self, f"overdue_{kind}", getattr(self, f"overdue_{kind}") + day.net)
        elif self.balance is not None and day.day and (self.since or today) <= day.day <= today:
            self.balance += day.amount


@dataclass
class Book:
    """days: of every wallet; listed: names of the accounts that the ERP lists, by id; named: of those that only titles
    name; opened: opening balances."""

    days: Sequence[Day]
    listed: Mapping[str, str | None]
    named: Mapping[str, str | None]
    opened: Mapping[str, Running]


def read(connection: Connection, account: int) -> Book:
    c = wallet_days.c
    sums = select(c.wallet_id, c.type, c.status, c.day, c.net, c.amount, c.titles)
    rows = connection.execute(sums.where(c.integration_id == account))
    days, listed = [Day(*row) for row in rows], _listed(connection, account)
    unnamed = (
        {day.wallet_id for day in days} - {id_ for id_, name in listed.items() if name} - {NONE}
    )
    o = opening_balances.c
    opened = select(o.wallet_id, o.as_of, o.amount).where(o.integration_id == account)
    return Book(
        days,
        listed,
        _named(connection, account, unnamed) if unnamed else {},
        {row.wallet_id: Running(row.as_of, row.amount) for row in connection.execute(opened)},
    )


def _listed(connection: Connection, account: int) -> dict[str, str | None]:
    table = rows_table(BY_NAME["gestao_click.contas_bancarias"])
    live = (table.c.deleted_at.is_(None), table.c.missing_since.is_(None))
    mine = select(table.c.id, table.c.nome).where(table.c.integration_id == account, *live)
    return {row.id: row.nome for row in connection.execute(mine)}


def _named(connection: Connection, account: int, wallets: Iterable[str]) -> dict[str, str | None]:
    c = transactions.c
    theirs = (c.integration_id == account, c.wallet_id.in_(wallets))
    named = select(c.wallet_id, func.max(c.wallet)).where(*theirs).group_by(c.wallet_id)
    return {row[0]: row[1] for row in connection.execute(named)}


def held(book: Book, today: date) -> list[Held]:
    """Every wallet that is listed, or that titles name."""
    found = {id_: Held(id_, name, listed=True) for id_, name in book.listed.items()}
    for id_, opened in book.opened.items():
        one = found.setdefault(id_, Held(id_))
        one.since, one.opening, one.balance = opened.since, opened.balance, opened.balance
    for day in book.days:
        found.setdefault(day.wallet_id, Held(day.wallet_id)).add(day, today)
    for id_, name in book.named.items():
        found[id_].name = name
    return sorted(found.values(), key=lambda one: (one.name is None, one.name or one.id))


def flow(book: Book, asked: Flow) -> tuple[list[dict[str, Any]], list[str]]:
    """As wallet.flow's flow_of, of a balanced question, out of the days."""
    wallet = asked.asked.wallet
    days = [day for day in book.days if wallet in (None, day.wallet_id)]
    opened = {
        id_: Running(one.since, one.balance)
        for id_, one in book.opened.items()
        if wallet in (None, id_)
    }
    return flow_out_of(asked, _parts(asked, days, opened), opened)


def _parts(asked: Flow, days: Iterable[Day], opened: Mapping[str, Running]) -> list[Part]:
    """By period and wallet; before the first period `start` is None."""
    first, last = asked.periods[0].first, asked.periods[-1].last
    starts = {
        date.fromordinal(n): period.first
        for period in asked.periods
        for n in range(period.first.toordinal(), period.last.toordinal() + 1)
    }
    found: dict[tuple[date | None, str], Part] = {}
    for day in days:
        if day.day is None or day.day > last:
            continue
        start = starts[day.day] if day.day >= first else None
        part = found.setdefault((start, day.wallet_id), Part(start, day.wallet_id))
        name = f"{'actual' if day.settled else 'expected'}_{day.type}"
        setattr(part, name, getattr(part, name) + day.net)
        since = opened[day.wallet_id].since if day.wallet_id in opened else None
        if day.settled and since is not None and day.day >= since:
            part.since_opening += day.amount
    return list(found.values())
