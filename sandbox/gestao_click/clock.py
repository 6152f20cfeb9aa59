"""Gestão Click's clock: local time without offset (gestaoclick-api.md 7, time zone)."""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from sandbox.records import Json
from sandbox.world import World

BRASILIA = timezone(timedelta(hours=-3))
"""America/Sao_Paulo has had no summer time since 2019."""


def local(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC).astimezone(BRASILIA)


def stamp(epoch: float) -> str:
    """cadastrado_em, modificado_em."""
    return local(epoch).strftime("%Y-%m-%d %H:%M:%S")


def today(epoch: float) -> date:
    return local(epoch).date()


def month_of(day: date) -> tuple[str, str]:
    """First and last day of a day's month, as the lists compare them."""
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return first.isoformat(), (following - timedelta(days=1)).isoformat()


def clock_of(world: World) -> Json:
    """What time it is in the sandbox."""
    now = world.clock()
    shown = {"today": today(now).isoformat(), "local": stamp(now)}
    return {"now": now, "ahead": world.options.ahead, **shown}


def move_clock(world: World, wanted: Json) -> None:
    """Exactly one of: `ahead` of the machine's clock, `advance` by seconds, `at` a moment."""
    if len(wanted) != 1:
        raise ValueError("one of 'ahead', 'advance', 'at'")
    [(how, value)] = wanted.items()
    match how:
        case "ahead":
            world.set_clock(time.time() + float(value))
        case "advance":
            world.set_clock(world.clock() + float(value))
        case "at":
            world.set_clock(_moment(value))
        case _:
            raise ValueError(f"one of 'ahead', 'advance', 'at', not {how!r}")


def _moment(value: Any) -> float:
    """An epoch, or local time: "2026-03-31 23:59:00"."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=BRASILIA).timestamp()
    return float(value)
