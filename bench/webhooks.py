"""Part "webhooks": what `ponte web` takes, committed in PostgreSQL before it says so, and what becomes of it.

Beside it stands an app that only does an LPUSH (bench/lpush.py), served by the same gunicorn with the same
settings. How much both take is found first, with as many deliveries under way as there are connections; then
their latencies at shares of that, with deliveries that come at a fixed rate whoever is slow (bench/post.py).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from redis import Redis

from bench.deployed import Deployed, deployed
from bench.figures import Figure, Target, medians, ratio
from bench.ground import ROOT, Ground
from bench.lpush import KEY
from bench.measure import Failed
from bench.post import Played, Post, Round
from bench.vendor import Vendor

PART = "webhooks"
PONTE, LPUSH = "`ponte web`", "LPUSH alone"
SATURATED, SHARES = "saturated", (0.5, 0.8)
RATE, P50, P99 = "requests/s", "ms, p50", "ms, p99"
AGAIN = "answers of 503, sent again"
WARM = 0.5
"""Seconds that nobody counts: connections are opened, threads started."""
LIMIT, LATENCY = 7, 100
"""Of the vendor: requests a second, milliseconds."""
ACCOUNT = 1_000_000
"""Leads that the account has when it is read in full: more than are read meanwhile."""
ALONE, BUSY = 200.0, 300.0
"""Deliveries a second."""
AT_ALONE = f"at {ALONE:.0f}/s"
WANTED = {P99: Target(at_most=15), AGAIN: Target(at_most=0)}
WANTED_MEANWHILE = {P99: Target(at_most=50), AGAIN: Target(at_most=0)}
"""At ALONE, nothing but the web process; at BUSY, while a full sync runs."""
ANOTHER = 1_000
"""A revision of all leads that no storm reaches."""
EACH = 4
"""So often the storm tells of each of its leads; each time it has changed since."""
SOON = 60.0
"""Seconds after which what should take six is given up."""


@dataclass(frozen=True)
class Size:
    """seconds: of each rate; leads: of the storm, each is named EACH times."""

    seconds: float
    leads: int
    repeats: int


QUICK, FULL = Size(1.5, 500, 1), Size(20.0, 2_500, 3)


@dataclass(frozen=True)
class Inbox:
    """serve: starts its server, which is named `program`, empty; kept: how many deliveries it has."""

    name: str
    program: str
    serve: Callable[[Deployed], None]
    kept: Callable[[Deployed], int]


@dataclass(frozen=True)
class Stage:
    ponte: Deployed
    vendor: Vendor
    post: Post
    size: Size

    def told(self, rate: float | None = None) -> Played:
        """Deliveries for as long as the size says, of its leads in turn."""
        seconds, leads = self.size.seconds, self.size.leads
        return self.post.play(Round(self.ponte.hook, rate, seconds, leads=leads))


def play(ground: Ground, quick: bool) -> Iterator[Figure]:
    size = QUICK if quick else FULL
    with (
        Vendor(size.leads, living=True) as vendor,
        deployed(ground, vendor, KOMMO_RATE_LIMIT=str(LIMIT)) as ponte,
        Post() as post,
    ):
        stage = Stage(ponte, vendor, post, size)
        ponte.sync()
        yield from _beside(stage)
        yield from _storms(stage)
        yield from _while_syncing(stage)


def _beside(stage: Stage) -> Iterator[Figure]:
    """Both inboxes in turn: first how much each takes, then how fast it is below that."""
    played = [
        [figure for inbox in INBOXES for figure in _inbox(stage, inbox)]
        for _ in range(stage.size.repeats)
    ]
    found = medians(played)
    yield from found
    most = {one.name: one for one in found if one.unit == RATE and one.case == SATURATED}
    yield ratio(f"{PONTE} ÷ {LPUSH}", most[PONTE], most[LPUSH], Target(at_least=0.6))


def _inbox(stage: Stage, inbox: Inbox) -> Iterator[Figure]:
    """Nobody looks at what comes meanwhile: the inbox alone is measured. Raises Failed when it has lost anything."""
    inbox.serve(stage.ponte)
    warm = stage.post.play(Round(stage.ponte.hook, seconds=WARM, leads=stage.size.leads))
    most = stage.told()
    below = {f"at {share:.0%}": stage.told(share * most.a_second) for share in SHARES}
    below[AT_ALONE] = stage.told(ALONE)
    stage.ponte.stop(inbox.program)
    kept, sent = inbox.kept(stage.ponte), [warm, most, *below.values()]
    if kept < sum(played.sent for played in sent):
        raise Failed(
            f"{inbox.name} has kept {kept} deliveries of those that it has answered: {sent}"
        )
    for case, played in {SATURATED: most, **below}.items():
        wanted = WANTED if (inbox.name, case) == (PONTE, AT_ALONE) else {}
        yield from _figures(inbox.name, played, wanted, case)


def _figures(
    name: str, played: Played, wanted: Mapping[str, Target], case: str = "", note: str = ""
) -> Iterator[Figure]:
    values = {RATE: played.a_second, P50: played.p50, P99: played.p99, AGAIN: played.refused}
    for unit, value in values.items():
        yield Figure(PART, name, value, unit, wanted.get(unit), note, case)


def _serve_web(ponte: Deployed) -> None:
    ponte.execute("truncate sync.deliveries")
    ponte.start("web")


def _serve_lpush(ponte: Deployed) -> None:
    _forget_redis(ponte)
    ponte.launch("lpush", [sys.executable, "-m", "bench.lpush"], PYTHONPATH=str(ROOT))
    ponte.until(ponte.answers, 60, "the app that does an LPUSH")


def _forget_redis(ponte: Deployed) -> None:
    with Redis.from_url(ponte.env["REDIS_URL"]) as redis:
        redis.flushall()


def _deliveries(ponte: Deployed) -> int:
    return int(ponte.value("select count(*) from sync.deliveries"))


def _pushed(ponte: Deployed) -> int:
    with Redis.from_url(ponte.env["REDIS_URL"]) as redis:
        pushed: Any = redis.llen(KEY)
    return int(pushed)


INBOXES = (
    Inbox(PONTE, "web", _serve_web, _deliveries),
    Inbox(LPUSH, "lpush", _serve_lpush, _pushed),
)


def _storms(stage: Stage) -> Iterator[Figure]:
    _forget_redis(
        stage.ponte
    )  # or bells of many minutes, which nobody has answered, would be first
    stage.vendor.tell(limit=LIMIT, latency_ms=LATENCY)
    stage.ponte.execute("truncate sync.deliveries")
    stage.ponte.start("web", "worker", "beat")
    stage.post.play(Round(stage.ponte.hook, count=1))
    stage.ponte.until(stage.ponte.settled, SOON, "the first delivery to be settled")
    revisions = count(1)
    played = [list(_storm(stage, revisions)) for _ in range(stage.size.repeats)]
    yield from medians(played)


def _storm(stage: Stage, revisions: Iterator[int]) -> Iterator[Figure]:
    """All leads change and are told of, as fast as that is taken, several times over."""
    size, sent = stage.size, EACH * stage.size.leads
    stage.vendor.tell(reset=1)
    for revision, _ in zip(revisions, range(EACH), strict=False):
        stage.vendor.tell(revision=revision)
        stage.post.play(Round(stage.ponte.hook, count=size.leads, leads=size.leads))
    began = time.monotonic()
    current = stage.ponte.until(
        lambda: _current(stage.ponte, revision) == size.leads, SOON, "all rows to be current"
    )
    stage.ponte.until(stage.ponte.settled, SOON, "all deliveries to be settled")
    name = f"{sent:,} deliveries over {size.leads:,} leads"
    yield Figure(PART, name, current - began, "s until all rows are current", Target(at_most=6))
    asked = stage.vendor.stats()["requests"]
    yield Figure(PART, name, asked, "requests to the vendor", Target(at_most=40))


def _current(ponte: Deployed, revision: int) -> int:
    """Rows that are as the vendor has them at this revision."""
    named = "select count(*) from kommo.leads where name like %s"
    return int(ponte.value(named, f"% revisão {revision}"))


def _while_syncing(stage: Stage) -> Iterator[Figure]:
    """The account is large now and read in full; deliveries come, and what they name is looked at."""
    stage.vendor.tell(leads=ACCOUNT, revision=ANOTHER, reset=1)
    stage.ponte.order("leads")
    stage.ponte.until(lambda: _pages(stage.vendor) > 0, SOON, "the full sync to begin")
    before = _pages(stage.vendor)
    played = stage.told(BUSY)
    read = _pages(stage.vendor) - before
    if not read:
        raise Failed("nothing was synced while deliveries came")
    note = f"{read} pages of leads were read meanwhile"
    name = f"{PONTE}, {BUSY:.0f}/s while a full sync runs"
    yield from _figures(name, played, WANTED_MEANWHILE, note=note)


def _pages(vendor: Vendor) -> int:
    counted = vendor.stats()
    return int(counted["requests"]) - int(counted["looks"])
