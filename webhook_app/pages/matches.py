"""/matches: which of two systems' records are the same; accepted, rejected and taken back where they stand."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from shared import matches
from shared.settings import Settings
from webhook_app import businesses
from webhook_app.pages import parameters
from webhook_app.people import review
from webhook_app.process import process
from webhook_app.words import say

SIZE = 20
STANDINGS = tuple(map(str, matches.Standing))
VERDICTS = {"accepted": "accepted", "rejected": "rejected", "": None}
pages = Blueprint("match_pages", __name__)


@pages.get("/matches")
def listed() -> str:
    own = process()
    kind = parameters.one_of("kind", tuple(review.TABLES)) or review.PEOPLE
    standing = parameters.one_of("standing", STANDINGS) or matches.Standing.REVIEW.value
    account = parameters.word("integration")
    seen = own.database.run(_seen, own.settings, kind, standing, account, parameters.page())
    asked = {"kind": kind, "standing": standing, "back": request.full_path.rstrip("?")}
    return render_template("matches.html", size=SIZE, **asked, **seen)


def _seen(
    connection: Connection,
    settings: Settings,
    kind: str,
    standing: str,
    account: str | None,
    page: int,
) -> dict[str, Any]:
    known = businesses.known(connection, settings)
    business = businesses.meant(known, account)
    among = business.of("kommo")
    counts = review.counted(connection, kind, among)
    # what was decided meanwhile may have emptied the last page
    page = max(1, min(page, -(-counts[standing] // SIZE)))
    pairs = review.listed(connection, kind, standing, among, SIZE, (page - 1) * SIZE)
    return {
        "businesses": known,
        "business": business,
        "counts": counts,
        "pairs": pairs,
        "page": page,
    }


@pages.post("/matches/<kind>/<int:id_>")
def decide(kind: str, id_: int) -> Response | str:
    """A person's word; a browser with scripts gets the pair as it stands now, in its place."""
    if kind not in review.TABLES or request.form.get("verdict") not in VERDICTS:
        raise NotFound
    verdict = VERDICTS[request.form["verdict"]]
    pair = process().database.run(_decided, kind, id_, verdict, g.caller.name)
    if pair is None:
        raise NotFound
    back = _back(request.form.get("back", ""))
    if "HX-Request" in request.headers:
        return render_template("match.html", pair=pair, back=back)
    flash(_told(verdict))
    return redirect(back, 303)


def _decided(
    connection: Connection, kind: str, id_: int, verdict: str | None, by: str
) -> review.Pair | None:
    if id_ >= 2**63 or not matches.decide(connection, review.TABLES[kind], id_, verdict, by):
        return None
    return review.one(connection, kind, id_)


def _back(said: str) -> str:
    """The list that was being read, never another host's."""
    return said if said.startswith("/matches") and said.isprintable() else "/matches"


def _told(verdict: str | None) -> str:
    if verdict is None:
        return say("Decisão desfeita.", "Taken back.")
    if verdict == "accepted":
        return say("Par aceito.", "The pair is accepted.")
    return say("Par recusado.", "The pair is rejected.")
