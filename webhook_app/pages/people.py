"""/people: one person, Kommo and the ERP side by side, with all that happened."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound

from shared.settings import Settings
from webhook_app import businesses
from webhook_app.pages import parameters
from webhook_app.people import parties, persons, story
from webhook_app.people.parties import Key
from webhook_app.process import process

SIZE = 40
pages = Blueprint("people_pages", __name__)


@pages.get("/people")
def search() -> str:
    own = process()
    said, account = parameters.word("query"), parameters.word("integration")
    return render_template(
        "people.html", query=said, **own.database.run(_search, own.settings, said, account)
    )


def _search(
    connection: Connection, settings: Settings, said: str | None, account: str | None
) -> dict[str, Any]:
    known = businesses.known(connection, settings)
    business = businesses.meant(known, account)
    among = [one.id for one in business.accounts]
    people, more = persons.search(connection, among, said) if said else ([], False)
    return {"people": people, "more": more, "businesses": known, "business": business}


@pages.get("/people/<said>")
def one(said: str) -> str:
    key = parties.key_of(said)
    kind = parameters.one_of("kind", story.KINDS)
    seen = process().database.run(_one, key, kind, parameters.page()) if key else None
    if seen is None:
        raise NotFound
    return render_template("person.html", kind=kind, **seen)


def _one(connection: Connection, key: Key, kind: str | None, page: int) -> dict[str, Any] | None:
    person = persons.of(connection, key)
    if person is None:
        return None
    page = min(page, 50)
    events, more = story.told(connection, person, kind, SIZE, (page - 1) * SIZE)
    return {
        "person": person,
        "figures": story.figures(connection, person),
        "events": events,
        "page": page,
        "more": more,
    }
