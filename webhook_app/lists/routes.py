"""One GET per mirrored list, and a POST where the original had one: all made from the declarations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from flask import Response
from flask_openapi3.types import ResponseDict
from sqlalchemy import Connection

from shared import integrations, resources
from shared.resources.columns import Type
from shared.resources.grammar import Resource
from shared.settings import Settings
from webhook_app import live
from webhook_app.auth import needs
from webhook_app.envelopes import answer, pagination, problems
from webhook_app.lists import expanding, listing, models
from webhook_app.lists.filtering import Wanted
from webhook_app.lists.listing import RAW
from webhook_app.openapi import Routes, later
from webhook_app.parsing import checked
from webhook_app.problems import Problem
from webhook_app.process import process

ASKED = problems(400, 401, 403, 404, 429, 502, 503)
"""What can go wrong where the vendor may be asked."""
NO_TOKENS_HERE = " The jwtToken in the body was ignored: credentials are Ponte's settings."


def serve(api: Routes, resource: Resource) -> None:
    """Adds the routes of one resource: its public name, and its table's name as an alias."""
    assert resource.listed  # noqa: S101
    names = dict.fromkeys((resource.listed.route, resource.name))
    for name in names:
        serve_under(api, resource, name)
        _serve_one(api, resource, name)
        if resource.listed.body_id:
            _serve_post(api, resource, name)


def _serve_one(api: Routes, resource: Resource, name: str) -> None:
    def view(path: Any, query: Any) -> Response:
        return _one(resource, [getattr(path, column) for column in resource.key], query)

    _describe(
        view,
        f"{name}_one",
        f"One row of {resource.full_name}",
        path=models.path_model(resource),
        query=models.one_query_model(resource),
    )
    documented: ResponseDict = {**ASKED, "200": later(models.one_model, resource)}
    api.get(f"/{name}/{_key_in_path(resource)}", responses=documented)(checked(view))


def serve_under(api: Routes, resource: Resource, name: str) -> None:
    """The list once more, at another address: `sales/situacoes`."""

    def view(query: Any) -> Response:
        return _list(resource, query)

    doc, asked = f"List {resource.full_name}", models.query_model(resource)
    _describe(view, f"{name.replace('/', '_')}_list", doc, query=asked)
    documented: ResponseDict = {**ASKED, "200": later(models.page_model, resource)}
    api.get(f"/{name}", responses=documented)(checked(view))


def serve_of(api: Routes, owner: Resource, resource: Resource, by: str, name: str) -> None:
    """The rows that name one row of `owner` in the column `by`: `clients/{id}/vendas`."""

    def view(path: Any, query: Any) -> Response:
        integration_id = process().database.run(
            _account, process().settings, owner, query.integration
        )
        (own,) = owner.key
        process().database.run(_ensure_there, owner, integration_id, getattr(path, own))
        return _list(resource, query.model_copy(update={by: getattr(path, own)}))

    _describe(
        view,
        f"{name}_{owner.name}_{resource.name}",
        f"{resource.full_name} of one row of {owner.full_name}",
        path=models.path_model(owner),
        query=models.query_model(resource),
    )
    documented: ResponseDict = {**ASKED, "200": later(models.page_model, resource)}
    address = f"/{name}/{_key_in_path(owner)}/{resource.name}"
    api.get(address, responses=documented)(checked(view))


def _ensure_there(
    connection: Connection, resource: Resource, integration_id: int, key: str
) -> None:
    if not listing.by_key(connection, resource, integration_id, [[key]]):
        _, total = listing.rows(connection, resource, Wanted(integration_id, limit=1))
        fresh = listing.freshness(connection, resource, integration_id)
        raise Problem(404, _absent(resource, [key], total, fresh["synced_at"], False))


def _key_in_path(resource: Resource) -> str:
    """`<id>`, `<pipeline_id>/<id>`; what stands before the id may hold a slash (`catalogs/7001`)."""
    *parts, id_ = resource.key_columns
    before = [f"<{'path:' if part.type is Type.TEXT else ''}{part.name}>" for part in parts]
    return "/".join([*before, f"<{id_.name}>"])


def _serve_post(api: Routes, resource: Resource, name: str) -> None:
    body_id = cast(str, resource.listed and resource.listed.body_id)

    def view(body: Any) -> Response:
        note = NO_TOKENS_HERE if body.jwtToken is not None else ""
        key = getattr(body, body_id)
        return _list(resource, body, note) if key is None else _one(resource, [key], body, note)

    _describe(
        view,
        f"{name}_post",
        f"One row of {resource.full_name}, or a list",
        body=models.body_model(resource),
    )
    documented: ResponseDict = {**ASKED, "200": later(models.found_model, resource)}
    api.post(f"/{name}", responses=documented)(needs("read")(checked(view)))


def _describe(view: Callable[..., Response], name: str, doc: str, **annotations: Any) -> None:
    """Gives a view made here what flask-openapi3 reads off a written one."""
    view.__name__, view.__doc__ = name, doc
    view.__annotations__ = {**annotations, "return": Response}


def _list(resource: Resource, asked: Any, note: str = "") -> Response:
    """A page of the mirror; with `live` the rows of the vendor's page, out of the mirror too."""
    integration_id = process().database.run(
        _account, process().settings, resource, asked.integration
    )
    keys = live.page(resource, integration_id, asked) if asked.live else None

    def read(connection: Connection) -> Response:
        wanted = _wanted(resource, asked, integration_id)
        if keys is None:
            rows, total = listing.rows(connection, resource, wanted)
            told = f"{len(rows)} of {total} {resource.name}, from the mirror."
        else:
            found = listing.by_key(connection, resource, integration_id, keys, wanted.expand)
            rows, total = list(found.values()), None
            told = f"{len(rows)} {resource.name}, just asked of the vendor, and kept."
        expanding.expand(connection, integration_id, resource, rows, wanted.expand)
        return answer(
            f"{told}{note}",
            rows,
            pagination=pagination(asked.page, asked.limit, total),
            freshness=listing.freshness(connection, resource, integration_id),
        )

    return process().database.run(read)


def _wanted(resource: Resource, asked: Any, integration_id: int) -> Wanted:
    given = {name: value for name, value in asked if value not in (None, [])}
    columns = [column.name for column in resource.columns]
    filters = [each.name for each in resource.filters]
    plain = ("page", "limit", "query", "updated_since", "include_deleted", "sort")
    return Wanted(
        integration_id,
        **{name: given[name] for name in plain if name in given},
        equal={n: given[n] for n in columns if n in given and n not in (*plain, *filters)},
        since={n: given[f"{n}_from"] for n in columns if f"{n}_from" in given},
        until={n: given[f"{n}_to"] for n in columns if f"{n}_to" in given},
        other={name: given[name] for name in filters if name in given},
        expand=_expand(asked),
    )


def _expand(asked: Any) -> list[str]:
    return asked.expand.split(",") if asked.expand else []


def _account(
    connection: Connection, settings: Settings, resource: Resource, asked: int | None
) -> int:
    """The integration asked for, else the one that is meant (integrations.chosen); 0, which has no
    rows, if there is none yet."""
    found = integrations.chosen(connection, settings, resource.provider, asked)
    return found.id if found else 0


def _one(resource: Resource, key: list[Any], asked: Any, note: str = "") -> Response:
    """One row with its record; deleted ones too. With `live` the vendor is asked for it first."""
    integration_id = process().database.run(
        _account, process().settings, resource, asked.integration
    )
    if asked.live:
        live.one(resource, integration_id, key)

    def read(connection: Connection) -> Response:
        expand = [*_expand(asked), *(child.name for child in resource.children), RAW]
        found = listing.by_key(connection, resource, integration_id, [key], expand)
        fresh = listing.freshness(connection, resource, integration_id)
        rows = list(found.values())
        if not rows:
            _, total = listing.rows(connection, resource, Wanted(integration_id, limit=1))
            raise Problem(404, _absent(resource, key, total, fresh["synced_at"], asked.live))
        expanding.expand(connection, integration_id, resource, rows, expand)
        told = "Just asked of the vendor, and kept." if asked.live else "From the mirror."
        return answer(f"{told}{note}", rows[0], freshness=fresh)

    return process().database.run(read)


def _absent(
    resource: Resource, key: list[Any], total: int, synced_at: datetime | None, asked: bool
) -> str:
    when = f"last read {synced_at:%Y-%m-%d %H:%M} UTC" if synced_at else "never read yet"
    more = (
        "The vendor, just asked, has none either."
        if asked
        else f"POST /api/{resource.provider}/sync reads it again."
    )
    named = "/".join(map(str, key))
    return f"{resource.full_name} has no row {named}; {total} rows are mirrored, {when}. {more}"


def of_provider(api: Routes, provider: str) -> None:
    """Serves every list of a provider that is declared `listed`."""
    for resource in resources.of_provider(provider):
        if resource.listed:
            serve(api, resource)
