"""The SQL of one list: rows of the mirror, filtered, searched, sorted and paged.

Nothing here knows a resource by name; columns, search and key come from its declaration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Text,
    and_,
    cast,
    func,
    or_,
    select,
    tuple_,
)

from shared.db.bookkeeping import checkpoints
from shared.db.mirror import rows_table
from shared.resources.columns import Column, Type
from shared.resources.grammar import Resource
from webhook_app.envelopes import moment

MARKS = ("changed_at", "deleted_at", "missing_since")
_NUMBER = re.compile(r"[\d\s()+./-]+")
FEWEST_DIGITS = 3


@dataclass(frozen=True)
class Wanted:
    """What a caller asks of a list. equal, since, until: column → value."""

    integration_id: int
    page: int = 1
    limit: int = 50
    query: str | None = None
    equal: Mapping[str, Any] = field(default_factory=dict)
    since: Mapping[str, Any] = field(default_factory=dict)
    until: Mapping[str, Any] = field(default_factory=dict)
    updated_since: datetime | None = None
    deleted: bool = False
    sort: str | None = None
    raw: bool = False


def rows(
    connection: Connection, resource: Resource, wanted: Wanted
) -> tuple[list[dict[str, Any]], int]:
    """One page of rows, and how many there are in all."""
    condition = _condition(resource, wanted)
    table = rows_table(resource)
    total = connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
    page = (
        select(*_shown(resource, wanted.raw))
        .where(condition)
        .order_by(*_order(resource, wanted.sort))
        .limit(wanted.limit)
        .offset((wanted.page - 1) * wanted.limit)
    )
    return [_readable(row) for row in connection.execute(page).mappings()], total


def by_keys(
    connection: Connection,
    resource: Resource,
    integration_id: int,
    keys: Sequence[Any],
    raw: bool = False,
) -> list[dict[str, Any]]:
    """Rows with the given keys, in the order of the keys; deleted ones too."""
    table = rows_table(resource)
    columns = [table.c[name] for name in resource.key]
    wanted = [_key(resource, key) for key in keys]
    found = connection.execute(
        select(*_shown(resource, raw)).where(
            table.c.integration_id == integration_id, tuple_(*columns).in_(wanted)
        )
    ).mappings()
    by_key = {tuple(row[name] for name in resource.key): _readable(row) for row in found}
    return [by_key[key] for key in wanted if key in by_key]


def _key(resource: Resource, key: Any) -> tuple[Any, ...]:
    parts = key if isinstance(key, list | tuple) else (key,)
    numeric = [column.type is Type.BIGINT for column in resource.key_columns]
    return tuple(int(p) if n else str(p) for p, n in zip(parts, numeric, strict=True))


def freshness(connection: Connection, resource: Resource, integration_id: int) -> dict[str, Any]:
    table = checkpoints.c
    row = connection.execute(
        select(
            table.updated_at,
            table.walked_at,
            func.extract("epoch", func.clock_timestamp() - table.updated_at).label("age"),
        ).where(table.integration_id == integration_id, table.resource == resource.full_name)
    ).first()
    if row is None:
        return {"synced_at": None, "full_walk_at": None, "age_seconds": None}
    return {
        "synced_at": moment(row.updated_at),
        "full_walk_at": moment(row.walked_at),
        "age_seconds": round(float(row.age), 1),
    }


def _shown(resource: Resource, raw: bool) -> list[ColumnElement[Any]]:
    """JSON is taken as text and handed on as it is: its numbers keep every digit."""
    table = rows_table(resource)
    shown: list[ColumnElement[Any]] = [
        cast(table.c[column.name], Text).label(column.name)
        if column.type is Type.JSON
        else table.c[column.name]
        for column in resource.columns
    ]
    shown += [table.c[name] for name in MARKS]
    if raw:
        shown.append(cast(table.c.raw, Text).label("raw"))
    json = {column.name for column in resource.columns if column.type is Type.JSON} | {"raw"}
    return [
        column.label(f"json:{column.name}") if column.name in json else column for column in shown
    ]


def _readable(row: RowMapping) -> dict[str, Any]:
    return {name.removeprefix("json:"): _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if name.startswith("json:") and value is not None:
        return orjson.Fragment(value)
    return value


def _condition(resource: Resource, wanted: Wanted) -> ColumnElement[bool]:
    table = rows_table(resource)
    types = {column.name: column.type for column in resource.columns}
    conditions = [table.c.integration_id == wanted.integration_id]
    conditions += [_equals(table.c[n], types[n], value) for n, value in wanted.equal.items()]
    conditions += [table.c[name] >= value for name, value in wanted.since.items()]
    conditions += [table.c[name] <= value for name, value in wanted.until.items()]
    if not wanted.deleted:
        conditions += [table.c.deleted_at.is_(None), table.c.missing_since.is_(None)]
    if wanted.updated_since:
        conditions.append(func.greatest(*(table.c[n] for n in MARKS)) >= wanted.updated_since)
    if wanted.query:
        conditions.append(_found(resource, wanted.query))
    return and_(*conditions)


def _equals(column: ColumnElement[Any], type_: Type, value: Any) -> ColumnElement[bool]:
    if type_ is Type.TEXTS:
        return column.contains([value])
    return column == (Decimal(value) if type_ is Type.NUMERIC else value)


def _found(resource: Resource, query: str) -> ColumnElement[bool]:
    """`query` somewhere in a searched column; a phone or document number by its digits."""
    texts = [_as_text(resource, name) for name in resource.listed.search] if resource.listed else []
    hits = [text.icontains(query, autoescape=True) for text in texts]
    digits = re.sub(r"\D", "", query)
    if _NUMBER.fullmatch(query) and len(digits) >= FEWEST_DIGITS:
        bare = [func.regexp_replace(text, "[^0-9;]", "", "g") for text in texts]
        hits += [text.contains(digits) for text in bare]
    return or_(*hits)


def _as_text(resource: Resource, name: str) -> ColumnElement[Any]:
    column = rows_table(resource).c[name]
    declared: Column = next(column for column in resource.columns if column.name == name)
    return func.array_to_string(column, ";") if declared.type is Type.TEXTS else column


def _order(resource: Resource, sort: str | None) -> list[ColumnElement[Any]]:
    """The sort asked for, else newest first; the key makes it the same on every page."""
    table = rows_table(resource)
    has_moment = any(column.name == "updated_at" for column in resource.columns)
    sort = sort or ("-updated_at" if has_moment else resource.key[0])
    column = table.c[sort.removeprefix("-")]
    first = column.desc().nulls_last() if sort.startswith("-") else column.asc().nulls_last()
    return [first, *(table.c[name] for name in resource.key)]
