"""/wallet: what is in the accounts, what came and went and will, who is late; and the balances that people enter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from babel.numbers import NumberFormatError, parse_decimal
from flask import Blueprint, flash, redirect, render_template, request
from sqlalchemy import ColumnElement, Connection, and_, case, func, select, text, true
from werkzeug.wrappers import Response

from shared.settings import Settings
from webhook_app import businesses, formats
from webhook_app.pages import parameters
from webhook_app.problems import Problem
from webhook_app.process import process
from webhook_app.wallet import days
from webhook_app.wallet.account import PROVIDER, freshness, today
from webhook_app.wallet.days import Held
from webhook_app.wallet.entered import forget_opening_balance, keep_opening_balance
from webhook_app.wallet.filters import Narrowed, narrowed, with_status
from webhook_app.wallet.flow import Flow
from webhook_app.wallet.overdue import AGES
from webhook_app.wallet.periods import Period, cut
from webhook_app.wallet.views import NONE, transactions
from webhook_app.words import say

LATEST = 10
"""Parties that are late, the largest sums first."""
LARGEST = Decimal(10) ** 15
SPANS = {"day": (30, 30), "week": (8 * 7, 8 * 7), "month": (9 * 30, 5 * 30)}
"""Days before and after today, by what they are cut into."""
MONEY = ("_income", "_expense", "_net", "_balance")
pages = Blueprint("wallet_pages", __name__)


@dataclass(frozen=True)
class Asked:
    account: str | None
    by: str
    wallet: str | None


@pages.get("/wallet")
def show() -> str:
    own = process()
    by = parameters.one_of("by", tuple(SPANS)) or "month"
    asked = Asked(parameters.word("integration"), by, parameters.word("wallet"))
    seen = own.database.run(_seen, own.settings, asked)
    label = formats.month if by == "month" else formats.day
    drawn = _drawn(seen["flow"], label)
    return render_template("wallet.html", asked=asked, none=NONE, label=label, drawn=drawn, **seen)


def _seen(connection: Connection, settings: Settings, asked: Asked) -> dict[str, Any]:
    """On one snapshot: sums and rows are of the same moment."""
    connection.execute(text("set transaction isolation level repeatable read, read only"))
    known = businesses.known(connection, settings)
    business = businesses.meant(known, asked.account)
    account = _account(business, asked.account)
    day = today(connection, account)
    book = days.read(connection, account)
    wallets = days.held(book, day)
    periods = _periods(asked.by, day)
    question = Flow(account, _narrowed(asked.wallet), asked.by, "paid", None, periods)
    answered, without = days.flow(book, question)
    flow = [_in_decimal(row) for row in answered]
    return {
        "businesses": known,
        "business": business,
        "account": account,
        "today": day,
        "wallets": wallets,
        "total": _total(wallets),
        "flow": flow,
        "without": without,
        **_late(connection, account, asked.wallet),
        "freshness": freshness(connection, account),
    }


def _account(business: businesses.Business, asked: str | None) -> int:
    """The one that is named, else the business's first at the ERP; 0 has no rows."""
    ours = business.of(PROVIDER)
    return next((id_ for id_ in ours if str(id_) == asked), min(ours, default=0))


def _narrowed(wallet: str | None) -> Narrowed:
    return Narrowed.model_validate({"wallet": wallet})


def _total(wallets: Sequence[Held]) -> dict[str, Any]:
    """balance: of those that have one; unknown: how many move money and have none."""
    known = [one.balance for one in wallets if one.balance is not None]
    names = ("receivable", "payable", "overdue_receivable", "overdue_payable")
    return {
        "balance": sum(known, Decimal(0)) if known else None,
        "unknown": sum(one.balance is None and one.titles > 0 for one in wallets),
        **{name: sum((getattr(one, name) for one in wallets), Decimal(0)) for name in names},
    }


def _periods(by: str, day: date) -> list[Period]:
    """Whole ones, around today."""
    before, after = SPANS[by]
    first, last = day - timedelta(days=before), day + timedelta(days=after)
    if by == "month":
        first = first.replace(day=1)
        last = (last.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    elif by == "week":
        first -= timedelta(days=first.weekday())
        last += timedelta(days=6 - last.weekday())
    return cut(by, first, last)


def _late(connection: Connection, account: int, wallet: str | None) -> dict[str, Any]:
    """Who owes most, how many more do, and the sums of all by age."""
    c = transactions.c
    mine = and_(narrowed(account, _narrowed(wallet)), with_status("overdue"), c.type == "income")
    unlisted = case((c.party_id.is_(None), c.party))
    parties = (
        select(
            c.party_kind,
            c.party_id,
            func.max(c.party).label("party"),
            func.count().label("titles"),
            func.min(c.due_on).label("oldest"),
            _net(true()).label("net"),
            *(_net(c.age == age).label(age) for age in AGES),
            func.count().over().label("parties"),
        )
        .where(mine)
        .group_by(c.party_kind, c.party_id, unlisted)
        .order_by(text("net desc"), c.party_id)
        .limit(LATEST)
    )
    late = connection.execute(parties).mappings().all()
    summed = connection.execute(select(c.age, func.sum(c.net)).where(mine).group_by(c.age))
    ages = {**dict.fromkeys(AGES, Decimal(0)), **{row[0]: row[1] for row in summed}}
    more = late[0]["parties"] - len(late) if late else 0
    return {"late": late, "late_more": more, "ages": ages}


def _net(which: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(transactions.c.net).filter(which), 0)


def _in_decimal(row: Mapping[str, Any]) -> dict[str, Any]:
    """The API's rows tell money as text."""
    return {
        name: Decimal(value) if name.endswith(MONEY) and value is not None else value
        for name, value in row.items()
    }


def _drawn(flow: Sequence[Mapping[str, Any]], label: Callable[[date], str]) -> dict[str, Any]:
    """In and out, settled and open together; the balance as a line, where it is known."""
    series: list[dict[str, Any]] = [
        {"name": say("Entra", "In"), "values": _sums(flow, "income"), "tone": "chart-1"},
        {"name": say("Sai", "Out"), "values": _sums(flow, "expense"), "tone": "chart-5"},
    ]
    known = [row["projected_balance"] for row in flow]
    if any(value is not None for value in known):
        balances = [None if value is None else float(value) for value in known]
        name = say("Saldo, com o que está em aberto", "Balance, with what is open")
        series.append({"name": name, "values": balances, "kind": "line", "tone": "chart-2"})
    return {"labels": [label(row["from"]) for row in flow], "series": series, "unit": "money"}


def _sums(flow: Sequence[Mapping[str, Any]], kind: str) -> list[float]:
    return [float(row[f"actual_{kind}"] + row[f"expected_{kind}"]) for row in flow]


@pages.post("/wallet/<int:account>/<wallet_id>/opening-balance")
def enter(account: int, wallet_id: str) -> Response:
    """What was in a wallet when a day began; without an amount, that it is not known."""
    said = request.form.get("amount", "").strip()
    try:
        if not said:
            process().database.run(forget_opening_balance, account, wallet_id)
            flash(say("Saldo inicial esquecido.", "The opening balance is forgotten."))
        else:
            given = (_day(request.form.get("as_of", "")), _amount(said))
            process().database.run(keep_opening_balance, account, wallet_id, *given)
            flash(say("Saldo inicial guardado.", "The opening balance is kept."))
    except Problem as problem:
        flash(problem.detail, "bad")
    return redirect(f"/wallet?integration={account}", 303)


def _day(said: str) -> date:
    """Raises Problem."""
    try:
        found = date.fromisoformat(said)
    except ValueError:
        raise Problem(400, say("escreva o dia do saldo", "write the day of the balance")) from None
    if not 1900 <= found.year <= 2999:
        raise Problem(400, say("o dia do saldo não pode ser esse", "the day cannot be that"))
    return found


def _amount(said: str) -> Decimal:
    """As the reader writes numbers; raises Problem."""
    try:
        found = parse_decimal(said.removeprefix("R$").strip(), formats.locale(), strict=True)
    except NumberFormatError:
        example = say("1.234,56", "1,234.56")
        raise Problem(
            400, say("escreva o valor assim: ", "write the amount as: ") + example
        ) from None
    if not found.is_finite() or abs(found) >= LARGEST:
        raise Problem(400, say("o valor é grande demais", "the amount is too large"))
    return Decimal(round(found, 2))
