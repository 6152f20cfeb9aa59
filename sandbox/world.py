"""The world: every list of both vendors, one lock, one clock."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from sandbox.discovery import FOLDER, Fixture, read_fixtures
from sandbox.gestao_click.facts import gestao_click_facts
from sandbox.kommo.facts import kommo_facts
from sandbox.kommo.home import Home
from sandbox.options import Options
from sandbox.records import FactsOf, Json, Key, Record, Table

ADMIN = 11500101
"""Who acts unless somebody else is named; user id 0 is a robot (kommo-api.md 5)."""
Name = tuple[str, str]
"""(vendor, list)."""


class World:
    """Tables by vendor and list name. Hold `lock` to read more than one thing or to change."""

    def __init__(self, options: Options, folder: Path | None = None) -> None:
        self.options = options
        self.lock = threading.RLock()
        self.rng = Random(options.seed)
        self.started_at = options.now or time.time() + options.ahead
        self.changes = 0
        self.fixtures = {(f.spec.vendor, f.spec.name): f for f in read_fixtures(folder or FOLDER)}
        home = Home(options)
        self.tables = {
            name: Table(f.spec, _facts_of(f), home.own_json if name[0] == "kommo" else None)
            for name, f in self.fixtures.items()
        }
        self.paths = {(t.spec.vendor, t.spec.path): t for t in self.tables.values()}
        self.unseen: dict[str, set[Key]] = {}
        """Records of Kommo's lists that rights hide from the token (kommo/access.py)."""
        self.actor = ADMIN
        self.late = 0.0
        self._counter = itertools.count(1)

    def table(self, vendor: str, name: str) -> Table:
        """By list name ("leads") or by path ("leads/custom_fields")."""
        found = self.tables.get((vendor, name)) or self.at(vendor, "/" + name.strip("/"))
        if found is None:
            raise KeyError(f"{vendor} has no list {name!r}")
        return found

    def at(self, vendor: str, path: str) -> Table | None:
        """The list served at a path."""
        return self.paths.get((vendor, path))

    def of(self, vendor: str) -> list[Table]:
        return [t for (v, _), t in self.tables.items() if v == vendor]

    def has(self, vendor: str, name: str) -> bool:
        return (vendor, name) in self.tables

    def clock(self) -> float:
        """The sandbox's own time, epoch: the machine's and `ahead`."""
        return time.time() + self.options.ahead

    def set_clock(self, epoch: float) -> None:
        """From now on it is that moment here; time goes on from there."""
        with self.lock:
            self.options.ahead = epoch - time.time()
            self.changed()

    def now(self) -> int:
        """The second that a change is stamped with: the clock's, or an older one (`late`)."""
        return int(self.clock() - (self.late or self.options.late_commits))

    @contextmanager
    def acting(self, by: int | None = None, late: float = 0.0) -> Iterator[None]:
        """Hold the lock; changes are made by a user, and became visible `late` seconds late."""
        with self.lock:
            before = self.actor, self.late
            self.actor, self.late = self.actor if by is None else by, late or self.late
            try:
                yield
            finally:
                self.actor, self.late = before

    def changed(self) -> None:
        """Something was changed: the state file must be written again."""
        self.changes += 1

    def tick(self) -> int:
        return next(self._counter)


def fixture_records(fixture: Fixture, table: Table) -> list[Record]:
    """The fixture's own records, `_sandbox` taken out of what is shown."""
    made = []
    for record in fixture.records:
        shown: Json = {k: v for k, v in record.items() if k != "_sandbox"}
        made.append(table.make(shown, record.get("_sandbox")))
    return made


def _facts_of(fixture: Fixture) -> FactsOf:
    if fixture.spec.vendor == "kommo":
        return kommo_facts
    return gestao_click_facts(fixture.spec)
