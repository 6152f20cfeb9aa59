"""/api/cash-flow and /api/overdue: what moved and will move, and who is late."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date

from flask import Response
from flask_openapi3.models.tag import Tag
from sqlalchemy import Connection, and_

from webhook_app.auth import SECURITY
from webhook_app.envelopes import pagination, problems
from webhook_app.openapi import Routes
from webhook_app.parsing import checked
from webhook_app.problems import Problem
from webhook_app.wallet.account import answer_of, reading, today
from webhook_app.wallet.filters import narrowed, with_status
from webhook_app.wallet.flow import Flow, flow_of
from webhook_app.wallet.models import FlowAnswer, FlowQuery, OverdueAnswer, OverdueQuery
from webhook_app.wallet.overdue import overdue_of
from webhook_app.wallet.periods import MOST, Period, cut
from webhook_app.wallet.views import transactions

ASKED = problems(400, 401, 404, 503)

api = Routes(
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

    def read(connection: Connection, account: int) -> Response:
        periods = _periods(query, today(connection, account))
        flow = Flow(account, query, query.by, query.basis, query.group, periods)
        rows, without = flow_of(connection, flow)
        said = f"{query.by.capitalize()} by {query.by}, {len(periods)} of them."
        return answer_of(connection, account, said, rows, without_opening_balance=without)

    return reading(query.integration, read)


def _periods(query: FlowQuery, day: date) -> Sequence[Period]:
    first = query.first or day.replace(day=1)
    last = query.last or day.replace(day=monthrange(day.year, day.month)[1])
    if first > last:
        raise Problem(400, f"from {first} is after to {last}")
    found = cut(query.by, first, last)
    if len(found) > MOST:
        raise Problem(400, f"more than {MOST} periods: ask by week or month, or for less")
    return found


@api.get("/overdue", responses={**ASKED, "200": OverdueAnswer})
@checked
def overdue(query: OverdueQuery) -> Response:
    """Open titles that were due before today, by who owes or is owed, or by how late they are"""

    def read(connection: Connection, account: int) -> Response:
        wanted = and_(narrowed(account, query), with_status("overdue"))
        if query.type:
            wanted = and_(wanted, transactions.c.type == query.type)
        late, sums = overdue_of(connection, wanted, query.by)
        skipped = (query.page - 1) * query.limit
        return answer_of(
            connection,
            account,
            f"{len(late)} {'parties' if query.by == 'party' else 'ages'} with overdue titles.",
            [one.told(query.by) for one in late[skipped : skipped + query.limit]],
            pagination=pagination(query.page, query.limit, len(late)),
            totals=sums,
        )

    return reading(query.integration, read)
