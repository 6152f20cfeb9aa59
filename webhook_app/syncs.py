"""GET and POST /api/<provider>/sync: write one run per resource, ring, and say where to look."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from shared import integrations, report, resources, runs
from shared.figures import ResourceReport
from shared.integrations import Integration
from shared.queue import SYNC
from shared.resources.grammar import Resource
from shared.settings import Settings
from webhook_app.envelopes import Answer, answer, problems
from webhook_app.openapi import Routes
from webhook_app.parsing import Body, Query, Whole, Words, checked
from webhook_app.problems import Problem
from webhook_app.process import process
from webhook_app.runs import RunModel, reported

SETTINGS = {
    "kommo": "KOMMO_JWT_TOKEN",
    "gestao-click": "GESTAO_CLICK_API_KEY and GESTAO_CLICK_SECRET_TOKEN",
}


class SyncBody(Body):
    model_config = ConfigDict(strict=True, extra="forbid", openapi_extra={"required": False})  # type: ignore[typeddict-unknown-key]

    full: bool = Field(False, description="the whole list, and find what has vanished")
    resources: list[Words] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="names as in `leads`, `kommo.leads`; absent: all",
    )


class Requested(BaseModel):
    request: UUID
    runs: list[RunModel]
    url: str


class RequestedAnswer(Answer):
    data: Requested


class SyncState(BaseModel):
    integration_id: int | None
    account_id: str | None
    sandbox: bool
    resources: list[ResourceReport]


class StateAnswer(Answer):
    data: SyncState


class OfIntegration(Query):
    integration: Whole | None = Field(
        None, ge=1, description="absent: the provider's only active one, or the environment's"
    )


def serve(api: Routes, provider: str) -> None:
    def state(query: OfIntegration) -> Response:
        """How fresh each resource is, and its last run"""
        own = process()
        found = own.database.run(_state, own.settings, provider, query.integration)
        return answer(f"{provider}, resource by resource.", found)

    def order(query: OfIntegration, body: SyncBody) -> Response:
        """Order a sync: one run per resource; asked again while they run, the same request"""
        return ordered(provider, body.full, body.resources, query.integration)

    state.__annotations__ = {"query": OfIntegration, "return": Response}
    order.__annotations__ = {"query": OfIntegration, "body": SyncBody, "return": Response}
    api.get("/sync", responses={**problems(400, 401, 404, 503), "200": StateAnswer})(checked(state))
    documented: ResponseDict = {**problems(400, 401, 403, 404, 409, 503), "202": RequestedAnswer}
    api.post("/sync", responses=documented)(checked(order))


def ordered(
    provider: str, full: bool, names: list[str] | None, integration_id: int | None = None
) -> Response:
    id_, rows = order_now(provider, full, names, integration_id)
    url = f"/api/runs?request={id_}"
    data = {"request": id_, "runs": rows, "url": url}
    response = answer(f"Ordered: {len(rows)} run(s); look at {url}.", data, 202)
    response.headers["Location"] = url
    return response


def order_now(
    provider: str, full: bool, names: list[str] | None, integration_id: int | None = None
) -> tuple[UUID, list[dict[str, Any]]]:
    """Writes the runs, rings, and returns the request with them."""
    own = process()
    wanted = chosen(provider, names)
    id_, rows = own.database.run(_order, own.settings, provider, integration_id, full, wanted)
    for row in rows:
        own.ring(SYNC, row["id"])
    return id_, rows


def chosen(provider: str, names: list[str] | None) -> list[Resource]:
    """The resources by their names (table, full name or route); raises Problem 400 for unknown ones."""
    there = [each for each in resources.of_provider(provider) if not each.unlisted]
    if names is None:
        return there
    known = {name: resource for resource in there for name in _names(resource)}
    if unknown := [name for name in names if name not in known]:
        exist = ", ".join(resource.name for resource in there)
        problem = f"unknown: {', '.join(unknown)}; there are: {exist}"
        errors = [{"field": "resources", "problem": problem}]
        raise Problem(400, f"resources: {problem}", errors=errors)
    return list(dict.fromkeys(known[name] for name in names))


def _names(resource: Resource) -> list[str]:
    full = resource.full_name
    names = [resource.name, full, full.replace("_", "-"), f"{resource.provider}.{resource.name}"]
    return [*names, resource.listed.route] if resource.listed else names


def _order(
    connection: Connection,
    settings: Settings,
    provider: str,
    integration_id: int | None,
    full: bool,
    wanted: list[Resource],
) -> tuple[UUID, list[dict[str, Any]]]:
    integrations.ensure(connection, settings)
    asked_for = integrations.chosen(connection, settings, provider, integration_id)
    if asked_for is None:
        raise Problem(
            409,
            f"{provider} has no credentials: set {SETTINGS[provider]}, then restart; or add an "
            "account: POST /api/integrations",
        )
    _ensure_working(settings, asked_for)
    asked = runs.request(connection, asked_for, wanted, full=full, trigger="http")
    rows = runs.listed(connection, ids=asked.run_ids, limit=len(asked.run_ids))
    return asked.request_id, [reported(row) for row in reversed(rows)]


def _ensure_working(settings: Settings, integration: Integration) -> None:
    which = f"integration {integration.id} ({integration.provider} of {integration.user_id})"
    if not integration.active:
        raise Problem(
            409, f"{which} is {integration.state}: PATCH /api/integrations/{integration.id}"
        )
    if not integrations.has_credentials(settings, integration):
        raise Problem(409, f"{which} has no credentials: set {SETTINGS[integration.provider]}")


def _state(
    connection: Connection, settings: Settings, provider: str, integration_id: int | None
) -> dict[str, object]:
    found = integrations.chosen(connection, settings, provider, integration_id)
    if found is None:
        return {"integration_id": None, "account_id": None, "sandbox": False, "resources": []}
    agendas = report.agendas_of(connection, settings, [found])
    reports = report.of_resources(connection, settings, [found], agendas)[found.id]
    return {
        "integration_id": found.id,
        "account_id": found.account_id,
        "sandbox": found.sandbox,
        "resources": [asdict(one) for one in reports],
    }
