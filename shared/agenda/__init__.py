"""The agenda: what is read how often, of a vendor that tells no changes and counts the requests of a day.

turns.py is the arithmetic, allowance.py what a day's requests are, books.py what each part of a list costs
and when it was last read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from shared.agenda import allowance, books
from shared.agenda.allowance import Allowance
from shared.agenda.turns import Duty, Tier, Turn, allot
from shared.integrations import Integration
from shared.resources.grammar import Resource
from shared.settings import Settings

__all__ = ["Agenda", "Allowance", "Duty", "Tier", "Turn", "of"]


@dataclass(frozen=True)
class Agenda:
    """turns: by importance, then in the order of the lists; walked: when each part was last read, the
    part of history that was read longest ago."""

    allowance: Allowance
    turns: tuple[Turn, ...]
    walked: Mapping[tuple[str, Tier], datetime]

    def turn(self, resource: str, tier: Tier) -> Turn | None:
        return next((t for t in self.turns if t.duty.part == (resource, tier)), None)

    def every(self, resource: str, tier: Tier) -> timedelta | None:
        """How often a part of a list is read; None when there are no requests left for it."""
        found = self.turn(resource, tier)
        return found.every if found and self.allowance.affords(tier) else None

    def leads(self, resource: Resource) -> timedelta | None:
        """How often a list is looked at at all: its other parts are read together with this one."""
        return self.every(resource.full_name, Tier.NEAR if resource.windows else Tier.WHOLE)

    def is_due(self, resource: str, tier: Tier, now: datetime) -> bool:
        """Should a part be read now? Not when its turn leaves no requests for it."""
        every, walked = self.every(resource, tier), self.walked.get((resource, tier))
        return every is not None and (walked is None or now - walked >= every)


def of(
    connection: Connection,
    settings: Settings,
    integration: Integration,
    estimated: Mapping[tuple[str, Tier], int] | None = None,
) -> Agenda:
    """estimated: requests of parts that were never read, where somebody knows better than one each."""
    allowed = allowance.of(connection, settings, integration)
    known = books.read(connection, integration.id)
    duties = books.duties(settings, integration, known, estimated or {})
    whole = books.full_walks(connection, integration.id)
    walked = {duty.part: whole[duty.resource] for duty in duties if duty.resource in whole}
    for part, found in known.items():
        walked[part] = max(found.walked_at, walked.get(part, found.walked_at))
    return Agenda(allowed, tuple(allot(duties, allowed.requests)), walked)
