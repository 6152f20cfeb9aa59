"""The ordinary sync of a list, whose chance it is to bring what an audit doubts."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from shared import integrations, runs
from shared.db.engine import clock
from shared.errors import WalkBroken
from worker.audit.books import Audit
from worker.audit.progress import Progress
from worker.reach import Reach
from worker.sync.carry import carry_out

STRETCH = 10.0
"""Seconds of a sync after which the audit's own lease is renewed."""


def has_brought(
    reach: Reach, audit: Audit, progress: Progress, save: Callable[[Connection], None]
) -> bool:
    """Orders the sync or carries it on; True when one that began after it was wanted is over.

    Raises WalkBroken when it failed: the audit waits and orders another.
    """
    with reach.engine.begin() as connection:
        if progress.run is None:
            progress.run_wanted_at = progress.run_wanted_at or clock(connection)
            progress.run = _order(connection, audit)
        save(connection)
    carry_out(reach, progress.run, STRETCH)
    with reach.engine.begin() as connection:
        (run,) = runs.listed(connection, ids=[progress.run])
        if run["state"] not in runs.OVER:
            save(connection)
            return False
        progress.run = None
        save(connection)
    if run["state"] == "failed":
        raise WalkBroken(f"the ordinary sync of the list failed: {run['reason']}")
    # one that had begun before may have missed what changed since
    return bool(run["started_at"] and run["started_at"] >= progress.run_wanted_at)


def _order(connection: Connection, audit: Audit) -> int:
    integration = integrations.by_id(connection, audit.integration_id)
    asked = runs.request(
        connection, integration, [audit.resource], full=False, trigger=audit.trigger
    )
    return asked.run_ids[-1]
