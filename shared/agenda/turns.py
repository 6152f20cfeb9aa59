"""How often each part of each list is read, so that a day's requests suffice. Pure arithmetic.

When they do not suffice for every wish, what matters least waits first and longest, down to a pace at
which nothing starves. When they more than suffice, the spare ones bring older things more often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

DAY = timedelta(days=1)


class Tier(StrEnum):
    """Parts of a list by how soon they change, in the order of importance.

    near: around today; open: older rows that may still change; whole: lists without dates, always read
    whole; ahead: open rows that lie further ahead; history: everything, month by month.
    """

    NEAR = "near"
    OPEN = "open"
    WHOLE = "whole"
    AHEAD = "ahead"
    HISTORY = "history"


SLOWEST = 0.25
"""A tier is read this often, of what it should be, before one that matters more has to wait; before what is
near has to, this often of what an even share would be."""


@dataclass(frozen=True)
class Duty:
    """One part of one list. wish: how often it should be read, best: how often at most, with requests to
    spare; requests: what reading it once costs."""

    resource: str
    tier: Tier
    wish: timedelta
    best: timedelta
    requests: int

    @property
    def part(self) -> tuple[str, Tier]:
        return self.resource, self.tier

    def a_day(self, every: timedelta) -> float:
        return self.requests * (DAY / every)


@dataclass(frozen=True)
class Turn:
    """every: how often the part is read; None when nothing is left for it."""

    duty: Duty
    every: timedelta | None

    @property
    def requests_a_day(self) -> float:
        return self.duty.a_day(self.every) if self.every else 0.0

    @property
    def waits(self) -> bool:
        """Is it read less often than it should be?"""
        return self.every is None or self.every > self.duty.wish


def allot(duties: Sequence[Duty], allowance: int) -> list[Turn]:
    """A turn for each duty, by importance. allowance: requests in 24 hours."""
    wanted = {tier: _a_day(duties, tier, at_best=False) for tier in Tier}
    most = {tier: _a_day(duties, tier, at_best=True) for tier in Tier}
    given = _given(wanted, allowance)
    spare = max(0.0, allowance - sum(wanted.values()))
    for tier in Tier:
        more = min(spare, most[tier] - wanted[tier])
        given[tier], spare = given[tier] + more, spare - more
    pace = {tier: given[tier] / wanted[tier] if wanted[tier] else 1.0 for tier in Tier}
    ordered = sorted(duties, key=lambda duty: list(Tier).index(duty.tier))
    return [Turn(duty, _every(duty, pace[duty.tier])) for duty in ordered]


def _a_day(duties: Sequence[Duty], tier: Tier, *, at_best: bool) -> float:
    mine = [duty for duty in duties if duty.tier is tier]
    return sum(duty.a_day(duty.best if at_best else duty.wish) for duty in mine)


def _given(wanted: Mapping[Tier, float], allowance: int) -> dict[Tier, float]:
    """Requests of a day for each tier: to each so much that it does not starve, then by importance."""
    slowest = _slowest(wanted, allowance)
    rest = allowance - slowest * sum(wanted.values())
    given = {}
    for tier in Tier:
        more = min(rest, wanted[tier] * (1 - slowest))
        given[tier], rest = wanted[tier] * slowest + more, rest - more
    return given


def _slowest(wanted: Mapping[Tier, float], allowance: int) -> float:
    """The pace below which nothing falls: lower where what is near would otherwise wait for what is dear."""
    near, together = wanted[Tier.NEAR], max(sum(wanted.values()), 1.0)
    beside_near = (allowance - near) / max(together - near, 1.0)
    return max(SLOWEST * min(1.0, allowance / together), min(SLOWEST, beside_near))


def _every(duty: Duty, pace: float) -> timedelta | None:
    """pace: 1 as wished, 0.5 half as often."""
    if pace <= 0:
        return None
    return max(duty.best, duty.wish / pace) if pace > 1 else duty.wish / pace
