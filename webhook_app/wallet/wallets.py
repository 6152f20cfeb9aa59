"""/api/wallets, /api/wallet-transactions, /api/cost-centers: bank accounts and titles, as views of the mirror."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response
from flask_openapi3.models.tag import Tag
from sqlalchemy import ColumnElement, Connection, Select, func, select, tuple_

from webhook_app.auth import SECURITY
from webhook_app.envelopes import pagination, problems
from webhook_app.openapi import Routes
from webhook_app.parsing import checked
from webhook_app.problems import Problem
from webhook_app.wallet.account import answer_of, reading
from webhook_app.wallet.filters import OfAccount, matching
from webhook_app.wallet.models import (
    CostCentersAnswer,
    TransactionsAnswer,
    TransactionsQuery,
    WalletAnswer,
    WalletPath,
    WalletsAnswer,
)
from webhook_app.wallet.totals import summed
from webhook_app.wallet.views import (
    cost_centers,
    told,
    transactions,
    wallets,
)

Row = dict[str, Any]
ASKED = problems(400, 401, 404, 503)

api = Routes(
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

    return reading(query.integration, read)


@api.get("/wallets/<id>", responses={**ASKED, "200": WalletAnswer})
@checked
def one(path: WalletPath, query: OfAccount) -> Response:
    """One wallet; `none`: the titles without a bank account"""

    def read(connection: Connection, account: int) -> Response:
        return answer_one(connection, account, path.id, "As the mirror has it.")

    return reading(query.integration, read)


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
        sums = summed(connection.execute(_sums(wanted)).all())
        rows = _page(connection, account, wanted, query)
        paged = pagination(query.page, query.limit, sums["count"])
        said = f"{len(rows)} of {sums['count']} titles, from the mirror."
        return answer_of(connection, account, said, rows, pagination=paged, totals=sums)

    return reading(query.integration, read)


def _sums(wanted: ColumnElement[bool]) -> Select[Any]:
    c = transactions.c
    net = func.coalesce(func.sum(c.net), 0).label("net")
    asked = select(c.type, c.status, func.count().label("titles"), net)
    return asked.where(wanted).group_by(c.type, c.status)


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


@api.get("/cost-centers", responses={**ASKED, "200": CostCentersAnswer})
@checked
def cost_centers_listed(query: OfAccount) -> Response:
    """Cost centres of the ERP"""

    def read(connection: Connection, account: int) -> Response:
        c = cost_centers.c
        found = select(cost_centers).where(c.integration_id == account).order_by(c.name, c.id)
        rows = [told(row) for row in connection.execute(found)]
        return answer_of(connection, account, f"{len(rows)} cost centres.", rows)

    return reading(query.integration, read)
