"""/api/wallets, /api/wallet-transactions, /api/cost-centers: bank accounts and titles, as views of the mirror."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select, tuple_

from webhook_app.auth import SECURITY
from webhook_app.envelopes import pagination, problems
from webhook_app.parsing import checked
from webhook_app.problems import Problem
from webhook_app.wallet.account import answer_of, in_account
from webhook_app.wallet.filters import OfAccount, matching
from webhook_app.wallet.models import (
    CostCentersAnswer,
    TransactionsAnswer,
    TransactionsQuery,
    WalletAnswer,
    WalletPath,
    WalletsAnswer,
)
from webhook_app.wallet.views import (
    cost_centers,
    money,
    told,
    transactions,
    wallets,
)

Row = dict[str, Any]
STATUSES = ("cleared", "pending", "overdue")
ASKED = problems(400, 401, 404, 503)

api = APIBlueprint(
    "wallet", __name__, url_prefix="/api", abp_tags=[Tag(name="Wallet")], abp_security=SECURITY
)


@api.get("/wallets", responses={**ASKED, "200": WalletsAnswer})
@checked
def listed(query: OfAccount) -> Response:
    """Bank accounts, what moved on them, and their balance where somebody entered an opening one"""

    def read(connection: Connection, account: int) -> Response:
        found = select(wallets).where(wallets.c.integration_id == account).order_by(wallets.c.id)
        rows = [told(row) for row in connection.execute(found)]
        return answer_of(connection, account, f"{len(rows)} wallets.", rows)

    return in_account(query.integration, read)


@api.get("/wallets/<id>", responses={**ASKED, "200": WalletAnswer})
@checked
def one(path: WalletPath, query: OfAccount) -> Response:
    """One wallet; `none`: the titles without a bank account"""

    def read(connection: Connection, account: int) -> Response:
        return answer_one(connection, account, path.id, "As the mirror has it.")

    return in_account(query.integration, read)


def answer_one(connection: Connection, integration_id: int, id_: str, message: str) -> Response:
    return answer_of(connection, integration_id, message, wallet(connection, integration_id, id_))


def wallet(connection: Connection, integration_id: int, id_: str) -> Row:
    """Raises Problem when there is none."""
    of_account = wallets.c.integration_id == integration_id
    found = connection.execute(select(wallets).where(of_account, wallets.c.id == id_)).first()
    if found is None:
        ids = connection.scalars(select(wallets.c.id).where(of_account).order_by(wallets.c.id))
        known = ", ".join(ids) or "none yet: POST /api/gestao-click/sync reads the accounts"
        raise Problem(404, f"there is no wallet {id_!r}; there are: {known}")
    return told(found)


@api.get("/wallet-transactions", responses={**ASKED, "200": TransactionsAnswer})
@checked
def transactions_listed(query: TransactionsQuery) -> Response:
    """Receivables and payables, and the sums of all that was asked for, not of the page alone"""

    def read(connection: Connection, account: int) -> Response:
        wanted = matching(account, query)
        sums = totals(connection, wanted)
        rows = _page(connection, account, wanted, query)
        paged = pagination(query.page, query.limit, sums["count"])
        said = f"{len(rows)} of {sums['count']} titles, from the mirror."
        return answer_of(connection, account, said, rows, pagination=paged, totals=sums)

    return in_account(query.integration, read)


def _page(
    connection: Connection,
    integration_id: int,
    wanted: ColumnElement[bool],
    query: TransactionsQuery,
) -> list[Row]:
    """The keys of the page first: names are joined to its own rows only."""
    c = transactions.c
    order = _order(query.sort)
    keys: Select[Any] = select(c.list, c.id).where(wanted).order_by(*order)
    keys = keys.limit(query.limit).offset((query.page - 1) * query.limit)
    found = [tuple(row) for row in connection.execute(keys)]
    here = (c.integration_id == integration_id, c.id.in_([id_ for _, id_ in found]))
    rows = select(transactions).where(*here, tuple_(c.list, c.id).in_(found)).order_by(*order)
    return [told(row) for row in connection.execute(rows)] if found else []


def _order(sort: str) -> Sequence[ColumnElement[Any]]:
    """Absent values last; the key makes it the same on every page."""
    c = transactions.c
    column = c[sort.removeprefix("-")]
    first = column.desc() if sort.startswith("-") else column.asc()
    return (first.nulls_last(), c.list.collate("C"), c.id.collate("C"))


def totals(connection: Connection, wanted: ColumnElement[bool]) -> Row:
    """Sums by type and status, and how many titles they are of."""
    c = transactions.c
    asked = select(c.type, c.status, func.count().label("count"), func.sum(c.net).label("net"))
    found = connection.execute(asked.where(wanted).group_by(c.type, c.status)).mappings().all()
    return {
        "count": sum(row["count"] for row in found),
        "income": _sums(found, "income"),
        "expense": _sums(found, "expense"),
        "amount": money(sum((_signed(row) for row in found), Decimal(0))),
    }


def _sums(found: Sequence[RowMapping], type_: str) -> Row:
    nets = {row["status"]: row["net"] or Decimal(0) for row in found if row["type"] == type_}
    sums = {status: money(nets.get(status, Decimal(0))) for status in STATUSES}
    return {**sums, "total": money(sum(nets.values(), Decimal(0)))}


def _signed(row: RowMapping) -> Decimal:
    net: Decimal = row["net"] or Decimal(0)
    return net if row["type"] == "income" else -net


@api.get("/cost-centers", responses={**ASKED, "200": CostCentersAnswer})
@checked
def cost_centers_listed(query: OfAccount) -> Response:
    """Cost centres of the ERP"""

    def read(connection: Connection, account: int) -> Response:
        c = cost_centers.c
        found = select(cost_centers).where(c.integration_id == account).order_by(c.name, c.id)
        rows = [told(row) for row in connection.execute(found)]
        return answer_of(connection, account, f"{len(rows)} cost centres.", rows)

    return in_account(query.integration, read)
