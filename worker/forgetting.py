"""A removal that was ordered (shared/leaving.py), carried out: webhook, credentials, then the mirror.

Rows go in batches, each in a transaction of its own: nothing is locked for long, and a worker that dies
has lost nothing. Every table with a column `integration_id` is emptied, whatever declaration it follows
from; a look at the vendor that was on its way may still write, so the tables are passed once more.
"""

from __future__ import annotations

import time
from contextlib import suppress

from sqlalchemy import Connection, Table, delete, select, text
from sqlalchemy.exc import DBAPIError

import shared.db.wallet  # noqa: F401  (its tables are deleted from too)
from shared import integrations, leaving
from shared.db.bookkeeping import report_views, row_counts
from shared.db.matching import deal_sales, matches, sold_deals
from shared.db.mirror import metadata
from shared.errors import PonteError
from shared.logs import logger
from worker import subscription
from worker.drain import alone
from worker.reach import Reach

log = logger(__name__)
BATCH = 5000
MOMENT = 1.0
"""Seconds until it is tried again to be alone."""
TABLES = [
    one
    for one in reversed(metadata.sorted_tables)
    if "integration_id" in one.c and one is not row_counts
]
"""What is counted of the mirror goes when nothing is left to count."""


def carry_out(reach: Reach, id_: int, seconds: float) -> bool:
    """Goes on with a removal for about `seconds`; True when there is more to do."""
    deadline = time.monotonic() + seconds
    with alone(reach, id_) as ours:
        if not ours:  # a drain, or a worker that is at it already
            time.sleep(min(seconds, MOMENT))
            return True
        with reach.engine.begin() as connection:
            mirror = leaving.begin(connection, id_)
        if mirror is None:
            return False
        try:
            return not _is_done(reach, id_, mirror, deadline)
        finally:
            with reach.engine.begin() as connection:
                leaving.rest(connection, id_)


def _is_done(reach: Reach, id_: int, mirror: leaving.Mirror, deadline: float) -> bool:
    _say_goodbye(reach, id_)
    if mirror == "delete" and not _forget_mirror(reach, id_, deadline):
        return False
    with reach.engine.begin() as connection:
        leaving.finish(connection, id_, mirror)
    log.info("integration_forgotten", integration=id_, mirror=mirror)
    return True


def _say_goodbye(reach: Reach, id_: int) -> None:
    """Its webhook at Kommo goes while there are credentials to say so; what fails stops nothing: Kommo
    gives a hook up by itself that is answered 404 for long enough (kommo-api.md 6.7)."""
    with reach.engine.begin() as connection:
        one = integrations.by_id(connection, id_)
    if not one.stored:
        return
    try:
        if one.provider == "kommo":
            subscription.remove(reach, id_)
    except PonteError as error:
        log.warning("webhook_left", integration=id_, why=str(error))
    with reach.engine.begin() as connection:
        leaving.forget_credentials(connection, id_)


def _forget_mirror(reach: Reach, id_: int, deadline: float) -> bool:
    """Empties the tables until a whole pass finds nothing; False when time is up."""
    with reach.engine.begin() as connection:
        _drop_views(connection, id_)
        for pairs in (matches, deal_sales, sold_deals):  # they carry an account of each side
            connection.execute(delete(pairs).where(pairs.c.erp_integration_id == id_))
    while time.monotonic() < deadline:
        gone = 0
        for table in TABLES:
            while batch := _delete_batch(reach, table, id_):
                gone += batch
                if time.monotonic() > deadline:
                    return False
        if not gone:
            with reach.engine.begin() as connection:
                connection.execute(delete(row_counts).where(row_counts.c.integration_id == id_))
            return True
    return False


def _delete_batch(reach: Reach, table: Table, id_: int) -> int:
    some = f"select ctid from {table.fullname} where integration_id = :id limit :most"  # noqa: S608
    chosen = text(f"delete from {table.fullname} where ctid = any(array({some}))")  # noqa: S608
    with reach.engine.begin() as connection:
        gone = connection.execute(chosen, {"id": id_, "most": BATCH}).rowcount
        if gone:
            leaving.note_rows(connection, id_, gone)
    return gone


def _drop_views(connection: Connection, id_: int) -> None:
    """The views that people read; one that somebody has built upon stays, without rows."""
    names = select(report_views.c.name).where(report_views.c.integration_id == id_)
    quote = connection.dialect.identifier_preparer.quote
    for name in list(connection.scalars(names)):
        with suppress(DBAPIError), connection.begin_nested():
            connection.execute(text(f"drop view if exists reports.{quote(name)}"))
