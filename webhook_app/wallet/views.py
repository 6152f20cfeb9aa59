"""The wallet's views as SQLAlchemy sees them, and their rows as they are answered (docs/wallet.md)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    Date,
    Integer,
    Numeric,
    TableClause,
    Text,
    column,
    table,
)
from sqlalchemy.types import TypeEngine

NONE = "none"
"""What is asked for, and answered, where a title names no account, category, cost centre or store."""


def _view(name: str, /, **types: type[TypeEngine[Any]]) -> TableClause:
    columns = [column(one, type_) for one, type_ in types.items()]
    return table(name, *columns, schema="ponte")


transactions = _view(
    "wallet_transactions",
    integration_id=Integer,
    list=Text,
    id=Text,
    type=Text,
    status=Text,
    settled=Boolean,
    due_on=Date,
    paid_on=Date,
    competence_on=Date,
    effective_on=Date,
    gross=Numeric,
    interest=Numeric,
    discount=Numeric,
    fees=Numeric,
    net=Numeric,
    amount=Numeric,
    difference=Numeric,
    days_overdue=Integer,
    age=Text,
    wallet_id=Text,
    wallet=Text,
    plano_contas_id=Text,
    category=Text,
    erp_category=Text,
    cost_center_id=Text,
    cost_center=Text,
    store_id=Text,
    store=Text,
    party_kind=Text,
    party_id=Text,
    party=Text,
    payment_form_id=Text,
    payment_form=Text,
    code=Text,
    description=Text,
)
wallet_days = _view(
    "wallet_days",
    integration_id=Integer,
    wallet_id=Text,
    type=Text,
    status=Text,
    day=Date,
    net=Numeric,
    amount=Numeric,
    titles=Integer,
)
wallets = _view(
    "wallets",
    integration_id=Integer,
    id=Text,
    name=Text,
    listed=Boolean,
    balance=Numeric,
    balance_since=Date,
    opening_balance=Numeric,
    received=Numeric,
    paid=Numeric,
    net_movement=Numeric,
    settled_ahead=Numeric,
    receivable=Numeric,
    payable=Numeric,
    overdue_receivable=Numeric,
    overdue_payable=Numeric,
    transactions=Integer,
    undated=Integer,
    first_on=Date,
    last_on=Date,
)
cost_centers = _view("cost_centers", integration_id=Integer, id=Text, name=Text)
categories = _view(
    "categories",
    integration_id=Integer,
    plano_contas_id=Text,
    erp_category=Text,
    category=Text,
    listed=Boolean,
)
local_days = _view("local_days", integration_id=Integer, today=Date)


def money(value: Decimal) -> str:
    """In full, with two decimals at least: "60.00", "0.00", "33.3333"."""
    plain = format(value, "f")
    whole, _, decimals = plain.partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


def told(row: Any) -> dict[str, Any]:
    """A row as it is answered: money as text."""
    return {
        str(name): money(value) if isinstance(value, Decimal) else value
        for name, value in row._mapping.items()
    }
