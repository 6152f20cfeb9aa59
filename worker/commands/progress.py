"""What a person sees of a sync: progress while it runs, a short report at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from shared import runs
from worker.commands.forecast import Forecast
from worker.reach import Reach

EVERY = 0.25
LINE_EVERY = 15.0
"""Seconds, where there is no terminal."""
MARKS = {
    "running": "[cyan]reading[/]",
    "failed": "[red]failed[/]",
    "queued": "[dim]waiting[/]",
}
SHOWN = tuple(MARKS)
"""What is done is in the sum; the report at the end tells it list by list."""
ABOVE = 6
"""Lines of a terminal that are no list's."""


def read(reach: Reach, run_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The runs, in the order in which they were made."""
    with reach.engine.begin() as connection:
        return runs.listed(connection, ids=run_ids, limit=len(run_ids))[::-1]


def over(found: Sequence[dict[str, Any]]) -> bool:
    return all(run["state"] in runs.OVER for run in found)


def follow(
    reach: Reach,
    run_ids: Sequence[int],
    console: Console,
    tend: Callable[[], None] = lambda: None,
) -> list[dict[str, Any]]:
    """Shows the runs until all are over; returns them. `tend` is called meanwhile.

    At a terminal a picture that moves, else a line now and then.
    """
    started = said = time.monotonic()
    forecast = Forecast(reach, read(reach, run_ids))
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        while True:
            found, now = read(reach, run_ids), time.monotonic()
            told = f"{_so_far(found)}; {now - started:,.0f} s; {forecast.tell(found)}"
            live.update(_picture(found, told, console.height - ABOVE))
            if over(found):
                return found
            if not console.is_terminal and now - said >= LINE_EVERY:
                said = now
                console.print(told, soft_wrap=True)
            tend()
            time.sleep(EVERY)


def _so_far(found: Sequence[dict[str, Any]]) -> str:
    rows, requests = (sum(run[name] for run in found) for name in ("seen", "requests"))
    done = sum(run["state"] in runs.OVER for run in found)
    return f"{done} of {len(found)} lists, {rows:,} rows, {requests:,} requests"


def _picture(found: Sequence[dict[str, Any]], told: str, lines: int) -> Group:
    """The sum, then each list that failed, is being read or waits, as far as there is room."""
    table = Table(box=None, pad_edge=False)
    for name in ("resource", "", "rows", "requests", "walk"):
        right = name in ("rows", "requests")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    shown = sorted(
        (run for run in found if run["state"] in SHOWN), key=lambda run: SHOWN.index(run["state"])
    )
    for run in shown[: max(1, lines)]:
        table.add_row(
            run["resource"],
            MARKS[run["state"]],
            f"{run['seen']:,}",
            f"{run['requests']:,}",
            _walk(run),
        )
    return Group(told, table)


def _walk(run: dict[str, Any]) -> str:
    """How far a walk in slices is; why a run waits."""
    position = run["position"] or {}
    slices = len(position.get("asks", ()))
    if run["state"] == "running" and slices > 1:
        return f"{min(position['slice'] + 1, slices)} of {slices}"
    return str(run["reason"] or "")[:60] if run["state"] != "done" else ""


def report(found: Sequence[dict[str, Any]], console: Console, seconds: float) -> None:
    """Resources, rows, requests, seconds; failures with their reasons."""
    table = Table(box=None, pad_edge=False)
    for name in ("resource", "rows", "changed", "gone", "rejected", "requests", "seconds"):
        table.add_column(name, justify="left" if name == "resource" else "right")
    for run in found:
        numbers = (run[name] for name in ("seen", "written", "gone", "rejected", "requests"))
        table.add_row(
            run["resource"], *(f"{number:,}" for number in numbers), f"{_seconds(run):.1f}"
        )
    console.print(table)
    rows, requests = (sum(run[name] for run in found) for name in ("seen", "requests"))
    console.print(f"[bold]{rows:,}[/] rows in {requests:,} requests, {seconds:.0f} seconds")
    for run in found:
        if run["state"] == "failed":
            console.print(f"[red]{run['resource']} failed:[/] {run['reason']}", soft_wrap=True)
        if run["state"] == runs.UNAVAILABLE:
            console.print(f"{run['resource']} is not available: {run['reason']}", soft_wrap=True)


def _seconds(run: dict[str, Any]) -> float:
    if not run["started_at"] or not run["finished_at"]:
        return 0.0
    return float((run["finished_at"] - run["started_at"]).total_seconds())
