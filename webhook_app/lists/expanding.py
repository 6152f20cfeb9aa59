"""`with`: what else is known of a row, out of the mirror and of the same integration; nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from shared import resources
from shared.db.mirror import rows_table
from shared.resources.grammar import Carries, Child, Embeds, Expansion, Owns, Refers, Resource
from webhook_app.lists import listing
from webhook_app.lists.listing import RAW, Key, Row


def names(resource: Resource) -> tuple[str, ...]:
    """What `with` may name."""
    declared = resource.listed.expands if resource.listed else ()
    return (*(each.name for each in declared), *(child.name for child in resource.children), RAW)


def expand(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    rows: Sequence[Row],
    wanted: Sequence[str],
) -> None:
    """Adds to each row what is wanted, under its name; all rows of a kind are read at once."""
    for each in resource.listed.expands if resource.listed else ():
        if each.name in wanted:
            _add(connection, integration_id, resource, rows, each)
    for child in resource.children:
        if child.name in wanted:
            _add_carried(connection, integration_id, resource, rows, child)


def _add_carried(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    rows: Sequence[Row],
    child: Child,
) -> None:
    """The rows of a child's table, by `ordem`; a record that carries none has an empty list."""
    (own,) = resource.key
    found = listing.carried(connection, resource, child, integration_id, [row[own] for row in rows])
    for row in rows:
        row[child.name] = found.get(row[own], [])


def _add(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    rows: Sequence[Row],
    expansion: Expansion,
) -> None:
    match expansion:
        case Carries():
            return  # it was read with the row
        case Refers(name, to, by):
            named = {id(row): [tuple(row[column] for column in by)] for row in rows}
        case Embeds(name, to):
            named = {id(row): list(_ids(row[name])) for row in rows}
        case Owns(name, to, by):
            named = _owned(connection, integration_id, resource, rows, expansion)
    keys = (key for each in named.values() for key in each if None not in key)
    found = listing.by_key(connection, resources.BY_NAME[to], integration_id, keys)
    for row in rows:
        known = [found[key] for key in named[id(row)] if key in found]
        row[name] = next(iter(known), None) if isinstance(expansion, Refers) else known


def _ids(embedded: Any) -> Iterator[Key]:
    """Of a list, or of a map with numeric keys, of {"id"} (kommo-api.md 5)."""
    for one in embedded.values() if isinstance(embedded, Mapping) else embedded or ():
        id_ = one.get("id") if isinstance(one, Mapping) else None
        if str(id_).isdecimal():
            yield (int(str(id_)),)


def _owned(
    connection: Connection,
    integration_id: int,
    resource: Resource,
    rows: Sequence[Row],
    owns: Owns,
) -> dict[int, list[Key]]:
    """The keys of the live rows that name these rows, by their key."""
    to = resources.BY_NAME[owns.to]
    table, own = rows_table(to), resource.key[0]
    key = [table.c[name] for name in to.key]
    asked = select(table.c[owns.by], *key).where(
        table.c.integration_id == integration_id,
        table.c[owns.by].in_([row[own] for row in rows]),
        table.c.deleted_at.is_(None),
        table.c.missing_since.is_(None),
    )
    found: dict[Any, list[Key]] = {}
    for owner, *rest in connection.execute(asked.order_by(*key)):
        found.setdefault(owner, []).append(tuple(rest))
    return {id(row): found.get(row[own], []) for row in rows}
