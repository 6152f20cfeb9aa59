"""Carrying out a run from the queue: claim, prove the account, sync, and end it or put it back.

Errors decide by their type: Retryable puts the run back with a growing delay, Fatal ends it, a lost
ownership leaves without a trace. Commands and Celery's tasks call the same function.
"""

from __future__ import annotations

import threading
import time
from uuid import uuid4

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy.exc import OperationalError

from shared import availability, deaths, integrations, runs
from shared.availability import WHOLE
from shared.db.bookkeeping import runs as table
from shared.db.engine import AWAY
from shared.errors import (
    Fatal,
    LostOwnership,
    Misuse,
    NotAvailable,
    Retryable,
)
from shared.integrations import Integration
from shared.logs import logger
from shared.runs import SCHEDULE, UNAVAILABLE, Run
from worker import reports
from worker.reach import Reach
from worker.sources import identity
from worker.sources.budget import AUDIT, SYNC
from worker.sync import checkpoint
from worker.sync.engine import Engine

PATIENCE = {"cli": 3}
MUCH_PATIENCE = 30
"""Attempts without a page of progress before a run is given up, by who asked for it: a person at a
terminal wants to know soon, a worker has hours. The schedule makes a new run."""
LONGEST_DELAY = 900.0
NO_MIGRATION = (
    "the declaration has no migration yet, or the database lacks it. Write one with "
    "alembic revision --autogenerate (docs/adding-a-resource.md), then: ponte db upgrade"
)
RENEW_EVERY = 1.0

log = logger(__name__)


def carry_out(reach: Reach, run_id: int, seconds: float) -> bool:
    """Works on a run for about `seconds`; True when the rest of it should be rung for at once."""
    with reach.engine.begin() as connection:
        survivors = deaths.survivors_of(reach.redis, connection, table, run_id)
        lease = reach.settings.run_lease_seconds
        run = runs.claim(connection, run_id, uuid4(), lease, survivors)
    if run is None:
        return False
    with structlog.contextvars.bound_contextvars(
        run=run.id, resource=run.resource.full_name, integration=run.integration_id
    ):
        try:
            return _carry_out(reach, run, time.monotonic() + seconds)
        except LostOwnership as error:
            log.warning("run_lost", why=str(error))
            return False
        except AWAY:
            deaths.note_survivor(reach.redis, run.owner)
            raise


def _carry_out(reach: Reach, run: Run, deadline: float) -> bool:
    if run.deaths >= deaths.MOST:
        page = (run.position or {}).get("page", 1)
        _fail(reach, run, deaths.told(f"page {page} of {run.resource.full_name}"))
        return False
    try:
        with reach.engine.begin() as connection:
            integration = integrations.by_id(connection, run.integration_id)
        if not integration.active:
            _put_back(reach, run, 0.0, "the integration is paused")
            return False
        done = _sync(reach, run, integration, deadline)
    except LostOwnership:
        raise
    except Exception as error:
        _stop(reach, run, error)
        return False
    if done:
        log.info("run_done")
        reports.refresh_after(reach, run)
    else:
        _put_back(reach, run, 0.0, None)
    return not done


def _stop(reach: Reach, run: Run, error: Exception) -> None:
    """What an error means for its run. Without a database it raises: the lease brings the run back."""
    lacking = getattr(error, "orig", None)
    if isinstance(lacking, UndefinedTable | UndefinedColumn):
        _fail(reach, run, f"{in_short(error)}: {NO_MIGRATION}")
    elif isinstance(error, NotAvailable):
        _not_available(reach, run, str(error))
    elif isinstance(error, Fatal | Misuse):
        _fail(reach, run, str(error))
    elif isinstance(error, SoftTimeLimitExceeded):
        _put_back(reach, run, 0.0, None)
    else:
        if not isinstance(error, Retryable):
            log.exception("run_crashed")
        _again_later(reach, run, error)


def _sync(reach: Reach, run: Run, integration: Integration, deadline: float) -> bool:
    lease = _Lease(reach, run)
    opening = {
        "priority": _priority(reach, run),
        "waiting": lease.renew_now_and_then,
        "asked": lease.count_request,
    }
    try:
        with identity.meeting(reach, integration, **opening) as met:
            return Engine(reach, met, run, deadline).carry_out()
    finally:
        lease.close()


def _priority(reach: Reach, run: Run) -> str:
    """The full walks of the night are paced like audits: Kommo restricts those who iterate through everything
    without need (kommo-api.md 3.1). A list that was never read, or that somebody wants in full now, is not.
    """
    if run.trigger != SCHEDULE or not run.full:
        return SYNC
    with reach.engine.begin() as connection:
        known = checkpoint.cursor(connection, run.integration_id, run.resource.full_name)
    return AUDIT if known else SYNC


def _again_later(reach: Reach, run: Run, error: Exception) -> None:
    """Puts the run back; gives up when it has not moved for too long."""
    patience, why = PATIENCE.get(run.trigger, MUCH_PATIENCE), in_short(error)
    if run.attempts >= patience and not hasattr(error, "seconds"):
        _fail(reach, run, f"{why} ({run.attempts} attempts)")
        return
    delay = getattr(error, "seconds", None) or min(LONGEST_DELAY, 2.0**run.attempts)
    _put_back(reach, run, delay, why)


def in_short(error: Exception) -> str:
    """What an error says; one of PostgreSQL's without the statement that it befell."""
    said = getattr(error, "orig", None) or error
    return next(iter(str(said).splitlines()), type(said).__name__)


def _put_back(reach: Reach, run: Run, delay: float, reason: str | None) -> None:
    log.info("run_put_back", delay=delay, why=reason)
    with reach.engine.begin() as connection:
        runs.put_back(connection, run, delay, reason)


def _not_available(reach: Reach, run: Run, reason: str) -> None:
    """The vendor does not give this list: said once, tried again after a day, no failure of ours."""
    with reach.engine.begin() as connection:
        availability.note(connection, run.integration_id, run.resource, {WHOLE: reason})
        runs.finish(connection, run, reason, state=UNAVAILABLE)


def _fail(reach: Reach, run: Run, reason: str) -> None:
    log.error("run_failed", why=reason)
    with reach.engine.begin() as connection:
        runs.finish(connection, run, reason)


class _Lease:
    """Keeps a run owned and its requests counted, from every thread that fetches its pages."""

    def __init__(self, reach: Reach, run: Run) -> None:
        self._reach, self._run = reach, run
        self._lock = threading.Lock()
        self._renewed, self._requests = time.monotonic(), 0

    def count_request(self) -> None:
        with self._lock:
            self._requests += 1

    def renew_now_and_then(self) -> None:
        """Raises LostOwnership when another worker has taken the run."""
        with self._lock:
            if time.monotonic() - self._renewed < RENEW_EVERY:
                return
            self._renewed = time.monotonic()
        self._renew()

    def _renew(self) -> None:
        with self._lock:
            requests, self._requests = self._requests, 0
        with self._reach.engine.begin() as connection:
            seconds = self._reach.settings.run_lease_seconds
            runs.renew(connection, self._run, seconds, requests=table.c.requests + requests)

    def close(self) -> None:
        """The last requests are counted too, if the run is still there to count them."""
        try:
            with self._reach.engine.begin() as connection:
                connection.execute(
                    table.update()
                    .where(table.c.id == self._run.id)
                    .values(requests=table.c.requests + self._requests)
                )
        except OperationalError as error:
            log.warning("requests_not_counted", why=str(error.orig))
