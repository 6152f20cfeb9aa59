"""When views are looked after: fields or account were read, the database was upgraded, somebody asks."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from shared.logs import logger
from shared.runs import Run
from worker.reach import Reach
from worker.reports import definitions, views
from worker.reports.views import Outcome

READ_BY_DEFINITIONS = ("kommo.custom_fields", "kommo.account")
LOCK = 0x76696577  # "view"

log = logger(__name__)


def refresh(connection: Connection, integration_id: int, *, prune: bool = False) -> list[Outcome]:
    """Brings the views of one integration to what its definitions say; nothing is done if they stand.

    prune: columns of fields that Kommo does not list any more are given up. One refresh at a time; a
    reader who holds a view for longer than 3 s keeps it as it is until the next refresh.
    """
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
    connection.execute(text("set local lock_timeout = '3s'"))
    if prune:
        definitions.forget_gone(connection, integration_id)
    outcomes = [
        views.stand(connection, view) for view in definitions.of(connection, integration_id)
    ]
    for outcome in outcomes:
        if outcome.problem:
            log.warning("view_kept_as_it_was", view=outcome.view, why=outcome.problem)
    return outcomes


def refresh_all(engine: Engine, *, prune: bool = False) -> list[Outcome]:
    """The views of every account that has been met, each account in a transaction of its own."""
    with engine.begin() as connection:
        ids = [integration.id for integration in definitions.by_rank(connection)]
    outcomes: list[Outcome] = []
    for id_ in ids:
        with engine.begin() as connection:
            outcomes += refresh(connection, id_, prune=prune)
    return outcomes


def refresh_after(reach: Reach, run: Run) -> None:
    """After a run has ended: the views are refreshed if they read what it wrote. Never fails the run."""
    if run.resource.full_name not in READ_BY_DEFINITIONS:
        return
    try:
        with reach.engine.begin() as connection:
            refresh(connection, run.integration_id)
    except SQLAlchemyError as error:
        log.warning("views_not_refreshed", why=str(getattr(error, "orig", error)))
