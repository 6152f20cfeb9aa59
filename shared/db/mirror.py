"""The tables that follow from the declarations: a wide one, its children's, and its narrow stamps.

`kommo.leads` holds the rows; `sync.kommo_leads_stamps` (key, hash, observed_at) is written by every
fetch, so that an unchanged row costs a narrow update and the newest look wins (design, idea 5).
"""

from __future__ import annotations

from functools import cache, reduce
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    and_,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, JSONPATH, TSVECTOR, array
from sqlalchemy.types import TypeEngine

from shared import resources
from shared.db.moments import moment
from shared.resources.columns import Type
from shared.resources.filters import Linked
from shared.resources.grammar import Child, Resource

metadata = MetaData()

SQL_TYPES: dict[Type, TypeEngine[Any]] = {
    Type.BIGINT: BigInteger(),
    Type.TEXT: Text(),
    Type.NUMERIC: Numeric(),
    Type.BOOLEAN: Boolean(),
    Type.DATE: Date(),
    Type.MOMENT: DateTime(timezone=True),
    Type.TEXTS: ARRAY(Text()),
    Type.JSON: JSONB(),
}


@cache
def rows_table(resource: Resource) -> Table:
    """The wide table of a resource; deleted_at: told gone; missing_since: gone without a word."""
    table = Table(
        resource.name,
        metadata,
        Column("integration_id", Integer, primary_key=True, autoincrement=False),
        *(_key(name, resource) for name in resource.key),
        *(
            Column(column.name, SQL_TYPES[column.type])
            for column in resource.columns
            if column.name not in resource.key
        ),
        Column("raw", JSONB, nullable=False),
        moment("changed_at", nullable=False),
        moment("deleted_at"),
        moment("missing_since"),
        schema=resource.source,
    )
    _index(resource, table)
    return table


@cache
def child_table(resource: Resource, child: Child) -> Table:
    """What the rows carry in themselves: one row for each element, by the row's key and `ordem`.

    ordem counts from 1 in the order sent. The children of a row that is marked deleted or missing stay, as
    its record does: who reads them joins the row.
    """
    (key,) = resource.key_columns
    return Table(
        f"{resource.name}_{child.name}",
        metadata,
        Column("integration_id", Integer, primary_key=True, autoincrement=False),
        Column(child.parent, SQL_TYPES[key.type], primary_key=True, autoincrement=False),
        Column("ordem", Integer, primary_key=True, autoincrement=False),
        *(Column(column.name, SQL_TYPES[column.type]) for column in child.columns),
        schema=resource.source,
    )


def _index(resource: Resource, table: Table) -> None:
    """Of large lists: the orders of live rows, what they are filtered by, when they changed, whom they are linked to,
    and the numbers in texts and custom fields.
    """
    listed = resource.listed
    if listed is None or not listed.large:
        return
    of, key = table.c.integration_id, [table.c[name] for name in resource.key]
    newest = [table.c[resource.newest]] if resource.newest else []
    live = and_(table.c.deleted_at.is_(None), table.c.missing_since.is_(None))
    for column in newest:
        order = (of, column.desc().nulls_last(), *key)
        Index(f"{resource.name}_newest", *order, postgresql_where=live)
    for sort in listed.orders:
        column = table.c[sort.removeprefix("-")]
        first = column.desc() if sort.startswith("-") else column.asc()
        Index(
            f"{resource.name}_{column.name}",
            *(of, first.nulls_last(), *key),
            postgresql_include=newest,
            postgresql_where=live,
        )
    if listed.facets:
        facets = (table.c[name] for name in listed.facets)
        Index(f"{resource.name}_facets", of, *facets, *newest, *key, postgresql_where=live)
    Index(f"{resource.name}_changed", of, table.c.changed_at, *key)
    for each in resource.filters:
        if isinstance(each, Linked):
            ids = linked_ids(table, each.embedded).label("ids")
            name = f"{resource.name}_of_{each.embedded}"
            Index(name, ids, postgresql_using="gin", postgresql_ops={"ids": "jsonb_path_ops"})
    found = numbers(resource, table)
    if found is not None:
        Index(f"{resource.name}_numbers", found, postgresql_using="gin")


def linked_ids(table: Table, embedded: str) -> ColumnElement[Any]:
    """The ids of what a record embeds under a name, in a list or in a map of them (kommo-api.md 5), as JSON.

    Written here alone, as the next one: another spelling would not meet the index.
    """
    path = literal_column(f"'$._embedded.{embedded}.**{{1}}.id'", JSONPATH)
    return func.jsonb_path_query_array(table.c.raw, path, type_=JSONB)


def numbers(resource: Resource, table: Table) -> ColumnElement[Any] | None:
    """The numbers in the searched columns, as lexemes; None where no custom fields are searched."""
    searched = [table.c[name] for name in (resource.listed.search if resource.listed else ())]
    fields = [column for column in searched if isinstance(column.type, JSONB)]
    if not fields:
        return None
    texts: list[ColumnElement[Any]] = [
        column if isinstance(column.type, ARRAY) else array([column])
        for column in searched
        if not isinstance(column.type, JSONB)
    ]
    said = reduce(lambda left, right: left.op("||")(right), texts)
    return func.sync.numbers(said, fields[0], type_=TSVECTOR)


@cache
def stamps_table(resource: Resource) -> Table:
    """The narrow table: hash is null and gone true for a key that is known to be gone.

    misses: complete walks in a row that did not meet the key (lists without a way to ask by id);
    how: by what it was learnt that the key is gone.
    The fillfactor leaves room for a second version of every row: no index holds what a stamp changes, so a walk
    rewrites it in place.
    """
    return Table(
        f"{resource.source}_{resource.name}_stamps",
        metadata,
        Column("integration_id", Integer, primary_key=True, autoincrement=False),
        *(_key(name, resource) for name in resource.key),
        Column("hash", Uuid),
        moment("observed_at", nullable=False),
        Column("gone", Boolean, nullable=False, server_default=text("false")),
        Column("misses", SmallInteger, nullable=False, server_default=text("0")),
        Column("how", Text),
        schema="sync",
        postgresql_with={"fillfactor": "45"},
    )


def _key(name: str, resource: Resource) -> Column[Any]:
    declared = next(column for column in resource.columns if column.name == name)
    return Column(name, SQL_TYPES[declared.type], primary_key=True, autoincrement=False)


for _resource in resources.ALL:
    rows_table(_resource)
    for _child in _resource.children:
        child_table(_resource, _child)
    stamps_table(_resource)
