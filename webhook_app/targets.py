"""/api/targets (and the original's /api/metas): what should be sold in a month, and what has been.

One row per month, store and seller, each of the two optional: the original had a column for each of two
people. The figures are the view reports.metas: sales whose situation counts, titles settled in the month.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from flask import Response
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field
from sqlalchemy import Connection, delete, func, text
from sqlalchemy.dialects.postgresql import insert

from shared import integrations
from shared.db.bookkeeping import targets as table
from shared.settings import Settings
from webhook_app import syncs
from webhook_app.auth import SECURITY
from webhook_app.envelopes import Answer, Pagination, answer, pagination, problems
from webhook_app.openapi import Routes
from webhook_app.parsing import Body, Limit, Page, Words, checked
from webhook_app.problems import Problem
from webhook_app.process import process
from webhook_app.syncs import OfIntegration

PROVIDER = "gestao-click"
MOST_SELLERS = 1000
Month = Annotated[str, Field(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$", description="2026-11")]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,15}(\.[0-9]{1,2})?$", description='"100000.00"')]


class Target(BaseModel):
    """loja_id, vendedor_id: null for all together. vendido, vendas: live sales of the month whose situation
    counts; recebido: titles settled in it, null by seller, whom titles do not name; percentual: of the
    target, null where that is 0."""

    mes: str
    loja_id: str | None
    loja: str | None
    vendedor_id: str | None
    vendedor: str | None
    meta: str
    vendido: str
    vendas: int
    percentual: str | None
    recebido: str | None


class TargetsAnswer(Answer):
    data: list[Target]
    pagination: Pagination


class TargetAnswer(Answer):
    data: list[Target]


class TargetsQuery(OfIntegration):
    page: Page = 1
    limit: Limit = 50
    month: Month | None = Field(None, description="absent: all, newest first")
    store: Words | None = None
    seller: Words | None = None


class TargetBody(Body):
    month: Month
    store: Words | None = Field(None, min_length=1, description="loja_id; absent: all together")
    seller: Words | None = Field(
        None, min_length=1, description="vendedor_id; absent: all together"
    )
    amount: Amount


class TargetPlace(OfIntegration):
    month: Month
    store: Words | None = None
    seller: Words | None = None


class MetaBody(Body):
    """The original's body; its two columns named after people are sellers in metasVendedores."""

    mesReferencia: Month  # noqa: N815
    metaMensal: Amount  # noqa: N815
    metasVendedores: dict[Words, Amount] | None = Field(  # noqa: N815
        None, max_length=MOST_SELLERS, description="vendedor_id → amount"
    )


class Wanted(BaseModel):
    month: str
    store: str | None = None
    seller: str | None = None
    amount: str


api = Routes(
    "targets", __name__, url_prefix="/api", abp_tags=[Tag(name="Targets")], abp_security=SECURITY
)
LISTED: ResponseDict = {**problems(400, 401, 404, 503), "200": TargetsAnswer}
CHANGED: ResponseDict = {**problems(400, 401, 403, 404, 409, 503), "200": TargetAnswer}


def _list(query: TargetsQuery) -> Response:
    """Targets by month, store and seller, with what was sold and received"""
    own = process()
    id_ = own.database.run(account_of, own.settings, query.integration)
    rows, total = own.database.run(rows_of, id_, query)
    paged = pagination(query.page, query.limit, total)
    return answer(f"{len(rows)} of {total} targets.", rows, pagination=paged)


for _name in ("targets", "metas"):
    api.get(f"/{_name}", endpoint=f"{_name}_list", responses=LISTED)(checked(_list))


@api.put("/targets", responses=CHANGED)
@checked
def put(query: OfIntegration, body: TargetBody) -> Response:
    """Set the target of a month, of a store or a seller if you like; one that is there is replaced"""
    wanted = Wanted(month=body.month, store=body.store, seller=body.seller, amount=body.amount)
    return _kept(query.integration, [wanted])


@api.post("/metas", responses=CHANGED)
@checked
def post(query: OfIntegration, body: MetaBody) -> Response:
    """Set a month's target and its sellers', in the original's words"""
    whole = Wanted(month=body.mesReferencia, amount=body.metaMensal)
    each = [
        Wanted(month=body.mesReferencia, seller=seller, amount=amount)
        for seller, amount in (body.metasVendedores or {}).items()
    ]
    return _kept(query.integration, [whole, *each])


@api.delete("/targets", responses=CHANGED)
@checked
def remove(query: TargetPlace) -> Response:
    """Take a target back; answers those that the month still has"""
    id_ = needed(query.integration)
    own = process()
    if not own.database.run(forget, id_, query):
        place = ", ".join(f"{n} {v}" for n in ("store", "seller") if (v := getattr(query, n)))
        raise Problem(404, f"there is no target for {query.month}{', ' if place else ''}{place}")
    rows, _ = own.database.run(
        rows_of, id_, TargetsQuery(integration=None, month=query.month, limit=250)
    )
    return answer("Deleted.", rows)


def _kept(asked: int | None, wanted: Sequence[Wanted]) -> Response:
    id_, own = needed(asked), process()
    own.database.run(keep, id_, wanted)
    rows, _ = own.database.run(
        rows_of, id_, TargetsQuery(integration=None, month=wanted[0].month, limit=250)
    )
    return answer(f"Kept: {len(wanted)}.", rows)


def needed(asked: int | None) -> int:
    """The account whose targets are meant; raises Problem 409 when there is none."""
    own = process()
    id_: int = own.database.run(account_of, own.settings, asked)
    if not id_:
        raise Problem(
            409, f"no account yet: set {syncs.SETTINGS[PROVIDER]}, or POST /api/integrations"
        )
    return id_


def account_of(connection: Connection, settings: Settings, asked: int | None) -> int:
    """The one that is meant; 0, which has no rows, if there is none yet."""
    one = integrations.chosen(connection, settings, PROVIDER, asked)
    return one.id if one else 0


def first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def keep(connection: Connection, id_: int, wanted: Sequence[Wanted]) -> None:
    """In the place of those that are there."""
    for one in wanted:
        said = insert(table).values(
            integration_id=id_,
            month=first_day(one.month),
            store_id=one.store,
            seller_id=one.seller,
            amount=Decimal(one.amount),
        )
        changed = {"amount": said.excluded.amount, "updated_at": func.clock_timestamp()}
        connection.execute(said.on_conflict_do_update(constraint="targets_one", set_=changed))


def forget(connection: Connection, id_: int, query: TargetPlace) -> int:
    """How many went: one, or none."""
    here = delete(table).where(
        table.c.integration_id == id_,
        table.c.month == first_day(query.month),
        table.c.store_id.is_not_distinct_from(query.store),
        table.c.seller_id.is_not_distinct_from(query.seller),
    )
    return connection.execute(here).rowcount


def rows_of(
    connection: Connection, id_: int, query: TargetsQuery
) -> tuple[list[dict[str, Any]], int]:
    """A page of targets with what was sold, newest month first, and how many there are."""
    asked = {
        "integration": id_,
        "month": first_day(query.month) if query.month else None,
        "store": query.store,
        "seller": query.seller,
        "most": query.limit,
        "before": (query.page - 1) * query.limit,
    }
    total = connection.execute(_COUNT, asked).scalar_one()
    return [dict(row) for row in connection.execute(_TARGETS, asked).mappings()], total


_ASKED = """
    integration_id = :integration
    and (cast(:month as date) is null or {month} = :month)
    and (cast(:store as text) is null or {store} = :store)
    and (cast(:seller as text) is null or {seller} = :seller)
"""
_COUNT = text(
    "select count(*) from ponte.targets where "  # noqa: S608
    + _ASKED.format(month="month", store="store_id", seller="seller_id")
)
_TARGETS = text(
    "select to_char(mes, 'YYYY-MM') as mes, loja_id, loja, vendedor_id, vendedor, "
    "cast(meta as text) as meta, cast(vendido as text) as vendido, vendas, "
    "cast(percentual as text) as percentual, cast(recebido as text) as recebido "
    "from reports.metas where "
    + _ASKED.format(month="mes", store="loja_id", seller="vendedor_id")
    + " order by reports.metas.mes desc, loja_id nulls first, vendedor_id nulls first"
    " limit :most offset :before"
)
