"""`ponte explain` for people: one line per fact with local time, changes below it, then the present state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from rich.console import Console
from rich.markup import escape

from shared.errors import Misuse
from shared.resources import BY_NAME
from shared.resources.columns import Type
from worker.differences import Difference
from worker.explain import Explanation, Then

LONGEST = 300
STYLES = {"live": "green", "deleted": "red", "missing": "yellow"}


def moment(given: str, zone: ZoneInfo) -> datetime:
    """`2026-10-01` (its end), `2026-10-01T09:30` (local time) or with an offset; raises Misuse."""
    try:
        if len(given) == len("2026-10-01"):
            day = date.fromisoformat(given) + timedelta(days=1)
            return datetime.combine(day, time(), zone) - timedelta(microseconds=1)
        found = datetime.fromisoformat(given)
    except ValueError:
        raise Misuse(f"{given}: write 2026-10-01 or 2026-10-01T09:30") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def show(found: Explanation | Then, zone: ZoneInfo) -> None:
    console = Console(highlight=False, soft_wrap=True)
    whose = f"integration {found.integration_id}, account {found.account_id or 'not met yet'}"
    console.print(f"[bold]{found.resource} {escape(found.key)}[/] ({whose})")
    if isinstance(found, Then):
        _then(console, found, zone)
    else:
        _now(console, found, zone)


def _now(console: Console, found: Explanation, zone: ZoneInfo) -> None:
    moments = {c.name for c in BY_NAME[found.resource].columns if c.type is Type.MOMENT}
    for fact in found.facts:
        console.print(f"{_local(fact.at, zone)}  {escape(fact.what)}")
        for change in fact.changes:
            console.print(f"    {_change(change, moments, zone)}")
    how = f" ({escape(found.how)})" if found.how else ""
    console.print(f"\nnow: [{STYLES.get(found.state, 'bold')}]{found.state}[/]{how}")
    if found.erased:
        console.print(escape(found.erased))
    _fields(console, found.row or {}, zone)


def _then(console: Console, found: Then, zone: ZoneInfo) -> None:
    until = f"until {_local(found.until, zone)}" if found.until else "and is so still"
    console.print(
        f"at {_local(found.at, zone)}: [{STYLES[found.state]}]{found.state}[/], "
        f"so since {_local(found.since, zone)}, {until}"
    )
    _fields(console, found.record, zone)


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _change(change: Difference, moments: set[str], zone: ZoneInfo) -> str:
    def text(value: Any) -> str:
        if change.field in moments and isinstance(value, int):
            return _local(datetime.fromtimestamp(value, zone), zone)
        return _text(value, zone)

    return f"[bold]{escape(change.field)}[/]: {text(change.before)} → {text(change.after)}"


def _fields(console: Console, fields: Mapping[str, Any], zone: ZoneInfo) -> None:
    for name, value in fields.items():
        if value is not None:
            console.print(f"    [bold]{escape(name)}[/]: {_text(value, zone)}")


def _text(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, datetime):
        return _local(value, zone)
    plain = isinstance(value, str | Decimal)
    text = str(value) if plain else orjson.dumps(value, default=str).decode()
    return escape(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
