"""How long a sync still takes: from the requests that are left, as far as they are known, and the pace so far.

Of a list that was read before, the mirror knows how many rows to expect; of one that is read for the first
time only what its pages have told. While anything of that is unknown, the answer is "at least".
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from shared import integrations, resources, runs
from shared.db.mirror import stamps_table
from worker.reach import Reach
from worker.sources.budget import SPACING
from worker.sources.opening import vendor_rate
from worker.sync import checkpoint

TELLING = 1 / 3
"""After this part of its slices, those of a list that is new are taken to go on as they began."""
FEW = 5
"""Before so many requests the pace is the vendor's limit."""
Report = Mapping[str, Any]


@dataclass(frozen=True)
class Left:
    """Requests that are still to be made; certain: these are about all, else the least."""

    requests: int
    certain: bool


def of(run: Report, page_size: int, expected: int | None) -> Left:
    """What is left of a run. expected: rows of its list, when it was read to its end before."""
    if run["state"] in runs.OVER:
        return Left(0, certain=True)
    position = run["position"]
    if not position:
        return Left(1 + (expected or 0) // page_size, expected is not None)
    slices, at = len(position["asks"]), position["slice"]
    later = max(0, slices - at - 1)
    total, met = position["total"], position["distinct"]
    here = 1 if total is None else _pages(total - met, page_size)
    if expected is not None:
        return Left(max(here, _pages(expected - run["seen"], page_size)) + later, certain=True)
    if not later:
        return Left(here, total is not None)
    if at >= slices * TELLING:
        return Left(here + round(later * max(1.0, run["requests"] / (at + 1))), certain=True)
    return Left(here + later, certain=False)


def _pages(rows: int, page_size: int) -> int:
    return math.ceil(max(0, rows) / page_size)


class Forecast:
    """Of some runs, from now on."""

    def __init__(self, reach: Reach, found: Sequence[Report]) -> None:
        self._started = time.monotonic()
        self._before = _requests(found)
        with reach.engine.begin() as connection:
            self._expected = {run["id"]: _expected(connection, run) for run in found}
            self._quickest = {
                id_: _quickest(reach, connection, id_)
                for id_ in {r["integration_id"] for r in found}
            }

    def tell(self, found: Sequence[Report]) -> str:
        """`about 12 min left`; "" when nothing is."""
        left: dict[int, list[Left]] = defaultdict(list)
        for run in found:
            page_size = resources.BY_NAME[run["resource"]].page_size
            left[run["integration_id"]].append(of(run, page_size, self._expected[run["id"]]))
        seconds = max(
            (
                sum(one.requests for one in mine) * self._interval(id_, found)
                for id_, mine in left.items()
            ),
            default=0.0,
        )
        unknown = sum(not one.certain for mine in left.values() for one in mine)
        if not any(one.requests for mine in left.values() for one in mine):
            return ""
        if not unknown:
            return f"about {_span(seconds)} left"
        return (
            f"at least {_span(seconds)} left: how much {unknown} of the lists hold is not known yet"
        )

    def _interval(self, integration_id: int, found: Sequence[Report]) -> float:
        """Seconds a request takes: as so far, and never less than the limit lets it."""
        made = _requests(found)[integration_id] - self._before[integration_id]
        so_far = (time.monotonic() - self._started) / made if made >= FEW else 0.0
        return max(self._quickest[integration_id], so_far)


def _requests(found: Sequence[Report]) -> dict[int, int]:
    made: dict[int, int] = defaultdict(int)
    for run in found:
        made[run["integration_id"]] += run["requests"]
    return made


def _expected(connection: Connection, run: Report) -> int | None:
    """Rows of a list that was read to its end before; an incremental run's are not foreseen."""
    if run["mode"] != "full":
        return 0
    if checkpoint.cursor(connection, run["integration_id"], run["resource"]) is None:
        return None
    stamps = stamps_table(resources.BY_NAME[run["resource"]])
    mine = (stamps.c.integration_id == run["integration_id"], ~stamps.c.gone)
    return connection.scalar(select(func.count()).where(*mine)) or 0


def _quickest(reach: Reach, connection: Connection, integration_id: int) -> float:
    rate = vendor_rate(reach.settings, integrations.by_id(connection, integration_id))
    return SPACING / rate if rate else 0.0


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
