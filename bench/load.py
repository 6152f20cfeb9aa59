"""Part "load": leads from the vendor into typed columns, first all new, then all changed, then none changed.

Every method (bench/methods.py) is started for each state, on a database of its own. The clock runs from its first
request for leads to the moment at which it says that all is committed; what it wrote is looked at: so many rows,
and the sum of their prices.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import leads, measure
from bench.figures import Figure, Target, medians, ratio
from bench.ground import Ground, Wal
from bench.measure import Done, Failed
from bench.methods import (
    AMOCHKA,
    BOUND_WITH_FETCH,
    DEFAULT,
    DLT,
    PONTE,
    Method,
    all_methods,
    seconds_said,
)
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
"""In the order in which they are told."""
SLIGHT = (PONTE.name, "unchanged", WRITTEN)
"""The commonest work of all has to write little."""


@dataclass(frozen=True)
class Size:
    leads: int
    repeats: int


def size_of(quick: bool) -> Size:
    return Size(4_000, 1) if quick else Size(100_000, 3)


@dataclass(frozen=True)
class Outcome:
    """seconds: of the load itself; done: of the whole command."""

    seconds: float
    done: Done
    wal: Wal


def play(ground: Ground, quick: bool) -> Iterator[Figure]:
    size = size_of(quick)
    with Vendor(size.leads) as vendor:
        yield from _play(ground, vendor, all_methods(size.leads), size.repeats)


def _play(
    ground: Ground, vendor: Vendor, methods: Sequence[Method], repeats: int
) -> Iterator[Figure]:
    played = [
        [
            figure
            for method in _rotated(methods, repeat)
            if repeat == 0 or not method.once
            for figure in _measured(ground, vendor, method)
        ]
        for repeat in range(repeats)
    ]
    found = _in_order(medians(played), methods)
    yield from found
    yield from ratios({(one.name, one.case): one for one in found if one.unit == ROWS})


def _rotated(methods: Sequence[Method], by: int) -> list[Method]:
    """Nobody is always the first: what warms up with time is then nobody's advantage."""
    by %= len(methods)
    return [*methods[by:], *methods[:by]]


def _in_order(figures: Sequence[Figure], methods: Sequence[Method]) -> list[Figure]:
    names = [method.name for method in methods]
    return sorted(figures, key=lambda one: (UNITS.index(one.unit), names.index(one.name)))


def _measured(ground: Ground, vendor: Vendor, method: Method) -> Iterator[Figure]:
    """All states, one after the other, on one database."""
    with ground.database(migrated=method.ours) as url, ground.folder() as folder:
        env = _environment(ground, vendor, method, url, folder)
        if method.prepare:
            measure.run(method.prepare, env, folder)
        for state, revision in REVISIONS.items():
            vendor.tell(revision=revision, reset=1)
            ground.rest(url)
            outcome = _run(ground, vendor, method, env, folder)
            print(f"{method.name}, {state}: {outcome.seconds:.1f} s", file=sys.stderr, flush=True)
            _ensure_done(method, url, vendor.count, revision)
            yield from _figures(method, state, vendor.count, outcome)


def _run(
    ground: Ground, vendor: Vendor, method: Method, env: Mapping[str, str], folder: Path
) -> Outcome:
    before = ground.wal_position()
    done = measure.run(method.command, env, folder)
    wal = ground.wal_since(before)
    began = float(vendor.stats()["first_of"][LIST])
    return Outcome(seconds_said(done.output, began), done, wal)


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
    return ground.environment(url, **told, **method.env)


def _ensure_done(method: Method, url: str, count: int, revision: int) -> None:
    """Raises Failed unless every row is there with its price of now: nobody wins by not doing it."""
    prices = sum(leads.price(number, revision) for number in range(count))
    with psycopg.connect(url) as connection:
        found = connection.execute(method.looks.encode()).fetchone()
    if found != (count, prices):
        raise Failed(f"{method.name}: {found} are its rows and their prices, not {(count, prices)}")


def _figures(method: Method, state: str, count: int, outcome: Outcome) -> Iterator[Figure]:
    for unit, value in _values(outcome, count, whole=method.whole).items():
        target = Target(at_most=100) if (method.name, state, unit) == SLIGHT else None
        note = method.note if unit == ROWS else ""
        yield Figure(PART, method.name, value, unit, target, note, state)


def _values(outcome: Outcome, count: int, *, whole: bool) -> dict[str, float]:
    """By unit, as far as they are known."""
    spent, wal = outcome.done.spent, outcome.wal
    of_command = {
        WHOLE: count / spent.seconds,
        MEMORY: spent.memory / MEGABYTE,
        CPU: spent.cpu / count * 100_000,
    }
    images = {} if wal.images is None else {IMAGES: wal.images / count}
    return {
        ROWS: count / outcome.seconds,
        **(of_command if whole else {}),
        WRITTEN: wal.bytes / count,
        **images,
    }


Rates = Mapping[tuple[str, str], Figure]
"""Rows a second by method and state."""


def ratios(rates: Rates) -> Iterator[Figure]:
    """Ponte beside the others, with what is wanted (issue 6)."""
    for state in REVISIONS:
        ours = rates[PONTE.name, state]
        bound, near = rates[BOUND_WITH_FETCH.name, state], 0.9 if state == "unchanged" else 0.6
        yield ratio(f"Ponte ÷ {bound.name}", ours, bound, Target(at_least=near))
        for rival in (DLT, AMOCHKA):
            best = _best(rates, rival, state)
            yield ratio(f"Ponte ÷ {rival}, its best", ours, best, Target(at_least=5))
        default = rates[f"{DLT}, {DEFAULT}", state]
        yield ratio(f"Ponte ÷ {default.name}", ours, default, Target(at_least=15))


def _best(rates: Rates, rival: str, state: str) -> Figure:
    mine = [
        rate for (name, case), rate in rates.items() if name.startswith(rival) and case == state
    ]
    return max(mine, key=lambda rate: rate.value)
