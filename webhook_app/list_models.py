"""The models of list routes, made from the declarations: what may be asked, what is answered."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, create_model

from shared.resources.columns import Column, Type
from shared.resources.grammar import Resource
from webhook_app import listing
from webhook_app.envelopes import Answer, Freshness, Pagination
from webhook_app.parsing import (
    INT64,
    Body,
    Day,
    Flag,
    Limit,
    Moment,
    Number,
    Page,
    Query,
    Whole,
    Words,
)

FILTERS: dict[Type, Any] = {
    Type.BIGINT: Whole,
    Type.TEXT: Words,
    Type.NUMERIC: Number,
    Type.BOOLEAN: Flag,
    Type.DATE: Day,
    Type.TEXTS: Words,
}
SPANS: dict[Type, Any] = {Type.DATE: Day, Type.MOMENT: Moment}
ANSWERED: dict[Type, Any] = {
    Type.BIGINT: int,
    Type.TEXT: str,
    Type.NUMERIC: str,
    Type.BOOLEAN: bool,
    Type.DATE: date,
    Type.MOMENT: datetime,
    Type.TEXTS: list[str],
    Type.JSON: Any,
}


class Listing(Query):
    """What every list understands, besides its own columns."""

    page: Page = 1
    limit: Limit = 50
    query: Words | None = Field(None, description="text to look for; numbers are found by digits")
    updated_since: Moment | None = Field(
        None, description="rows that were written, deleted or missed here since; with deleted=true"
    )
    deleted: Flag = Field(False, description="also rows that are deleted or missing at the vendor")
    raw: Flag = Field(False, description="also the record as the vendor sent it")
    live: Flag = Field(False, description="ask the vendor first; goes with page, limit and query")
    integration_id: Whole | None = Field(None, description="another account's rows")


@cache
def query_model(resource: Resource) -> type[Query]:
    fields: dict[str, Any] = {
        column.name: (FILTERS[column.type] | None, None)
        for column in resource.columns
        if column.type in FILTERS and column.name not in Listing.model_fields
    }
    for column in resource.columns:
        if column.type in SPANS:
            fields[f"{column.name}_from"] = (SPANS[column.type] | None, None)
            fields[f"{column.name}_to"] = (SPANS[column.type] | None, None)
    names = "|".join(column.name for column in resource.columns if column.type is not Type.JSON)
    sort = Field(None, pattern=f"^-?({names})$", description="a column, with - for descending")
    return create_model(
        _name(resource, "query"), __base__=Listing, **fields, sort=(str | None, sort)
    )


@cache
def path_model(resource: Resource) -> type[BaseModel]:
    return create_model(_name(resource, "path"), id=(FILTERS[resource.key_columns[0].type], ...))


@cache
def body_model(resource: Resource) -> type[Body]:
    assert resource.listed and resource.listed.body_id  # noqa: S101
    extra = ConfigDict(strict=True, extra="forbid", openapi_extra={"required": False})  # type: ignore[typeddict-unknown-key]
    base = type("ListBody", (Body,), {"model_config": extra})
    fields: dict[str, Any] = {
        resource.listed.body_id: (int | None, Field(None, ge=-INT64, le=INT64)),
        "page": (int, Field(1, ge=1, le=1_000_000_000)),
        "limit": (int, Field(50, ge=1, le=250)),
        "query": (Words | None, None),
        "userId": (str | int | None, Field(None, description="tolerated; means nothing here")),
        "jwtToken": (str | None, Field(None, description="ignored: never stored, never logged")),
    }
    return cast(type[Body], create_model(_name(resource, "body"), __base__=base, **fields))


@cache
def row_model(resource: Resource) -> Any:
    fields: dict[str, Any] = {
        column.name: _answered(resource, column) for column in resource.columns
    }
    fields |= dict.fromkeys(listing.MARKS, (datetime | None, ...))
    return create_model(_name(resource, "row"), **fields, raw=(Any, None))


def _answered(resource: Resource, column: Column) -> tuple[Any, Any]:
    type_ = ANSWERED[column.type]
    return (type_ if column.name in resource.key else type_ | None, ...)


@cache
def page_model(resource: Resource) -> Any:
    return create_model(
        _name(resource, "page"),
        __base__=Answer,
        data=(list[row_model(resource)], ...),  # type: ignore[misc,arg-type]
        pagination=(Pagination, ...),
        freshness=(Freshness, ...),
    )


@cache
def one_model(resource: Resource) -> Any:
    return create_model(
        _name(resource, "one"),
        __base__=Answer,
        data=(row_model(resource), ...),
        freshness=(Freshness, ...),
    )


def _name(resource: Resource, kind: str) -> str:
    return f"{resource.source}_{resource.name}_{kind}"


@cache
def found_model(resource: Resource) -> Any:
    """What a POST answers: one row, or a list."""
    return create_model(
        _name(resource, "found"),
        __base__=Answer,
        data=(row_model(resource) | list[row_model(resource)], ...),  # type: ignore[misc]
        pagination=(Pagination | None, None),
        freshness=(Freshness, ...),
    )
