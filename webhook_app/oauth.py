"""OAuth consent: where to send an account's owner, and where he comes back to (outside /api)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from shared import enrolment, oauth
from shared.errors import Misuse
from shared.questions import CONSENT
from shared.secrets import Keyring
from shared.settings import Settings
from webhook_app import asking
from webhook_app.auth import needs, public
from webhook_app.envelopes import Answer, answer, problems
from webhook_app.integrations import Frequency, api
from webhook_app.parsing import Body, Words, checked
from webhook_app.process import process

pages = Blueprint("oauth", __name__)
MOST = 2000
"""Characters of a code: Kommo's have some 900."""


class ConsentBody(Body):
    user: Words
    wallet: Words = "global"
    sync_frequency: Frequency | None = None


class Consent(BaseModel):
    consent_url: str = Field(description="to be opened by the account's owner, within 20 minutes")


class ConsentAnswer(Answer):
    data: Consent


@api.post("/oauth", responses={**problems(400, 401, 403, 503), "201": ConsentAnswer})
@needs("admin")
@checked
def ask_consent(body: ConsentBody) -> Any:
    """Add a Kommo account by its owner's consent: the address that he opens, once"""
    return answer(
        "Open it in a browser within 20 minutes.", {"consent_url": consent_url(body)}, 201
    )


def consent_url(body: ConsentBody) -> str:
    """Where the account's owner is sent; raises Misuse while OAuth is not configured."""
    own = process()
    url: str = own.database.run(_consent_url, own.settings, own.keys, body)
    return url


def _consent_url(
    connection: Connection, settings: Settings, keys: Keyring, body: ConsentBody
) -> str:
    enrolment.ensure_named(body.user, body.wallet, body.sync_frequency)
    return oauth.consent_url(
        connection,
        settings,
        keys,
        user_id=body.user,
        wallet_id=body.wallet,
        sync_frequency=body.sync_frequency,
    )


@pages.get(oauth.CALLBACK)
@public
def callback() -> tuple[str, int]:
    """Every word of the address is a stranger's: the state first, then the host, then the code."""
    if request.method == "HEAD":  # a preview of the link must not use the state up
        return "", 200
    own = process()
    given = {name: request.args.get(name, "")[:MOST] for name in ("state", "code", "referer")}
    sealed = own.database.run(oauth.redeem, given["state"]) if given["state"] else None
    if sealed is None:
        return _page("state", 400)
    if request.args.get("error") or not given["code"]:
        return _page("refused", 403)
    try:
        url = oauth.account_url(own.settings, given["referer"])
    except Misuse:
        return _page("address", 400)
    wanted = oauth.wanted_of(own.keys, sealed)
    found = asking.ask(CONSENT, {"url": url, "code": given["code"], "wanted": wanted})
    if not found.get("ok"):
        return _page("failed", 502, message=str(found.get("message") or ""))
    return _page("done", 200, integration=found["integration"])


def _page(outcome: str, status: int, **more: Any) -> tuple[str, int]:
    return render_template("consent.html", outcome=outcome, **more), status
