"""Part "load": leads from the vendor into typed columns, by Ponte, by what a user would pick instead, and by
PostgreSQL alone; first all are new, then all have changed, then none has.

Every method is a program of its own that is started for each state, on a database of its own. The clock runs
from its first request for leads to the moment at which it says that all is committed. What it wrote is looked
at: so many rows, and the sum of their prices.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg

from bench import leads, measure
from bench.figures import Figure, Target, medians, ratio
from bench.ground import ROOT, Ground, Wal
from bench.measure import Done, Failed
from bench.vendor import API, Vendor

PART = "load"
REVISIONS = {"first": 0, "changed": 1, "unchanged": 1}
"""The states of the work, and which revision of the leads the vendor then has."""
LIST = f"{API}/leads"
MEGABYTE = 1_000_000
ROWS, WHOLE = "rows/s", "rows/s, whole command"
MEMORY, CPU = "MB of memory", "CPU s per 100,000 rows"
WRITTEN, IMAGES = "WAL bytes a row", "of it page images"
UNITS = (ROWS, WHOLE, MEMORY, CPU, WRITTEN, IMAGES)
NOTES = {
    WHOLE: "start of the program included",
    MEMORY: "the most at once, of the program and its children",
    CPU: "of the program, without PostgreSQL",
    WRITTEN: "begun after a checkpoint",
    IMAGES: "a page's first change after a checkpoint is written whole",
}


@dataclass(frozen=True)
class Size:
    leads: int
    repeats: int


QUICK, FULL = Size(10_000, 1), Size(100_000, 3)


@dataclass(frozen=True)
class Method:
    """command: a program and its arguments; looks: SQL for its number of rows and the sum of their prices;
    env: what it wants to be told besides."""

    name: str
    command: tuple[str, ...]
    looks: str
    env: tuple[tuple[str, str], ...] = ()
    note: str = ""


PONTE = Method(
    "Ponte",
    (str(Path(sys.executable).with_name("ponte")), "sync", "kommo.leads", "--full", "--json"),
    "select count(*), sum(price) from kommo.leads where deleted_at is null and missing_since is null",
    env=(("KOMMO_RATE_LIMIT", "0"),),
    note="`ponte sync kommo.leads --full`, as it is",
)
BOUND = Method(
    "bound",
    (sys.executable, "-m", "bench.bound"),
    "select count(*), sum(price) from bench.leads",
    env=(("PYTHONPATH", str(ROOT)),),
    note="ready rows, COPY and INSERT … ON CONFLICT by psycopg alone, nothing but a primary key",
)
BOUND_WITH_FETCH = replace(
    BOUND,
    name="bound with the fetch alongside",
    command=(*BOUND.command, "--fetch"),
    note="a thread fetches and decodes the pages meanwhile",
)


SLIGHT = (PONTE, "unchanged", WRITTEN)
"""The commonest work of all has to write little."""


@dataclass(frozen=True)
class Outcome:
    """seconds: of the load itself; done: of the whole command."""

    seconds: float
    done: Done
    wal: Wal


def play(ground: Ground, quick: bool) -> Iterator[Figure]:
    size = QUICK if quick else FULL
    methods = [PONTE, BOUND, BOUND_WITH_FETCH]
    with Vendor(size.leads) as vendor:
        found = medians(
            [
                list(_play_all(ground, vendor, _rotated(methods, repeat)))
                for repeat in range(size.repeats)
            ]
        )
    yield from sorted(found, key=lambda figure: UNITS.index(figure.unit))
    yield from _ratios(found)


def _rotated(methods: Sequence[Method], by: int) -> list[Method]:
    """Nobody is always the first: what warms up with time is then nobody's advantage."""
    by %= len(methods)
    return [*methods[by:], *methods[:by]]


def _play_all(ground: Ground, vendor: Vendor, methods: Sequence[Method]) -> Iterator[Figure]:
    for method in methods:
        with ground.database() as url, ground.folder() as folder:
            for state in REVISIONS:
                yield from _figures(
                    method, state, vendor.count, _run(ground, vendor, method, state, url, folder)
                )


def _run(
    ground: Ground, vendor: Vendor, method: Method, state: str, url: str, folder: Path
) -> Outcome:
    vendor.tell(revision=REVISIONS[state], reset=1)
    ground.rest(url)
    before = ground.wal_position()
    done = measure.run(method.command, _environment(ground, vendor, method, url, folder), folder)
    wal = ground.wal_since(before)
    _ensure_done(method, state, vendor.count, url)
    return Outcome(_seconds(done.output, vendor), done, wal)


def _environment(
    ground: Ground, vendor: Vendor, method: Method, url: str, folder: Path
) -> dict[str, str]:
    told = {
        "VENDOR_URL": vendor.url,
        "VENDOR_TOKEN": vendor.token,
        "KOMMO_API_URL": vendor.url,
        "KOMMO_JWT_TOKEN": vendor.token,
        "PONTE_DATA_DIR": str(folder / "data"),
        "HOME": str(folder),
    }
    return ground.environment(url, **told, **dict(method.env))


def _seconds(output: str, vendor: Vendor) -> float:
    """A program tells how long its work took, or when it was done: then since its first page was asked for."""
    said: dict[str, Any] = orjson.loads(output)
    if "seconds" in said:
        return float(said["seconds"])
    return _finished_at(said) - float(vendor.stats()["first_of"][LIST])


def _finished_at(said: dict[str, Any]) -> float:
    if "finished_at" in said:
        return float(said["finished_at"])
    (run,) = said["runs"]
    return datetime.fromisoformat(run["finished_at"]).timestamp()


def _ensure_done(method: Method, state: str, count: int, url: str) -> None:
    """Raises Failed unless every row is there with the price of this state: nobody wins by not doing it."""
    prices = sum(leads.price(number, REVISIONS[state]) for number in range(count))
    with psycopg.connect(url) as connection:
        found = connection.execute(method.looks.encode()).fetchone()
    if found != (count, prices):
        raise Failed(
            f"{method.name}, {state}: {found} are its rows and their prices, not {(count, prices)}"
        )


def _figures(method: Method, state: str, count: int, outcome: Outcome) -> Iterator[Figure]:
    spent, wal = outcome.done.spent, outcome.wal
    values = {
        ROWS: count / outcome.seconds,
        WHOLE: count / spent.seconds,
        MEMORY: spent.memory / MEGABYTE,
        CPU: spent.cpu / count * 100_000,
        WRITTEN: wal.bytes / count,
        IMAGES: wal.images / count,
    }
    for unit, value in values.items():
        target = Target(at_most=100) if (method, state, unit) == SLIGHT else None
        yield Figure(PART, method.name, value, unit, target, NOTES.get(unit, method.note), state)


def _ratios(found: Sequence[Figure]) -> Iterator[Figure]:
    """Ponte's rows a second beside the others'."""
    rates = {(figure.name, figure.case): figure for figure in found if figure.unit == ROWS}
    for state in REVISIONS:
        least = 0.9 if state == "unchanged" else 0.6
        ours, bound = (rates[method.name, state] for method in (PONTE, BOUND_WITH_FETCH))
        yield ratio(f"Ponte ÷ {bound.name}", ours, bound, Target(at_least=least))
