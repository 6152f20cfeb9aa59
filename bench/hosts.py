"""Part "hosts": fifty integrations, each with a quota of its own, on one worker host and on two.

A host is a pool for syncs with as many processes as `ponte worker` starts by itself, pinned to one core. First every
integration has the vendor's 7 requests a second: what counts is whether a second host doubles what is done. Then no
quota is in the way: what counts is what a page costs, and how far that would reach (on paper).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from bench.costs import Costs, Meter
from bench.deployed import Deployed, deployed
from bench.figures import Figure, Target, ratio
from bench.ground import Ground
from bench.measure import Failed
from bench.vendor import API, Vendor
from sandbox.tokens import kommo_token
from shared import enrolment, queue, runs
from shared.enrolment import Wanted
from shared.resources.kommo import LEADS
from worker.commands.programs import CELERY, QUIET

PART = "hosts"
RATE = 7
FREE = 10_000
"""Requests a second that nobody reaches: slots are taken all the same."""
PER_ADDRESS = "1000000"
FIRST_ACCOUNT = 32_000_001
PROCESSES = 2
"""Of the pool for syncs: SYNC_PROCESSES as it comes."""
ENOUGH = 1800.0
"""Seconds in which everything has to be read."""
ONE, TWO = "one host", "two hosts"
HOSTS = {ONE: 1, TWO: 2}
MEGABYTE = 1_000_000
WAL_A_SECOND = 100
"""Megabytes that a disk is thought to take, on paper."""
ENDED = "select count(*) = 0 from sync.runs where state <> 'done'"
FAILED = "select reason from sync.runs where state = 'failed' limit 1"
PAGES = "select sum(pages) from sync.runs"
LAST = "select extract(epoch from max(finished_at)) from sync.runs"


@dataclass(frozen=True)
class Size:
    """leads: of each account."""

    accounts: int
    leads: int


QUICK, FULL = Size(6, 500), Size(50, 5_000)


@dataclass(frozen=True)
class Read:
    """Everything was read once: pages a second, and what a page has cost."""

    rate: float
    costs: Costs


def play(ground: Ground, quick: bool) -> Iterator[Figure]:
    size = QUICK if quick else FULL
    with Vendor(size.leads) as vendor:
        limited = _scaled(ground, vendor, size.accounts, RATE)
        free = _scaled(ground, vendor, size.accounts, FREE)
    note = f"{size.accounts} integrations of {size.leads:,} leads, each with {RATE}/s of its own"
    yield from _rates(f"at {RATE}/s each", limited, Target(at_least=1.8), note)
    note = "PostgreSQL, Redis and the vendor share the two cores with the hosts"
    yield from _rates("without a quota", free, None, note)
    yield from _costs(free[ONE].costs)
    yield from on_paper(free[ONE].costs)


def _scaled(ground: Ground, vendor: Vendor, accounts: int, rate: int) -> dict[str, Read]:
    """vendor: refuses what is above a rate that it really has."""
    vendor.tell(limit=rate if rate < FREE else 0)
    return {name: _read(ground, vendor, accounts, rate, count) for name, count in HOSTS.items()}


def _read(ground: Ground, vendor: Vendor, accounts: int, rate: int, hosts: int) -> Read:
    limits = {"KOMMO_RATE_LIMIT": str(rate), "KOMMO_RATE_LIMIT_PER_ADDRESS": PER_ADDRESS}
    with deployed(ground, vendor, **limits) as ponte:
        names = [f"host{number}" for number in range(hosts)]
        for core, name in enumerate(names):
            _start(ponte, name, core)
        ponte.until(lambda: ponte.value("select count(*) from sync.workers") == hosts, 60, "hosts")
        vendor.tell(reset=1)
        meter = Meter(ground, map(ponte.pid, names))
        _order(ponte, vendor, accounts)
        ponte.until(lambda: _ended(ponte), ENOUGH, "all accounts to be read")
        costs, counted = meter.spent(), vendor.stats()
        if refused := counted["by_status"].get("429"):
            raise Failed(f"{refused} requests were refused with 429")
        seconds = float(ponte.value(LAST)) - float(counted["first_of"][f"{API}/leads"])
        pages = int(ponte.value(PAGES))
    return Read(pages / seconds, costs.per(pages))


def _start(ponte: Deployed, name: str, core: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    pool = ("-P", "prefork", "-c", str(PROCESSES), "-Q", queue.QUEUES[queue.SYNC], *QUIET)
    command = [*CELERY, "worker", *pool, "-n", f"sync@{name}"]
    ponte.launch(name, command, cores=[cores[core % len(cores)]], PONTE_PROCESS=name)


def _order(ponte: Deployed, vendor: Vendor, accounts: int) -> None:
    """Adds the integrations as `ponte integrations add` does; orders a full sync of each and rings."""
    app = queue.make_celery(ponte.settings())
    with ponte.reach() as reach:
        for number in range(accounts):
            token = kommo_token(number, account_id=FIRST_ACCOUNT + number)
            wanted = Wanted("kommo", f"cliente {number}", {"jwtToken": token}, url=vendor.url)
            with reach.engine.begin() as connection:
                given = (reach.settings, reach.keys, enrolment.checked(reach.settings, wanted))
                added = enrolment.add(connection, *given).integration
                asked = runs.request(connection, added, [LEADS], full=True, trigger="api")
            for run_id in asked.run_ids:
                queue.send(app, queue.SYNC, run_id)


def _ended(ponte: Deployed) -> bool:
    if reason := ponte.value(FAILED):
        raise Failed(f"a run failed: {reason}")
    return bool(ponte.value(ENDED))


def _rates(name: str, read: dict[str, Read], target: Target | None, note: str) -> Iterator[Figure]:
    one, two = (Figure(PART, name, read[case].rate, "pages/s", None, note, case) for case in HOSTS)
    yield from (one, two)
    yield ratio(f"{name}, scaled", two, one, target)


def _costs(a_page: Costs) -> Iterator[Figure]:
    """Of a page of 250 new leads, in the case of one host."""
    told = {
        "CPU of the worker": (a_page.worker * 1000, "ms"),
        "CPU of PostgreSQL": (a_page.postgres * 1000, "ms"),
        "CPU of Redis": (a_page.redis * 1000, "ms"),
        "operations of Redis": (a_page.operations, "operations"),
        "WAL": (a_page.wal / 1000, "kB"),
    }
    for name, (value, unit) in told.items():
        yield Figure(PART, f"a page: {name}", value, unit, None, "", ONE)


def on_paper(a_page: Costs) -> Iterator[Figure]:
    """How many integrations, each reading without a pause at its 7 pages a second, what carries."""
    carriers = {
        "one core of workers": 1 / a_page.worker,
        "one core of PostgreSQL": 1 / a_page.postgres,
        "one Redis": 1 / a_page.redis,
        f"a disk that takes {WAL_A_SECOND} MB of WAL a second": WAL_A_SECOND
        * MEGABYTE
        / a_page.wal,
    }
    for name, pages in carriers.items():
        note = f"on paper: {pages:,.0f} pages/s"
        yield Figure(PART, f"{name} carries", pages / RATE, "integrations", None, note, ONE)
