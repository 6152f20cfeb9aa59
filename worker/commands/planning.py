"""`ponte plan`: what will be read of each vendor that counts a day's requests, in requests and minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from shared import integrations
from shared.agenda import Agenda, summary
from shared.agenda.turns import Turn
from shared.db.engine import clock
from shared.integrations import Integration
from worker import planning
from worker.commands.printing import span
from worker.reach import Reach
from worker.sources.budget import SPACING
from worker.sources.opening import vendor_rate

NOTHING = "No vendor that counts a day's requests: Kommo tells what changed, and is asked every few minutes."


def read(reach: Reach) -> list[dict[str, Any]]:
    """One entry for each integration whose vendor counts the requests of a day. Nothing is asked.

    current: whether this environment has its credentials; the sandbox's of `make run` only its own workers have.
    """
    with reach.engine.begin() as connection:
        integrations.ensure(connection, reach.settings)
        now, settings = clock(connection), reach.settings
        return [
            {
                "current": integrations.has_credentials(settings, one),
                **_told(one, planning.of(connection, settings, one, now), _rate(reach, one), now),
            }
            for one in integrations.all_of(connection)
            if one.active and settings.daily_limit(one.provider)
        ]


def _rate(reach: Reach, integration: Integration) -> float | None:
    return vendor_rate(reach.settings, integration)


def _told(
    integration: Integration, agenda: Agenda, rate: float | None, now: datetime
) -> dict[str, Any]:
    """Times in seconds; minutes: of asking, at the vendor's rate, None without a limit."""
    found = summary.of(agenda)
    return {
        "integration_id": integration.id,
        "provider": integration.provider,
        **{name: value for name, value in asdict(found).items() if name != "tiers"},
        "minutes": _minutes(found.needed, rate),
        "tiers": [
            {
                **asdict(tier),
                "wish": tier.wish.total_seconds(),
                "every": tier.every and tier.every.total_seconds(),
                "waits": tier.waits,
                "minutes": _minutes(tier.requests_a_day, rate),
                "oldest_seconds": tier.oldest and (now - tier.oldest).total_seconds(),
            }
            for tier in found.tiers
        ],
        "parts": [_part(agenda, turn, rate, now) for turn in agenda.turns],
    }


def _part(agenda: Agenda, turn: Turn, rate: float | None, now: datetime) -> dict[str, Any]:
    every = agenda.every(*turn.duty.part)
    walked = agenda.walked.get(turn.duty.part)
    a_day = turn.requests_a_day if every else 0.0
    return {
        "resource": turn.duty.resource,
        "tier": turn.duty.tier,
        "requests": turn.duty.requests,
        "wish": turn.duty.wish.total_seconds(),
        "every": every and every.total_seconds(),
        "requests_a_day": round(a_day, 1),
        "minutes": _minutes(a_day, rate),
        "read_at": walked,
        "age_seconds": walked and (now - walked).total_seconds(),
    }


def _minutes(requests: float, rate: float | None) -> float | None:
    return round(requests * SPACING / rate / 60, 1) if rate else None


def show(found: list[dict[str, Any]], console: Console) -> None:
    if not found:
        console.print(NOTHING)
    for one in found:
        for line in _head(one):
            console.print(line)
        console.print(_table(one))


def _head(one: dict[str, Any]) -> Iterator[str]:
    others = f", other tools {one['others']:,}" if one["others"] else ""
    yield (
        f"[bold]{one['provider']} {one['integration_id']}[/]: {one['limit']:,} requests in 24 hours for "
        f"the company; used by Ponte {one['used']:,}{others}"
    )
    if not one["current"]:
        yield "[dim]its credentials are not in this environment: what its own workers will read[/]"
    minutes = "" if one["minutes"] is None else f", {one['minutes']:,.0f} minutes of asking"
    yield f"planned with {one['planned']:,}; today {one['needed']:,} requests{minutes}"
    late = [tier for tier in one["tiers"] if tier["waits"]]
    for tier in late:
        yield (
            f"[yellow]{tier['tier']}[/] should be read every {span(tier['wish'])}; for want of requests "
            f"it is read {'every ' + span(tier['every']) if tier['every'] else 'not at all for now'}"
        )


def _table(one: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("part", "list", "requests", "every", "a day", "minutes", "read"):
        left = name in ("part", "list")
        table.add_column(name, justify="left" if left else "right")
    for part in one["parts"]:
        minutes = "" if part["minutes"] is None else f"{part['minutes']:,.1f}"
        table.add_row(
            part["tier"],
            part["resource"].partition(".")[2],
            f"{part['requests']:,}",
            span(part["every"]) if part["every"] else "waits",
            f"{part['requests_a_day']:,.0f}",
            minutes,
            "never" if part["read_at"] is None else f"{span(part['age_seconds'])} ago",
        )
    return table
