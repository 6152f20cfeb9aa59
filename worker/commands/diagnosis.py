"""`ponte doctor` for people: one line per finding, the worst last, and what to do below it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from worker.doctor.findings import Finding, State

STYLES = {State.OK: "green", State.WARN: "yellow", State.BAD: "red"}


def show(findings: Sequence[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for found in sorted(findings, key=lambda each: list(State).index(each.state)):
        state = f"[{STYLES[found.state]}]{found.state:4}[/]"
        console.print(f"{state}  [bold]{found.check:12}[/]  {escape(found.said)}")
        if found.todo:
            console.print(f"{'':20}→ {escape(found.todo)}")
