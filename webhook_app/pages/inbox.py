"""/inbox: webhooks and rejects, what became of each, and once more. What was sent is for admins to see."""

from __future__ import annotations

import json
from typing import Any, Literal
from urllib.parse import parse_qsl

from flask import Blueprint, flash, redirect, render_template, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from shared.db.bookkeeping import deliveries as deliveries_table
from shared.db.bookkeeping import rejects as rejects_table
from shared.letters import Chosen
from webhook_app import letters
from webhook_app.auth import needs
from webhook_app.formats import count
from webhook_app.letter_models import DeliveriesQuery, DeliveryModel, RejectModel, RejectsQuery
from webhook_app.pages import names, parameters
from webhook_app.pages.parameters import ID
from webhook_app.process import process
from webhook_app.words import say

pages = Blueprint("inbox_pages", __name__)
SIZE = 50
STATES: tuple[Literal["waiting", "settled", "dead"], ...] = ("waiting", "settled", "dead")
SHOWN = 200_000
"""Characters of a body: a browser draws no more in a blink."""


@pages.get("/inbox")
def deliveries() -> str:
    query = DeliveriesQuery(
        page=parameters.page(),
        limit=SIZE,
        state=parameters.one_of("state", STATES),
        reason=parameters.word("reason"),
    )
    rows, total, accounts = process().database.run(_deliveries, query)
    return render_template("inbox.html", rows=rows, total=total, accounts=accounts, query=query)


def _deliveries(connection: Connection, query: DeliveriesQuery) -> tuple[Any, int, dict[int, str]]:
    meant = letters.deliveries_meant(query)
    found = letters.read(connection, DeliveryModel, deliveries_table, meant, query)
    return *found, names.accounts(connection)


@pages.get(f"/inbox/{ID}")
@needs("admin")
def delivery(id_: int) -> str:
    row = letters.delivery_with_body(id_)
    accounts = process().database.run(names.accounts)
    return render_template(
        "delivery.html",
        letter=row,
        accounts=accounts,
        body=row["body"][:SHOWN],
        fields=_fields(row["body"]),
        cut=len(row["body"]) > SHOWN,
    )


def _fields(body: str) -> list[tuple[str, str]]:
    """A form's names and values; none of what is no form, or too long to be read by a person."""
    if len(body) > SHOWN:
        return []
    return parse_qsl(body, keep_blank_values=True)


@pages.post("/inbox/replay")
def replay() -> Response:
    """One by its id, or all that failed for good."""
    again = letters.again_deliveries(_chosen())
    _tell(len(again), say("webhook", "webhook"))
    return redirect("/inbox?state=waiting" if again else "/inbox", 303)


@pages.get("/inbox/rejects")
def rejects() -> str:
    query = RejectsQuery(
        page=parameters.page(),
        limit=SIZE,
        resource=parameters.word("resource"),
        key=parameters.word("key"),
        reason=parameters.word("reason"),
    )
    rows, total, accounts = process().database.run(_rejects, query)
    return render_template("rejects.html", rows=rows, total=total, accounts=accounts, query=query)


def _rejects(connection: Connection, query: RejectsQuery) -> tuple[Any, int, dict[int, str]]:
    meant = letters.rejects_meant(query)
    found = letters.read(connection, RejectModel, rejects_table, meant, query)
    return *found, names.accounts(connection)


@pages.get(f"/inbox/rejects/{ID}")
@needs("admin")
def reject(id_: int) -> str:
    row = letters.reject_with_record(id_)
    accounts = process().database.run(names.accounts)
    return render_template("reject.html", letter=row, accounts=accounts)


@pages.post("/inbox/rejects/replay")
def replay_rejects() -> Response:
    again, run_ids = letters.again_rejects(_chosen())
    _tell(len(again), say("registro", "record"))
    return redirect("/runs" if run_ids else "/inbox/rejects", 303)


def _chosen() -> Chosen:
    id_ = request.form.get("id", type=int)
    return Chosen(ids=[id_]) if id_ else Chosen(everything="all" in request.form)


def _tell(number: int, what: str) -> None:
    plural = "" if number == 1 else "s"
    if number:
        flash(
            say(
                f"{count(number)} {what}{plural} de novo na fila",
                f"{count(number)} {what}{plural} tried again",
            )
        )
    else:
        flash(say("Nada havia para repetir", "There was nothing to try again"), "warn")


@pages.app_template_filter()
def pretty(record: Any) -> str:
    """JSON as people read it."""
    return json.dumps(record, ensure_ascii=False, indent=2)[:SHOWN]
