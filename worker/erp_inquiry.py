"""test-connection of Gestão Click: which stores the pair of tokens shows, what is used, what is wrong.

The ERP answers 401 or 403 for the pair and never says which of the two it means (gestaoclick-api.md 1).
So what can be seen without asking is looked at first, and a refused pair is tried once the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, text

from shared import resources
from shared.db.bookkeeping import usage
from shared.enrolment import CREDENTIALS
from shared.errors import CredentialsRefused, MalformedPair, PairRefused, PairSwapped, PonteError
from shared.integrations import Integration
from worker.reach import Reach
from worker.sources import identity
from worker.sources.budget import WEBHOOKS
from worker.sources.gestao_click import VENDOR, GestaoClick
from worker.sources.opening import Credentials, open_source
from worker.sources.protocol import Account, Ask

PROVIDER = "gestao-click"
CLIENTS = resources.BY_NAME["gestao_click.clientes"]
SAMPLE = 5
USUAL = re.compile(r"[0-9a-fA-F]{40}")
"""What tokens look like in every account seen (gestaoclick-api.md 1, Token form)."""
TODO = {
    "missing": "Both tokens are needed, apiKey and secretToken: the ERP makes them as a pair.",
    "malformed": "Copy both tokens once more: one line each, no blanks.",
    "swapped": "Exchange the two: what was given as apiKey is the secret token, and the other way round.",
    "refused": "Copy both tokens anew from the ERP's settings of its API, from the same company; see "
    "whether they were made anew since, and whether the plan still has the API.",
    "elsewhere": "Correct GESTAO_CLICK_API_URL: it is https://api.beteltecnologia.com for most.",
    "wrong_account": "Use the pair of the bound company, or add this one as another integration.",
    "not_available": "The API is an add-on of the ERP's plan; see whether it is booked.",
}


def inquire(reach: Reach, integration: Integration, given: Credentials) -> dict[str, Any]:
    """The company's stores, a few clients, its limits; raises PonteError for what is wrong."""
    _ensure_plausible(given)
    source, account = _open(reach, integration, given)
    identity.ensure_same(given.provider, integration.account_id, account)
    clients = _clients(source)
    stores = account.details["stores"]
    return {
        "ok": True,
        "status": "connected",
        "code": "connected",
        "message": f"{given.provider} answers with this account's data: {len(stores)} stores",
        "account": {
            "id": account.ids[0],
            **account.details,
            "stores_read": integration.stores,
            "domains": {"asked": given.url},
            "token": {},
        },
        "features": {},
        "limits": _limits(reach, integration, account),
        "sample": clients["items"],
        "diagnostics": {"clients": clients},
    }


def _ensure_plausible(given: Credentials) -> None:
    """What no header could carry is not sent."""
    for name, value in zip(CREDENTIALS[PROVIDER], given.secrets, strict=True):
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            raise MalformedPair(name, "it is empty" if not value else "it holds other than letters")
    if len(set(given.secrets)) == 1:
        raise MalformedPair(" and ".join(CREDENTIALS[PROVIDER]), "they are the same")


def _open(
    reach: Reach, integration: Integration, given: Credentials
) -> tuple[GestaoClick, Account]:
    source = _source(reach, integration, given)
    try:
        return source, source.account()
    except CredentialsRefused as error:
        tried = _try_swapped(reach, integration, given)
        raise PairRefused(_masked(str(error), given), [*_doubts(given), tried]) from None


def _masked(said: str, given: Credentials) -> str:
    """Nobody has seen what the ERP says to a wrong pair: it may repeat it."""
    for secret in given.secrets:
        said = said.replace(secret, "…")
    return said


def _source(reach: Reach, integration: Integration, given: Credentials) -> GestaoClick:
    source = open_source(reach, integration, given, priority=WEBHOOKS)
    assert isinstance(source, GestaoClick)  # noqa: S101
    return source


def _try_swapped(reach: Reach, integration: Integration, given: Credentials) -> str:
    """One more request, with the tokens exchanged: what came of it; raises PairSwapped if it works."""
    first, second = given.secrets
    source = _source(reach, integration, replace(given, secrets=(second, first)))
    source.door.attempts = 1
    try:
        source.account()
    except CredentialsRefused:
        return "the other way round they were refused too"
    except PonteError as error:
        return f"the other way round could not be tried ({error})"
    raise PairSwapped(VENDOR)


def _doubts(given: Credentials) -> Iterator[str]:
    """What is unusual about the tokens, without showing anything of them."""
    for name, value in zip(CREDENTIALS[PROVIDER], given.secrets, strict=True):
        if not USUAL.fullmatch(value):
            yield f"{name} has {len(value)} characters, where 40 hexadecimal ones are usual"


def _clients(source: GestaoClick) -> dict[str, Any]:
    """How many the vendor counts (null: it does not say), and the first few."""
    page = source.page(Ask(replace(CLIENTS, page_size=SAMPLE)), 1)
    items = [{"id": one.get("id"), "name": one.get("nome")} for one in page.records[:SAMPLE]]
    return {"count": page.total, "items": items}


def _limits(reach: Reach, integration: Integration, account: Account) -> dict[str, Any]:
    """Requests as they are configured (null: none), and what Ponte used; other tools' are not counted."""
    budget = f"{PROVIDER}:{integration.account_id or account.ids[0]}"
    day = usage.c.hour > func.clock_timestamp() - text("interval '25 hours'")
    used = select(func.coalesce(func.sum(usage.c.requests), 0)).where(usage.c.budget == budget, day)
    with reach.engine.begin() as connection:
        return {
            "requests_per_second": reach.settings.gestao_click_rate_limit or None,
            "requests_per_day": reach.settings.gestao_click_daily_limit,
            "used_in_24_hours": connection.scalar(used),
        }
