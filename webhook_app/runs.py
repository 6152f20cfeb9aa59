"""GET /api/runs and /api/runs/{id}: what was ordered, what it did, why it failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, select, true

from shared.db.bookkeeping import runs as table
from webhook_app.auth import SECURITY
from webhook_app.envelopes import Answer, Pagination, answer, pagination, problems, told
from webhook_app.openapi import Routes
from webhook_app.parsing import Limit, Page, Query, Whole, Words, checked
from webhook_app.problems import Problem
from webhook_app.process import process

State = Literal["queued", "running", "done", "failed", "unavailable"]


class RunModel(BaseModel):
    id: int
    request_ids: list[UUID]
    integration_id: int
    resource: str
    mode: str
    state: str
    trigger: str
    attempts: int
    requests: int
    pages: int
    seen: int
    written: int
    gone: int
    rejected: int
    reason: str | None
    next_at: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RunsAnswer(Answer):
    data: list[RunModel]
    pagination: Pagination


class RunAnswer(Answer):
    data: RunModel


class RunsQuery(Query):
    page: Page = 1
    limit: Limit = 50
    request: UUID | None = Field(None, description="the request that POST …/sync answered with")
    provider: Literal["kommo", "gestao-click"] | None = None
    resource: Words | None = Field(None, description="`kommo.leads`")
    state: State | None = None


class RunPath(BaseModel):
    id: Annotated[Whole, Field(ge=1)]


api = Routes(
    "runs", __name__, url_prefix="/api/runs", abp_tags=[Tag(name="Runs")], abp_security=SECURITY
)


@api.get("", responses={**problems(400, 401, 503), "200": RunsAnswer})
@checked
def recent(query: RunsQuery) -> Response:
    """Runs, newest first"""
    rows, total = process().database.run(listed, query)
    paged = pagination(query.page, query.limit, total)
    return answer(f"{len(rows)} of {total} runs.", rows, pagination=paged)


@api.get("/<id>", responses={**problems(400, 401, 404, 503), "200": RunAnswer})
@checked
def one(path: RunPath) -> Response:
    """One run"""
    row = process().database.run(by_id, path.id)
    if row is None:
        raise Problem(404, f"there is no run {path.id}; GET /api/runs lists those that are kept")
    return answer(f"{row['resource']}: {row['state']}.", row)


def reported(row: RowMapping | Mapping[str, Any]) -> dict[str, Any]:
    """A row of sync.runs as it is told: without owner, lease and position."""
    return told(RunModel, row)


def listed(connection: Connection, query: RunsQuery) -> tuple[list[dict[str, Any]], int]:
    """A page of runs, and how many there are in all."""
    condition = _condition(query)
    total = connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
    page = select(table).where(condition).order_by(table.c.id.desc())
    page = page.limit(query.limit).offset((query.page - 1) * query.limit)
    return [reported(row) for row in connection.execute(page).mappings()], total


def _condition(query: RunsQuery) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if query.request:
        conditions.append(table.c.request_ids.contains([query.request]))
    if query.provider:
        source = query.provider.replace("-", "_")
        conditions.append(table.c.resource.startswith(f"{source}.", autoescape=True))
    if query.resource:
        conditions.append(table.c.resource == query.resource)
    if query.state:
        conditions.append(table.c.state == query.state)
    return and_(*conditions)


def by_id(connection: Connection, id_: int) -> dict[str, Any] | None:
    row = connection.execute(select(table).where(table.c.id == id_)).mappings().first()
    return reported(row) if row else None
