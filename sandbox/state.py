"""The state file: one JSON line for the head, one for each record; written atomically.

A second start with the same file continues the same world: records, deleted ones, subscriptions,
unfinished deliveries, the clock, the ERP's count of the last 24 hours.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import orjson

from sandbox.records import Json, Record
from sandbox.world import World, fixture_records

FORMAT = 1
EVERY = 3.0


class StateFile:
    def __init__(self, path: Path, world: World) -> None:
        self.path = path
        self.world = world
        self._saved_changes = -1
        self._took = 0.0
        self._stop = threading.Event()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None

    def load(self) -> Json | None:
        """Fill the world from the file; its head, or None when there is no file yet."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as lines:
            head: Json = orjson.loads(next(lines))
            if head.get("format") != FORMAT:
                raise ValueError(f"{self.path.name}: not a sandbox state of format {FORMAT}")
            self._read(lines)
        for (vendor, name), table in self.world.tables.items():
            if f"{vendor}/{name}" in head["last"]:
                table.resume(head["last"][f"{vendor}/{name}"])
            else:  # a fixture that was added since
                table.fill(fixture_records(self.world.fixtures[vendor, name], table))
        self.world.started_at = head["started_at"]
        self.world.unseen = {name: set(keys) for name, keys in head.get("unseen", {}).items()}
        self._saved_changes = self.world.changes
        return head

    def save(self, more: Json) -> None:
        """Write beside the file, then replace it."""
        with self._turn:
            started = time.monotonic()
            with self.world.lock:
                changes = self.world.changes
                head, entries = self._head(more), list(self._entries())
            fresh = self.path.with_name(self.path.name + ".new")
            with fresh.open("wb") as out:
                out.write(orjson.dumps(head) + b"\n")
                out.writelines(_line(start, record) for start, record in entries)
            fresh.replace(self.path)
            self._saved_changes = changes
            self._took = time.monotonic() - started

    def keep_saving(self, head: Callable[[], Json], every: float = EVERY) -> None:
        """Every few seconds if something changed; a big world is saved less often."""

        def run() -> None:
            while not self._stop.wait(max(every, self._took * 10)):
                if self.world.changes != self._saved_changes:
                    self.save(head())

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _head(self, more: Json) -> Json:
        tables = self.world.tables.items()
        return {
            "format": FORMAT,
            "about": "state of the Ponte sandbox: invented data",
            "started_at": self.world.started_at,
            "unseen": {name: sorted(keys) for name, keys in self.world.unseen.items()},
            "last": {f"{vendor}/{name}": t.last_id() for (vendor, name), t in tables},
            **more,
        }

    def _entries(self) -> Iterator[tuple[bytes, Record]]:
        """Records are never changed in place, so they can be written without the lock."""
        for (vendor, name), table in self.world.tables.items():
            start = b"[%s,%s," % (orjson.dumps(vendor), orjson.dumps(name))
            for gone, records in ((b"0", table.live), (b"1", table.gone)):
                yield from ((start + gone, record) for record in records.values())

    def _read(self, lines: Iterable[bytes]) -> None:
        live: dict[tuple[str, str], list[Record]] = {name: [] for name in self.world.tables}
        for line in lines:
            vendor, name, gone, planted, key, hidden, shown = orjson.loads(line)
            if (vendor, name) not in live:
                continue
            table = self.world.table(vendor, name)
            record = table.plant(key, shown, hidden) if planted else table.make(shown, hidden)
            if gone:
                table.gone[record.key] = record
            else:
                live[vendor, name].append(record)
        for (vendor, name), records in live.items():
            self.world.table(vendor, name).fill(records)


def _line(start: bytes, record: Record) -> bytes:
    facts = orjson.dumps([record.planted, record.key, record.hidden])[1:-1]
    return b"%s,%s,%s]\n" % (start, facts, record.raw)
