"""The account that a question is about: which one, what day it is there, how fresh its titles are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Response
from sqlalchemy import Connection, Date, cast, func, select, text

from shared import integrations
from shared.db.wallet import TITLES
from shared.settings import Settings
from webhook_app.envelopes import answer
from webhook_app.lists import listing
from webhook_app.process import process
from webhook_app.wallet.views import local_days

PROVIDER = "gestao-click"
ZONE = "America/Sao_Paulo"
"""Where an account lives that was never asked; as ponte.local_days has it."""


def in_account(asked: int | None, work: Callable[[Connection, int], Response]) -> Response:
    """`work(connection, integration's id)` in one transaction."""
    own = process()

    def run(connection: Connection) -> Response:
        return work(connection, _integration(connection, own.settings, asked))

    return own.database.run(run)


def reading(asked: int | None, work: Callable[[Connection, int], Response]) -> Response:
    """As `in_account`, on one snapshot: sums and rows of an answer are of the same moment."""
    own = process()

    def read(connection: Connection) -> Response:
        connection.execute(text("set transaction isolation level repeatable read, read only"))
        return work(connection, _integration(connection, own.settings, asked))

    return own.database.run(read)


def _integration(connection: Connection, settings: Settings, asked: int | None) -> int:
    """The account asked for, else the one that is meant; 0, which has no rows, if there is none yet."""
    found = integrations.chosen(connection, settings, PROVIDER, asked)
    return found.id if found else 0


def today(connection: Connection, integration_id: int) -> date:
    """The date of this moment where the account lives."""
    known = select(local_days.c.today).where(local_days.c.integration_id == integration_id)
    usual = cast(func.timezone(ZONE, func.clock_timestamp()), Date)
    day: date = connection.execute(
        select(func.coalesce(known.scalar_subquery(), usual))
    ).scalar_one()
    return day


def freshness(connection: Connection, integration_id: int) -> dict[str, Any]:
    """When both lists of titles were last read: of the one that was read longer ago."""
    both = [listing.freshness(connection, titles, integration_id) for titles in TITLES]
    later = {"synced_at": min, "full_walk_at": min, "age_seconds": max}
    return {
        name: None if any(one[name] is None for one in both) else worst(one[name] for one in both)
        for name, worst in later.items()
    }


def answer_of(
    connection: Connection, integration_id: int, message: str, data: Any, **more: Any
) -> Response:
    """With the day by which overdue is judged, and how fresh the titles are."""
    return answer(
        message,
        data,
        **more,
        today=today(connection, integration_id),
        freshness=freshness(connection, integration_id),
    )
