"""Records and tables: what a vendor holds, sorted so that a page is a slice.

A record is kept as its JSON bytes (a world of 100,000 leads stays small and starts fast) beside
the few facts the lists are searched by. Tables are not locked: the World's lock is.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from sandbox.shelves import Shelves

Json = dict[str, Any]
Key = Any
"""int for numeric ids (also when the vendor writes them as strings), else str; never mixed."""


class Facts(NamedTuple):
    """What lists filter and sort by without opening the record."""

    updated_at: int = 0
    created_at: int = 0
    day: str = ""
    store: str = ""
    kind: str = ""


FactsOf = Callable[[Json, Json], Facts]


class Record:
    """One record: `raw` is what the vendor shows, `hidden` what it knows and does not show."""

    __slots__ = ("facts", "hidden", "key", "planted", "raw", "views")

    def __init__(
        self,
        key: Key,
        raw: bytes,
        facts: Facts,
        hidden: Json | None = None,
        *,
        planted: bool = False,
    ) -> None:
        self.key = key
        self.planted = planted
        """Put in as is by the control API: may be anything, even no object."""
        self.raw = raw
        self.facts = facts
        self.hidden = hidden
        self.views: dict[str, bytes] | None = None

    def open(self) -> Json:
        """A fresh copy; {} for what is planted and no object."""
        loaded = orjson.loads(self.raw)
        return loaded if isinstance(loaded, dict) else {}

    def view(self, name: str, render: Callable[[Json], Json]) -> bytes:
        """The record as one kind of request sees it, rendered once; planted ones as they are."""
        if self.planted:
            return self.raw
        if self.views is None:
            self.views = {}
        if name not in self.views:
            self.views[name] = packed(render(self.open()))
        return self.views[name]


def packed(content: Any) -> bytes:
    """JSON in no more memory than it needs: orjson's own answer keeps 8 kB each."""
    return bytes(memoryview(orjson.dumps(content)))


@dataclass(frozen=True)
class ListSpec:
    """How one list is served: read from its fixture file, see discovery.py."""

    vendor: str
    name: str
    path: str
    id_field: str = "id"
    options: Json = field(default_factory=dict)


def key_of(value: Any) -> Key | None:
    """The key for an id as the vendor writes it; None when it cannot be one."""
    if isinstance(value, bool) or value in (None, ""):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return int(value) if value.isdecimal() else value
    return None


class Table:
    """One list of one vendor: live and deleted records, sorted by key and by change."""

    def __init__(
        self, spec: ListSpec, facts_of: FactsOf, own: Callable[[bytes], bytes] | None = None
    ) -> None:
        """`own` makes a record's bytes those of the account that is played."""
        self.spec = spec
        self.facts_of = facts_of
        self.own = own or bytes
        self.live: dict[Key, Record] = {}
        self.gone: dict[Key, Record] = {}
        self.ids: list[Key] = []
        self.by_updated: list[tuple[int, Key]] = []
        self.version = 0
        self.journal: dict[Key, tuple[Record | None, Record | None]] | None = None
        """While it is one: what each touched key was before, live and deleted (kommo/held.py)."""
        self._last_id = 0
        self._shelves: Shelves | None = None

    @property
    def shelves(self) -> Shelves:
        """By store, kind and day; kept from the first time somebody asks."""
        if self._shelves is None:
            self._shelves = Shelves(self.live.values())
        return self._shelves

    def make(self, record: Json, hidden: Json | None = None) -> Record:
        key = key_of(record.get(self.spec.id_field))
        facts = self.facts_of(record, hidden or {})
        return Record(key, self.own(packed(record)), facts, hidden)

    def fill(self, records: Iterable[Record]) -> None:
        """Add many at once, then sort."""
        self.live.update((record.key, record) for record in records)
        self.ids = sorted(self.live)
        self.by_updated = sorted((r.facts.updated_at, r.key) for r in self.live.values())
        self._shelves = None
        self.version += 1

    def put(self, record: Record) -> None:
        self._note(record.key)
        old = self.live.get(record.key)
        if old is None:
            insort(self.ids, record.key)
        else:
            self._take_down(old)
        self.live[record.key] = record
        insort(self.by_updated, (record.facts.updated_at, record.key))
        if self._shelves is not None:
            self._shelves.add(record)
        self.version += 1

    def bury(self, record: Record) -> None:
        """Move a live record to the trash, in the state given."""
        self.drop(record.key)
        self.gone[record.key] = record

    def unbury(self, key: Key) -> Record:
        """Take a record out of the trash; KeyError when it is not there."""
        self._note(key)
        return self.gone.pop(key)

    def drop(self, key: Key) -> None:
        self._note(key)
        self._take_down(self.live.pop(key))
        del self.ids[bisect_left(self.ids, key)]
        self.version += 1

    def plant(self, key: Key, shown: Any, hidden: Json | None = None) -> Record:
        """A record as is, however wrong, under a key of our own."""
        facts = Facts()
        if isinstance(shown, dict):
            try:
                facts = self.facts_of(shown, hidden or {})
            except (TypeError, ValueError):
                facts = Facts()
        return Record(key, packed(shown), facts, hidden, planted=True)

    def next_id(self) -> int:
        """A new numeric id, above all ever used; text-keyed lists make their own."""
        self._last_id = self.last_id() + 1
        return self._last_id

    def last_id(self) -> int:
        used = [*self.ids[-1:], *self.gone]
        return max([self._last_id, *(key for key in used if isinstance(key, int))])

    def resume(self, last_id: int) -> None:
        self._last_id = max(self._last_id, last_id)

    def updated_between(self, low: int, high: int) -> list[Key]:
        """Keys in order of change, `low` and `high` included."""
        start = bisect_left(self.by_updated, low, key=_moment)
        stop = bisect_right(self.by_updated, high, key=_moment)
        return [key for _, key in self.by_updated[start:stop]]

    def _note(self, key: Key) -> None:
        if self.journal is not None:
            self.journal.setdefault(key, (self.live.get(key), self.gone.get(key)))

    def _take_down(self, record: Record) -> None:
        entry = (record.facts.updated_at, record.key)
        del self.by_updated[bisect_left(self.by_updated, entry)]
        if self._shelves is not None:
            self._shelves.remove(record)


def _moment(entry: tuple[int, Key]) -> int:
    return entry[0]
