"""Removing an integration: its webhook, its credentials and, when somebody says so, its mirror.

The order is `removal` in the row's metadata: {"mirror": keep | delete, "rows": deleted so far, "done"}, and
"deaths" while one is at it or has died over it (shared/deaths.py).
Nothing reads an integration from then on; what is long, or asks a vendor, a worker does
(worker/forgetting.py). The row itself stays: its id is in runs that are told, and it can be added again.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Column, Connection, Table, Text, and_, cast, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared import deaths, integrations
from shared.db.bookkeeping import audits, runs
from shared.db.bookkeeping import integration_settings as table
from shared.errors import Conflict
from shared.integrations import Integration
from shared.settings import Settings

Mirror = Literal["keep", "delete"]
NOW = func.clock_timestamp()
REMOVAL = table.c.metadata["removal"]
UNDER_WAY = REMOVAL["done"].as_boolean().is_(False)
_DEATHS = func.coalesce(REMOVAL["deaths"].as_integer(), 0)
DEADLY = and_(UNDER_WAY, _DEATHS >= deaths.MOST)
"""Its worker died over it again and again: it waits for somebody to order it anew."""


def remove(connection: Connection, settings: Settings, id_: int, mirror: Mirror) -> Integration:
    """Ends its reading for good and orders what else has to go; `state` is removing until that is done.

    Raises Conflict for the environment's credentials, and when its mirror is being deleted already.
    """
    there = integrations.by_id(connection, id_)
    if integrations.meant_by_environment(settings, there) and settings.configured(there.provider):
        raise Conflict(
            f"the credentials of integration {id_} are the environment's: take them out of there, "
            "or pause it"
        )
    if there.removing and mirror == "keep":
        raise Conflict(
            f"integration {id_} is being removed already; what was ordered is not undone"
        )
    subscribed = _subscribed(connection, id_)
    work = subscribed or mirror == "delete"
    removal = _object(mirror=mirror, rows=0, done=not work)
    said = _object(removed_at=NOW, removal=removal)
    kept = {} if subscribed else {"credentials": None, "credentials_seen": None}
    changes = {"active": False, "metadata": table.c.metadata.op("||")(said), "updated_at": NOW}
    connection.execute(update(table).where(table.c.id == id_).values(**changes, **kept))
    _end(connection, id_, runs, runs.c.finished_at)
    _end(connection, id_, audits, audits.c.ended_at)
    return integrations.by_id(connection, id_)


def _subscribed(connection: Connection, id_: int) -> bool:
    """Kommo was told to call us: its credentials are needed once more, to say that it should not."""
    state = table.c.metadata["webhook"]["state"].as_string()
    chosen = select(table.c.credentials.is_not(None), state).where(table.c.id == id_)
    stored, said = connection.execute(chosen).one()
    return bool(stored) and said == "subscribed"


def _end(connection: Connection, id_: int, table_: Table, ended_at: Column[Any]) -> None:
    """Without an owner: a worker that is at one of them notices at its next page."""
    connection.execute(
        update(table_)
        .where(table_.c.integration_id == id_, table_.c.state.in_(("queued", "running")))
        .values(
            {
                "state": "failed",
                "owner": None,
                "lease_until": None,
                ended_at.name: NOW,
                "position": None,
                "reason": "the integration was removed",
            }
        )
    )


def under_way(connection: Connection) -> list[int]:
    """The integrations whose removal is ordered, not done, and not deadly."""
    chosen = select(table.c.id).where(UNDER_WAY, ~DEADLY)
    return list(connection.scalars(chosen.order_by(table.c.id)))


def deadly(connection: Connection) -> list[int]:
    """The integrations whose removal was given up because it killed its workers."""
    return list(connection.scalars(select(table.c.id).where(DEADLY).order_by(table.c.id)))


def begin(connection: Connection, id_: int) -> Mirror | None:
    """Goes on with a removal: what is to become of the mirror; None when there is nothing to do.

    The caller is alone at it, commits before it works, and says `rest` however its work ends: who finds
    that nobody did, finds a death.
    """
    said: Mirror | None = connection.scalar(
        select(REMOVAL["mirror"].as_string()).where(table.c.id == id_, UNDER_WAY, ~DEADLY)
    )
    if said:
        _note(connection, id_, _object(deaths=_DEATHS + 1))
    return said


def rest(connection: Connection, id_: int) -> None:
    """Nobody is at it any more, and nobody died."""
    said = table.c.metadata.op("#-")(cast(["removal", "deaths"], ARRAY(Text)))
    connection.execute(update(table).where(table.c.id == id_).values(metadata=said))


def forget_credentials(connection: Connection, id_: int) -> None:
    gone = {"credentials": None, "credentials_seen": None}
    connection.execute(update(table).where(table.c.id == id_).values(**gone))


def note_rows(connection: Connection, id_: int, gone: int) -> None:
    """Adds to the rows that were deleted."""
    _note(connection, id_, _object(rows=REMOVAL["rows"].as_integer() + gone))


def finish(connection: Connection, id_: int, mirror: Mirror) -> None:
    """What is left of one whose mirror is gone may belong to another account."""
    _note(connection, id_, _object(done=True))
    if mirror == "keep":
        return
    kept = {name: table.c.metadata[name] for name in ("removed_at", "removal")}
    bare = {"account_id": None, "webhook_digest": None, "webhook_secret": None}
    connection.execute(
        update(table).where(table.c.id == id_).values(**bare, metadata=_object(**kept))
    )


def _note(connection: Connection, id_: int, changes: Any) -> None:
    said = table.c.metadata.op("||")(_object(removal=REMOVAL.op("||")(changes)))
    connection.execute(update(table).where(table.c.id == id_).values(metadata=said, updated_at=NOW))


def _object(**members: Any) -> Any:
    return func.jsonb_build_object(
        *(part for pair in members.items() for part in pair), type_=JSONB
    )
