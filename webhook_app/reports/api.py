"""/api/reports: what there is; each report's rows as JSON, and the whole of them as CSV and XLSX."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict
from sqlalchemy import Connection

from shared.settings import Settings
from webhook_app.auth import SECURITY
from webhook_app.businesses import Business
from webhook_app.envelopes import answer, pagination, problems
from webhook_app.openapi import Routes
from webhook_app.parsing import checked
from webhook_app.process import process
from webhook_app.reports import accounts, catalog, engine, exports, questions
from webhook_app.reports.engine import Asked, plain
from webhook_app.reports.exports import Export
from webhook_app.reports.grammar import Report, Said, Shown
from webhook_app.reports.models import ReportsAnswer, RowsAnswer
from webhook_app.reports.questions import Exported, Paged

api = Routes(
    "reports",
    __name__,
    url_prefix="/api/reports",
    abp_tags=[Tag(name="Reports")],
    abp_security=SECURITY,
)
ASKED = problems(400, 401, 404, 503)


@api.get("", responses={**problems(400, 401, 503), "200": ReportsAnswer})
@checked
def reports() -> Response:
    """Which reports there are, what each tells, and how it may be asked"""
    return answer(f"{len(catalog.ALL)} reports.", [_described(one) for one in catalog.ALL])


def _serve(report: Report) -> None:
    def rows(query: Paged) -> Response:
        own = process()
        told: Response = own.database.run(_rows, own.settings, report, query)
        return told

    rows.__doc__ = f"{report.title.en}: {report.about.en}"
    rows.__annotations__ = {"query": questions.paged(report), "return": Response}
    documented: ResponseDict = {**ASKED, "200": RowsAnswer}
    api.get(f"/{report.name}", endpoint=report.name, responses=documented)(checked(rows))
    for export in exports.ALL:
        _serve_export(report, export)


def _serve_export(report: Report, export: Export) -> None:
    def whole(query: Exported) -> Response:
        return exports.response(report, export, query)

    whole.__doc__ = f"{report.title.en}, the whole of it as {export.suffix.upper()}"
    whole.__annotations__ = {"query": questions.exported(report), "return": Response}
    file: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    made = {"description": "the file", "content": {export.media_type: file}}
    path, endpoint = f"/{report.name}.{export.suffix}", f"{report.name}_{export.suffix}"
    api.get(path, endpoint=endpoint, responses={**ASKED, "200": made})(checked(whole))


def _rows(connection: Connection, settings: Settings, report: Report, query: Paged) -> Response:
    of = accounts.business(connection, settings, report, query.integration)
    asked = questions.meant(report, query, of.of(*report.providers))
    found = engine.page(connection, asked, query.page, query.limit)
    return answer(
        f"{len(found.rows)} of {found.count} rows.",
        [_plain(row) for row in found.rows],
        pagination=pagination(query.page, query.limit, found.count),
        totals=_plain(found.totals),
        report=_asked(asked, of),
        freshness=accounts.freshness(connection, report, of),
    )


def _plain(row: engine.Row) -> dict[str, Any]:
    return {name: plain(value) for name, value in row.items()}


def _asked(asked: Asked, of: Business) -> dict[str, Any]:
    return {
        "name": asked.report.name,
        "by": asked.by,
        "sort": asked.sort,
        "since": asked.since,
        "until": asked.until,
        "filters": asked.filters,
        "columns": [_shown(one) for one in asked.shown],
        "covers": _said(asked.report.covers),
        "accounts": [one.id for one in of.accounts],
        "lacking": accounts.lacking(asked.report, of),
    }


def _described(report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "title": _said(report.title),
        "about": _said(report.about),
        "covers": _said(report.covers),
        "day": report.day.name if report.day is not None else None,
        "by": report.ways,
        "columns": [_shown(one) for one in report.columns],
        "measures": [_shown(one) for one in report.measures],
        "filters": [{"name": one.name, "title": _said(one.title)} for one in report.filters],
        "follows": report.follows,
        "url": f"/api/reports/{report.name}",
    }


def _shown(one: Shown) -> dict[str, Any]:
    return {"name": one.name, "title": _said(one.title), "kind": one.kind}


def _said(both: Said) -> dict[str, str]:
    return {"pt": both.pt, "en": both.en}


for _report in catalog.ALL:
    _serve(_report)
