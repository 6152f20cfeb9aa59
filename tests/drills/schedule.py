"""A schedule of trouble, drawn from a seed: the same seed, the same schedule. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.drills.troubles import TROUBLES, Trouble

ROOM = 1.5
"""Seconds between two troubles of one place."""
TRIES = 20


@dataclass(frozen=True)
class Planned:
    """at, until: seconds from the beginning; details: what the trouble draws its own choices from."""

    at: float
    until: float
    trouble: Trouble
    details: str

    def meets(self, other: Planned) -> bool:
        same = self.trouble.place == other.trouble.place
        return same and self.at < other.until + ROOM and other.at < self.until + ROOM


def draw(
    seed: int, seconds: float, count: int, troubles: Sequence[Trouble] = TROUBLES
) -> list[Planned]:
    """About `count` troubles within `seconds`; what finds no room beside others of its place is left out."""
    rng = Random(seed)
    drawn: list[Planned] = []
    for trouble in rng.sample(troubles, min(count, len(troubles))):
        found = _place(rng, trouble, seconds, drawn, seed)
        if found is not None:
            drawn.append(found)
    return sorted(drawn, key=lambda planned: planned.at)


def _place(
    rng: Random, trouble: Trouble, seconds: float, others: Sequence[Planned], seed: int
) -> Planned | None:
    lasts = rng.uniform(*trouble.lasts)
    for _ in range(TRIES):
        at = rng.uniform(0, max(0.0, seconds - lasts))
        planned = Planned(at, at + lasts, trouble, f"{seed}: {trouble.name}")
        if not any(planned.meets(other) for other in others):
            return planned
    return None
