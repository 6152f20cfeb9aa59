"""What a check finds: a state, a sentence, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class State(StrEnum):
    """BAD: something needs you, now; WARN: something will, or may."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """check: what was looked at; said: one sentence; todo: the next step, "" for none."""

    check: str
    state: State
    said: str
    todo: str = ""


def ok(check: str, said: str, todo: str = "") -> Finding:
    return Finding(check, State.OK, said, todo)


def warn(check: str, said: str, todo: str) -> Finding:
    return Finding(check, State.WARN, said, todo)


def bad(check: str, said: str, todo: str) -> Finding:
    return Finding(check, State.BAD, said, todo)


def ago(seconds: float | timedelta) -> str:
    """`40 s`, `12 min`, `5 h`, `3 days`"""
    value = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if value >= 2 * size:
            return f"{value / size:.0f} {unit}"
    return f"{value:.0f} s"
