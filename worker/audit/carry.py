"""Carrying out an audit from its row: claim, prove the account, compare, and end it or put it back.

Errors decide by their type, as with runs. Commands and Celery's tasks call the same function.
"""

from __future__ import annotations

import threading
import time

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from shared import availability, deaths, integrations
from shared.db.bookkeeping import audits as table
from shared.db.engine import AWAY
from shared.errors import (
    AuditShareSpent,
    Fatal,
    LostOwnership,
    Misuse,
    NotAvailable,
    Retryable,
)
from shared.integrations import Integration
from shared.logs import logger
from worker.audit import books
from worker.audit.auditor import Auditor
from worker.audit.books import Audit
from worker.reach import Reach
from worker.sources import identity
from worker.sources.budget import AUDIT
from worker.sync.carry import LONGEST_DELAY, MUCH_PATIENCE, PATIENCE, RENEW_EVERY, in_short

log = logger(__name__)


def carry_out(reach: Reach, audit_id: int, seconds: float) -> bool:
    """Works on an audit for about `seconds`; True when the rest of it should be rung for."""
    with reach.engine.begin() as connection:
        survivors = deaths.survivors_of(reach.redis, connection, table, audit_id)
        audit = books.claim(connection, audit_id, reach.settings.run_lease_seconds, survivors)
    if audit is None:
        return False
    with structlog.contextvars.bound_contextvars(
        audit=audit.id, resource=audit.resource.full_name, integration=audit.integration_id
    ):
        try:
            return _carry_out(reach, audit, time.monotonic() + seconds)
        except LostOwnership as error:
            log.warning("audit_lost", why=str(error))
            return False
        except AWAY:
            deaths.note_survivor(reach.redis, audit.owner)
            raise


def _carry_out(reach: Reach, audit: Audit, deadline: float) -> bool:
    if audit.deaths >= deaths.MOST:
        _end(reach, audit, "failed", deaths.told("this audit"))
        return False
    try:
        with reach.engine.begin() as connection:
            integration = integrations.by_id(connection, audit.integration_id)
            refused = availability.lists_refused_lately(connection, integration.id)
        if audit.resource.full_name in refused:
            _end(reach, audit, "unavailable", "the vendor does not give this list to the account")
            return False
        done = _audit(reach, audit, integration, deadline)
    except LostOwnership:
        raise
    except Exception as error:
        _stop(reach, audit, error)
        return False
    if not done:
        _put_back(reach, audit, 0.0, None)
    return not done


def _audit(reach: Reach, audit: Audit, integration: Integration, deadline: float) -> bool:
    lease = _Lease(reach, audit)
    opening = {"priority": AUDIT, "waiting": lease.tend, "asked": lease.count_request}
    try:
        with identity.meeting(reach, integration, **opening) as met:
            return Auditor(reach, met, audit, deadline).carry_out()
    finally:
        lease.close()


def _stop(reach: Reach, audit: Audit, error: Exception) -> None:
    """What an error means for its audit. Without a database it raises: the lease brings it back."""
    if isinstance(error, NotAvailable):
        _end(reach, audit, "unavailable", str(error))
    elif isinstance(error, Fatal | Misuse):
        _end(reach, audit, "failed", str(error))
    elif isinstance(error, SoftTimeLimitExceeded):
        _put_back(reach, audit, 0.0, None)
    else:
        if not isinstance(error, Retryable):
            log.exception("audit_crashed")
        _again_later(reach, audit, error)


def _again_later(reach: Reach, audit: Audit, error: Exception) -> None:
    """Puts the audit back; gives up when it has not moved for too long."""
    asked = getattr(error, "seconds", None)
    patience = PATIENCE.get(audit.trigger, MUCH_PATIENCE)
    if audit.attempts >= patience and not asked:
        _end(reach, audit, "failed", f"{in_short(error)} ({audit.attempts} attempts)")
        return
    _put_back(reach, audit, asked or min(LONGEST_DELAY, 2.0**audit.attempts), in_short(error))


def _put_back(reach: Reach, audit: Audit, delay: float, reason: str | None) -> None:
    with reach.engine.begin() as connection:
        books.put_back(connection, audit, delay, reason)


def _end(reach: Reach, audit: Audit, state: str, reason: str) -> None:
    log.warning("audit_ended", state=state, why=reason)
    with reach.engine.begin() as connection:
        books.finish(connection, audit, state, reason=reason)


class _Lease:
    """Keeps an audit owned, its requests counted, and its share of the day's requests kept."""

    def __init__(self, reach: Reach, audit: Audit) -> None:
        self._reach, self._audit, self._lock = reach, audit, threading.Lock()
        self._renewed, self._requests = time.monotonic(), 0
        with reach.engine.begin() as connection:
            self._used = books.requests_of_a_day(connection, audit.integration_id)
            provider = integrations.by_id(connection, audit.integration_id).provider
        daily = reach.settings.daily_limit(provider)
        self._allowed = daily and round(daily * reach.settings.ponte_audit_share)

    def count_request(self) -> None:
        with self._lock:
            self._requests += 1
            self._used += 1

    def tend(self) -> None:
        """Before each request. Raises AuditShareSpent, and LostOwnership when another has taken it."""
        if self._allowed is not None and self._used >= self._allowed:
            raise AuditShareSpent(self._allowed)
        with self._lock:
            if time.monotonic() - self._renewed < RENEW_EVERY:
                return
            self._renewed = time.monotonic()
            requests, self._requests = self._requests, 0
        with self._reach.engine.begin() as connection:
            lease = self._reach.settings.run_lease_seconds
            added = table.c.requests + requests
            books.renew(connection, self._audit, lease, requests=added)

    def close(self) -> None:
        """The last requests are counted too, whatever became of the audit."""
        with self._reach.engine.begin() as connection:
            connection.execute(
                table.update()
                .where(table.c.id == self._audit.id)
                .values(requests=table.c.requests + self._requests)
            )
