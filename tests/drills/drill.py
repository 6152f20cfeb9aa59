"""One drill: a schedule of trouble is played, then the books must balance."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import requests
from redis.exceptions import RedisError

from tests.drills.balance import (
    PROMISES,
    WALKED,
    Findings,
    erp_is_mirrored,
    kommo_is_followed,
    kommo_is_mirrored,
)
from tests.drills.schedule import Planned, draw
from tests.drills.stage import WORLD, Stage, staged

LIFE = 4.0
"""Changes a second, over both vendors, while there is trouble."""
TICK = 0.1
RECOVERY = 300.0
"""Seconds within which each step back to rest must be made."""
MOST_WALKS = 3
"""What is in a list without a detail route must be missed by two; one may be spoilt."""
NOT_YET = (psycopg.Error, RedisError, requests.RequestException)


@dataclass
class Report:
    """What was played and what it came to. findings: promise → what contradicts it; empty: balanced."""

    seed: int
    troubles: list[str]
    findings: dict[str, Findings] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def balanced(self) -> bool:
        return not self.findings


def play(
    seed: int,
    seconds: float = 45.0,
    count: int = 12,
    folder: Path | None = None,
    *,
    whole: bool = True,
    world: Mapping[str, Any] = WORLD,
) -> Report:
    """Plays one seed's schedule and draws up the balance; never raises for what it finds.

    whole: full walks are ordered at the end, and every list of both mirrors is compared.
    """
    schedule = draw(seed, seconds, count)
    report = Report(seed, [planned.trouble.name for planned in schedule])
    began = time.monotonic()
    with _folder(folder) as place, staged(place, seed, world=world) as stage:
        report.told = stage.told
        try:
            stage.box.life.set_rate(LIFE)
            _play(stage, schedule, seconds)
            _recover(stage, whole=whole)
            kept = [check for check in PROMISES if whole or check not in WALKED]
            report.findings = {_promise(check): found for check in kept if (found := check(stage))}
        except Exception as error:
            report.findings["the drill itself"] = [f"{type(error).__name__}: {error}"]
        report.figures = _figures(stage)
    report.seconds = time.monotonic() - began
    return report


def _play(stage: Stage, schedule: Sequence[Planned], seconds: float) -> None:
    """Does and undoes what is planned when its time has come, in one thread, and tends the processes."""
    acts: list[tuple[float, str, Callable[[], None]]] = []
    for planned in schedule:
        trouble = planned.trouble
        if trouble.lacking:
            stage.tell(f"NOT DRILLED HERE: {trouble.name} ({trouble.lacking})")
            continue
        rng = Random(planned.details)
        acts.append((planned.at, trouble.name, lambda t=trouble, r=rng: t.do(stage, r)))
        if planned.until > planned.at:
            acts.append((planned.until, f"over: {trouble.name}", lambda t=trouble: t.undo(stage)))
    began = time.monotonic()
    for at, name, act in [*sorted(acts, key=lambda act: act[0]), (seconds, "", lambda: None)]:
        while time.monotonic() - began < at:
            stage.tend()
            time.sleep(TICK)
        if name:
            stage.tell(name)
        act()


def _recover(stage: Stage, *, whole: bool) -> None:
    """The trouble is over and nothing new happens: everything comes right without anybody's hand.

    What no vendor tells of, full walks bring: those of the night and of the week are ordered now.
    """
    stage.tell("the trouble is over")
    stage.box.life.set_rate(0)
    stage.postman.stop()
    stage.box.faults.clear()
    # a vendor may have blocked or refused only now what was planned long ago
    stage.time_passes()
    _until(stage, lambda: not any(t.is_alive() for t in stage.aside), "the storms to end")
    _until(stage, lambda: _post_is_through(stage), "the webhooks to be taken")
    _until(stage, lambda: _settled(stage), "the deliveries to be settled")
    _until(
        stage,
        lambda: not kommo_is_followed(stage),
        "what Kommo told of to be mirrored",
        lambda: kommo_is_followed(stage),
    )
    if whole:
        _until(stage, lambda: _walked(stage), "full walks to bring the rest")


def _post_is_through(stage: Stage) -> bool:
    return bool(stage.box.stats()["webhooks"]["pending"] == 0)


def _settled(stage: Stage) -> bool:
    return not stage.value("select count(*) from sync.deliveries where settled_at is null")


def _walked(stage: Stage) -> bool:
    """Everything was read in full, and is true; walks are ordered again as the next night's would be."""
    active = "select count(*) from sync.runs where mode = 'full' and state in ('queued', 'running')"
    if stage.value(active):
        return False
    if stage.walks and not kommo_is_mirrored(stage) and not erp_is_mirrored(stage):
        return True
    if stage.walks < MOST_WALKS:
        for vendor in ("kommo", "gestao-click"):
            stage.api("POST", f"/api/{vendor}/sync", {"full": True})
        stage.walks += 1
    return False


def _until(
    stage: Stage,
    true: Callable[[], Any],
    what: str,
    lacking: Callable[[], Findings] = list,
) -> None:
    """Goes on when it does not come: the balance then says what is wrong. lacking: what full walks may mend
    before it is drawn up, so it is told now."""
    began = time.monotonic()
    while time.monotonic() - began < RECOVERY:
        stage.tend()
        try:
            if true():
                stage.tell(f"waited for {what}: {time.monotonic() - began:.1f} s")
                return
        except NOT_YET as error:
            stage.tell(f"not yet: {type(error).__name__}")
        time.sleep(0.5)
    stage.tell(f"WAITED IN VAIN for {what}")
    stage.in_vain.append("; ".join([what, *lacking()]))


def _promise(check: Callable[[Stage], Findings]) -> str:
    return (check.__doc__ or check.__name__).strip()


def _figures(stage: Stage) -> dict[str, Any]:
    stats = stage.box.stats()
    seconds = [given.seconds for given in stage.postman.acknowledged.values()]
    return {
        "acknowledged": len(stage.postman.acknowledged),
        "answers": dict(stage.postman.statuses),
        "slowest answer (s)": round(max(seconds, default=0.0), 2),
        **{vendor: stats[vendor]["max_in_950ms"] for vendor in ("kommo", "gestao-click")},
        "bunches": {vendor: watch.bunches for vendor, watch in stage.watches.items()},
        "429s": {v: stats[v]["by_status"].get("429", 0) for v in ("kommo", "gestao-click")},
    }


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="ponte-drill-") as made:
        yield Path(made)
