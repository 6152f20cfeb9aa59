"""Up to which change a list has been read: what an account of any size costs while nothing happens is next to nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.matching import matching_marks as table

MARGIN = timedelta(minutes=10)
"""Rows are written with the moment of their look, which is a little before their commit: so far back is read again."""


class Mark(NamedTuple):
    """The last change that was read: its moment, and its record among those of the same moment; of a list that is always
    read to its end, by what it was judged."""

    through: datetime
    record: str = ""


BEGINNING = Mark(datetime(1, 1, 2, tzinfo=UTC))


def read(connection: Connection, integration_id: int, of: str) -> Mark:
    mine = (table.c.integration_id == integration_id, table.c.list == of)
    row = connection.execute(select(table.c.through, table.c.record).where(*mine)).first()
    return Mark(*row) if row else BEGINNING


def write(connection: Connection, integration_id: int, of: str, mark: Mark) -> None:
    values = mark._asdict()
    row = insert(table).values(integration_id=integration_id, list=of, **values)
    connection.execute(row.on_conflict_do_update(constraint=table.primary_key, set_=values))
