"""/api/deliveries and /api/rejects: webhooks and records, those that failed for good too; and once more.

Lists tell what became of each; bodies and records, which hold people's data as they were sent, need scope
`admin`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection, Table, and_, func, select, true

from shared import letters, rejects
from shared.db.bookkeeping import deliveries as deliveries_table
from shared.db.bookkeeping import rejects as rejects_table
from shared.letters import Chosen
from shared.queue import DRAIN, REPLAY, SYNC
from webhook_app.auth import SECURITY, needs
from webhook_app.envelopes import answer, pagination, problems, told
from webhook_app.letter_models import (
    DeliveriesAnswer,
    DeliveriesQuery,
    DeliveryAnswer,
    DeliveryModel,
    DeliveryWithBody,
    LetterPath,
    LettersQuery,
    RejectAnswer,
    RejectModel,
    RejectsAnswer,
    RejectsQuery,
    RejectWithRecord,
    ReplayDeliveriesBody,
    ReplayedAnswer,
    ReplayRejectsBody,
)
from webhook_app.openapi import Routes
from webhook_app.parsing import checked
from webhook_app.problems import Problem
from webhook_app.process import process

TAG = Tag(name="Dead letters")
inbox = Routes(
    "deliveries", __name__, url_prefix="/api/deliveries", abp_tags=[TAG], abp_security=SECURITY
)
rejected = Routes(
    "rejects", __name__, url_prefix="/api/rejects", abp_tags=[TAG], abp_security=SECURITY
)
APIS = (inbox, rejected)
REPLAY_ANSWERS: ResponseDict = {**problems(400, 401, 403, 503), "202": ReplayedAnswer}


@inbox.get("", responses={**problems(400, 401, 503), "200": DeliveriesAnswer})
@checked
def deliveries(query: DeliveriesQuery) -> Response:
    """Webhooks as they came and what became of them, newest first; without their bodies"""
    return _page(DeliveryModel, deliveries_table, deliveries_meant(query), query)


@inbox.get("/<id>", responses={**problems(400, 401, 403, 404, 503), "200": DeliveryAnswer})
@needs("admin")
@checked
def delivery(path: LetterPath) -> Response:
    """One webhook with its body"""
    row = delivery_with_body(path.id)
    return answer(f"Delivery {path.id}: {row['outcome'] or 'waiting'}.", row)


def delivery_with_body(id_: int) -> dict[str, Any]:
    """Raises Problem when there is none."""
    row = _one(DeliveryWithBody, deliveries_table, id_)
    return {**row, "body": bytes(row["body"]).decode(errors="replace")}


@inbox.post("/replay", responses=REPLAY_ANSWERS)
@checked
def replay_deliveries(body: ReplayDeliveriesBody) -> Response:
    """Let webhooks wait again, as if they had just come"""
    meant = again_deliveries(body.chosen(), body.dry_run)
    return _replayed("deliveries", meant, (), body.dry_run)


def again_deliveries(chosen: Chosen, dry_run: bool = False) -> list[int]:
    """They wait as if they had just come; returns their ids."""
    own = process()
    chosen.ensure_meant()
    meant, again = own.database.run(_replay_deliveries, chosen, dry_run)
    for integration_id in again:
        own.ring(DRAIN, integration_id)
    return meant


@rejected.get("", responses={**problems(400, 401, 503), "200": RejectsAnswer})
@checked
def kept_rejects(query: RejectsQuery) -> Response:
    """Records that could not become rows, newest first; without the records"""
    return _page(RejectModel, rejects_table, rejects_meant(query), query)


@rejected.get("/<id>", responses={**problems(400, 401, 403, 404, 503), "200": RejectAnswer})
@needs("admin")
@checked
def reject(path: LetterPath) -> Response:
    """One record that could not become a row, as the vendor sent it"""
    row = reject_with_record(path.id)
    return answer(f"Reject {path.id} of {row['resource']}.", row)


def reject_with_record(id_: int) -> dict[str, Any]:
    """Raises Problem when there is none."""
    return _one(RejectWithRecord, rejects_table, id_)


@rejected.post("/replay", responses=REPLAY_ANSWERS)
@checked
def replay_rejects(body: ReplayRejectsBody) -> Response:
    """Look records up at the vendor again; what becomes a row is no reject any more"""
    meant, run_ids = again_rejects(body.chosen(), body.dry_run)
    return _replayed("rejects", meant, run_ids, body.dry_run)


def again_rejects(chosen: Chosen, dry_run: bool = False) -> tuple[list[int], Sequence[int]]:
    """They are looked up once more; returns their ids, and those of the runs that bring them."""
    own = process()
    chosen.ensure_meant()
    meant, wanted = own.database.run(_replay_rejects, chosen, dry_run)
    run_ids = wanted.run_ids if wanted else ()
    for integration_id in wanted.integration_ids if wanted else ():
        own.ring(REPLAY, integration_id)
    for run_id in run_ids:
        own.ring(SYNC, run_id)
    return meant, run_ids


def _replayed(what: str, meant: Sequence[int], runs: Sequence[int], dry_run: bool) -> Response:
    said = "would be tried again" if dry_run else "are tried again"
    data = {"count": len(meant), "ids": meant[:1000], "runs": list(runs), "dry_run": dry_run}
    return answer(f"{len(meant)} {what} {said}.", data, 202)


def _replay_deliveries(
    connection: Connection, chosen: Chosen, dry_run: bool
) -> tuple[list[int], list[int]]:
    """(ids, integrations to ring for)"""
    meant = _ids(connection, deliveries_table, letters.among_deliveries(chosen))
    return meant, [] if dry_run else list(letters.replay_deliveries(connection, chosen))


def _replay_rejects(
    connection: Connection, chosen: Chosen, dry_run: bool
) -> tuple[list[int], rejects.Wanted | None]:
    meant = _ids(connection, rejects_table, letters.among_rejects(chosen))
    return meant, None if dry_run else rejects.want(connection, chosen, "http")


def _ids(connection: Connection, table: Table, meant: ColumnElement[bool]) -> list[int]:
    chosen = select(table.c.id).where(meant, letters.of_those_that_stay(table))
    return list(connection.scalars(chosen.order_by(table.c.id)))


def deliveries_meant(query: DeliveriesQuery) -> ColumnElement[bool]:
    table = deliveries_table.c
    tests: list[ColumnElement[bool]] = [true()]
    if query.state == "dead":
        tests.append(letters.among_deliveries(Chosen()))
    elif query.state == "waiting":
        tests.append(table.settled_at.is_(None))
    elif query.state:
        tests.append(table.settled_at.is_not(None))
    if query.outcome:
        tests.append(table.outcome == query.outcome)
    if query.integration:
        tests.append(table.integration_id == query.integration)
    if query.reason:
        tests.append(table.reason.icontains(query.reason, autoescape=True))
    if query.since:
        tests.append(table.received_at >= query.since)
    return and_(*tests)


def rejects_meant(query: RejectsQuery) -> ColumnElement[bool]:
    return letters.among_rejects(
        Chosen(
            reason=query.reason,
            since=query.since,
            integration_id=query.integration,
            resource=query.resource,
            key=query.key,
        )
    )


def _page(
    model: type[BaseModel], table: Table, meant: ColumnElement[bool], query: LettersQuery
) -> Response:
    rows, total = process().database.run(read, model, table, meant, query)
    paged = pagination(query.page, query.limit, total)
    return answer(f"{len(rows)} of {total} {table.name}.", rows, pagination=paged)


def read(
    connection: Connection,
    model: type[BaseModel],
    table: Table,
    meant: ColumnElement[bool],
    query: LettersQuery,
) -> tuple[list[dict[str, Any]], int]:
    """A page of rows as the model tells them, and how many there are in all."""
    total = connection.scalar(select(func.count()).select_from(table).where(meant)) or 0
    page = select(*(table.c[name] for name in model.model_fields)).where(meant)
    page = (
        page.order_by(table.c.id.desc()).limit(query.limit).offset((query.page - 1) * query.limit)
    )
    return [told(model, row) for row in connection.execute(page).mappings()], total


def _one(model: type[BaseModel], table: Table, id_: int) -> dict[str, Any]:
    def read(connection: Connection) -> dict[str, Any] | None:
        chosen = select(*(table.c[name] for name in model.model_fields)).where(table.c.id == id_)
        row = connection.execute(chosen).mappings().first()
        return told(model, row) if row else None

    row: dict[str, Any] | None = process().database.run(read)
    if row is None:
        raise Problem(
            404, f"{table.name} has no row {id_}; GET /api/{table.name} lists what is kept"
        )
    return row
