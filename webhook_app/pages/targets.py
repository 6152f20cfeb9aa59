"""GET /targets: what should be sold in a month; entered, replaced and taken back here."""

from __future__ import annotations

import re
from decimal import Decimal

from babel import numbers
from flask import Blueprint, flash, redirect, render_template, request
from pydantic import ValidationError
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from webhook_app import formats, targets
from webhook_app.process import process
from webhook_app.reports import declaring
from webhook_app.reports.options import Options, options
from webhook_app.targets import TargetBody, TargetPlace, TargetsQuery, Wanted
from webhook_app.words import say

pages = Blueprint("targets_pages", __name__)
LIMIT = 50


@pages.get("/targets")
def listed() -> str:
    own = process()
    number = max(1, request.args.get("page", 1, type=int))
    query = TargetsQuery(page=min(number, 10**6), limit=LIMIT, month=None, integration=None)
    id_ = own.database.run(targets.account_of, own.settings, None)
    rows, total = own.database.run(targets.rows_of, id_, query)
    stores, staff = own.database.run(_choices, id_)
    return render_template(
        "targets.html",
        rows=rows,
        total=total,
        query=query,
        stores=stores,
        staff=staff,
        month=formats.today().strftime("%Y-%m"),
        decimal=Decimal,
        first=targets.first_day,
    )


@pages.post("/targets")
def keep() -> Response:
    """One that is there for the same month, store and seller is replaced."""
    try:
        amount = str(_amount(request.form.get("amount", "")))
        body = TargetBody.model_validate({**_place(), "amount": amount})
    except (ValidationError, numbers.NumberFormatError):
        flash(say("Confira o mês e o valor.", "Look at the month and the amount again."), "bad")
        return redirect("/targets", 303)
    wanted = Wanted(**body.model_dump())
    process().database.run(targets.keep, targets.needed(None), [wanted])
    flash(say("Meta salva.", "The target is kept."))
    return redirect("/targets", 303)


@pages.post("/targets/remove")
def remove() -> Response:
    try:
        place = TargetPlace.model_validate(_place())
    except ValidationError:
        flash(say("Esta meta não existe.", "There is no such target."), "bad")
        return redirect("/targets", 303)
    process().database.run(targets.forget, targets.needed(None), place)
    flash(say("Meta removida.", "The target is gone."))
    return redirect("/targets", 303)


def _place() -> dict[str, str | None]:
    """Month, store and seller as the form says them; none chosen: all together."""
    form = request.form
    return {
        "month": form.get("month"),
        "store": form.get("store") or None,
        "seller": form.get("seller") or None,
    }


def _amount(said: str) -> Decimal:
    """As the reader writes it: `100.000,00`, `100,000.00`, without or with the currency."""
    plain = re.sub(r"^\s*R?\$?\s*", "", said).strip()
    return numbers.parse_decimal(plain, locale=formats.locale(), strict=True)


def _choices(connection: Connection, id_: int) -> tuple[Options, Options]:
    stores = options(connection, declaring.STORES, (id_,))
    return stores, options(connection, declaring.STAFF, (id_,))
