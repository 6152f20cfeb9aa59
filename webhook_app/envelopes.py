"""What every answer looks like: {"success", "message", "data"} and what lists add."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from flask import Response
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import RowMapping

from webhook_app.problems import MEDIA_TYPE, ProblemModel


class Answer(BaseModel):
    """Models of answers document; they are not run over each answer."""

    model_config = ConfigDict(extra="forbid")

    success: bool = Field(json_schema_extra={"const": True})
    message: str


class Pagination(BaseModel):
    """total and pageCount are null where the vendor was asked: it does not tell."""

    page: int
    limit: int
    total: int | None
    pageCount: int | None  # noqa: N815


class Freshness(BaseModel):
    """When the list was last brought up to date, and last walked from end to end."""

    synced_at: datetime | None
    full_walk_at: datetime | None
    age_seconds: float | None


def answer(message: str, data: Any, status: int = 200, **more: Any) -> Response:
    body = {"success": True, "message": message, "data": data, **more}
    return as_json(body, status)


def as_json(body: Any, status: int = 200) -> Response:
    text = orjson.dumps(body, default=_plain, option=orjson.OPT_UTC_Z)
    return Response(text, status, content_type="application/json")


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)


def moment(value: datetime | None) -> datetime | None:
    """In UTC, whatever zone the driver gave it."""
    return value.astimezone(UTC) if value else None


def pagination(page: int, limit: int, total: int | None) -> dict[str, int | None]:
    count = None if total is None else -(-total // limit)
    return {"page": page, "limit": limit, "total": total, "pageCount": count}


_WHY = {
    400: "the request is not right: what, by field",
    401: "no token or session, or not a living one",
    403: "the token's scope does not allow it",
    404: "there is no such thing",
    409: "not possible as things stand",
    429: "the vendor asks to wait",
    500: "a mistake of ours",
    502: "the vendor did not answer usably",
    503: "PostgreSQL does not answer, no worker answered, or too much at once",
}


def problems(*statuses: int) -> ResponseDict:
    """The documentation of error answers."""
    schema = {"$ref": f"#/components/schemas/{ProblemModel.__name__}"}
    return {
        str(status): {"description": _WHY[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def told(model: type[BaseModel], row: RowMapping | Mapping[str, Any]) -> dict[str, Any]:
    """What of a row its model shows, moments as they are told."""
    shown = {name: row[name] for name in model.model_fields}
    return {n: moment(v) if isinstance(v, datetime) else v for n, v in shown.items()}
