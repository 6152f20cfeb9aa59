"""What PostgreSQL does for a question of the HTTP API: its statements as they are sent, its own account of each.

The application runs in this process, so that its statements can be listened to; how long an answer takes is
measured at a real `ponte web`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event

from bench.measure import Failed
from shared.settings import Settings
from webhook_app import create_app, process_of


@dataclass(frozen=True)
class Plan:
    """Of the statement that took longest of those for one address. ms: as `explain` says, planning included."""

    path: str
    ms: float
    lines: tuple[str, ...]


@dataclass
class Sent:
    """One statement with its parameters. seconds: until PostgreSQL had answered; for ever, where it was given up."""

    statement: str
    parameters: Any
    began: float
    seconds: float = float("inf")


def plans(settings: Settings, engine: Engine, token: str, paths: Sequence[str]) -> Iterator[Plan]:
    """engine: one that waits for whatever takes long; the API gives up after some seconds."""
    app = create_app(settings)
    own, client, headers = process_of(app), app.test_client(), {"Authorization": f"Bearer {token}"}
    sent = _listen(own.database.engine)
    try:
        for path in paths:
            sent.clear()
            if (answer := client.get(path, headers=headers)).status_code not in (200, 503):
                raise Failed(f"{path} was answered {answer.status}: {answer.text[:500]}")
            longest = max(sent, key=lambda each: each.seconds)
            with engine.begin() as connection:
                yield _explain(connection, path, longest)
    finally:
        own.close()


def _listen(engine: Engine) -> list[Sent]:
    """What the engine sends from now on, the last one last."""
    sent: list[Sent] = []

    def before(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        sent.append(Sent(statement, parameters, time.monotonic()))

    def after(*_: Any) -> None:
        sent[-1].seconds = time.monotonic() - sent[-1].began

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    return sent


def _explain(connection: Connection, path: str, sent: Sent) -> Plan:
    asked = f"explain (analyze, buffers) {sent.statement}"
    rows = connection.exec_driver_sql(asked, sent.parameters)
    lines = tuple(str(row[0]) for row in rows)
    return Plan(path, sum(map(_ms, lines)), lines)


def _ms(line: str) -> float:
    """`Execution Time: 12.3 ms`, `Planning Time: 0.4 ms`."""
    name, _, said = line.partition(" Time: ")
    return float(said.split()[0]) if name in ("Execution", "Planning") else 0.0


def document(plans: Sequence[Plan], described: str, leads: int) -> str:
    """The heaviest first, as docs/benchmarks-explain.md holds them."""
    head = (
        "# What PostgreSQL does for the heavy questions\n\n"
        "Written by `make bench` (part growth): of each address the statement that takes longest, as\n"
        f"`explain (analyze, buffers)` tells it, with {leads:,} leads in the mirror. Measuring each step makes\n"
        "the times here longer than those of the answers in [benchmarks.md](benchmarks.md).\n"
    )
    each = [
        f"## {plan.ms:.0f} ms: `{plan.path}`\n\n```\n{chr(10).join(plan.lines)}\n```\n"
        for plan in sorted(plans, key=lambda plan: -plan.ms)
    ]
    return "\n".join([head, f"{described}\n", *each])
