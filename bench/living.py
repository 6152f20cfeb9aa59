"""Leads that change one by one, as many as you like: each is rendered when it is asked for.

A page of 250 takes some milliseconds, which is nothing at a vendor's real limit and too much where pages are
asked for as fast as they come (bench/leads.py renders those beforehand).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson

from bench.leads import lead, number_of, updated_at


@dataclass
class Living:
    """An account of `count` leads at one revision, but for those that have changed by themselves since."""

    count: int
    revision: int = 0
    changed: dict[int, int] = field(default_factory=dict)
    """Number of a lead → its own revision."""

    def __len__(self) -> int:
        return self.count

    def change(self, number: int, revision: int) -> None:
        """From now on this lead is at a revision of its own."""
        self.changed[number] = revision

    def between(self, first: int, last: int) -> bytes:
        """The leads with these numbers, `last` not included, as the inside of a JSON array."""
        return self._rendered(range(first, min(last, self.count)))

    def some(self, ids: Iterable[int]) -> bytes:
        """Those of the ids that there are, by id."""
        found = {number for id_ in ids if (number := number_of(id_, self.count)) is not None}
        return self._rendered(sorted(found))

    def since(self, moment: int) -> int:
        """The number of the first lead that was updated at that moment or later; a lead that has changed by
        itself stands where it stood: no run of the bench asks for the changes since then."""
        return bisect_left(range(self.count), moment, key=lambda n: updated_at(n, self.revision))

    def _rendered(self, numbers: Iterable[int]) -> bytes:
        own, usual = self.changed, self.revision
        return b",".join(orjson.dumps(lead(n, own.get(n, usual))) for n in numbers)
