"""/integrations/new: connect an account: Kommo by a token or by its owner's consent, Gestão Click by its keys."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from pydantic import ValidationError
from werkzeug.wrappers import Response

from shared import oauth as consents
from shared.enrolment import CREDENTIALS, Wanted
from shared.errors import Misuse
from shared.integrations import WALLET
from webhook_app.auth import needs
from webhook_app.integrations import connect
from webhook_app.oauth import ConsentBody, consent_url
from webhook_app.pages import findings, parameters
from webhook_app.pages.names import TITLES
from webhook_app.problems import Problem
from webhook_app.process import process
from webhook_app.words import say

pages = Blueprint("connecting", __name__)
WAYS = ("kommo", "consent", "gestao-click")


@pages.get("/integrations/new")
@needs("admin")
def new() -> str:
    return _form(parameters.one_of("way", WAYS) or WAYS[0])


@pages.post("/integrations/new")
@needs("admin")
def add() -> str | Response | tuple[str, int]:
    """Tests, then keeps; what is refused comes back with why, and without the secrets."""
    way = request.form.get("way", "")
    if way not in WAYS:
        return _form(WAYS[0]), 400
    try:
        return _consent() if way == "consent" else _added(way)
    except Problem as problem:
        return _form(way, finding=findings.of(problem)), 422
    except Misuse as error:
        return _form(way, finding=findings.unlike(str(error))), 422


def _added(provider: str) -> Response:
    form = request.form
    added = connect(
        Wanted(
            provider=provider,
            user_id=form.get("user", "").strip(),
            credentials={name: form.get(name, "").strip() for name in CREDENTIALS[provider]},
            wallet_id=form.get("wallet", "").strip() or WALLET,
            url=form.get("url", "").strip() or None,
        )
    )
    flash(
        say(
            f"{TITLES[provider]} conectado. A primeira leitura começa em um minuto.",
            f"{TITLES[provider]} is connected. The first sync begins within a minute.",
        )
    )
    return redirect(f"/integrations/{added.integration.id}", 303)


def _consent() -> str:
    try:
        body = ConsentBody(user=request.form.get("user", "").strip())
    except ValidationError as error:
        raise Misuse(error.errors()[0]["msg"]) from None
    return _form("consent", url=consent_url(body))


def _form(way: str, **more: Any) -> str:
    return render_template(
        "connect.html",
        way=way,
        given=request.form,
        back=consents.redirect_uri(process().settings),
        oauth=_has_oauth(),
        **more,
    )


def _has_oauth() -> bool:
    try:
        consents.ensure_configured(process().settings)
    except Misuse:
        return False
    return True
