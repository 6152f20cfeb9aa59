"""Cash flow: sums by period out of the titles, and the balances that run through them.

One statement brings the sums of every period, and of all the time before the first one (`start` is null);
what runs from period to period is added up here, in Decimal. Balances exist where the question is about
whole wallets by the day on which money moved: `Flow.balanced`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    DateTime,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    select,
)

from shared.db.wallet import opening_balances
from webhook_app.wallet.filters import Narrowed, narrowed
from webhook_app.wallet.periods import Period
from webhook_app.wallet.views import NONE, money, transactions

ZERO = Decimal(0)
DAYS = {"paid": "effective_on", "due": "due_on", "competence": "competence_on"}
GROUPS = {
    "wallet": ("wallet_id", "wallet"),
    "category": ("category", "category"),
    "cost_center": ("cost_center_id", "cost_center"),
    "store": ("store_id", "store"),
}
SUMS = ("actual_income", "actual_expense", "expected_income", "expected_expense")


@dataclass(frozen=True)
class Flow:
    """A question about money over time. by: day, week, month; basis: a key of DAYS; group: of GROUPS."""

    integration_id: int
    asked: Narrowed
    by: str
    basis: str
    group: str | None
    periods: Sequence[Period]

    @property
    def balanced(self) -> bool:
        """Every title that moves the wallets is in it, on the day when the money moved."""
        asked = (self.asked.category, self.asked.cost_center, self.asked.store)
        whole = all(one is None for one in asked)
        return whole and self.basis == "paid" and self.group in (None, "wallet")


@dataclass
class Running:
    """What one wallet holds as the periods go by. since: when its opening balance was; None: never."""

    since: date | None = None
    balance: Decimal = ZERO
    open: Decimal = ZERO

    def before(self, day: date) -> Decimal | None:
        """The balance when a day began, with what was added so far."""
        return self.balance if self.since is not None and self.since <= day else None

    def after(self, day: date) -> Decimal | None:
        """The balance when a day ended."""
        known = self.since is not None and self.since.toordinal() <= day.toordinal() + 1
        return self.balance if known else None


@dataclass
class Part:
    """What moved in one period and one group. start: the period's first day, None: before them all; since_opening:
    what was settled on the wallet since its opening balance."""

    start: date | None
    group_id: str | None
    group: str | None = None
    actual_income: Decimal = ZERO
    actual_expense: Decimal = ZERO
    expected_income: Decimal = ZERO
    expected_expense: Decimal = ZERO
    since_opening: Decimal = ZERO


@dataclass
class Sums:
    """Of one period and one group."""

    name: str | None = None
    of: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(SUMS, ZERO))


@dataclass
class _Found:
    """groups: period's start → group's id, None where there are no groups → sums.

    moved: (period's start, wallet) → what was settled since its opening balance, what is open; this and
    `running` only where the question is balanced.
    """

    groups: dict[date, dict[str | None, Sums]] = field(default_factory=lambda: defaultdict(dict))
    moved: dict[tuple[date, str], tuple[Decimal, Decimal]] = field(default_factory=dict)
    running: dict[str, Running] = field(default_factory=dict)


def flow_of(connection: Connection, flow: Flow) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows, and the wallets that have titles but no opening balance."""
    opened = _opened(connection, flow) if flow.balanced else {}
    parts = [Part(**row) for row in connection.execute(_statement(flow)).mappings()]
    return flow_out_of(flow, parts, opened)


def flow_out_of(
    flow: Flow, parts: Iterable[Part], opened: dict[str, Running]
) -> tuple[list[dict[str, Any]], list[str]]:
    """As `flow_of`, of what was read. opened: of the wallets that have an opening balance; it is used up."""
    found = _gathered(flow, parts, opened)
    rows = [row for period in flow.periods for row in _rows(flow, found, period)]
    without = sorted(id_ for id_, one in found.running.items() if one.since is None)
    return rows, without


def _rows(flow: Flow, found: _Found, period: Period) -> Iterator[dict[str, Any]]:
    """One row for the period, or one for each group that moves in it."""
    opening = {id_: one.before(period.first) for id_, one in found.running.items()}
    for id_, one in found.running.items():
        settled, open_ = found.moved.get((period.first, id_), (ZERO, ZERO))
        one.balance += settled
        one.open += open_
    groups = found.groups.get(period.first, {})
    if flow.group is None:
        groups = {None: groups.get(None, Sums())}
    for group_id, sums in sorted(groups.items(), key=lambda item: item[0] or ""):
        whose = list(found.running) if group_id is None else [group_id]
        yield {
            "from": period.first,
            "to": period.last,
            "group_id": group_id,
            "group": sums.name,
            **_told(sums.of),
            **_balances(flow, found, opening, period, whose),
        }


def _told(of: Mapping[str, Decimal]) -> dict[str, str]:
    net = {kind: of[f"{kind}_income"] - of[f"{kind}_expense"] for kind in ("actual", "expected")}
    return {name: money(value) for name, value in of.items()} | {
        f"{kind}_net": money(value) for kind, value in net.items()
    }


def _balances(
    flow: Flow,
    found: _Found,
    opening: Mapping[str, Decimal | None],
    period: Period,
    whose: Sequence[str],
) -> dict[str, str | None]:
    """Of all wallets together only if each is known."""
    if not flow.balanced:
        return dict.fromkeys(("opening_balance", "closing_balance", "projected_balance"))
    closing = [found.running[id_].after(period.last) for id_ in whose]
    open_ = [found.running[id_].open for id_ in whose]
    closed = _sum(closing)
    projected = None if closed is None else closed + sum(open_, ZERO)
    return {
        "opening_balance": _money(_sum([opening[id_] for id_ in whose])),
        "closing_balance": _money(closed),
        "projected_balance": _money(projected),
    }


def _sum(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if values and len(known) == len(values) else None


def _money(value: Decimal | None) -> str | None:
    return None if value is None else money(value)


def _gathered(flow: Flow, parts: Iterable[Part], opened: dict[str, Running]) -> _Found:
    found = _Found(running=opened)
    for part in parts:
        if flow.balanced:
            _keep_running(found, part)
        if part.start is not None:
            _keep_sums(flow, found, part.start, part)
    return found


def _opened(connection: Connection, flow: Flow) -> dict[str, Running]:
    c = opening_balances.c
    asked = select(c.wallet_id, c.as_of, c.amount).where(c.integration_id == flow.integration_id)
    if flow.asked.wallet is not None:
        asked = asked.where(c.wallet_id == flow.asked.wallet)
    return {row.wallet_id: Running(row.as_of, row.amount) for row in connection.execute(asked)}


def _keep_running(found: _Found, part: Part) -> None:
    wallet = str(part.group_id)
    one = found.running.setdefault(wallet, Running())
    open_ = part.expected_income - part.expected_expense
    if part.start is None:
        one.balance += part.since_opening
        one.open += open_
    else:
        found.moved[part.start, wallet] = (part.since_opening, open_)


def _keep_sums(flow: Flow, found: _Found, start: date, part: Part) -> None:
    id_ = None if flow.group is None else part.group_id or NONE
    sums = found.groups[start].setdefault(id_, Sums(part.group if flow.group else None))
    for name in SUMS:
        sums.of[name] += getattr(part, name)


def _statement(flow: Flow) -> Any:
    c, o = transactions.c, opening_balances.c
    day = c[DAYS[flow.basis]]
    first, last = flow.periods[0].first, flow.periods[-1].last
    wanted = and_(narrowed(flow.integration_id, flow.asked), day <= last)
    group_id, group = _group(flow)
    cleared = c.status == "cleared"
    since_opening = _summed(c.amount, and_(cleared, day >= o.as_of)) if flow.balanced else null()
    opened = and_(o.integration_id == c.integration_id, o.wallet_id == c.wallet_id)
    return (
        select(
            _start(flow.by, day, first).label("start"),
            group_id.label("group_id"),
            func.max(group).label("group"),
            _summed(c.net, and_(cleared, c.type == "income")).label("actual_income"),
            _summed(c.net, and_(cleared, c.type == "expense")).label("actual_expense"),
            _summed(c.net, and_(~cleared, c.type == "income")).label("expected_income"),
            _summed(c.net, and_(~cleared, c.type == "expense")).label("expected_expense"),
            since_opening.label("since_opening"),
        )
        .select_from(transactions.outerjoin(opening_balances, opened))
        .where(wanted if flow.balanced else and_(wanted, day >= first))
        .group_by("start", "group_id")
    )


def _group(flow: Flow) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Balances are kept by wallet, whether it is asked for or not."""
    group = flow.group or ("wallet" if flow.balanced else None)
    if group is None:
        return null(), null()
    id_, name = GROUPS[group]
    return transactions.c[id_], transactions.c[name]


def _start(by: str, day: ColumnElement[Any], first: date) -> ColumnElement[Any]:
    """The first day of the period in which a day lies; null: before them all."""
    begun = cast(func.date_trunc(by, cast(day, DateTime)), Date)
    return case((day >= first, func.greatest(begun, literal(first, Date))))


def _summed(value: ColumnElement[Any], when: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(value).filter(when), 0)
