"""One GET per mirrored list, and a POST where the original had one: all made from the declarations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.types import ResponseDict
from sqlalchemy import Connection

from shared import integrations, resources
from shared.questions import LOOK_LIVE
from shared.resources.grammar import Resource
from shared.settings import Settings
from webhook_app import asking, list_models, listing
from webhook_app.auth import needs
from webhook_app.envelopes import answer, pagination, problems
from webhook_app.listing import Wanted
from webhook_app.parsing import checked
from webhook_app.problems import Problem
from webhook_app.process import process

NO_TOKENS_HERE = " The jwtToken in the body was ignored: credentials are Ponte's settings."


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

    _describe(
        view, f"{name}_list", f"List {resource.full_name}", query=list_models.query_model(resource)
    )
    documented: ResponseDict = {
        **problems(400, 401, 404, 429, 502, 503),
        "200": list_models.page_model(resource),
    }
    api.get(f"/{name}", responses=documented)(checked(view))


def _serve_one(api: APIBlueprint, resource: Resource, name: str) -> None:
    def view(path: Any) -> Response:
        return _one(resource, path.id)

    _describe(
        view,
        f"{name}_one",
        f"One row of {resource.full_name}",
        path=list_models.path_model(resource),
    )
    documented: ResponseDict = {
        **problems(400, 401, 404, 503),
        "200": list_models.one_model(resource),
    }
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
        body=list_models.body_model(resource),
    )
    documented: ResponseDict = {
        **problems(400, 401, 404, 503),
        "200": list_models.found_model(resource),
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
        raise asking.refusal({**given, **given["error"]})

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


def of_provider(api: APIBlueprint, provider: str) -> None:
    """Serves every list of a provider that is declared `listed`."""
    for resource in resources.of_provider(provider):
        if resource.listed:
            serve(api, resource)
