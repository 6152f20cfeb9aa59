"""The data of an integration that was removed: deleted, when somebody says so."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

import shared.db.wallet  # noqa: F401  (its tables are deleted from too)
from shared import integrations
from shared.db.bookkeeping import integration_settings as table
from shared.db.bookkeeping import report_views
from shared.db.mirror import metadata
from shared.errors import Conflict


def forget_data(connection: Connection, id_: int) -> int:
    """Deletes every row of a removed integration; it may then belong to another account. How many."""
    if not integrations.by_id(connection, id_).removed:
        raise Conflict(f"integration {id_} is not removed: its data stays")
    _drop_views(connection, id_)
    mirrored = [one for one in metadata.sorted_tables if "integration_id" in one.c]
    gone = sum(
        connection.execute(delete(one).where(one.c.integration_id == id_)).rowcount
        for one in mirrored
    )
    connection.execute(
        update(table)
        .where(table.c.id == id_)
        .values(
            account_id=None,
            webhook_digest=None,
            webhook_secret=None,
            metadata=func.jsonb_build_object("removed_at", func.clock_timestamp()),
        )
    )
    return gone


def _drop_views(connection: Connection, id_: int) -> None:
    """The views that people read; one that somebody has built upon stays, without rows."""
    names = select(report_views.c.name).where(report_views.c.integration_id == id_)
    quote = connection.dialect.identifier_preparer.quote
    for name in list(connection.scalars(names)):
        with suppress(DBAPIError), connection.begin_nested():
            connection.execute(text(f"drop view if exists reports.{quote(name)}"))
