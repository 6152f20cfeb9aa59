"""/api/cash-flow and /api/overdue: what moved and will move, and who is late."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from sqlalchemy import Connection, and_

from webhook_app import wallet_flow, wallet_overdue
from webhook_app.auth import SECURITY
from webhook_app.envelopes import answer, pagination, problems
from webhook_app.parsing import checked
from webhook_app.problems import Problem
from webhook_app.process import process
from webhook_app.wallet import totals
from webhook_app.wallet_filters import narrowed
from webhook_app.wallet_flow import MOST_PERIODS, Flow, Period
from webhook_app.wallet_models import FlowAnswer, FlowQuery, OverdueAnswer, OverdueQuery
from webhook_app.wallet_views import freshness, integration, today, transactions

ASKED = problems(400, 401, 404, 503)

api = APIBlueprint(
    "wallet_reports",
    __name__,
    url_prefix="/api",
    abp_tags=[Tag(name="Wallet")],
    abp_security=SECURITY,
)


@api.get("/cash-flow", responses={**ASKED, "200": FlowAnswer})
@checked
def cash_flow(query: FlowQuery) -> Response:
    """What came in and went out, and what is to, by day, week or month; with running balances"""

    def read(connection: Connection) -> Response:
        account = integration(connection, process().settings, query.integration)
        day = today(connection, account)
        periods = _periods(query, day)
        flow = Flow(account, query, query.by, query.basis, query.group, periods)
        rows, without = wallet_flow.answered(connection, flow)
        return answer(
            f"{len(periods)} periods: {query.by} by {query.by}.",
            rows,
            without_opening_balance=without,
            today=day,
            freshness=freshness(connection, account),
        )

    return process().database.run(read)


def _periods(query: FlowQuery, day: date) -> Sequence[Period]:
    first = query.first or day.replace(day=1)
    last = query.last or day.replace(day=monthrange(day.year, day.month)[1])
    if first > last:
        raise Problem(400, f"from {first} is after to {last}")
    found = wallet_flow.periods(query.by, first, last)
    if len(found) > MOST_PERIODS:
        raise Problem(400, f"more than {MOST_PERIODS} periods: ask by week or month, or for less")
    return found


@api.get("/overdue", responses={**ASKED, "200": OverdueAnswer})
@checked
def overdue(query: OverdueQuery) -> Response:
    """Open titles that were due before today, by who owes or is owed, or by how late they are"""

    def read(connection: Connection) -> Response:
        account = integration(connection, process().settings, query.integration)
        wanted = and_(narrowed(account, query), transactions.c.status == "overdue")
        if query.type:
            wanted = and_(wanted, transactions.c.type == query.type)
        rows = wallet_overdue.rows(connection, wanted, query.by)
        skipped = (query.page - 1) * query.limit
        return answer(
            f"{len(rows)} {'parties' if query.by == 'party' else 'ages'} with overdue titles.",
            rows[skipped : skipped + query.limit],
            pagination=pagination(query.page, query.limit, len(rows)),
            totals=totals(connection, wanted),
            today=today(connection, account),
            freshness=freshness(connection, account),
        )

    return process().database.run(read)
