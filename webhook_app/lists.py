"""One GET per mirrored list, and a POST where the original had one: all made from the declarations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any, cast

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, ConfigDict, Field, create_model
from sqlalchemy import Connection

from shared import integrations, resources
from shared.questions import LOOK_LIVE
from shared.resources.columns import Column, Type
from shared.resources.grammar import Resource
from shared.settings import Settings
from webhook_app import asking, listing
from webhook_app.auth import needs
from webhook_app.envelopes import Answer, Freshness, Pagination, answer, pagination, problems
from webhook_app.listing import Wanted
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
    checked,
)
from webhook_app.problems import Problem
from webhook_app.process import process

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
NO_TOKENS_HERE = " The jwtToken in the body was ignored: credentials are Ponte's settings."


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


def serve(api: APIBlueprint, resource: Resource) -> None:
    """Adds the routes of one resource: its public name, and its table's name as an alias."""
    assert resource.listed  # noqa: S101
    names = dict.fromkeys((resource.listed.route, resource.name))
    for name in names:
        _serve_list(api, resource, name)
        if len(resource.key) == 1:
            _serve_one(api, resource, name)
        if resource.listed.body_id:
            _serve_post(api, resource, name)


def _serve_list(api: APIBlueprint, resource: Resource, name: str) -> None:
    def view(query: Any) -> Response:
        return _live(resource, query) if query.live else _mirrored(resource, query)

    _describe(view, f"{name}_list", f"List {resource.full_name}", query=query_model(resource))
    documented: ResponseDict = {
        **problems(400, 401, 404, 429, 502, 503),
        "200": page_model(resource),
    }
    api.get(f"/{name}", responses=documented)(checked(view))


def _serve_one(api: APIBlueprint, resource: Resource, name: str) -> None:
    def view(path: Any) -> Response:
        return _one(resource, path.id)

    _describe(view, f"{name}_one", f"One row of {resource.full_name}", path=path_model(resource))
    documented: ResponseDict = {**problems(400, 401, 404, 503), "200": one_model(resource)}
    api.get(f"/{name}/<id>", responses=documented)(checked(view))


def _serve_post(api: APIBlueprint, resource: Resource, name: str) -> None:
    body_id = cast(str, resource.listed and resource.listed.body_id)

    def view(body: Any) -> Response:
        note = NO_TOKENS_HERE if body.jwtToken is not None else ""
        key = getattr(body, body_id)
        return _one(resource, key, note) if key is not None else _mirrored(resource, body, note)

    _describe(
        view,
        f"{name}_post",
        f"One row of {resource.full_name}, or a list",
        body=body_model(resource),
    )
    documented: ResponseDict = {
        **problems(400, 401, 404, 503),
        "200": create_model(
            f"{resource.source}_{resource.name}_found",
            __base__=Answer,
            data=(row_model(resource) | list[row_model(resource)], ...),  # type: ignore[misc]
            pagination=(Pagination | None, None),
            freshness=(Freshness, ...),
        ),
    }
    api.post(f"/{name}", responses=documented)(needs("read")(checked(view)))


def _describe(view: Callable[..., Response], name: str, doc: str, **annotations: Any) -> None:
    """Gives a view made here what flask-openapi3 reads off a written one."""
    view.__name__, view.__doc__ = name, doc
    view.__annotations__ = {**annotations, "return": Response}


def _mirrored(resource: Resource, asked: Any, note: str = "") -> Response:
    settings = process().settings

    def read(connection: Connection) -> Response:
        chosen = getattr(asked, "integration_id", None)
        integration_id = _integration_id(connection, settings, resource, chosen)
        rows, total = listing.rows(connection, resource, _wanted(resource, asked, integration_id))
        return answer(
            f"{len(rows)} of {total} {resource.name}, from the mirror.{note}",
            rows,
            pagination=pagination(asked.page, asked.limit, total),
            freshness=listing.freshness(connection, resource, integration_id),
        )

    return process().database.run(read)


def _wanted(resource: Resource, asked: Any, integration_id: int) -> Wanted:
    given = {name: value for name, value in asked if value is not None}
    columns = [column.name for column in resource.columns]
    plain = ("page", "limit", "query", "updated_since", "deleted", "sort", "raw")
    return Wanted(
        integration_id,
        **{name: given[name] for name in plain if name in given},
        equal={name: given[name] for name in columns if name in given and name not in plain},
        since={n: given[f"{n}_from"] for n in columns if f"{n}_from" in given},
        until={n: given[f"{n}_to"] for n in columns if f"{n}_to" in given},
    )


def _integration_id(
    connection: Connection, settings: Settings, resource: Resource, asked: int | None = None
) -> int:
    """The integration asked for, else the one of this environment; 0, which has no rows, if none."""
    if asked is None:
        found = integrations.of_environment(connection, settings, resource.provider)
        return found.id if found else 0
    known = [one.id for one in integrations.all_of(connection) if one.provider == resource.provider]
    if asked not in known:
        there = ", ".join(map(str, known)) or "none yet"
        raise Problem(404, f"no {resource.provider} integration {asked}; there are: {there}")
    return asked


def _one(resource: Resource, key: Any, note: str = "") -> Response:
    settings = process().settings

    def read(connection: Connection) -> Response:
        id_ = _integration_id(connection, settings, resource)
        rows = listing.by_keys(connection, resource, id_, [key], raw=True)
        fresh = listing.freshness(connection, resource, id_)
        if not rows:
            _, total = listing.rows(connection, resource, Wanted(id_, limit=1))
            raise Problem(404, _absent(resource, key, total, fresh["synced_at"]))
        return answer(f"From the mirror.{note}", rows[0], freshness=fresh)

    return process().database.run(read)


def _absent(resource: Resource, key: Any, total: int, synced_at: datetime | None) -> str:
    when = f"last read {synced_at:%Y-%m-%d %H:%M} UTC" if synced_at else "never read yet"
    return (
        f"{resource.full_name} has no row {key}; {total} rows are mirrored, {when}. "
        f"POST /api/{resource.provider}/sync reads it again."
    )


def _live(resource: Resource, asked: Any) -> Response:
    """Has a worker fetch the vendor's page, and answers with these rows out of the mirror."""
    extra = asked.model_fields_set - {"live", "page", "limit", "query", "raw"}
    if extra:
        raise Problem(
            400, f"live=true goes with page, limit and query, not with {', '.join(extra)}"
        )
    question = {
        "resource": resource.full_name,
        "page": asked.page,
        "limit": asked.limit,
        "query": asked.query,
    }
    settings, given = process().settings, asking.ask(LOOK_LIVE, question)
    if "error" in given:
        raise asking.refusal(given["error"])

    def read(connection: Connection) -> Response:
        id_ = _integration_id(connection, settings, resource)
        rows = listing.by_keys(connection, resource, id_, given["keys"], asked.raw)
        return answer(
            f"{len(rows)} {resource.name}, just asked of the vendor.",
            rows,
            pagination=pagination(asked.page, asked.limit, None),
            freshness=listing.freshness(connection, resource, id_),
        )

    return process().database.run(read)


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


def of_provider(api: APIBlueprint, provider: str) -> None:
    """Serves every list of a provider that is declared `listed`."""
    for resource in resources.of_provider(provider):
        if resource.listed:
            serve(api, resource)
