"""What people enter for the wallet: opening balances and names of categories. The ERP never hears of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response
from flask_openapi3.models.tag import Tag
from sqlalchemy import Connection, Table, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.wallet import category_mappings, opening_balances
from webhook_app.auth import SECURITY
from webhook_app.envelopes import answer, problems
from webhook_app.openapi import Routes
from webhook_app.parsing import checked
from webhook_app.problems import Problem
from webhook_app.wallet.account import in_account, reading
from webhook_app.wallet.filters import OfAccount
from webhook_app.wallet.models import (
    MappingAnswer,
    MappingBody,
    MappingPath,
    MappingsAnswer,
    OpeningBalanceBody,
    WalletAnswer,
    WalletPath,
)
from webhook_app.wallet.views import categories, told
from webhook_app.wallet.wallets import answer_one, wallet

WRITTEN = problems(400, 401, 403, 404, 503)

api = Routes(
    "wallet_entered",
    __name__,
    url_prefix="/api",
    abp_tags=[Tag(name="Wallet")],
    abp_security=SECURITY,
)


def _keep(
    connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]
) -> None:
    """In the place of what was entered before."""
    given = {**values, "updated_at": func.clock_timestamp()}
    made = insert(table).values(**key, **given)
    connection.execute(made.on_conflict_do_update(constraint=table.primary_key, set_=given))


def _forget(connection: Connection, table: Table, key: dict[str, Any]) -> None:
    connection.execute(delete(table).filter_by(**key))


def keep_opening_balance(
    connection: Connection, account: int, wallet_id: str, as_of: date, amount: Decimal
) -> None:
    """Raises Problem when there is no such wallet."""
    wallet(connection, account, wallet_id)
    key = {"integration_id": account, "wallet_id": wallet_id}
    _keep(connection, opening_balances, key, {"as_of": as_of, "amount": amount})


def forget_opening_balance(connection: Connection, account: int, wallet_id: str) -> None:
    _forget(connection, opening_balances, {"integration_id": account, "wallet_id": wallet_id})


@api.put("/wallets/<id>/opening-balance", responses={**WRITTEN, "200": WalletAnswer})
@checked
def put_opening_balance(path: WalletPath, query: OfAccount, body: OpeningBalanceBody) -> Response:
    """What was in a wallet when a day began: its balance is computed from there"""

    def put(connection: Connection, account: int) -> Response:
        keep_opening_balance(connection, account, path.id, body.as_of, Decimal(body.amount))
        return answer_one(connection, account, path.id, f"Counted from {body.as_of}.")

    return in_account(query.integration, put)


@api.delete("/wallets/<id>/opening-balance", responses={**WRITTEN, "200": WalletAnswer})
@checked
def delete_opening_balance(path: WalletPath, query: OfAccount) -> Response:
    """Forget the opening balance: the wallet has none any more, only what moved"""

    def remove(connection: Connection, account: int) -> Response:
        forget_opening_balance(connection, account, path.id)
        return answer_one(connection, account, path.id, "It has no opening balance.")

    return in_account(query.integration, remove)


@api.get("/category-mappings", responses={**problems(400, 401, 404, 503), "200": MappingsAnswer})
@checked
def mappings(query: OfAccount) -> Response:
    """The ERP's plan of accounts, and what people call each"""

    def read(connection: Connection, account: int) -> Response:
        c = categories.c
        found = select(categories).where(c.integration_id == account).order_by(c.plano_contas_id)
        rows = [told(row) for row in connection.execute(found)]
        mapped = sum(row["category"] is not None for row in rows)
        return answer(f"{mapped} of {len(rows)} accounts of the plan have a name of yours.", rows)

    return reading(query.integration, read)


@api.put("/category-mappings/<plano_contas_id>", responses={**WRITTEN, "200": MappingAnswer})
@checked
def put_mapping(path: MappingPath, query: OfAccount, body: MappingBody) -> Response:
    """Call an account of the plan something else: its titles have that category at once"""

    def put(connection: Connection, account: int) -> Response:
        _mapping(connection, account, path.plano_contas_id)
        key = {"integration_id": account, "plano_contas_id": path.plano_contas_id}
        _keep(connection, category_mappings, key, {"category": body.category.strip()})
        return answer("Kept.", _mapping(connection, account, path.plano_contas_id))

    return in_account(query.integration, put)


@api.delete("/category-mappings/<plano_contas_id>", responses={**WRITTEN, "200": MappingAnswer})
@checked
def delete_mapping(path: MappingPath, query: OfAccount) -> Response:
    """The ERP's own name again"""

    def remove(connection: Connection, account: int) -> Response:
        known = _mapping(connection, account, path.plano_contas_id)
        key = {"integration_id": account, "plano_contas_id": path.plano_contas_id}
        _forget(connection, category_mappings, key)
        return answer("The ERP's own name is used.", {**known, "category": None})

    return in_account(query.integration, remove)


def _mapping(connection: Connection, integration_id: int, id_: str) -> dict[str, Any]:
    """Raises Problem when neither the ERP's plan nor a title nor a mapping knows the id."""
    c = categories.c
    asked = select(categories).where(c.integration_id == integration_id, c.plano_contas_id == id_)
    found = connection.execute(asked).first()
    if found is None:
        raise Problem(
            404,
            f"the ERP's plan of accounts has no {id_!r}; GET /api/category-mappings lists what it has",
        )
    return told(found)
