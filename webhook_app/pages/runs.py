"""/runs: what was read and what is being read, as it goes on; /runs/<id>: one of them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, get_args
from uuid import UUID

from flask import Blueprint, render_template
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound

from shared.resources import ALL
from webhook_app import runs
from webhook_app.pages import names, parameters
from webhook_app.pages.parameters import ID
from webhook_app.process import process
from webhook_app.runs import RunsQuery, State

pages = Blueprint("run_pages", __name__)
SIZE = 50
LISTS = [(one.full_name, one.full_name) for one in ALL if not one.unlisted]
ACTIVE = ("queued", "running")


@pages.get("/runs")
def recent() -> str:
    query = RunsQuery(
        page=parameters.page(),
        limit=SIZE,
        request=_request(),
        resource=parameters.word("resource"),
        state=parameters.one_of("state", get_args(State)),
    )
    rows, total, accounts = process().database.run(_listed, query)
    active = any(row["state"] in ACTIVE for row in rows)
    return render_template(
        "runs.html",
        rows=rows,
        total=total,
        accounts=accounts,
        query=query,
        lists=LISTS,
        active=active,
    )


def _request() -> UUID | None:
    """The order whose runs are asked for."""
    with suppress(ValueError):
        return UUID(parameters.word("request") or "")
    return None


def _listed(connection: Connection, query: RunsQuery) -> tuple[Any, int, dict[int, str]]:
    return *runs.listed(connection, query), names.accounts(connection)


@pages.get(f"/runs/{ID}")
def one(id_: int) -> str:
    row, accounts = process().database.run(_one, id_)
    if row is None:
        raise NotFound
    return render_template("run.html", run=row, accounts=accounts, active=row["state"] in ACTIVE)


def _one(connection: Connection, id_: int) -> tuple[dict[str, Any] | None, dict[int, str]]:
    return runs.by_id(connection, id_), names.accounts(connection)


@pages.app_template_filter()
def lasted(run: dict[str, Any]) -> float | None:
    """Seconds from its beginning to its end; None of one that is not over."""
    if run["started_at"] is None or run["finished_at"] is None:
        return None
    return float((run["finished_at"] - run["started_at"]).total_seconds())
