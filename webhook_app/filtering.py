"""Which rows of a list are wanted, as SQL. Values travel as parameters, names come from declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from unicodedata import normalize

import sqlalchemy as sql
from sqlalchemy import ColumnElement, Table, and_, exists, func, or_
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, TSQUERY

from shared.db.mirror import numbers, rows_table
from shared.resources.columns import Type
from shared.resources.grammar import Filter, HasValue, Linked, Resource, Tagged

Condition = ColumnElement[bool]
FEWEST_DIGITS = 4
"""Numbers are found by their digits from this length; what is shorter is looked for as text."""
MOST_DIGITS = 48
"""As much of a number as `sync.numbers` keeps."""
_NUMBER = re.compile(r"[0-9\s()+./-]+")


@dataclass(frozen=True)
class Wanted:
    """What a caller asks of a list.

    equal, since, until: column → value; other: the name of a declared filter → value; expand: names
    that `with` gave.
    """

    integration_id: int
    page: int = 1
    limit: int = 50
    query: str | None = None
    equal: Mapping[str, Any] = field(default_factory=dict)
    since: Mapping[str, Any] = field(default_factory=dict)
    until: Mapping[str, Any] = field(default_factory=dict)
    other: Mapping[str, Any] = field(default_factory=dict)
    updated_since: datetime | None = None
    include_deleted: bool = False
    sort: str | None = None
    expand: Sequence[str] = ()

    @property
    def narrowed(self) -> bool:
        """Something is asked for besides the live rows."""
        asked = (self.query, self.equal, self.since, self.until, self.other, self.updated_since)
        return any(asked) or self.include_deleted


def condition(resource: Resource, wanted: Wanted) -> Condition:
    return and_(*_conditions(resource, wanted))


def _conditions(resource: Resource, wanted: Wanted) -> Iterator[Condition]:
    table = rows_table(resource)
    yield table.c.integration_id == wanted.integration_id
    if not wanted.include_deleted:
        yield table.c.deleted_at.is_(None)
        yield table.c.missing_since.is_(None)
    yield from (_equals(resource, name, value) for name, value in wanted.equal.items())
    yield from (table.c[name] >= value for name, value in wanted.since.items())
    yield from (table.c[name] <= value for name, value in wanted.until.items())
    declared = {each.name: each for each in (resource.listed.filters if resource.listed else ())}
    for name, value in wanted.other.items():
        yield _declared(declared[name], table, value)
    if wanted.updated_since:
        yield table.c.changed_at >= wanted.updated_since
    if wanted.query:
        yield _found(resource, table, normalize("NFC", wanted.query))


def _equals(resource: Resource, name: str, value: Any) -> Condition:
    column = rows_table(resource).c[name]
    type_ = next(declared.type for declared in resource.columns if declared.name == name)
    if type_ is Type.TEXTS:
        return column.contains([value])
    return column == (Decimal(value) if type_ is Type.NUMERIC else value)


def _declared(asked: Filter, table: Table, value: Any) -> Condition:
    match asked:
        case Linked(embedded=embedded):
            return _embedded(table, embedded, f"? (@.id == {int(value)})").is_not(None)
        case Tagged():
            return _tagged(table, value)
        case HasValue():
            return and_(*(_has_value(table, *one.split("=", maxsplit=1)) for one in value))


def _embedded(table: Table, name: str, test: str = "") -> ColumnElement[Any]:
    """The first of the embedded that pass a test, in a list or in a map of them (kommo-api.md 5)."""
    return func.jsonb_path_query_first(table.c.raw, _path(f"$._embedded.{name}.**{{1}} {test}"))


def _path(path: str) -> ColumnElement[Any]:
    return sql.cast(path, JSONPATH)


def _tagged(table: Table, value: str) -> Condition:
    path = _path("$._embedded.tags.**{1}")
    tag = func.jsonb_path_query(table.c.raw, path, type_=JSONB).column_valued("tag")
    named = func.lower(tag["name"].astext) == func.lower(value)
    return exists().where(or_(named, tag["id"].astext == value)).correlate(table)


def _has_value(table: Table, field: str, value: str) -> Condition:
    """A field by id, name or code holds a value: as text in any case, an enum's id, or a number's digits."""
    fields = func.jsonb_each(table.c.custom_fields).table_valued("key", sql.column("value", JSONB))
    sent = fields.c.value
    values = func.jsonb_path_query(sent, _path("$.values[*]"), type_=JSONB).column_valued("held")
    names = (func.lower(sent["name"].astext), func.lower(sent["code"].astext))
    of_field = or_(fields.c.key == field, *(name == func.lower(field) for name in names))
    held = values["value"].astext
    same = [func.lower(held) == func.lower(value), values["enum_id"].astext == value]
    if digits := _digits(value):
        same.append(func.regexp_replace(held, "[^0-9]", "", "g") == digits)
    return exists().where(of_field, or_(*same)).correlate(table)


def _digits(typed: str) -> str | None:
    """The digits of what looks like a phone or a document's number; None: it is looked for as text."""
    digits = re.sub("[^0-9]", "", typed)
    return digits if _NUMBER.fullmatch(typed) and len(digits) >= FEWEST_DIGITS else None


def _found(resource: Resource, table: Table, query: str) -> Condition:
    """`query` somewhere in a searched column; a number by its digits, however it is typed."""
    texts = [_as_text(column) for column in _searched(resource, table)]
    hits: list[Condition] = [text.icontains(query, autoescape=True) for text in texts]
    digits = _digits(query)
    if digits is None:
        return or_(*hits)
    lexemes = numbers(resource, table)
    if lexemes is not None:
        return lexemes.op("@@", is_comparison=True)(_prefix(digits))
    bare = [func.regexp_replace(text, "[^0-9;]", "", "g") for text in texts]
    return or_(*hits, *(text.contains(digits) for text in bare))


def _prefix(digits: str) -> ColumnElement[Any]:
    """The trunk 0 (or 00) before a phone number is dropped: no number is kept with it."""
    kept = re.sub("^0+(?=[0-9]{9})", "", digits)
    return sql.cast(f"{kept[:MOST_DIGITS]}:*", TSQUERY)


def _searched(resource: Resource, table: Table) -> Iterator[ColumnElement[Any]]:
    types = {column.name: column.type for column in resource.columns}
    names = resource.listed.search if resource.listed else ()
    return (table.c[name] for name in names if types[name] is not Type.JSON)


def _as_text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    is_list = isinstance(column.type, sql.ARRAY)
    return cast("ColumnElement[Any]", func.array_to_string(column, ";")) if is_list else column
