"""/alerts: what needs somebody, what is watched for, and who is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.wrappers import Response

from shared.alerts import channels, incidents, rules
from shared.alerts.rules import Said
from shared.errors import Misuse
from shared.questions import TEST_CHANNEL
from webhook_app import asking
from webhook_app.auth import needs
from webhook_app.pages import parameters
from webhook_app.problems import Problem
from webhook_app.process import process
from webhook_app.words import say

SIZE = 50
UNITS = {
    "intervals": Said("intervalos da agenda", "intervals of the schedule"),
    "days": Said("dias", "days"),
    "rows": Said("linhas", "rows"),
    "records": Said("registros", "records"),
    "money": Said("reais", "reais"),
    "minutes": Said("minutos", "minutes"),
}
REMINDERS = {
    "": Said("uma vez só", "once"),
    "24": Said("todo dia", "every day"),
    "72": Said("a cada 3 dias", "every 3 days"),
    "168": Said("toda semana", "every week"),
}
pages = Blueprint("alert_pages", __name__)


@pages.app_template_filter("said")
def said(sentence: Said) -> str:
    """A sentence of a declaration, as the reader reads it."""
    return say(sentence.pt, sentence.en)


@pages.get("/alerts")
def listed() -> str:
    """Incidents, open ones unless others are asked for."""
    state = parameters.one_of("state", tuple(incidents.STATES)) or "open"
    rule, page = parameters.one_of("rule", tuple(rules.BY_NAME)), parameters.page()
    run = process().database.run
    rows, total = run(incidents.listed, state, rule, SIZE, (page - 1) * SIZE)
    return render_template(
        "alerts.html",
        rows=rows,
        total=total,
        page=page,
        size=SIZE,
        asked={"state": state, "rule": rule},
        rules=rules.BY_NAME,
        told=bool(run(channels.listed)),
    )


@pages.get("/alerts/rules")
def watched() -> str:
    current = process().database.run(rules.current)
    return render_template("alert_rules.html", rules=current, units=UNITS, reminders=REMINDERS)


@pages.post("/alerts/rules/<name>")
def change(name: str) -> Response:
    """The form of one rule says all of it."""
    try:
        changed = process().database.run(rules.change, name, _changes(request.form))
        flash(said(changed.title) + say(": guardado", ": saved"))
    except Misuse as error:
        flash(str(error), "bad")
    return redirect(f"/alerts/rules#{name}", 303)


def _changes(form: Mapping[str, str]) -> dict[str, Any]:
    """Raises Misuse for a threshold that is no number."""
    hours = form.get("remind_hours", "")
    changes: dict[str, Any] = {
        "enabled": form.get("enabled") == "on",
        "remind_hours": int(hours) if hours.isascii() and hours.isdecimal() else None,
    }
    if "threshold" in form:
        try:
            changes["threshold"] = Decimal(form["threshold"].replace(",", "."))
        except InvalidOperation:
            raise Misuse(say("limite: escreva um número", "threshold: write a number")) from None
    return changes


@pages.get("/alerts/channels")
def told() -> str:
    return render_template("alert_channels.html", channels=process().database.run(channels.listed))


@pages.get("/alerts/channels/new")
@needs("admin")
def new() -> str:
    kind = parameters.one_of("kind", tuple(channels.KINDS)) or "webhook"
    return render_template("alert_channel.html", kind=kind, given={}, why=None)


@pages.post("/alerts/channels/new")
@needs("admin")
def add() -> Response | tuple[str, int]:
    """What cannot be comes back with why, and without the secrets."""
    form = request.form
    kind = form.get("kind", "")
    try:
        _add(kind, form)
    except Misuse as error:
        shown = kind if kind in channels.KINDS else "webhook"
        page = render_template("alert_channel.html", kind=shown, given=form, why=str(error))
        return page, 422
    flash(say("Canal guardado. Agora teste-o.", "The channel is kept. Now test it."))
    return redirect("/alerts/channels", 303)


def _add(kind: str, form: Mapping[str, str]) -> None:
    """Raises Misuse. A secret that is made would have to be shown: here a person brings it."""
    given = {name: form[name].strip() for name in _settings(kind) if name in form}
    if kind == "webhook" and not given.get("secret"):
        raise Misuse(
            say("segredo: escreva 16 caracteres ou mais", "secret: write 16 characters or more")
        )
    own = process()
    own.database.run(
        channels.add,
        own.keys,
        kind=kind,
        name=form.get("name", ""),
        settings=given,
        language=form.get("language", channels.LANGUAGES[0]),
    )


def _settings(kind: str) -> tuple[str, ...]:
    one = channels.KINDS.get(kind)
    return (*one.needed, *one.optional) if one else ()


@pages.post("/alerts/channels/<int:id_>/remove")
@needs("admin")
def remove(id_: int) -> Response:
    try:
        process().database.run(channels.remove, id_)
        flash(say("Canal removido.", "The channel is removed."))
    except Misuse as error:
        flash(str(error), "bad")
    return redirect("/alerts/channels", 303)


@pages.post("/alerts/channels/<int:id_>/test")
def test(id_: int) -> Response:
    """A worker sends something, and its word is passed on."""
    try:
        name = process().database.run(channels.shown, id_)["name"]
        given = asking.ask(TEST_CHANNEL, {"channel": id_})
        if given.get("ok"):
            flash(f"{name}: " + say("o teste chegou", "the test was taken"))
        else:
            flash(f"{name}: {given.get('message')}", "bad")
    except (Misuse, Problem) as error:
        flash(str(error), "bad")
    return redirect("/alerts/channels", 303)
