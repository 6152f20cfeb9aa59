"""Part "latency": from a webhook that says that a lead has changed to the moment at which its row says so, too.

Now and then one lead changes at the vendor and a delivery names it, first while nothing else is to be done, then
while the account, large now, is read in full. The clock runs from the first byte of the delivery to the first look
into PostgreSQL that shows the new state.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bench.deployed import Deployed, deployed
from bench.figures import Figure, Target, percentile
from bench.ground import Ground
from bench.leads import id_of
from bench.post import Post, Round
from bench.vendor import Vendor

PART = "latency"
LIMIT, LATENCY = 7, 100
"""Of the vendor: requests a second, milliseconds."""
FEW, MANY = 500, 1_000_000
"""Leads: those that change are all known before; the backfill need not come to its end."""
IDLE, BUSY = "idle", "during a backfill"
TO_ROW, TO_LOOK = "webhook to row", "of it, until the vendor is asked"
SHARES = {"p50": 0.5, "p95": 0.95, "longest": 1.0}
SOON = 60.0


@dataclass(frozen=True)
class Size:
    """changes: how many, idle and during the backfill; pauses: seconds between them. A change costs the backfill
    a request: one in four seconds is a twenty-eighth of the quota."""

    changes: int
    pauses: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Stage:
    """revisions: of single leads; none is like another, so that a row tells which change it shows."""

    ponte: Deployed
    vendor: Vendor
    post: Post
    revisions: Iterator[int] = field(default_factory=lambda: count(1))


QUICK = Size(5, {IDLE: (0.3, 0.6), BUSY: (1.5, 2.5)})
FULL = Size(100, {IDLE: (0.8, 2.0), BUSY: (3.0, 5.0)})


@dataclass(frozen=True)
class Change:
    """Milliseconds from the delivery to the row, and to the look at the vendor."""

    to_row: float
    to_look: float


def play(ground: Ground, quick: bool) -> Iterator[Figure]:
    size = QUICK if quick else FULL
    with (
        Vendor(FEW, living=True) as vendor,
        deployed(ground, vendor, KOMMO_RATE_LIMIT=str(LIMIT)) as ponte,
        Post() as post,
    ):
        stage = Stage(ponte, vendor, post)
        ponte.sync()
        vendor.tell(limit=LIMIT, latency_ms=LATENCY)
        ponte.start("web", "worker", "beat")
        _change(stage)  # the first one meets connections that are not open yet
        idle = _changes(stage, size.changes, size.pauses[IDLE])
        yield from _figures(IDLE, idle, {0.5: 500, 0.95: 1000})
        _begin_backfill(stage)
        busy = _changes(stage, size.changes, size.pauses[BUSY])
        yield from _figures(BUSY, busy, {0.95: 2000})
        yield from _quota(vendor.stats())


def _begin_backfill(stage: Stage) -> None:
    """The account has grown and all of it has changed; the leads that change soon are read by then."""
    stage.vendor.tell(leads=MANY, revision=next(stage.revisions), reset=1)
    stage.ponte.order("leads")
    stage.ponte.until(lambda: _pages(stage.vendor.stats()) > LIMIT, SOON, "the backfill to begin")
    stage.vendor.tell(reset=1)


def _changes(stage: Stage, changes: int, pauses: tuple[float, float]) -> list[Change]:
    found = []
    for _ in range(changes):
        time.sleep(random.uniform(*pauses))  # noqa: S311 - no secret
        found.append(_change(stage))
    return found


def _change(stage: Stage) -> Change:
    """One lead changes, and a delivery says so."""
    number, revision = random.randrange(FEW), next(stage.revisions)  # noqa: S311
    stage.vendor.tell(lead=number, at=revision)
    delivery = Round(stage.ponte.hook, count=1, first=number, leads=1, connections=1)
    began, at = time.monotonic(), time.time()
    stage.post.play(delivery)
    seen = stage.ponte.until(
        lambda: _shows(stage.ponte, number, revision), SOON, "the change to be in its row"
    )
    asked = float(stage.vendor.stats()["last_look_at"])
    return Change(1000 * (seen - began), 1000 * (asked - at))


def _shows(ponte: Deployed, number: int, revision: int) -> bool:
    named = "select name like %s from kommo.leads where id = %s"
    return bool(ponte.value(named, f"% revisão {revision}", id_of(number)))


def _figures(
    case: str, changes: Sequence[Change], wanted: Mapping[float, float]
) -> Iterator[Figure]:
    """wanted: share of the changes → milliseconds that it may take at most."""
    for name, share in SHARES.items():
        target = Target(at_most=wanted[share]) if share in wanted else None
        to_row = percentile([change.to_row for change in changes], share)
        to_look = percentile([change.to_look for change in changes], share)
        yield Figure(PART, TO_ROW, to_row, f"ms, {name}", target, f"{len(changes)} changes", case)
        yield Figure(PART, TO_LOOK, to_look, f"ms, {name}", case=case)


def _quota(counted: Mapping[str, Any]) -> Iterator[Figure]:
    """What the backfill has used meanwhile; looks are none of it."""
    seconds = float(counted["last_at"]) - float(counted["first_at"])
    share = 100 * _pages(counted) / seconds / LIMIT
    refused = counted["by_status"].get("429", 0)
    yield Figure(PART, "quota that the backfill uses", share, "%", Target(at_least=90), case=BUSY)
    yield Figure(PART, "refused", refused, "answers of 429", Target(at_most=0), case=BUSY)


def _pages(counted: Mapping[str, Any]) -> int:
    return int(counted["requests"]) - int(counted["looks"])
