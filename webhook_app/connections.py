"""GET and POST /api/<provider>/test-connection: do the credentials work, and whose account is it?"""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field

from shared.questions import TEST_CONNECTION
from webhook_app import asking
from webhook_app.envelopes import Answer, answer, problems
from webhook_app.openapi import Routes
from webhook_app.parsing import checked
from webhook_app.problems import Problem
from webhook_app.syncs import OfIntegration


class Connection(BaseModel):
    """code: connected; or, in a problem, missing, malformed, expired, revoked, swapped, wrong_account,
    blocked, elsewhere, limited, not_available, unreachable, with `todo`: what to do."""

    status: str
    code: str


class Found(BaseModel):
    """account: who the credentials belong to, with domains and what the token says of itself; features:
    what the plan and the rights give, or why not; sample: a few records, to see that it is the right one."""

    account: dict[str, Any] | None
    features: dict[str, Any]
    limits: dict[str, Any]
    sample: list[Any]


class Sample(BaseModel):
    """count: by the vendor's own word; null: it does not say."""

    count: int | None
    items: list[dict[str, Any]]


class Connected(Answer):
    data: Found
    connection: Connection
    diagnostics: dict[str, Sample] = Field(description="of Gestão Click: its clients")


class Tolerated(OfIntegration):
    userId: str | None = Field(None, description="tolerated; means nothing here")  # noqa: N815


DOCUMENTED: ResponseDict = {**problems(400, 401, 403, 404, 429, 502, 503), "200": Connected}


def serve(api: Routes, provider: str) -> None:
    """Adds the GET: it tests the credentials of Ponte's own settings."""

    def view(query: Tolerated) -> Response:
        """Test the connection with the integration's own credentials"""
        return test(provider, None, query.integration)

    view.__annotations__ = {"query": Tolerated, "return": Response}
    api.get("/test-connection", responses=DOCUMENTED)(checked(view))


def test(
    provider: str, credentials: dict[str, str] | None, integration_id: int | None = None
) -> Response:
    """credentials: None means the integration's own."""
    found = tested(provider, credentials, integration_id)
    seen = {
        "account": found.get("account"),
        "features": found.get("features") or {},
        "limits": found.get("limits") or {},
        "sample": found.get("sample") or [],
    }
    status = {name: str(found.get(name, "connected")) for name in ("status", "code")}
    told = str(found.get("message") or "connected")
    seen_besides = found.get("diagnostics") or {}
    return answer(told, seen, connection=status, diagnostics=seen_besides)


def tested(
    provider: str, credentials: dict[str, str] | None, integration_id: int | None = None
) -> dict[str, Any]:
    """What the vendor shows to these credentials, as a worker tells it; raises Problem for what is wrong."""
    question = {"provider": provider, "credentials": credentials, "integration": integration_id}
    found = asking.ask(TEST_CONNECTION, question)
    if not found.get("ok"):
        raise asking.refusal(found)
    return found


def both_or_none(first: tuple[str, str | None], second: tuple[str, str | None]) -> bool:
    """True when both are given, False when neither; one alone is a mistake worth naming."""
    missing = [name for name, value in (first, second) if not value]
    if len(missing) == 1:
        errors = [{"field": missing[0], "problem": "missing"}]
        raise Problem(
            400,
            f"{missing[0]} is missing: both tokens are needed",
            errors=errors,
            connection={"status": "missing"},
        )
    return not missing
