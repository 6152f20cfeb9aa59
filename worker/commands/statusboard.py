"""`ponte status` for people: what shared/report.py tells, on a terminal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.figures import AuditReport
from shared.report import IntegrationReport, ResourceReport, Status
from worker.commands.printing import span


def show(found: Status, zone: ZoneInfo) -> None:
    console = Console(highlight=False)
    if not found.integrations:
        console.print("No integration yet: set credentials, or try [bold]make run[/].")
    for integration in found.integrations:
        _integration(console, integration, zone)
        _agenda(console, integration)
    for quota in found.quotas:
        left = "" if quota.left is None else f", {quota.left:,} left today"
        console.print(
            f"[bold]{quota.budget}[/]: {quota.last_hour:,} requests in the last hour, "
            f"{quota.last_day:,} in 24 hours, {quota.limited:,} answers of 429{left}"
        )
    waiting = found.deliveries
    console.print(
        f"[bold]deliveries[/]: {waiting.waiting:,} waiting, the oldest for {waiting.oldest_seconds:.0f} s"
    )
    for dead in found.dead:
        why = escape(f"{dead.outcome}: {dead.last_reason}")
        console.print(
            f"[yellow]{dead.count:,} deliveries failed for good[/], the last one {dead.last_id}, {why}"
        )
    for reject in found.rejects:
        console.print(
            f"[yellow]{reject.count:,} rejects[/] of {reject.resource}: {escape(reject.last_reason)}"
        )
    if found.dead or found.rejects:
        console.print("[dim]once more: ponte replay deliveries, ponte replay rejects[/]")
    for view in found.view_problems:
        console.print(f"[yellow]{view.view}[/] is kept as it was: {view.problem}")
    alive = [worker.name for worker in found.workers if worker.alive]
    console.print(
        f"[bold]workers[/]: {', '.join(alive) or '[red]none is ready; start one: ponte worker[/]'}"
    )


def _agenda(console: Console, integration: IntegrationReport) -> None:
    """What the day's requests are used for; which parts wait longer than they should."""
    day = integration.agenda
    if day is None or not integration.current:
        return
    console.print(
        f"today {day.needed:,} of {day.planned:,} planned requests, {day.used:,} used in 24 hours "
        "([bold]ponte plan[/] tells them part by part)"
    )
    for tier in day.waiting:
        every = f"every {span(tier.every.total_seconds())}" if tier.every else "not at all for now"
        wish = span(tier.wish.total_seconds())
        console.print(
            f"[yellow]{tier.tier}[/] is read {every} for want of requests, not every {wish}"
        )


def _integration(console: Console, integration: IntegrationReport, zone: ZoneInfo) -> None:
    kind = " [yellow](sandbox)[/]" if integration.sandbox else ""
    console.print(
        f"[bold]{integration.provider}[/] {integration.id} of {integration.user_id}, "
        f"account {integration.account_id or 'not met yet'}{kind}{_idle(integration)}"
    )
    if integration.pause:
        console.print(
            f"  [red]paused until {integration.pause.until:%H:%M:%S}[/]: {integration.pause.reason}"
        )
    if integration.refused:
        console.print(
            "  [red]the credentials were refused[/]: nothing is read until there are others"
        )
    if integration.token_days is not None:
        console.print(f"  [yellow]the token ends in {integration.token_days} days[/]")
    table = Table(box=None, pad_edge=False)
    for name in ("  resource", "rows", "gone", "age", "last run"):
        table.add_column(name, justify="right" if name in ("rows", "gone", "age") else "left")
    for resource in integration.resources:
        table.add_row(
            f"  {resource.name}",
            f"{resource.live:,}",
            f"{resource.deleted:,}",
            _age(resource),
            _run(resource),
        )
    console.print(table)
    for resource in integration.resources:
        if resource.last_audit:
            told = _compared(resource.name, resource.last_audit, zone)
            console.print(f"  {escape(told)}", soft_wrap=True)


def _compared(name: str, audit: AuditReport, zone: ZoneInfo) -> str:
    """`kommo.leads compared in full 23/11 02:10 to 02:58, 0 differences`"""
    if audit.state != "done":
        return f"{name} not compared ({audit.state}): {audit.reason}"
    begun, ended = (at.astimezone(zone) for at in (audit.started_at, audit.ended_at))
    mended = f", {audit.repaired:,} repaired" if audit.repaired else ""
    differences = f"{audit.differences:,} difference{'' if audit.differences == 1 else 's'}"
    return (
        f"{name} compared {audit.scope} {begun:%d/%m %H:%M} to {ended:%H:%M}, {differences}{mended}"
    )


def _idle(integration: IntegrationReport) -> str:
    """Why nothing is read by itself, if so."""
    if not integration.active:
        return " [yellow]paused[/]"
    if not integration.current:
        if integration.sandbox:
            return " [dim]played by ponte up and make run only[/]"
        return " [yellow]no credentials: not worked on[/]"
    return "" if integration.auto_sync else " [dim]no scheduled runs[/]"


def _age(resource: ResourceReport) -> str:
    if resource.unlisted:
        return "by webhook"
    if resource.age_seconds is None:
        return "never"
    minutes = resource.age_seconds / 60
    return f"{resource.age_seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min"


def _run(resource: ResourceReport) -> str:
    run = resource.last_run
    if run is None:
        return "none"
    why = f": {run.reason}" if run.reason else ""
    return f"{run.mode}, {run.state}, {run.requests} requests{why}"
