"""When a token ends: kept in the integration's row, for status page and metrics, and told in the log in time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update

from shared.db.bookkeeping import integration_settings as table
from shared.integrations import SOON, Integration
from shared.logs import logger
from worker.reach import Reach
from worker.sources import claims
from worker.sources.opening import Credentials

log = logger(__name__)


def watch(reach: Reach, integration: Integration, given: Credentials) -> None:
    """Writes the moment when it has changed; warns once a day from SOON before it."""
    ends = end_of(given)
    chosen = select(table.c.metadata["token"]).where(table.c.id == integration.id)
    with reach.engine.begin() as connection:
        known: dict[str, Any] = connection.scalar(chosen) or {}
        left = None if ends is None else (ends - datetime.now(UTC)).days
        warned = left if left is not None and left <= SOON.days else None
        said = {"expires_at": ends.isoformat() if ends else None, "warned": warned}
        if said == known:
            return
        connection.execute(
            update(table)
            .where(table.c.id == integration.id)
            .values(metadata=table.c.metadata.op("||")({"token": said}))
        )
    if warned is not None and warned != known.get("warned"):
        log.warning("token_expires", integration=integration.id, at=said["expires_at"], days=left)


def end_of(given: Credentials) -> datetime | None:
    """Of a pair: when it cannot be renewed any more; else what the token says of itself."""
    if given.renewable_until is not None or given.provider != "kommo":
        return given.renewable_until
    told = claims.read(given.secrets[0]).get("expires_at")
    return datetime.fromisoformat(told) if told else None
