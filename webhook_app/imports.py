"""GET /api/gestao-click/imports: what was read, order by order; the runs behind it are /api/runs?request=ID."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from flask import Response
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel
from sqlalchemy import Connection, text

from shared import integrations
from shared.settings import Settings
from webhook_app.envelopes import Answer, Pagination, answer, moment, pagination, problems
from webhook_app.openapi import Routes
from webhook_app.parsing import Limit, Page, checked
from webhook_app.process import process
from webhook_app.syncs import OfIntegration

PROVIDER = "gestao-click"


class ListRead(BaseModel):
    run: int
    resource: str
    state: str
    seen: int
    written: int
    gone: int
    rejected: int


class Import(BaseModel):
    """trigger: who ordered it; `joined` when all of it was under way already. state: failed when a list
    failed, running while one is waited for; seconds: from the first list's start to the last one's end."""

    request: UUID
    trigger: str
    state: Literal["running", "done", "failed"]
    reason: str | None
    ordered_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    requests: int
    seen: int
    written: int
    gone: int
    rejected: int
    lists: list[ListRead]


class ImportsAnswer(Answer):
    data: list[Import]
    pagination: Pagination


class ImportsQuery(OfIntegration):
    page: Page = 1
    limit: Limit = 50


def serve(api: Routes) -> None:
    documented: ResponseDict = {**problems(400, 401, 404, 503), "200": ImportsAnswer}
    api.get("/imports", responses=documented)(checked(_past_imports))


def _past_imports(query: ImportsQuery) -> Response:
    """What was read, order by order, newest first: counts, duration, why it failed"""
    own = process()
    rows, total = own.database.run(_imports, own.settings, query)
    paged = pagination(query.page, query.limit, total)
    return answer(f"{len(rows)} of {total} imports.", rows, pagination=paged)


def _imports(
    connection: Connection, settings: Settings, query: ImportsQuery
) -> tuple[list[dict[str, Any]], int]:
    one = integrations.chosen(connection, settings, PROVIDER, query.integration)
    asked = {
        "integration": one.id if one else 0,
        "most": query.limit,
        "before": (query.page - 1) * query.limit,
    }
    total = connection.execute(_COUNT, asked).scalar_one()
    rows = [dict(row) for row in connection.execute(_IMPORTS, asked).mappings()]
    return [
        {n: moment(v) if isinstance(v, datetime) else v for n, v in r.items()} for r in rows
    ], total


_COUNT = text(
    """
    select count(distinct request) from sync.runs, unnest(request_ids) as request
    where integration_id = :integration
    """
)

# a run that several have asked for stands in each of their orders
_IMPORTS = text(
    """
    select request,
        coalesce(min(trigger) filter (where request_ids[1] = request), 'joined') as trigger,
        case when bool_or(state in ('queued', 'running')) then 'running'
            when bool_or(state = 'failed') then 'failed' else 'done' end as state,
        string_agg(resource || ': ' || reason, '; ' order by id) filter (where state = 'failed') as reason,
        min(created_at) as ordered_at,
        min(started_at) as started_at,
        case when bool_and(finished_at is not null) then max(finished_at) end as finished_at,
        case when bool_and(finished_at is not null)
            then round(extract(epoch from max(finished_at) - min(started_at)), 1)::float end as seconds,
        sum(requests)::bigint as requests, sum(seen)::bigint as seen, sum(written)::bigint as written,
        sum(gone)::bigint as gone, sum(rejected)::bigint as rejected,
        jsonb_agg(jsonb_build_object('run', id, 'resource', resource, 'state', state, 'seen', seen,
            'written', written, 'gone', gone, 'rejected', rejected) order by id) as lists
    from sync.runs, unnest(request_ids) as request
    where integration_id = :integration
    group by request order by min(created_at) desc, request limit :most offset :before
    """
)
