"""The agenda in a few figures, tier by tier: what `ponte plan`, `ponte status` and the page of the dashboard tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.agenda import Agenda
from shared.agenda.turns import Tier, Turn


@dataclass(frozen=True)
class TierReport:
    """One tier. wish: how often it should be read; every: how often it is, None: not at all for now;
    requests_a_day: what that costs; oldest: since when its stalest part was not read, None: never yet."""

    tier: Tier
    lists: int
    wish: timedelta
    every: timedelta | None
    requests_a_day: int
    oldest: datetime | None

    @property
    def waits(self) -> bool:
        return self.every is None or self.every > self.wish * 1.01


@dataclass(frozen=True)
class AgendaReport:
    """Requests in 24 hours. limit: the company's; used: ours; others: of other tools; planned: what the
    agenda may use; needed: what it uses."""

    limit: int
    used: int
    others: int
    planned: int
    needed: int
    tiers: tuple[TierReport, ...]

    @property
    def waiting(self) -> tuple[TierReport, ...]:
        return tuple(tier for tier in self.tiers if tier.waits)


def of(agenda: Agenda) -> AgendaReport:
    tiers = [_tier(agenda, tier) for tier in Tier]
    allowance = agenda.allowance
    return AgendaReport(
        limit=allowance.limit,
        used=allowance.used,
        others=allowance.others,
        planned=allowance.requests,
        needed=sum(tier.requests_a_day for tier in tiers if tier),
        tiers=tuple(tier for tier in tiers if tier),
    )


def _tier(agenda: Agenda, tier: Tier) -> TierReport | None:
    turns = [turn for turn in agenda.turns if turn.duty.tier is tier]
    if not turns:
        return None
    walked = [agenda.walked.get(turn.duty.part) for turn in turns]
    known = [at for at in walked if at is not None]
    return TierReport(
        tier=tier,
        lists=len(turns),
        wish=max(turn.duty.wish for turn in turns),
        every=_longest(turns) if agenda.allowance.affords(tier) else None,
        requests_a_day=round(sum(turn.requests_a_day for turn in turns)),
        oldest=min(known) if len(known) == len(walked) else None,
    )


def _longest(turns: list[Turn]) -> timedelta | None:
    known = [turn.every for turn in turns if turn.every is not None]
    return max(known) if len(known) == len(turns) else None
