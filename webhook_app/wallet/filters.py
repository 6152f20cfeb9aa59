"""Which titles a question is about: its parameters, and they as SQL."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal
from unicodedata import normalize

from pydantic import Field
from sqlalchemy import ColumnElement, and_, or_

from webhook_app.parsing import Day, Number, Query, Whole, Words
from webhook_app.wallet.views import NONE, transactions

Type = Literal["income", "expense"]
Status = Literal["pending", "cleared", "overdue"]
PartyKind = Literal["client", "supplier", "employee", "carrier", "other"]


class OfAccount(Query):
    integration: Whole | None = Field(
        None, ge=1, description="absent: the only active account, or the environment's"
    )


class Narrowed(OfAccount):
    """What every question about titles may be narrowed to."""

    wallet: Words | None = Field(None, description="the id of a wallet; `none`: without account")
    category: Words | None = Field(None, description="its name; `none`: those without")
    cost_center: Words | None = Field(None, description="its id; `none`: those without")
    store: Words | None = Field(None, description="its id; `none`: those without")


class Asked(Narrowed):
    type: Type | None = None
    status: Status | None = None
    due_on_from: Day | None = None
    due_on_to: Day | None = None
    paid_on_from: Day | None = None
    paid_on_to: Day | None = None
    competence_on_from: Day | None = None
    competence_on_to: Day | None = None
    effective_on_from: Day | None = Field(None, description="paid if cleared, else due")
    effective_on_to: Day | None = None
    party_kind: PartyKind | None = None
    party: Words | None = Field(None, description="its id; ids of two kinds may be equal")
    query: Words | None = Field(None, description="text in description, code and party")
    net_from: Number | None = None
    net_to: Number | None = None


SPANS = ("due_on", "paid_on", "competence_on", "effective_on")


def narrowed(integration_id: int, asked: Narrowed) -> ColumnElement[bool]:
    """The titles of an account that a question is narrowed to."""
    c = transactions.c
    conditions = [c.integration_id == integration_id]
    if asked.wallet is not None:
        conditions.append(c.wallet_id == asked.wallet)
    for name in ("category", "cost_center_id", "store_id"):
        value = getattr(asked, name.removesuffix("_id"))
        if value is not None:
            conditions.append(c[name].is_(None) if value == NONE else c[name] == value)
    return and_(*conditions)


def matching(integration_id: int, asked: Asked) -> ColumnElement[bool]:
    return and_(narrowed(integration_id, asked), *_conditions(asked))


def _conditions(asked: Asked) -> Iterator[ColumnElement[bool]]:
    c = transactions.c
    for name in ("type", "status", "party_kind"):
        if (value := getattr(asked, name)) is not None:
            yield c[name] == value
    if asked.party is not None:
        yield c.party_id == asked.party
    for name in SPANS:
        yield from _between(c[name], getattr(asked, f"{name}_from"), getattr(asked, f"{name}_to"))
    sums = [Decimal(one) if one else None for one in (asked.net_from, asked.net_to)]
    yield from _between(c.net, *sums)
    if asked.query:
        words = normalize("NFC", asked.query)
        yield or_(
            *(one.icontains(words, autoescape=True) for one in (c.description, c.code, c.party))
        )


def _between(one: ColumnElement[Any], first: Any, last: Any) -> Iterator[ColumnElement[bool]]:
    if first is not None:
        yield one >= first
    if last is not None:
        yield one <= last
