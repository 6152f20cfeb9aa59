"""Errors as users meet them: application/problem+json for programs, a designed page for browsers.

raise Problem(409, "Kommo has no credentials: set KOMMO_JWT_TOKEN and try again.")
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, current_app, render_template, request
from pydantic import BaseModel, Field
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from shared.errors import Conflict, Misuse, NoCredentials, UnknownTarget
from shared.logs import logger
from webhook_app.database import DatabaseAway

log = logger(__name__)
PROGRAMS = ("/api/", "/metrics", "/healthz", "/readyz", "/webhooks/")
MEDIA_TYPE = "application/problem+json"


class Invalid(BaseModel):
    """One thing that is wrong with a request."""

    field: str
    problem: str


class ProblemModel(BaseModel):
    """RFC 9457, with `success` and `message` as in every other answer."""

    type: str
    title: str
    status: int
    detail: str
    success: bool = Field(json_schema_extra={"const": False})
    message: str
    errors: list[Invalid] | None = None
    connection: dict[str, Any] | None = None


class Problem(Exception):
    """An answer that is an error. `more`: further members of the body."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.more = status, detail, headers or {}, more


def for_browser() -> bool:
    """Is this a page that a person opens?"""
    return request.path == "/api/docs" or not request.path.startswith(PROGRAMS)


def register(app: Flask) -> None:
    app.register_error_handler(Problem, _answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DatabaseAway, _away)
    app.register_error_handler(Misuse, _misuse)
    app.register_error_handler(Exception, _unexpected)


def _answer(problem: Problem) -> Response:
    response = _page(problem) if for_browser() else _json(problem)
    response.headers.update(problem.headers)
    return response


def _json(problem: Problem) -> Response:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "success": False,
        "message": problem.detail,
        **problem.more,
    }
    return Response(orjson.dumps(body), problem.status, content_type=MEDIA_TYPE)


def _page(problem: Problem) -> Response:
    page = render_template(
        "problem.html",
        status=problem.status,
        detail=problem.detail,
        away=problem.more.get("away", False),
    )
    return Response(page, problem.status, content_type="text/html; charset=utf-8")


def _http(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {}
    detail = str(error.description or HTTPStatus(status).phrase)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
        detail = f"{request.method} is not served here; there are: {headers['Allow']}"
    elif isinstance(error, NotFound):
        detail = _not_found()
    return _answer(Problem(status, detail, headers))


def _not_found() -> str:
    """Says what exists in the same part of the API."""
    part = "/".join(request.path.split("/")[:3]) + "/"
    rules = {rule.rule for rule in current_app.url_map.iter_rules() if "<" not in rule.rule}
    near = sorted(rule for rule in rules if part.startswith("/api/") and rule.startswith(part))
    known = f"there are: {', '.join(near)}" if near else "/api/docs says what there is"
    return f"nothing is served at this address; {known}"


def _misuse(error: Misuse) -> Response:
    """What shared code refuses, as an answer: the message says what to do."""
    statuses = {UnknownTarget: 404, Conflict: 409, NoCredentials: 409}
    return _answer(Problem(statuses.get(type(error), 400), str(error)))


def _away(error: DatabaseAway) -> Response:
    log.warning("database_away", why=str(error))
    return _answer(Problem(503, f"{error}. Try again shortly.", {"Retry-After": "5"}, away=True))


def _unexpected(error: Exception) -> Response:
    rule = request.url_rule.rule if request.url_rule else None  # the path itself may be a secret
    log.error("request_failed", rule=rule, method=request.method, exc_info=error)
    detail = "something went wrong on our side; the log of `ponte web` has the reason"
    return _answer(Problem(500, detail))
