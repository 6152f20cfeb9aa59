"""Everything that the mirror holds on a person: the records that name them, and what hangs on those.

Lists are looked through in the order in which one leads to another: contacts before leads, leads before notes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    Text,
    and_,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH

from shared import resources
from shared.db.mirror import child_table, rows_table
from shared.identities import Identity, said_by
from shared.resources.columns import FINDING, Column
from shared.resources.grammar import About, Resource
from worker.people import books, scrubbing
from worker.people.scrubbing import Scope
from worker.sync.rows import Key

Place = tuple[int, Key]
"""Integration and key."""


@dataclass
class Held:
    """A record that is a person's, or names them. why: in words."""

    scope: Scope = field(default_factory=Scope)
    why: list[str] = field(default_factory=list)

    def add(self, scope: Scope, why: str) -> None:
        self.scope |= scope
        if why not in self.why:
            self.why.append(why)


@cache
def in_order() -> tuple[Resource, ...]:
    """Every list that may hold a person's data, each after those to which it leads."""
    order: list[Resource] = []

    def add(resource: Resource) -> None:
        for about in resource.about:
            add(resources.BY_NAME[about.to])
        if resource not in order:
            order.append(resource)

    for resource in resources.ALL:
        if resource.is_personal:
            add(resource)
    return tuple(order)


class Search:
    """Goes through the lists one by one and remembers what it found."""

    def __init__(self, identities: Sequence[Identity]) -> None:
        self._identities = identities
        self.found: dict[Resource, dict[Place, Held]] = {}

    def look(self, connection: Connection, resource: Resource) -> dict[Place, Held]:
        held: dict[Place, Held] = defaultdict(Held)
        for place, identity in self._named(connection, resource):
            held[place].add(scrubbing.whole(resource), f"it says the person's {identity.kind}")
        for about in resource.about:
            scope = scrubbing.scope_of(resource, about)
            for place, owner in self._hanging(connection, resource, about):
                if scope.columns or scope.whole:
                    held[place].add(scope, f"it is of {about.to} {owner}".rstrip())
        self.found[resource] = dict(held)
        return self.found[resource]

    def _named(
        self, connection: Connection, resource: Resource
    ) -> Iterator[tuple[Place, Identity]]:
        """Rows whose columns, or whose children's, tell one of the identities."""
        table = rows_table(resource)
        keys = [table.c[name] for name in resource.key]
        yield from self._telling(connection, table, keys, resource.columns)
        for child in resource.children:
            lines = child_table(resource, child)
            yield from self._telling(connection, lines, [lines.c[child.parent]], child.columns)

    def _telling(
        self,
        connection: Connection,
        table: Table,
        keys: Sequence[Any],
        columns: Sequence[Column],
    ) -> Iterator[tuple[Place, Identity]]:
        telling = [column for column in columns if column.personal in FINDING]
        if not telling:
            return
        values = [table.c[column.name] for column in telling]
        said = func.lower(func.concat_ws(" ", *(cast(value, Text) for value in values)))
        asked = select(table.c.integration_id, *keys, *values)
        width = 1 + len(keys)
        for row in connection.execute(asked.where(books.holding(said, self._identities))):
            for identity in sorted(set(self._identities) & set(said_by(telling, row[width:]))):
                yield (row[0], tuple(row[1:width])), identity

    def _hanging(
        self, connection: Connection, resource: Resource, about: About
    ) -> Iterator[tuple[Place, Any]]:
        """Rows that say that they are of a record that was found, each with that record's id."""
        owners = self.found.get(resources.BY_NAME[about.to], {})
        whole: dict[int, list[Any]] = defaultdict(list)
        for (integration_id, key), held in owners.items():
            if held.scope.whole:
                whole[integration_id].append(key[0])
        for integration_id, ids in whole.items():
            yield from hanging(connection, resource, about, integration_id, ids)


def hanging(
    connection: Connection,
    resource: Resource,
    about: About,
    integration_id: int,
    ids: Sequence[Any],
) -> Iterator[tuple[Place, Any]]:
    """The rows of a list that are of these records, and of which, where a column says it."""
    table = rows_table(resource)
    keys = [table.c[name] for name in resource.key]
    where = [table.c.integration_id == integration_id, *conditions(table, about)]
    if about.embedded:
        where.append(embedded_ids(table, about.embedded).overlap([str(id_) for id_ in ids]))
        owner: ColumnElement[Any] = literal("")
    else:
        where.append(table.c[about.by].in_(ids))
        owner = table.c[about.by]
    for row in connection.execute(select(*keys, owner).where(*where)):
        yield (integration_id, tuple(row[:-1])), row[-1]


def conditions(table: Table, about: About) -> list[ColumnElement[bool]]:
    return [table.c[name] == wanted for name, wanted in about.where.items()]


def embedded_ids(table: Table, name: str) -> Any:
    """The ids of what a record embeds, as text[]: an array of objects, or a map of them."""
    found = func.jsonb_path_query_array(
        table.c.raw, cast(f"$._embedded.{name}.**{{1}}.id", JSONPATH)
    )
    bare = func.translate(cast(found, Text), '[]" ', "")
    return func.string_to_array(bare, ",", type_=ARRAY(Text))


def row_of(connection: Connection, resource: Resource, place: Place) -> Row[Any]:
    table = rows_table(resource)
    integration_id, key = place
    same = [table.c[name] == part for name, part in zip(resource.key, key, strict=True)]
    mine = and_(table.c.integration_id == integration_id, *same)
    return connection.execute(select(table).where(mine)).one()
