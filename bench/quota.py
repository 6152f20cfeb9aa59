"""Part "quota": how much of the vendor's limit is used while there is more work than it allows, and how closely.

Four processes of `ponte worker` read four long lists of one account; the vendor refuses what is above its limit in
any second, and counts. Meanwhile webhooks ask for their share (bench/waits.py). Beside it stand the rivals, with
the limiters that they have.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from bench import measure
from bench.deployed import Deployed, deployed
from bench.figures import Figure, Target, percentile
from bench.ground import ROOT, Ground
from bench.methods import AMOCHKA, DEFAULT, DLT, Method, all_methods
from bench.vendor import Vendor

PART = "quota"
LISTS = ("leads", "contacts", "companies", "customers")
"""A run is one process's: for four processes there have to be four."""
PROCESSES = len(LISTS)
FEW, MANY = 100, 10_000_000
"""Records of each list: at first, so that everything else has been read; then, more than are read."""
WEBHOOKS_RATE = 7
"""Kommo's: the other rate is that of a vendor without webhooks."""
MOST, USED = "most requests", "of the limit used"
WAIT = "a webhook's wait for a slot"
RIVALS_RATE, RIVALS_LATENCY = 7, 300
SOON = 60.0


@dataclass(frozen=True)
class Case:
    """rate: the limit, requests a second; latency: of the vendor, milliseconds; seconds: that are measured."""

    rate: int
    latency: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.rate}/s, {self.latency} ms"


@dataclass(frozen=True)
class Size:
    """leads: of the rivals."""

    leads: int
    cases: tuple[Case, ...]


LATENCIES = (30, 300, 800)
QUICK = Size(750, (Case(7, 300, 12.0), Case(3, 800, 12.0)))
FULL = Size(
    100_000,
    tuple(
        Case(rate, latency, requests / rate)
        for rate, requests in ((7, 3_000), (3, 400))
        for latency in LATENCIES
    ),
)
"""10,200 requests in all."""


def play(ground: Ground, quick: bool) -> Iterator[Figure]:
    size = QUICK if quick else FULL
    for rate in dict.fromkeys(case.rate for case in size.cases):
        yield from _at(ground, [case for case in size.cases if case.rate == rate])
    yield from _rivals(ground, size.leads)


def _at(ground: Ground, cases: Sequence[Case]) -> Iterator[Figure]:
    """Cases of one rate, with one deployment."""
    limits = {"KOMMO_RATE_LIMIT": str(cases[0].rate), "SYNC_PROCESSES": str(PROCESSES)}
    with (
        Vendor(FEW, living=True, lists=LISTS) as vendor,
        deployed(ground, vendor, **limits) as ponte,
    ):
        ponte.sync()
        vendor.tell(leads=MANY, limit=cases[0].rate, reset=1)
        ponte.start("web", "worker", "beat")
        ponte.order(*LISTS)
        ponte.until(lambda: _under_way(ponte) == PROCESSES, SOON, "all runs to be under way")
        for case in cases:
            yield from _case(ponte, vendor, case)


def _under_way(ponte: Deployed) -> int:
    return int(ponte.value("select count(*) from sync.runs where state = 'running' and pages > 0"))


def _case(ponte: Deployed, vendor: Vendor, case: Case) -> Iterator[Figure]:
    vendor.tell(latency_ms=case.latency)
    time.sleep(2 * case.latency / 1000)  # what is on its way came with the latency before
    vendor.tell(reset=1)
    waits = _waits(ponte, case)
    yield from _counted(USED, vendor.stats(), case)
    for name, share, target in (("p50", 0.5, None), ("p95", 0.95, 300), ("longest", 1, None)):
        if waits:
            wanted = Target(at_most=target) if target else None
            yield _figure(WAIT, percentile(waits, share), f"ms, {name}", case, wanted)


def _waits(ponte: Deployed, case: Case) -> list[float]:
    """Lets the time of a case pass; what webhooks have waited meanwhile, in milliseconds."""
    if case.rate != WEBHOOKS_RATE:
        time.sleep(case.seconds)
        return []
    command = [sys.executable, "-m", "bench.waits", "--seconds", str(case.seconds)]
    env = {**ponte.env, "PYTHONPATH": str(ROOT)}
    waits: list[float] = orjson.loads(measure.run(command, env, ponte.folder).output)
    return waits


def _counted(name: str, counted: Mapping[str, Any], case: Case) -> Iterator[Figure]:
    """Ponte's, with what is wanted (issue 6)."""
    none, limit = Target(at_most=0), Target(at_most=case.rate)
    yield _figure(name, used_of(counted, case), "%", case, Target(at_least=95))
    yield _figure("refused", _refused(counted), "answers of 429", case, none)
    yield _figure(MOST, counted["max_in_950ms"], "in any 950 ms", case, limit)
    yield _figure(MOST, counted["max_in_any_second"], "in any second", case)
    yield _figure("requests", counted["requests"], "counted", case)


def used_of(counted: Mapping[str, Any], case: Case) -> float:
    """Per cent, from the first request to the last: between n requests lie n - 1 intervals."""
    seconds = float(counted["last_at"]) - float(counted["first_at"])
    return 100 * (int(counted["requests"]) - 1) / seconds / case.rate


def _refused(counted: Mapping[str, Any]) -> int:
    return int(counted["by_status"].get("429", 0))


def _figure(
    name: str, value: float, unit: str, case: Case, target: Target | None = None, note: str = ""
) -> Figure:
    return Figure(PART, name, value, unit, target, note, str(case))


def _rivals(ground: Ground, count: int) -> Iterator[Figure]:
    case = Case(RIVALS_RATE, RIVALS_LATENCY, 0.0)
    with Vendor(count) as vendor:
        for method in _limited(count):
            vendor.tell(limit=case.rate, latency_ms=case.latency, reset=1)
            _run(ground, vendor, method)
            counted = vendor.stats()
            yield _figure(method.name, used_of(counted, case), "%", case, note=method.note)
            yield _figure(method.name, _refused(counted), "answers of 429", case)


def _limited(count: int) -> list[Method]:
    """The rivals as a user has them, with the limiters of their own."""
    methods = {method.name: method for method in all_methods(count)}
    dlt, amochka = (methods[f"{rival}, {DEFAULT}"] for rival in (DLT, AMOCHKA))
    rate = ("--rate", str(RIVALS_RATE))
    return [
        replace(dlt, name=DLT, note="it has no limiter: one request after the other"),
        replace(
            amochka, name=AMOCHKA, command=(*amochka.command, *rate), note="its limiter at 7/s"
        ),
    ]


def _run(ground: Ground, vendor: Vendor, method: Method) -> None:
    with ground.database(migrated=False) as url, ground.folder() as folder:
        told = {"VENDOR_URL": vendor.url, "VENDOR_TOKEN": vendor.token, "HOME": str(folder)}
        env = ground.environment(url, **told, **method.env)
        if method.prepare:
            measure.run(method.prepare, env, folder)
        measure.run(method.command, env, folder)
