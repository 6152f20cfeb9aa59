"""/api/matches: who of Kommo is who at the ERP; /api/deal-sales: which sale a won deal became; and the last word."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from flask import Response, g
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field
from sqlalchemy import Connection, RowMapping, Table, and_, func, select, true

from shared import matches
from shared.db.matching import deal_sales as deal_sales_table
from shared.db.matching import matches as matches_table
from webhook_app.auth import SECURITY
from webhook_app.envelopes import Answer, Pagination, answer, pagination, problems, told
from webhook_app.openapi import Routes
from webhook_app.parsing import Body, IntegrationId, Limit, Page, Query, Whole, Words, checked
from webhook_app.problems import Problem
from webhook_app.process import process

Standing = Literal["matched", "review", "rejected", "apart"]
TAG = Tag(name="Matches")
people = Routes(
    "matches", __name__, url_prefix="/api/matches", abp_tags=[TAG], abp_security=SECURITY
)
deals = Routes(
    "deal_sales", __name__, url_prefix="/api/deal-sales", abp_tags=[TAG], abp_security=SECURITY
)
APIS = (people, deals)


class Judged(BaseModel):
    """standing: what the pair counts as; state: what the facts say, `verdict` what a person says; strength: 0 to 1."""

    id: int
    standing: Standing
    state: Literal["matched", "doubtful", "apart"]
    strength: float
    why: str
    found_at: datetime
    changed_at: datetime
    verdict: Literal["accepted", "rejected"] | None
    decided_by: str | None
    decided_at: datetime | None


class MatchModel(Judged):
    """facts: what both are known by."""

    integration_id: int
    resource: str
    record: str
    erp_integration_id: int
    erp_resource: str
    erp_record: str
    facts: list[str]


class DealSaleModel(Judged):
    integration_id: int
    lead_id: int
    erp_integration_id: int
    sale_id: str


class MatchesAnswer(Answer):
    data: list[MatchModel]
    pagination: Pagination


class MatchAnswer(Answer):
    data: MatchModel


class DealSalesAnswer(Answer):
    data: list[DealSaleModel]
    pagination: Pagination


class DealSaleAnswer(Answer):
    data: DealSaleModel


class PairsQuery(Query):
    page: Page = 1
    limit: Limit = 50
    standing: Standing | None = Field(None, description="`review`: those that wait for a person")
    integration: IntegrationId | None = Field(None, description="of Kommo")


class MatchesQuery(PairsQuery):
    record: Words | None = Field(None, description="`51000015`: of a contact or company")
    erp_record: Words | None = Field(None, description="`70115`: of a client or supplier")


class DealSalesQuery(PairsQuery):
    lead_id: Annotated[Whole, Field(ge=1)] | None = None
    sale_id: Words | None = None


class PairPath(BaseModel):
    id: Annotated[Whole, Field(ge=1)]


class VerdictBody(Body):
    verdict: Literal["accepted", "rejected"] | None = Field(
        description="null takes back what was decided"
    )


LISTED = problems(400, 401, 503)
DECIDED: ResponseDict = problems(400, 401, 403, 404, 503)


@people.get("", responses={**LISTED, "200": MatchesAnswer})
@checked
def people_matched(query: MatchesQuery) -> Response:
    """Parties that may be the same, the strongest first; `standing=review` waits for a person"""
    return _page(MatchModel, matches_table, query, record=query.record, erp_record=query.erp_record)


@people.put("/<id>", responses={**DECIDED, "200": MatchAnswer})
@checked
def decide_match(path: PairPath, body: VerdictBody) -> Response:
    """Accept or reject a pair; later syncs respect it"""
    return _decide(MatchModel, matches_table, path.id, body.verdict)


@deals.get("", responses={**LISTED, "200": DealSalesAnswer})
@checked
def deals_matched(query: DealSalesQuery) -> Response:
    """Won deals and the sales that they may have become, the strongest first"""
    return _page(
        DealSaleModel, deal_sales_table, query, lead_id=query.lead_id, sale_id=query.sale_id
    )


@deals.put("/<id>", responses={**DECIDED, "200": DealSaleAnswer})
@checked
def decide_deal_sale(path: PairPath, body: VerdictBody) -> Response:
    """Accept or reject a deal's sale; later syncs respect it"""
    return _decide(DealSaleModel, deal_sales_table, path.id, body.verdict)


def _page(model: type[Judged], table: Table, query: PairsQuery, **asked: Any) -> Response:
    rows, total = process().database.run(_listed, model, table, query, asked)
    paged = pagination(query.page, query.limit, total)
    return answer(f"{len(rows)} of {total} pairs.", rows, pagination=paged)


def _decide(model: type[Judged], table: Table, id_: int, verdict: str | None) -> Response:
    row = process().database.run(matches.decide, table, id_, verdict, g.caller.name)
    if row is None:
        raise Problem(404, f"there is no pair {id_}; a GET of the list tells those that are kept")
    pair = _told(model, row)
    return answer(f"Pair {id_}: {pair['standing']}.", pair)


def _listed(
    connection: Connection,
    model: type[Judged],
    table: Table,
    query: PairsQuery,
    asked: dict[str, Any],
) -> tuple[list[dict[str, Any]], int]:
    wanted = {"integration_id": query.integration, **asked}
    same = [table.c[name] == value for name, value in wanted.items() if value is not None]
    if query.standing:
        same.append(matches.standing(table) == query.standing)
    meant = and_(true(), *same)
    total = connection.scalar(select(func.count()).select_from(table).where(meant)) or 0
    page = (
        select(table, matches.standing(table).label("standing"))
        .where(meant)
        .order_by(table.c.strength.desc(), table.c.id)
        .limit(query.limit)
        .offset((query.page - 1) * query.limit)
    )
    return [_told(model, row) for row in connection.execute(page).mappings()], total


def _told(model: type[Judged], row: RowMapping) -> dict[str, Any]:
    return told(model, row) | {"strength": float(row["strength"])}
