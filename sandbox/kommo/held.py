"""Changes that were made and told, and cannot be read yet (kommo-api.md 9.7): the webhook is earlier
than the commit. When they become visible they carry the second at which they were made.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sandbox.records import Key, Record, Table
from sandbox.world import World


class State(NamedTuple):
    live: Record | None
    gone: Record | None


class Change(NamedTuple):
    table: Table
    key: Key
    before: State
    after: State


class Held:
    """At most one act is held; the next one, or the end of its time, makes it visible."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._changes: list[Change] = []
        self._timer: threading.Timer | None = None

    @contextmanager
    def holding(self, seconds: float) -> Iterator[None]:
        """What is changed inside is taken back, and comes after `seconds` (0 = at once)."""
        with self.world.lock:
            self.release()
            if seconds <= 0:
                yield
                return
            tables = self.world.of("kommo")
            for table in tables:
                table.journal = {}
            try:
                yield
            finally:
                self._changes = [change for table in tables for change in _take_back(table)]
            self._timer = threading.Timer(seconds, self.release)
            self._timer.daemon = True
            self._timer.start()

    def release(self) -> int:
        """How many records became visible. Who changed one of them meanwhile has the last word."""
        with self.world.lock:
            changes, self._changes = self._changes, []
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            for change in changes:
                if _state(change.table, change.key) == change.before:
                    _set(change.table, change.key, change.after)
                    self.world.changed()
            return len(changes)


def _take_back(table: Table) -> list[Change]:
    journal, table.journal = table.journal or {}, None
    changes = []
    for key, (live, gone) in journal.items():
        changes.append(Change(table, key, State(live, gone), _state(table, key)))
        _set(table, key, State(live, gone))
    return changes


def _state(table: Table, key: Key) -> State:
    return State(table.live.get(key), table.gone.get(key))


def _set(table: Table, key: Key, state: State) -> None:
    table.gone.pop(key, None)
    if key in table.live:
        table.drop(key)
    if state.live is not None:
        table.put(state.live)
    if state.gone is not None:
        table.gone[key] = state.gone
