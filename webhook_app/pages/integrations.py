"""/integrations: the accounts: test, pause, schedule, webhook, credentials, removal. New ones: connecting.py."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request
from sqlalchemy import Connection, select
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from shared import enrolment, integrations
from shared.coverage import STORES
from shared.db.mirror import rows_table
from shared.enrolment import CREDENTIALS, Changes
from shared.errors import Misuse
from shared.integrations import FREQUENCIES, OF_ENVIRONMENT, PROVIDERS
from shared.leaving import Mirror
from shared.questions import REGISTER_WEBHOOK, ROTATE_WEBHOOK
from shared.settings import Settings
from webhook_app import asking, connections
from webhook_app.auth import needs
from webhook_app.integrations import disconnect
from webhook_app.pages import findings
from webhook_app.pages.names import TITLES
from webhook_app.pages.parameters import ID
from webhook_app.problems import Problem
from webhook_app.process import process
from webhook_app.words import say

pages = Blueprint("integration_pages", __name__)
Row = dict[str, Any]


@pages.get("/integrations")
def listed() -> str:
    own = process()
    rows = own.database.run(enrolment.listed, own.settings)
    there = {(row["provider"], row["user"]) for row in rows}
    waiting = [
        provider
        for provider in PROVIDERS
        if own.settings.configured(provider)
        and not any((provider, user) in there for user in OF_ENVIRONMENT)
    ]
    shown = sorted(rows, key=lambda row: (row["state"] == "removed", row["id"]))
    return render_template("integrations.html", rows=shown, waiting=waiting, titles=TITLES)


@pages.get(f"/integrations/{ID}")
def one(id_: int) -> str:
    return _page(id_)


def _page(id_: int, **more: Any) -> str:
    own = process()
    row, stores = own.database.run(_look, own.settings, id_)
    if row is None:
        raise NotFound
    return render_template(
        "integration.html",
        row=row,
        stores=stores,
        titles=TITLES,
        names=CREDENTIALS[row["provider"]],
        frequencies=FREQUENCIES,
        public=own.settings.ponte_public_url is not None,
        **more,
    )


def _look(
    connection: Connection, settings: Settings, id_: int
) -> tuple[Row | None, list[tuple[str, str]]]:
    rows = enrolment.listed(connection, settings)
    found = next((row for row in rows if row["id"] == id_), None)
    table = rows_table(STORES)
    chosen = select(table.c.id, table.c.nome).where(
        table.c.integration_id == id_, table.c.deleted_at.is_(None)
    )
    return found, [(row.id, row.nome or row.id) for row in connection.execute(chosen)]


@pages.post(f"/integrations/{ID}/test")
def test(id_: int) -> str | tuple[str, int]:
    """The answer stands on the account's page; what is wrong has its own words."""
    provider = process().database.run(integrations.by_id, id_).provider
    try:
        found = connections.tested(provider, None, id_)
    except Problem as problem:
        return _page(id_, finding=findings.of(problem)), 422
    return _page(id_, found=found)


@pages.post(f"/integrations/{ID}/pause")
@needs("admin")
def pause(id_: int) -> Response:
    said = say("Em pausa: nada é lido.", "Paused: nothing is read.")
    return _changed(id_, {"active": False}, said)


@pages.post(f"/integrations/{ID}/resume")
@needs("admin")
def resume(id_: int) -> Response:
    said = say("Retomada: a próxima leitura vem pela agenda.", "Resumed: the schedule goes on.")
    return _changed(id_, {"active": True}, said)


@pages.post(f"/integrations/{ID}/schedule")
@needs("admin")
def schedule(id_: int) -> Response:
    form = request.form
    changes: Changes = {
        "auto_sync": "auto_sync" in form,
        "sync_frequency": form.get("minutes", "").strip() or form.get("sync_frequency") or None,
    }
    return _attempt(id_, lambda: _change(id_, changes), say("Agenda guardada.", "Schedule kept."))


@pages.post(f"/integrations/{ID}/coverage")
@needs("admin")
def coverage(id_: int) -> Response:
    """Of the ERP: since when, which stores, how much of the day's requests; empty: as the settings say."""
    said = say("Guardado: vale a partir da próxima leitura.", "Kept: from the next sync on.")
    return _attempt(id_, lambda: _change(id_, _coverage()), said)


def _coverage() -> Changes:
    form = request.form
    chosen, every = form.getlist("stores"), form.getlist("known")
    return {
        "history_from": _day(form.get("history_from", "")),
        "stores": None if set(chosen) == set(every) or not every else chosen,
        "daily_share": _share(form.get("daily_share", "")),
    }


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise Misuse(f"history from {given!r}: write a day as 2026-01-31") from None


def _share(given: str) -> Decimal | None:
    """A share of 1, out of a percentage."""
    with suppress(InvalidOperation):
        return Decimal(given.replace(",", ".")) / 100 if given.strip() else None
    raise Misuse(f"daily share {given!r}: write a percentage, 1 to 100")


@pages.post(f"/integrations/{ID}/credentials")
@needs("admin")
def credentials(id_: int) -> str | Response | tuple[str, int]:
    """Other credentials are tested before they replace what was there."""
    there = process().database.run(integrations.by_id, id_)
    given = {name: request.form.get(name, "").strip() for name in CREDENTIALS[there.provider]}
    try:
        url = {"apiUrl": there.url} if there.url else {}
        connections.tested(there.provider, {**given, **url})
    except Problem as problem:
        return _page(id_, finding=findings.of(problem)), 422
    said = say("Credenciais trocadas.", "Credentials replaced.")
    return _changed(id_, {"credentials": given}, said)


@pages.post(f"/integrations/{ID}/webhook")
@needs("admin")
def register(id_: int) -> Response:
    return _attempt(id_, lambda: _tend(REGISTER_WEBHOOK, {"integration": id_}))


@pages.post(f"/integrations/{ID}/webhook-secret")
@needs("admin")
def rotate(id_: int) -> Response:
    question = {"integration": id_, "now": "now" in request.form}
    return _attempt(id_, lambda: _tend(ROTATE_WEBHOOK, question))


def _tend(kind: str, question: Row) -> None:
    found = asking.ask(kind, question)
    if not found.get("ok"):
        raise asking.refusal(found)
    if found["subscribed"]:
        flash(say("O Kommo avisa a cada mudança.", "Kommo tells of every change."))
    else:
        flash(str(found["message"]), "warn")


@pages.post(f"/integrations/{ID}/remove")
@needs("admin")
def remove(id_: int) -> Response:
    mirror = request.form.get("mirror")
    if mirror not in ("keep", "delete") or request.form.get("sure") != str(id_):
        flash(
            say(
                "Escolha o que acontece com os dados e escreva o número da integração para confirmar.",
                "Choose what becomes of the data, and write the integration's number to confirm.",
            ),
            "bad",
        )
        return redirect(f"/integrations/{id_}", 303)
    said = say("Integração removida.", "The integration was removed.")
    return _attempt(id_, lambda: disconnect(id_, cast(Mirror, mirror)), said)


def _changed(id_: int, changes: Changes, said: str) -> Response:
    return _attempt(id_, lambda: _change(id_, changes), said)


def _change(id_: int, changes: Changes) -> None:
    own = process()
    own.database.run(enrolment.change, own.settings, own.keys, id_, changes)


def _attempt(id_: int, act: Callable[[], Any], said: str | None = None) -> Response:
    """Back to the account's page, with what was done or why it could not be."""
    try:
        act()
        if said:
            flash(said)
    except (Misuse, Problem) as error:
        found = findings.of(error) if isinstance(error, Problem) else findings.unlike(str(error))
        flash(" ".join(filter(None, (f"{found.title}.", found.todo or found.detail))), "bad")
    return redirect(f"/integrations/{id_}", 303)
