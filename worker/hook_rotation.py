"""Another secret for an account's webhook: nothing is lost between the former address and the new one.

The former one is taken until Kommo calls the new address (worker/subscription.py sees to that), and for
KOMMO_WEBHOOK_OVERLAP_HOURS more: what Kommo could not deliver it repeats for an hour and a half at the address
that it had then (kommo-api.md 6.6).
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from shared.db.bookkeeping import former_webhook_secrets as former
from shared.db.bookkeeping import integration_settings as table
from shared.errors import Misuse
from shared.integrations import Integration, webhook_digest
from shared.logs import logger
from worker.reach import Reach

log = logger(__name__)
NOW = func.clock_timestamp()
OF_ENVIRONMENT = (
    "the webhook of integration {} has the environment's secret. Put a new one in front of it in "
    "KOMMO_WEBHOOK_SECRET, with a space between, and restart: workers move the subscription. Take the former one "
    "out when `ponte webhooks list` shows it no more."
)


def replace(reach: Reach, integration: Integration, *, now: bool = False) -> None:
    """Keeps a new secret; the one until then becomes a former one. now: one that is not taken any more."""
    chosen = select(table.c.webhook_digest, table.c.webhook_secret).where(
        table.c.id == integration.id
    )
    secret = secrets.token_urlsafe(32)
    values = {
        "webhook_digest": webhook_digest(secret),
        "webhook_secret": reach.keys.encrypt(secret),
    }
    with reach.engine.begin() as connection:
        digest, sealed = connection.execute(chosen.with_for_update()).one()
        if sealed is None:
            raise Misuse(OF_ENVIRONMENT.format(integration.id))
        connection.execute(
            insert(former).values(digest=digest, integration_id=integration.id, secret=sealed)
        )
        if now:
            _end(connection, integration.id, timedelta())
        connection.execute(update(table).where(table.c.id == integration.id).values(**values))
    log.warning("webhook_secret_replaced", integration=integration.id, now=now)


def unmoved(reach: Reach, integration_id: int) -> list[str]:
    """Former secrets that Kommo may still call, newest first."""
    chosen = (
        select(former.c.secret)
        .where(former.c.integration_id == integration_id, former.c.left_at.is_(None))
        .order_by(former.c.replaced_at.desc())
    )
    with reach.engine.begin() as connection:
        return [reach.keys.decrypt(sealed) for sealed in connection.scalars(chosen)]


def moved(reach: Reach, integration_id: int) -> None:
    """Kommo calls the new address: from now on the former secrets live for the overlap."""
    overlap = timedelta(hours=reach.settings.kommo_webhook_overlap_hours)
    with reach.engine.begin() as connection:
        _end(connection, integration_id, overlap)
        connection.execute(
            update(former)
            .where(former.c.integration_id == integration_id, former.c.left_at.is_(None))
            .values(left_at=NOW)
        )


def _end(connection: Connection, integration_id: int, after: timedelta) -> None:
    """An end that is set already stays."""
    connection.execute(
        update(former)
        .where(former.c.integration_id == integration_id, former.c.ends_at.is_(None))
        .values(ends_at=NOW + after)
    )


def forget_ended(connection: Connection) -> None:
    """What is taken no more and called no more goes."""
    connection.execute(delete(former).where(former.c.ends_at < NOW, former.c.left_at.is_not(None)))
