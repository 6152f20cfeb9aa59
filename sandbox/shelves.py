"""Keys by store and kind in the order of their business day: a window of a list is a slice."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from heapq import merge
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.records import Record

Entry = tuple[str, Any]
"""(day, key)"""


class Shelves:
    def __init__(self, records: Iterable["Record"]) -> None:
        self._shelves: dict[tuple[str, str], list[Entry]] = {}
        for record in records:
            self._shelf(record).append((record.facts.day, record.key))
        for shelf in self._shelves.values():
            shelf.sort()

    def add(self, record: "Record") -> None:
        insort(self._shelf(record), (record.facts.day, record.key))

    def remove(self, record: "Record") -> None:
        shelf = self._shelf(record)
        del shelf[bisect_left(shelf, (record.facts.day, record.key))]

    def between(self, low: str, high: str, store: str = "", kind: str = "") -> list[Any]:
        """Keys of the days `low` to `high`, by day, then key; "" is every store, every kind."""
        chosen = [
            shelf[bisect_left(shelf, low, key=_day) : bisect_right(shelf, high, key=_day)]
            for (own_store, own_kind), shelf in self._shelves.items()
            if store in ("", own_store) and kind in ("", own_kind)
        ]
        entries = chosen[0] if len(chosen) == 1 else merge(*chosen)
        return [key for _, key in entries]

    def _shelf(self, record: "Record") -> list[Entry]:
        return self._shelves.setdefault((record.facts.store, record.facts.kind), [])


def _day(entry: Entry) -> str:
    return entry[0]
