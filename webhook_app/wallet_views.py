"""The wallet's views as SQLAlchemy sees them, and what every answer about them needs (docs/wallet.md)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    Integer,
    Numeric,
    TableClause,
    Text,
    cast,
    column,
    func,
    select,
    table,
)
from sqlalchemy.types import TypeEngine

from shared import integrations
from shared.resources.gestao_click import PAGAMENTOS, RECEBIMENTOS
from shared.settings import Settings
from webhook_app import listing

PROVIDER = "gestao-click"
ZONE = "America/Sao_Paulo"
"""Where an account lives that was never asked; as ponte.local_days has it."""
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


def integration(connection: Connection, settings: Settings, asked: int | None) -> int:
    """The account asked for, else the one that is meant; 0, which has no rows, if there is none yet."""
    found = integrations.chosen(connection, settings, PROVIDER, asked)
    return found.id if found else 0


def today(connection: Connection, integration_id: int) -> date:
    """The date of this moment where the account lives."""
    known = select(local_days.c.today).where(local_days.c.integration_id == integration_id)
    usual = cast(func.timezone(ZONE, func.clock_timestamp()), Date)
    day: date = connection.execute(
        select(func.coalesce(known.scalar_subquery(), usual))
    ).scalar_one()
    return day


def freshness(connection: Connection, integration_id: int) -> dict[str, Any]:
    """When both lists of titles were last read: of the one that was read longer ago."""
    both = [
        listing.freshness(connection, one, integration_id) for one in (RECEBIMENTOS, PAGAMENTOS)
    ]
    later = {"synced_at": min, "full_walk_at": min, "age_seconds": max}
    return {
        name: None if any(one[name] is None for one in both) else worst(one[name] for one in both)
        for name, worst in later.items()
    }


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
