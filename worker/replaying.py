"""Rejects that somebody wants to see again (shared/rejects.py): each is looked up at its vendor, by id.

Rows are written as by any look; a record that became a row is no reject any more.
"""

from __future__ import annotations

import time

from celery.exceptions import SoftTimeLimitExceeded

from shared import integrations, rejects
from shared.errors import Fatal, Misuse, Retryable
from shared.integrations import Integration
from shared.logs import logger
from shared.rejects import Claimed
from worker.reach import Reach
from worker.sources import identity
from worker.sources.budget import SYNC
from worker.sources.protocol import Ask
from worker.sync import sweep

LATER = 30.0
"""Seconds until the next look, where the vendor does not say."""

log = logger(__name__)


def carry_out(reach: Reach, integration_id: int, seconds: float) -> bool:
    """Looks up what is wanted of one integration, for about `seconds`; True when more of it waits."""
    deadline = time.monotonic() + seconds
    with reach.engine.begin() as connection:
        integration = integrations.by_id(connection, integration_id)
    if not integration.active:
        return False
    while time.monotonic() < deadline:
        with reach.engine.begin() as connection:
            claimed = rejects.claim(connection, integration_id)
        if claimed is None or not _is_looked_up(reach, integration, claimed):
            return False
    return True


def _is_looked_up(reach: Reach, integration: Integration, claimed: Claimed) -> bool:
    """False when the vendor has to be left alone for a while."""
    try:
        _look(reach, integration, claimed)
    except (Retryable, SoftTimeLimitExceeded) as error:
        delay = getattr(error, "seconds", None) or LATER
        log.warning("rejects_put_back", rejects=claimed.ids, delay=delay, why=str(error))
        with reach.engine.begin() as connection:
            rejects.put_back(connection, claimed, delay)
        return False
    except (Fatal, Misuse) as error:
        log.warning("rejects_left", rejects=claimed.ids, why=str(error))
        with reach.engine.begin() as connection:
            rejects.give_up(connection, claimed)
    return True


def _look(reach: Reach, integration: Integration, claimed: Claimed) -> None:
    ask = Ask(claimed.resource, claimed.slice)
    with identity.meeting(reach, integration, priority=SYNC) as met:
        found = met.source.look(ask, claimed.keys)
    cause = f"reject {', '.join(map(str, claimed.ids))}"
    with reach.engine.begin() as connection:
        keys, country = claimed.keys, met.account.country
        sweep.keep_look(connection, integration.id, ask, keys, found, country, cause)
        rejects.settle(connection, claimed, found.observed_at, found.refused)
