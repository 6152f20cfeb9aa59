"""Part "growth": the same work on tables of ten thousand, a hundred thousand and a million leads.

The engine reads the first leads of each table itself; the others are its rows, copied in PostgreSQL
(bench/copies.py). A load is an incremental sync of the newest rows, a drain looks at ids from all over the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from bench import copies, measure, questions
from bench.deployed import PONTE, Deployed, deployed
from bench.figures import Figure, Target, ratio
from bench.ground import ROOT, Ground
from bench.leads import id_of, updated_at
from bench.measure import Failed
from bench.methods import seconds_said
from bench.vendor import API, Vendor
from shared import deliveries, integrations
from shared.deliveries import Arrival
from worker import drain
from worker.reach import Reach
from worker.sync.checkpoint import OVERLAP

PART = "growth"
LIST = f"{API}/leads"
SETTINGS = ("kommo.pipelines", "kommo.users")
EXPLAINED = ROOT / "docs" / "benchmarks-explain.md"
MOVED = """
    update sync.checkpoints set cursor = to_timestamp(%s) where resource = 'kommo.leads' returning resource
"""
WRITTEN = "select written from sync.runs where resource = 'kommo.leads' order by id desc limit 1"
SETTLED = """
    select extract(epoch from settled_at - received_at) from sync.deliveries where id = %s and outcome = 'done'
"""
LOOKS = 250
RATE_KEPT, TIME_KEPT = Target(at_least=0.85), Target(at_most=1.18)
"""Of the largest table beside the smallest: 15% less work in the same time."""


@dataclass(frozen=True)
class Size:
    """written: leads that the engine reads itself; load: rows of one load; times: loads and drains; answers: of
    each question."""

    leads: tuple[int, ...]
    written: int
    load: int
    times: int
    answers: int


QUICK = Size((2_000, 20_000), written=2_000, load=1_000, times=1, answers=2)
FULL = Size((10_000, 100_000, 1_000_000), written=10_000, load=10_000, times=5, answers=15)


@dataclass(frozen=True)
class Table:
    """One deployment with so many leads."""

    ground: Ground
    vendor: Vendor
    ponte: Deployed
    leads: int

    @property
    def case(self) -> str:
        return f"{self.leads:,} leads"


def play(ground: Ground, quick: bool) -> Iterator[Figure]:
    size = QUICK if quick else FULL
    found: list[Figure] = []
    asked: list[Figure] = []
    for leads in size.leads:
        told = {"KOMMO_RATE_LIMIT": "0", "KOMMO_WEBHOOK_DELAY_MS": "0"}
        with Vendor(leads, living=True) as vendor, deployed(ground, vendor, **told) as ponte:
            table = Table(ground, vendor, ponte, leads)
            _fill(table, size)
            found += [*_loads(table, size), *_drains(table, size)]
            if leads == max(size.leads):
                asked = list(questions.answers(ground, ponte, leads, size.answers))
                plans = questions.explain(ground, ponte, leads)
    if not quick:
        EXPLAINED.write_text(plans)
    yield from found
    yield from _ratios(found)
    yield from asked


def _fill(table: Table, size: Size) -> None:
    table.vendor.tell(leads=size.written)
    _sync(table.ponte, "kommo.leads", *SETTINGS)
    table.vendor.tell(leads=table.leads)
    copies.fill(table.ponte.env["DATABASE_URL"], size.written, table.leads)
    if (found := table.ponte.value("select count(*) from kommo.leads")) != table.leads:
        raise Failed(f"{found} leads are there, not {table.leads}")


def _sync(ponte: Deployed, *targets: str) -> str:
    return measure.run((PONTE, "sync", *targets, "--json"), ponte.env, ponte.folder).output


def _loads(table: Table, size: Size) -> Iterator[Figure]:
    """Each revision changes every lead once; read again, none has changed."""
    seconds: dict[str, list[float]] = {"changed": [], "unchanged": []}
    for revision in range(1, size.times + 1):
        for state, taken in seconds.items():
            taken.append(_load(table, size.load, revision))
            _ensure_written(table, size.load if state == "changed" else 0)
    for state, taken in seconds.items():
        rate = size.load / median(taken)
        note = f"incremental of the newest {size.load:,}"
        yield Figure(PART, f"load, {state}", rate, "rows/s", None, note, table.case)


def _load(table: Table, rows: int, revision: int) -> float:
    """Seconds from the first request to the end of the run."""
    since = updated_at(table.leads - rows, revision) + OVERLAP.total_seconds()
    table.ponte.value(MOVED, since)
    table.vendor.tell(revision=revision, reset=1)
    _rest(table)
    output = _sync(table.ponte, "kommo.leads")
    return seconds_said(output, float(table.vendor.stats()["first_of"][LIST]))


def _rest(table: Table) -> None:
    table.ground.rest(table.ponte.env["DATABASE_URL"])


def _ensure_written(table: Table, rows: int) -> None:
    if (written := table.ponte.value(WRITTEN)) != rows:
        raise Failed(f"{written} rows were written, not {rows}")


def _drains(table: Table, size: Size) -> Iterator[Figure]:
    """The first one connects and proves the account: it is not counted."""
    taken: list[float] = []
    with table.ponte.reach() as reach:
        for number in range(size.times + 1):
            table.vendor.tell(revision=size.times + 1 + number)
            _rest(table)
            taken.append(_drain(table.ponte, reach, _ids(table.leads, number)))
    note = "changed ones, from all over the table; from kept to settled"
    ms = median(taken[1:]) * 1000
    yield Figure(PART, f"drain of {LOOKS} looks", ms, "ms", None, note, table.case)


def _ids(leads: int, shift: int) -> list[int]:
    step = leads // LOOKS
    return [id_of(number * step + shift % step) for number in range(LOOKS)]


def _drain(ponte: Deployed, reach: Reach, ids: Sequence[int]) -> float:
    """Seconds from the delivery's coming to its being settled."""
    body = "&".join(f"leads[update][{number}][id]={id_}" for number, id_ in enumerate(ids))
    with reach.engine.begin() as connection:
        (integration,) = integrations.all_of(connection)
        (kept,) = deliveries.keep(connection, [Arrival(integration.id, body.encode())])
    drain.drain(reach, integration.id, seconds=60.0)
    if (seconds := ponte.value(SETTLED, kept)) is None:
        raise Failed("a drain did not settle its delivery")
    return float(seconds)


def _ratios(found: Sequence[Figure]) -> Iterator[Figure]:
    """The largest table beside the smallest."""
    by_name: dict[str, list[Figure]] = {}
    for figure in found:
        by_name.setdefault(figure.name, []).append(figure)
    for name, (smallest, *_, largest) in by_name.items():
        target = RATE_KEPT if smallest.unit == "rows/s" else TIME_KEPT
        yield replace(ratio(f"{name}, largest ÷ smallest", largest, smallest, target), note="")
