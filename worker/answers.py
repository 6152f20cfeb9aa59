"""Answers to the web process's questions: only workers talk to vendors, inside the budget.

test-connection: {"ok", "status", "message", "account", "sample"}; look-live: {"keys", "rows"} or {"error"}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from shared import integrations, questions, resources
from shared.errors import (
    AddressBlocked,
    BudgetSpent,
    CredentialsRefused,
    Misuse,
    NotAvailable,
    Paused,
    PonteError,
    RateLimited,
    VendorUnavailable,
    WrongAccount,
)
from shared.integrations import Integration
from worker.reach import Reach
from worker.sources import claims, identity
from worker.sources.budget import WEBHOOKS
from worker.sources.opening import Credentials, credentials, open_source, with_credentials
from worker.sources.protocol import Ask, Found, Source
from worker.sync import sweep

STATUSES: dict[type[PonteError], str] = {
    CredentialsRefused: "refused",
    WrongAccount: "wrong_account",
    AddressBlocked: "blocked",
    NotAvailable: "not_available",
    RateLimited: "limited",
    Paused: "limited",
    BudgetSpent: "limited",
    VendorUnavailable: "unreachable",
    Misuse: "missing",
}
SAMPLE = 3


def answer(reach: Reach, kind: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """Never raises what a vendor or a user caused: that is an answer too."""
    answering: dict[str, Callable[[Reach, Mapping[str, Any]], dict[str, Any]]] = {
        questions.TEST_CONNECTION: test_connection,
        questions.LOOK_LIVE: look_live,
    }
    try:
        return answering[kind](reach, question)
    except PonteError as error:
        status = next((STATUSES[cls] for cls in type(error).__mro__ if cls in STATUSES), "failed")
        return {"ok": False, "status": status, "message": str(error), "error": {"status": status}}


def test_all(reach: Reach) -> dict[str, dict[str, Any]]:
    """Every vendor that has credentials; raises Misuse when none has."""
    return {
        provider: answer(reach, questions.TEST_CONNECTION, {"provider": provider})
        for provider in with_credentials(reach.settings)
    }


def test_connection(reach: Reach, question: Mapping[str, Any]) -> dict[str, Any]:
    """One request for the account, one for a small sample."""
    provider = str(question["provider"])
    integration, given = _asked_about(reach, provider, question.get("credentials"))
    token = claims.read(given.secrets[0]) if provider == "kommo" else {}
    if claims.expired(token):
        return {
            "ok": False,
            "status": "expired",
            "message": f"the token expired on {token['expires_at']}; generate a new one in Kommo",
            "account": token,
        }
    source = open_source(reach, integration, given, priority=WEBHOOKS)
    account = source.account()
    identity.ensure_same(provider, integration.account_id, account)
    listed = next(r for r in resources.of_provider(provider) if r.listed and r.by_id)
    page = source.page(Ask(replace(listed, page_size=SAMPLE), {}), 1)
    sample = [
        {"id": record.get("id"), "name": record.get("name") or record.get("nome")}
        for record in page.records[:SAMPLE]
    ]
    return {
        "ok": True,
        "status": "connected",
        "message": f"{provider} answers with this account's data",
        "account": {"id": account.ids[0], **account.details, "token": token},
        "sample": sample,
    }


def _asked_about(
    reach: Reach, provider: str, posted: Mapping[str, str] | None
) -> tuple[Integration, Credentials]:
    """Posted credentials belong to nobody yet; without them it is the environment's integration."""
    if posted:
        url = _address(reach, provider, posted.get("apiUrl"))
        names = ("jwtToken",) if provider == "kommo" else ("apiKey", "secretToken")
        given = Credentials(provider, url, tuple(posted[name] for name in names))
        return Integration(0, "nobody", provider, None, True), given
    given = credentials(reach.settings, provider)
    with reach.engine.begin() as connection:
        ours = integrations.ensure(connection, reach.settings)
    return next(each for each in ours if each.provider == provider), given


def _address(reach: Reach, provider: str, posted: str | None) -> str:
    """Only the configured address: a posted one would send tokens wherever a caller likes."""
    configured = getattr(reach.settings, f"{provider.replace('-', '_')}_api_url")
    if posted and posted.rstrip("/") != configured:
        raise Misuse(f"apiUrl must be the configured address {configured}")
    return str(configured)


def look_live(reach: Reach, question: Mapping[str, Any]) -> dict[str, Any]:
    """Reads one page, or some ids, at the vendor, keeps what it saw, and says which ids it asked about.

    question: resource, integration; ids and slice, or page, limit and query.
    """
    resource = resources.BY_NAME[str(question["resource"])]
    integration, given = _asked_about(reach, resource.provider, None)
    _same(integration, question.get("integration"))
    ask = Ask(resource, question.get("slice") or {})
    if missing := [c.name for c in resource.columns if c.asked and c.name not in ask.slice]:
        raise Misuse(f"{resource.full_name} has no live view: its rows need {', '.join(missing)}")
    source = open_source(reach, integration, given, priority=WEBHOOKS)
    account = identity.prove(reach, integration, given, source)
    ids, found = _seen(source, ask, question)
    with reach.engine.begin() as connection:
        sweep.keep_look(connection, integration.id, ask, ids, found, account.country, "live look")
    return {"ok": True, "keys": ids, "rows": len(ids)}


def _same(ours: Integration, asked: int | None) -> None:
    if asked not in (None, ours.id):
        raise Misuse(f"integration {asked} is not the one whose credentials this worker has")


def _seen(source: Source, ask: Ask, question: Mapping[str, Any]) -> tuple[list[str], Found]:
    """The ids that were asked for, else those of the page."""
    if ids := [str(id_) for id_ in question.get("ids") or ()]:
        return ids, source.look(ask, ids)
    params = {**ask.resource.params}
    if question.get("query"):
        params["query" if ask.resource.source == "kommo" else "nome"] = str(question["query"])
    narrowed = replace(ask.resource, params=params, page_size=int(question.get("limit") or 50))
    page = source.page(Ask(narrowed, ask.slice), int(question.get("page") or 1))
    ids = [str(record[ask.resource.key[-1]]) for record in page.records]
    return ids, Found(page.records, page.observed_at)
