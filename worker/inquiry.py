"""test-connection: who is behind these credentials, what may they do, and what is wrong with them.

What a token says of itself is looked at before anything is asked; the vendor's answer decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared import resources
from shared.errors import (
    AccountElsewhere,
    AddressBlocked,
    BudgetSpent,
    CredentialsRefused,
    MalformedToken,
    Misuse,
    NoCredentials,
    NotAvailable,
    PairSwapped,
    Paused,
    PonteError,
    RateLimited,
    RequestRefused,
    TokenExpired,
    UnknownTarget,
    VendorUnavailable,
    WrongAccount,
)
from shared.integrations import Integration
from shared.settings import Settings
from worker import erp_inquiry
from worker.reach import Reach
from worker.sources import claims, identity
from worker.sources.budget import WEBHOOKS
from worker.sources.kommo import API, Kommo
from worker.sources.opening import Credentials, open_source
from worker.sources.protocol import Account, Ask

STATUSES: dict[type[PonteError], str] = {
    CredentialsRefused: "refused",
    PairSwapped: "swapped",
    WrongAccount: "wrong_account",
    AddressBlocked: "blocked",
    NotAvailable: "not_available",
    AccountElsewhere: "elsewhere",
    RequestRefused: "elsewhere",
    RateLimited: "limited",
    Paused: "limited",
    BudgetSpent: "limited",
    VendorUnavailable: "unreachable",
    UnknownTarget: "unknown",
    NoCredentials: "missing",
    MalformedToken: "malformed",
    TokenExpired: "expired",
    Misuse: "malformed",
}
CODES = {"refused": "revoked"}
"""`code` says it as the vendor would; `status` keeps the word that programs already know."""
TODO = {
    "missing": "Set the credentials in the environment, post them, or add an account.",
    "malformed": "Copy the long-lived token once more: three parts with dots between, no blanks.",
    "expired": "Generate a new token in Kommo: Integration, Keys and scopes.",
    "refused": "Generate a new token: this one was revoked, or belongs to an account at another address.",
    "wrong_account": "Use a token of the bound account, or add this one as another integration.",
    "blocked": "Write to the vendor's support; Ponte keeps silent meanwhile.",
    "not_available": "The plan or the rights of the token's owner do not give this.",
    "elsewhere": "Give the account's own address: https://NAME.kommo.com.",
    "limited": "Wait; somebody uses the quota up.",
    "unreachable": "Check the address, DNS and the firewall; else the vendor is down.",
    "unknown": "See the integrations that exist: ponte integrations list.",
}
CONTACTS = resources.BY_NAME["kommo.contacts"]
FEATURES = {"webhooks": "/webhooks", "users": "/users"}


def refusal(error: PonteError, provider: str) -> dict[str, Any]:
    """What a vendor or a user caused, as an answer: status, code, what happened, what to do."""
    todo = TODO if provider == "kommo" else TODO | erp_inquiry.TODO
    status = next((STATUSES[cls] for cls in type(error).__mro__ if cls in STATUSES), "failed")
    return {
        "ok": False,
        "status": status,
        "code": CODES.get(status, status),
        "message": str(error),
        "todo": todo.get(status, "Look into the worker's log."),
    }


def inquire(reach: Reach, integration: Integration, given: Credentials) -> dict[str, Any]:
    """The account, what it gives, its limits and a small sample; raises PonteError for what is wrong."""
    of_kommo = given.provider == "kommo"
    return (_inquire if of_kommo else erp_inquiry.inquire)(reach, integration, given)


def _inquire(reach: Reach, integration: Integration, given: Credentials) -> dict[str, Any]:
    token = claims.read(given.secrets[0])
    claims.ensure_usable(given.secrets[0], integration.account_id)
    source = open_source(reach, integration, given, priority=WEBHOOKS)
    assert isinstance(source, Kommo)  # noqa: S101
    account = source.account()
    identity.ensure_same(given.provider, integration.account_id, account)
    return {
        "ok": True,
        "status": "connected",
        "code": "connected",
        "message": f"{given.provider} answers with this account's data",
        "account": {
            "id": account.ids[0],
            **account.details,
            "domains": _domains(given, token, account),
            "token": token,
        },
        "features": {name: _feature(source, path) for name, path in FEATURES.items()},
        "limits": _limits(reach.settings),
        "sample": _sample(source),
    }


def _domains(given: Credentials, token: Mapping[str, Any], account: Account) -> dict[str, Any]:
    """Where the account lives, by its own answer and its token's word; asked: where we ask."""
    subdomain, base = account.details.get("subdomain"), token.get("base_domain")
    return {
        "asked": given.url,
        "address": f"https://{subdomain}.{base}" if subdomain and base else None,
        "base_domain": base,
        "api_domain": token.get("api_domain"),
    }


def _feature(source: Kommo, path: str) -> dict[str, Any]:
    """Does it depend on the plan, or on the rights of the token's owner? Why it is not there."""
    try:
        source.door.get(f"{API}{path}", {"limit": 1})
    except NotAvailable as error:
        return {"available": False, "reason": str(error)}
    return {"available": True, "reason": None}


def _limits(settings: Settings) -> dict[str, Any]:
    """Requests as they are configured; null: none."""
    return {
        "requests_per_second": settings.kommo_rate_limit or None,
        "requests_per_second_of_address": settings.kommo_rate_limit_per_address,
    }


def _sample(source: Kommo) -> list[dict[str, Any]]:
    """One contact: enough to see whose data it is."""
    page = source.page(Ask(replace(CONTACTS, page_size=1), {}), 1)
    return [{"id": record.get("id"), "name": record.get("name")} for record in page.records[:1]]
