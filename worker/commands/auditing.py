"""`ponte audit`: what it will cost, the audits themselves in this process, and what they found."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from shared import runs
from shared.db.engine import clock
from shared.integrations import Integration
from shared.resources.grammar import Resource
from worker.audit import books, cost, due
from worker.audit.carry import carry_out
from worker.audit.cost import Cost
from worker.reach import Reach
from worker.vendors import with_credentials

EVERY, STRETCH = 0.25, 3600.0
SOON = 30.0
"""Seconds that a command waits for an audit that was put back; what waits longer is a worker's."""
STATES = {"drift": "", "repaired": ", repaired", "late": ", the nightly walk brings it"}
FINE = ("done", "unavailable")
Wanted = list[tuple[Integration, list[Resource]]]


def wanted(reach: Reach, chosen: Sequence[Resource]) -> Wanted:
    """The lists to audit, by integration; raises Misuse when none of the vendors has credentials."""
    ours = with_credentials(reach, dict.fromkeys(resource.provider for resource in chosen))
    return [
        (one, [resource for resource in chosen if resource.provider == one.provider])
        for one in ours
    ]


def costs(reach: Reach, lists: Wanted) -> list[Cost]:
    with reach.engine.begin() as connection:
        now = clock(connection)
        return [
            one
            for integration, some in lists
            for one in cost.of(
                connection, reach.settings, integration, some, now, reach.settings.ponte_audit_share
            )
        ]


def agreed(reach: Reach, expected: Sequence[Cost], console: Console, *, now: bool) -> bool:
    """Tells the cost; a person at a terminal is asked, anybody else is not."""
    _tell_cost(expected, console)
    if now or not sys.stdin.isatty():
        return True
    with reach.engine.begin() as connection:
        night = due.in_hours(reach.settings, clock(connection))
    hours = reach.settings.ponte_audit_hours
    outside = "" if night else f" It is not the time of audits ({hours} o'clock)."
    return console.input(f"Start now?{outside} [y/N] ").strip().lower() in ("y", "yes", "s", "sim")


def _tell_cost(expected: Sequence[Cost], console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("resource", "compared", "rows", "requests", "minutes", "of the day's requests"):
        table.add_column(name, justify="left" if name in ("resource", "compared") else "right")
    for one in expected:
        minutes = "-" if one.minutes is None else f"{one.minutes:.1f}"
        share = "-" if one.of_the_day is None else f"{one.of_the_day:.1%}"
        rows, requests = f"{one.rows:,}", f"{one.requests:,}"
        table.add_row(one.resource, one.scope, rows, requests, minutes, share)
    console.print(table)
    asked = sum(one.requests for one in expected)
    took = sum(one.minutes or 0 for one in expected)
    console.print(
        f"about [bold]{asked:,}[/] requests in {took:.0f} minutes, one list after the other"
    )


def audit(reach: Reach, lists: Wanted, console: Console, *, repair: bool) -> list[dict[str, Any]]:
    """Carries the audits out here, one thread per integration; returns them as they ended."""
    with reach.engine.begin() as connection:
        ordered = [
            [
                books.request(connection, one.id, resource, trigger="cli", repair=repair)
                for resource in some
            ]
            for one, some in lists
        ]
    ids = [audit_id for some in ordered for audit_id in some]
    with ThreadPoolExecutor(len(ordered)) as pool, Live(console=console, transient=True) as live:
        working = [pool.submit(_carry, reach, some) for some in ordered]
        while not all(work.done() for work in working):
            live.update(_progress(read(reach, ids)))
            time.sleep(EVERY)
        for work in working:
            work.result()
    return read(reach, ids)


def read(reach: Reach, ids: Sequence[int]) -> list[dict[str, Any]]:
    with reach.engine.begin() as connection:
        return books.listed(connection, ids)


def _carry(reach: Reach, ids: Sequence[int]) -> None:
    """One after the other; what another process has taken is waited for, what waits long is left."""
    for audit_id in ids:
        while True:
            while carry_out(reach, audit_id, STRETCH):
                pass
            with reach.engine.begin() as connection:
                (found,) = books.listed(connection, [audit_id])
                waits = (found["next_at"] - clock(connection)).total_seconds()
            if found["state"] in books.OVER or (found["state"] == "queued" and waits > SOON):
                break
            time.sleep(EVERY)


def _progress(found: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("resource", "", "compared", "requests"):
        table.add_column(name, justify="right" if name in ("compared", "requests") else "left")
    for one in found:
        counts = (f"{one[name]:,}" for name in ("compared", "requests"))
        table.add_row(one["resource"], one["state"], *counts)
    return table


def outcome(reach: Reach, found: Sequence[dict[str, Any]], expected: Sequence[Cost]) -> Any:
    """JSON-able: {"audits": [… with "findings"], "cost", "drift", "success"}."""
    with reach.engine.begin() as connection:
        all_findings = books.findings(connection, [one["id"] for one in found])
    hidden = ("position", "owner", "lease_until")
    told = [
        {
            **{name: value for name, value in one.items() if name not in hidden},
            "findings": [
                {name: each[name] for name in ("key", "kind", "detail", "state", "found_at")}
                for each in all_findings
                if each["audit_id"] == one["id"]
            ],
        }
        for one in found
    ]
    return {
        "audits": told,
        "cost": [asdict(one) for one in expected],
        "drift": sum(drift(one) for one in found),
        "success": success(found),
    }


def drift(one: dict[str, Any]) -> int:
    """Differences that are still there."""
    return int(one["only_there"] + one["only_here"] + one["different"] - one["repaired"])


def success(found: Sequence[dict[str, Any]]) -> bool:
    """Everything was audited, and no difference is left."""
    return all(one["state"] in FINE and not drift(one) for one in found)


def report(told: Any, console: Console, zone: ZoneInfo) -> None:
    """One line per list, then every difference, then what was not audited."""
    table = Table(box=None, pad_edge=False)
    counts = ("compared", "only_there", "only_here", "different", "repaired", "requests")
    for name in ("resource", "scope", *counts, "verified through"):
        table.add_column(name.replace("_", " "), justify="right" if name in counts else "left")
    for one in told["audits"]:
        through = one["verified_through"]
        table.add_row(
            one["resource"],
            one["scope"] or one["state"],
            *(f"{one[name]:,}" for name in counts),
            f"{through.astimezone(zone):%d/%m/%Y %H:%M:%S}" if through else "-",
        )
    console.print(table)
    for one in told["audits"]:
        for each in one["findings"]:
            what = f"{one['resource']} {each['key']}: {each['kind']}, {each['detail']}"
            mended = STATES[each["state"]]
            console.print(f"[yellow]{escape(what)}[/]{mended}", soft_wrap=True)
        if one["state"] == runs.UNAVAILABLE:
            console.print(f"{one['resource']} is not available: {one['reason']}", soft_wrap=True)
        elif one["state"] != "done":
            console.print(
                f"[red]{one['resource']} was not audited:[/] {one['reason']}", soft_wrap=True
            )
        elif one["reason"]:
            console.print(f"{one['resource']}: {one['reason']}", soft_wrap=True)
    left = told["drift"]
    console.print(f"[bold]{left:,}[/] difference{'' if left == 1 else 's'} left")
