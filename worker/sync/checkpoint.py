"""Where a walk stands, and where the next one starts.

The position lives in the run's row and moves in the transaction that writes the page; the checkpoint of
the resource moves once, when the walk is complete.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.bookkeeping import checkpoints as table
from shared.runs import Run

OVERLAP = timedelta(minutes=10)
"""How far before the cursor an incremental walk starts. Every window gets a second look by that: what the
vendor commits late, with an older second, is still met (kommo-api.md 9, 4 and 7)."""
MARGIN = timedelta(seconds=10)


@dataclass
class Position:
    """A walk's progress; everything that a resumed run has to know.

    asks: the slices, fixed when the walk starts; slice, page: what comes next; distinct: records met
    in this slice; total: what the vendor said it has; last: what the last page is recognised by;
    tries: how often this slice was begun; passes: how often the whole walk was; doubted: so much was
    absent that the walk was repeated; refused: slices that the vendor did not give, and why; left_out:
    slices that it refused lately and that were not asked for; unread: slices that it refused until now, which are
    read in full; counted: this walk's misses are in the books; tiers: of each slice (shared/agenda);
    spent: (requests, rows) of the slices of a tier that were read; rejected: records by slice without dates.
    """

    asks: list[dict[str, str]]
    started_at: datetime
    pass_started_at: datetime
    slice_started_at: datetime
    since: datetime | None = None
    slice: int = 0
    page: int = 1
    distinct: int = 0
    total: int | None = None
    steady: bool = True
    last: str | None = None
    tries: int = 1
    passes: int = 1
    doubted: bool = False
    refused: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    counted: bool = False
    tiers: list[str] = field(default_factory=list)
    spent: dict[str, list[int]] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)

    @classmethod
    def start(cls, asks: list[dict[str, str]], now: datetime, since: datetime | None) -> Position:
        return cls(asks, now, now, now, since)

    @classmethod
    def load(cls, stored: dict[str, Any]) -> Position:
        moments = ("started_at", "pass_started_at", "slice_started_at", "since")
        parsed = {
            name: datetime.fromisoformat(stored[name]) for name in moments if stored.get(name)
        }
        return cls(**{**stored, **parsed})

    def dump(self) -> Any:
        return orjson.loads(orjson.dumps(self))

    @property
    def walked(self) -> bool:
        return self.slice >= len(self.asks)

    def note_total(self, total: int | None) -> None:
        self.steady = self.steady and self.total in (None, total)
        self.total = total

    def note_all_known(self, total: int | None) -> None:
        """Other slices have met everything that this one holds."""
        self.total, self.distinct = total, total or 0

    @property
    def complete(self) -> bool:
        """Everything that the vendor counted was met, and it never counted anew."""
        return self.total is None or (self.steady and self.distinct == self.total)

    @property
    def met(self) -> int:
        """Rows that the slices read so far hold."""
        return sum(rows for _, rows in self.spent.values())

    def since_in(self, slice_: str) -> datetime | None:
        """Since when a slice is asked for; None: all of it."""
        return None if slice_ in self.unread else self.since

    def count_slice(self) -> int:
        """Notes what the slice that was read has cost: its requests."""
        requests = max(1, self.page - 1)
        if self.tiers:
            before = self.spent.get(self.tiers[self.slice], [0, 0])
            self.spent[self.tiers[self.slice]] = [before[0] + requests, before[1] + self.distinct]
        return requests

    def begin_slice(self, number: int, now: datetime, *, tries: int = 1, page: int = 1) -> None:
        self.slice, self.page, self.tries = number, page, tries
        self.slice_started_at = now
        self.distinct, self.total, self.steady, self.last = 0, None, True, None

    def begin_pass(self, now: datetime, *, page: int = 1) -> None:
        self.passes += 1
        self.pass_started_at = now
        self.spent, self.rejected = {}, {}
        self.begin_slice(0, now, page=page)


def cursor(connection: Connection, integration_id: int, resource: str) -> datetime | None:
    """Up to when the changes of a resource are known; None: it was never read in full."""
    found: datetime | None = connection.scalar(
        select(table.c.cursor).where(
            table.c.integration_id == integration_id, table.c.resource == resource
        )
    )
    return found


def walked_at(connection: Connection, integration_id: int, resource: str) -> datetime | None:
    """When the last complete full walk began."""
    found: datetime | None = connection.scalar(
        select(table.c.walked_at).where(
            table.c.integration_id == integration_id, table.c.resource == resource
        )
    )
    return found


def save(connection: Connection, run: Run, started_at: datetime, *, whole: bool) -> None:
    """Moves the cursor to a little before the walk's start; remembers when all of it was walked."""
    values = {"cursor": started_at - MARGIN, "run_id": run.id, "updated_at": started_at}
    if whole:
        values["walked_at"] = started_at
    key = {"integration_id": run.integration_id, "resource": run.resource.full_name}
    row = insert(table).values(**key, **values)
    connection.execute(
        row.on_conflict_do_update(index_elements=["integration_id", "resource"], set_=values)
    )
