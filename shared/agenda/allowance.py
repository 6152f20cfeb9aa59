"""What a day's requests are: the vendor's limit, our share of it, and what other tools of the company use."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from shared.agenda.turns import Tier
from shared.integrations import Integration
from shared.settings import Settings

TIGHT = 0.1
"""With less than this of the limit left in these 24 hours, only what is near is still read."""


@dataclass(frozen=True)
class Allowance:
    """Requests in 24 hours. limit: the vendor's for the whole company; share: of it, ours to plan with;
    used: by us in the last 24 hours; others: by other tools, as far as refusals told of them."""

    limit: int
    share: float
    used: int = 0
    others: int = 0

    @property
    def requests(self) -> int:
        """What is planned with."""
        return max(0, min(round(self.limit * self.share), self.limit - self.others))

    @property
    def left(self) -> int:
        """What the company has left in these 24 hours."""
        return max(0, self.limit - self.others - self.used)

    def affords(self, tier: Tier) -> bool:
        """Is enough left for a tier? What matters least waits first."""
        if tier is Tier.NEAR:
            return self.left > 0
        return self.left > TIGHT * self.limit


def of(connection: Connection, settings: Settings, integration: Integration) -> Allowance:
    """The allowance of a vendor that counts requests by the day."""
    row = connection.execute(_USED, {"budget": integration.budget}).one()
    share = integration.daily_share or settings.ponte_daily_share
    return Allowance(settings.gestao_click_daily_limit, share, row.used, row.others)


# What others used is heard of only when all is used up; until it is heard of again, as much of it is
# taken to be free again as of the 24 hours has passed since.
_USED = text(
    """
    select coalesce(sum(requests), 0)::int as used, coalesce(max(others * (1 -
        extract(epoch from clock_timestamp() - hour) / 86400)), 0)::int as others
    from sync.usage where budget = :budget and hour > clock_timestamp() - interval '24 hours'
    """
)
