"""What a vendor does not give to an account: its plan or the token's rights say no (402, 403).

Said once, asked again after a day, and no reason to stop anything else. A slice of a list
(`entity_type=customers`) may be lacking while the others are there; "" means the whole list.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.bookkeeping import unavailable as table
from shared.logs import logger
from shared.resources.grammar import Asked, Resource

WHOLE = ""
AGAIN_AFTER = timedelta(days=1)

log = logger(__name__)


def name_of(slice_: Asked) -> str:
    """`entity_type=customers`"""
    return "&".join(f"{name}={slice_[name]}" for name in sorted(slice_))


def place_of(resource: Resource, slice_: Asked) -> str:
    """The name of a slice without the dates by which its list is cut: what a vendor refuses, it refuses
    of all times."""
    windows = resource.windows
    dates = (windows.start, windows.end) if windows else ()
    return name_of({name: value for name, value in slice_.items() if name not in dates})


def is_shortcut(resource: Resource, place: str) -> bool:
    """Does a slice ask for open rows alone? Without it nothing is lacking: windows are read in its place."""
    return resource.asks_alone(dict(part.partition("=")[::2] for part in place.split("&")))


def refused(connection: Connection, integration_id: int, resource: Resource) -> set[str]:
    """Slices that were refused when they were last asked for: nothing of them was read since."""
    chosen = select(table.c.slice).where(
        table.c.integration_id == integration_id, table.c.resource == resource.full_name
    )
    return set(connection.scalars(chosen))


def refused_lately(connection: Connection, integration_id: int, resource: Resource) -> set[str]:
    """Slices that were refused within the last day: the schedule does not ask for them."""
    chosen = select(table.c.slice).where(
        table.c.integration_id == integration_id,
        table.c.resource == resource.full_name,
        table.c.checked_at > func.clock_timestamp() - AGAIN_AFTER,
    )
    return set(connection.scalars(chosen))


def lists_refused_lately(connection: Connection, integration_id: int) -> set[str]:
    """Names of the resources of which nothing was given within the last day."""
    chosen = select(table.c.resource).where(
        table.c.integration_id == integration_id,
        table.c.slice == WHOLE,
        table.c.checked_at > func.clock_timestamp() - AGAIN_AFTER,
    )
    return set(connection.scalars(chosen))


def is_refused(connection: Connection, integration_id: int, resource: Resource) -> bool:
    """Is the whole list known not to be given?"""
    chosen = select(table.c.reason).where(
        table.c.integration_id == integration_id,
        table.c.resource == resource.full_name,
        table.c.slice == WHOLE,
    )
    return connection.scalar(chosen) is not None


def note(
    connection: Connection, integration_id: int, resource: Resource, reasons: Mapping[str, str]
) -> None:
    """Remembers what was refused just now, slice → reason; logs what was not known."""
    for slice_, reason in reasons.items():
        key = {"integration_id": integration_id, "resource": resource.full_name, "slice": slice_}
        row = insert(table).values(**key, reason=reason)
        known = row.on_conflict_do_update(
            index_elements=list(key),
            set_={"reason": reason, "checked_at": func.clock_timestamp()},
        )
        new = connection.scalar(known.returning(table.c.since == table.c.checked_at))
        if new:
            log.warning("not_available", resource=resource.full_name, slice=slice_, why=reason)


def forget(connection: Connection, integration_id: int, resource: Resource, but: set[str]) -> None:
    """The rest of the list was read: it is available."""
    connection.execute(
        delete(table).where(
            table.c.integration_id == integration_id,
            table.c.resource == resource.full_name,
            table.c.slice.not_in(but),
        )
    )
