"""Which accounts can be asked: integrations that are worked on, or at least have credentials."""

from __future__ import annotations

from collections.abc import Iterable

from shared import integrations
from shared.errors import Misuse
from shared.integrations import PROVIDERS, Integration
from worker.reach import Reach

NO_CREDENTIALS = (
    "no credentials for {}. Set KOMMO_JWT_TOKEN, or GESTAO_CLICK_API_KEY and GESTAO_CLICK_SECRET_TOKEN, "
    "in the environment or in .env, or add an account: ponte integrations add. "
    "To look around without an account: make run (it has a sandbox)."
)


def with_credentials(reach: Reach, wanted: Iterable[str] = PROVIDERS) -> list[Integration]:
    """The active integrations of the wanted providers; raises Misuse when there are none."""
    named = list(wanted)
    with reach.engine.begin() as connection:
        working = integrations.worked_on(connection, reach.settings)
    found = [one for one in working if one.provider in named]
    if not found:
        raise Misuse(NO_CREDENTIALS.format(" or ".join(named)))
    return found


def ensure_vendors(reach: Reach) -> None:
    """Raises Misuse when there is no account that could be asked, be it paused or not."""
    with reach.engine.begin() as connection:
        integrations.ensure(connection, reach.settings)
        known = integrations.all_of(connection)
    if not any(integrations.has_credentials(reach.settings, one) for one in known):
        raise Misuse(NO_CREDENTIALS.format(" or ".join(PROVIDERS)))
