"""How Ponte is doing, in numbers: what `ponte status`, the dashboard and /metrics all tell.

Everything is read from PostgreSQL; the shapes are in figures.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from shared import agenda, integrations, resources, row_counts
from shared.agenda import Agenda, summary
from shared.audited import last_audits
from shared.db.bookkeeping import (
    DEAD,
    checkpoints,
    deliveries,
    pauses,
    rejects,
    report_views,
    runs,
    usage,
    workers,
)
from shared.db.engine import clock
from shared.figures import (
    DeadReport,
    Deliveries,
    IntegrationReport,
    Pause,
    Quota,
    RejectReport,
    ResourceReport,
    RunReport,
    Status,
    ViewProblem,
    WorkerReport,
)
from shared.integrations import Integration
from shared.resources.grammar import Resource
from shared.settings import Settings

__all__ = ["IntegrationReport", "ResourceReport", "Status", "status"]
NOW = func.clock_timestamp()
ALIVE = timedelta(seconds=20)
"""Workers write `seen_at` every five seconds."""


def status(connection: Connection, settings: Settings) -> Status:
    """Everything at once; some ten statements, none of them long."""
    return Status(
        at=clock(connection),
        integrations=tuple(of_integrations(connection, settings)),
        quotas=tuple(quotas(connection, settings)),
        deliveries=inbox(connection, settings),
        dead=tuple(dead_letters(connection)),
        rejects=tuple(rejected(connection)),
        workers=tuple(seen_workers(connection)),
        view_problems=tuple(view_problems(connection)),
    )


def of_integrations(connection: Connection, settings: Settings) -> list[IntegrationReport]:
    """Every integration that the database knows."""
    known, now = integrations.all_of(connection), clock(connection)
    held = _pauses(connection)
    agendas = agendas_of(connection, settings, known)
    per_resource = of_resources(connection, settings, known, agendas)
    return [
        IntegrationReport(
            id=one.id,
            provider=one.provider,
            user_id=one.user_id,
            wallet_id=one.wallet_id,
            account_id=one.account_id,
            sandbox=one.sandbox,
            active=one.active,
            auto_sync=one.auto_sync,
            sync_frequency=one.sync_frequency,
            current=integrations.has_credentials(settings, one),
            refused=one.refused,
            token_expires_at=one.token_expires_at,
            token_days=_days_if_soon(one, now),
            pause=next((pause for pause in held if _concerns(pause, one)), None),
            resources=per_resource[one.id],
            agenda=summary.of(agendas[one.id]) if one.id in agendas else None,
        )
        for one in known
    ]


def agendas_of(
    connection: Connection, settings: Settings, of: Sequence[Integration]
) -> dict[int, Agenda]:
    """What is read how often, by integration id, where the vendor counts the requests of a day."""
    counted = [one for one in of if settings.daily_limit(one.provider)]
    return {one.id: agenda.of(connection, settings, one) for one in counted}


def _days_if_soon(one: Integration, now: datetime) -> int | None:
    if one.token_expires_at is None or one.token_expires_at - now > integrations.SOON:
        return None
    return (one.token_expires_at - now).days


def _pauses(connection: Connection) -> list[Pause]:
    rows = select(pauses).where(pauses.c.until > NOW).order_by(pauses.c.until.desc())
    return [Pause(row.budget, row.until, row.reason) for row in connection.execute(rows)]


def _concerns(pause: Pause, integration: Integration) -> bool:
    """Budgets are named `<provider>:<account>` and `<provider>:address`."""
    return pause.budget in (
        f"{integration.provider}:{integration.account_id}",
        f"{integration.provider}:address",
    )


def of_resources(
    connection: Connection,
    settings: Settings,
    of: Sequence[Integration],
    agendas: Mapping[int, Agenda],
) -> dict[int, tuple[ResourceReport, ...]]:
    """Reports of every resource of the given integrations, by integration id."""
    counted, last, drifted = (
        row_counts.all_of(connection),
        _last_runs(connection),
        drift(connection),
    )
    compared = last_audits(connection)
    rows = connection.execute(
        select(checkpoints, func.extract("epoch", NOW - checkpoints.c.updated_at).label("age"))
    )
    read = {(row.integration_id, row.resource): row for row in rows}

    def report(one: Integration, resource: Resource) -> ResourceReport:
        at = (one.id, resource.full_name)
        live, deleted = counted.get(at, (0, 0))
        checkpoint, run = read.get(at), last.get(at)
        return ResourceReport(
            name=resource.full_name,
            live=live,
            deleted=deleted,
            synced_at=checkpoint.updated_at if checkpoint else None,
            full_walk_at=checkpoint.walked_at if checkpoint else None,
            age_seconds=float(checkpoint.age) if checkpoint else None,
            next_at=_next(settings, one, resource, checkpoint, run, agendas.get(one.id)),
            drift=drifted.get(at),
            last_run=run,
            unlisted=resource.unlisted,
            last_audit=compared.get(at),
        )

    return {
        one.id: tuple(report(one, resource) for resource in resources.of_provider(one.provider))
        for one in of
    }


def _next(
    settings: Settings,
    of: Integration,
    resource: Resource,
    checkpoint: Any,
    run: RunReport | None,
    agenda: Agenda | None,
) -> datetime | None:
    """When it is looked at again: an order that waits knows, else the schedule."""
    if not of.active:
        return None
    if run and run.state == "queued":
        return run.next_at
    if checkpoint is None or not of.auto_sync:
        return None
    if agenda:
        every = agenda.leads(resource)
    else:
        every = integrations.every(settings, of, windowed=resource.windowed)
    due: datetime | None = checkpoint.updated_at + every if every else None
    return due


def _last_runs(connection: Connection) -> dict[tuple[int, str], RunReport]:
    newest = (
        select(runs, _duration().label("seconds"))
        .ext(distinct_on(runs.c.integration_id, runs.c.resource))
        .order_by(runs.c.integration_id, runs.c.resource, runs.c.id.desc())
    )
    return {(row.integration_id, row.resource): _run(row) for row in connection.execute(newest)}


def _duration() -> Any:
    return func.extract("epoch", func.coalesce(runs.c.finished_at, NOW) - runs.c.started_at)


def _run(row: Any) -> RunReport:
    return RunReport(
        id=row.id,
        state=row.state,
        mode=row.mode,
        trigger=row.trigger,
        requests=row.requests,
        written=row.written,
        gone=row.gone,
        rejected=row.rejected,
        reason=row.reason,
        next_at=row.next_at if row.state == "queued" else None,
        finished_at=row.finished_at,
        seconds=None if row.seconds is None else float(row.seconds),
    )


def drift(connection: Connection) -> dict[tuple[int, str], int]:
    """Rows that the last complete full walk wrote or marked; the first walk of a list is no drift."""
    place = (runs.c.integration_id, runs.c.resource)
    walks = (
        select(
            *place,
            (runs.c.written + runs.c.gone).label("rows"),
            func.row_number().over(partition_by=place, order_by=runs.c.id).label("nth"),
            func.row_number().over(partition_by=place, order_by=runs.c.id.desc()).label("newest"),
        )
        .where(runs.c.mode == "full", runs.c.state == "done")
        .subquery()
    )
    later = select(walks).where(walks.c.newest == 1, walks.c.nth > 1)
    return {(row.integration_id, row.resource): row.rows for row in connection.execute(later)}


def quotas(connection: Connection, settings: Settings) -> list[Quota]:
    """What each budget has used in the last hour and in the last 24 hours (whole hours, rounded up)."""

    def since(hours: int) -> Any:
        return usage.c.hour > NOW - text(f"interval '{hours + 1:d} hours'")

    day = func.sum(case((since(24), usage.c.requests), else_=0))
    hour = func.sum(case((since(1), usage.c.requests), else_=0))
    limited = func.sum(case((since(24), usage.c.limited), else_=0))
    rows = connection.execute(
        select(usage.c.budget, hour, day, limited)
        # the first request of all was sent before the account had a name
        .where(~usage.c.budget.contains(":new-"))
        .group_by(usage.c.budget)
        .order_by(usage.c.budget)
    )
    return [_quota(settings, budget, *(int(number) for number in used)) for budget, *used in rows]


def _quota(settings: Settings, budget: str, hour: int, day: int, limited: int) -> Quota:
    provider, _, of = budget.partition(":")
    account = of != "address"
    if provider == "kommo":
        rate = settings.kommo_rate_limit if account else settings.kommo_rate_limit_per_address
        return Quota(budget, provider, hour, day, limited, rate or None, None)
    rate = settings.gestao_click_rate_limit
    per_day = settings.gestao_click_daily_limit if account else None
    return Quota(budget, provider, hour, day, limited, rate or None, per_day)


def used_ever(connection: Connection) -> list[tuple[str, int, int]]:
    """(budget, requests, answers of 429) over everything that is kept."""
    table = usage.c
    rows = select(table.budget, func.sum(table.requests), func.sum(table.limited))
    return [
        (budget, int(asked), int(limited))
        for budget, asked, limited in connection.execute(rows.group_by(table.budget))
    ]


def inbox(connection: Connection, settings: Settings) -> Deliveries:
    table = deliveries.c
    waiting, oldest = connection.execute(
        select(func.count(), func.extract("epoch", NOW - func.min(table.received_at))).where(
            table.settled_at.is_(None)
        )
    ).one()
    midnight = text("date_trunc('day', clock_timestamp(), :zone)").bindparams(
        zone=settings.ponte_timezone
    )
    settled = connection.execute(
        select(func.coalesce(table.outcome, ""), func.count())
        .where(table.settled_at >= midnight)
        .group_by(table.outcome)
    )
    return Deliveries(waiting, float(oldest or 0), {row[0]: row[1] for row in settled})


def dead_letters(connection: Connection) -> list[DeadReport]:
    """Deliveries that failed for good, by integration and outcome, the latest first."""
    table = deliveries.c
    place = (table.integration_id, table.outcome)
    counted = select(*place, func.count().label("how_many"), func.max(table.id).label("last"))
    grouped = counted.where(DEAD).group_by(*place).subquery()
    latest = select(grouped, table.reason, table.settled_at).join(
        deliveries, table.id == grouped.c.last
    )
    return [
        DeadReport(
            row.integration_id, row.outcome, row.how_many, row.last, row.reason, row.settled_at
        )
        for row in connection.execute(latest.order_by(table.settled_at.desc()))
    ]


def rejected(connection: Connection) -> list[RejectReport]:
    """By resource, the most recently seen first."""
    table = rejects.c
    place = (table.integration_id, table.resource)
    latest = (
        select(rejects, func.count().over(partition_by=place).label("how_many"))
        .ext(distinct_on(*place))
        .order_by(*place, table.seen_at.desc())
    )
    found = [
        RejectReport(
            row.integration_id, row.resource, row.how_many, row.reason, row.key, row.seen_at
        )
        for row in connection.execute(latest)
    ]
    return sorted(found, key=lambda one: one.seen_at, reverse=True)


def seen_workers(connection: Connection) -> list[WorkerReport]:
    rows = connection.execute(
        select(workers, (NOW - workers.c.seen_at).label("silent")).order_by(workers.c.name)
    )
    return [
        WorkerReport(row.name, row.queues, row.started_at, row.seen_at, row.silent < ALIVE)
        for row in rows
    ]


def view_problems(connection: Connection) -> list[ViewProblem]:
    """Typed views that were kept as they were: `ponte views refresh` tries again."""
    table = report_views.c
    rows = select(table.name, table.problem).where(table.problem.is_not(None)).order_by(table.name)
    return [ViewProblem(f"reports.{row.name}", row.problem) for row in connection.execute(rows)]


def runs_by_state(connection: Connection) -> list[tuple[str, str, str, int]]:
    """(resource, state, mode, how many), of the runs that are kept."""
    grouped = select(runs.c.resource, runs.c.state, runs.c.mode, func.count()).group_by(
        runs.c.resource, runs.c.state, runs.c.mode
    )
    return [(r, s, m, n) for r, s, m, n in connection.execute(grouped)]
