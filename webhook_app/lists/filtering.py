"""Which rows of a list are wanted, as SQL. Values travel as parameters, names come from declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from unicodedata import normalize

import orjson
import sqlalchemy as sql
from sqlalchemy import ColumnElement, Table, TableValuedAlias, and_, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, TSQUERY

from shared.db.mirror import linked_ids, numbers, rows_table
from shared.resources.columns import Type
from shared.resources.filters import Filter, HasValue, Linked, Tagged
from shared.resources.grammar import Resource
from webhook_app.lists import erp_filters

Condition = ColumnElement[bool]
FEWEST_DIGITS = 4
"""Numbers are found by their digits from this length; what is shorter is looked for as text."""
MOST_DIGITS = 48
"""As much of a number as `sync.numbers` keeps."""
LONGER_THAN_IDS = 11
"""Digits of a CPF; Kommo's ids have ten at most (kommo-api.md 5)."""
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
    def offset(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * self.limit

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
    declared = {each.name: each for each in resource.filters}
    for name, value in wanted.other.items():
        yield asked_for(resource, declared[name], value)
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


def asked_for(resource: Resource, asked: Filter, value: Any) -> Condition:
    """A declared filter (shared/resources/filters.py), with the value that it was given."""
    table = rows_table(resource)
    match asked:
        case Linked(embedded=embedded):
            return linked_ids(table, embedded).contains(
                sql.cast(sql.literal(str(int(value)), sql.Text), JSONB)
            )
        case Tagged():
            return _tagged(table, value)
        case HasValue():
            return and_(
                *(_has_value(resource, table, *one.split("=", maxsplit=1)) for one in value)
            )
        case _:
            return erp_filters.condition(resource, asked, value)


def _path(path: str) -> ColumnElement[Any]:
    return sql.cast(sql.literal(path, sql.Text), JSONPATH)


def _tagged(table: Table, value: str) -> Condition:
    """By name in the column, which lies nearer than the record; by id in the record."""
    in_record = func.reports.as_texts(table.c.raw["_embedded"]["tags"], "name")
    name = func.unnest(func.coalesce(table.c.tags, in_record)).column_valued("name")
    named = select(1).where(func.lower(name) == func.lower(value)).correlate(table).exists()
    if not re.fullmatch("[0-9]+", value):
        return named
    tags = _queried(table.c.raw, "$._embedded.tags.**{1}", "tag")
    return or_(named, select(1).where(tags.c.tag["id"].astext == value).correlate(table).exists())


def _has_value(resource: Resource, table: Table, field: str, value: str) -> Condition:
    """A field by id, name or code holds a value: as text in any case, an enum's id, or a number's digits."""
    values = _queried(table.c.custom_fields, f"{_fields(field)}.values[*]", "held")
    holds = select(1).where(_same(values.c.held, value)).correlate(table).exists()
    return and_(*_hint(resource, table, value), holds)


def _fields(field: str) -> str:
    """The path of the fields of an id, a name or a code."""
    if re.fullmatch("[0-9]+", field):
        return f'$."{field}"'
    same = f'like_regex {orjson.dumps(f"^{re.escape(field)}$").decode()} flag "i"'
    return f"$.* ? (@.name {same} || @.code {same})"


def _queried(of: ColumnElement[Any], path: str, name: str) -> TableValuedAlias:
    """What lies at a path, as a table whose one column is named as itself."""
    found = func.jsonb_path_query(of, _path(path))
    return found.table_valued(sql.column(name, JSONB), name=name).render_derived()


def _same(held: ColumnElement[Any], value: str) -> Condition:
    text = held["value"].astext
    ways = [func.lower(text) == func.lower(value), held["enum_id"].astext == value]
    if digits := _digits(value):
        ways.append(func.regexp_replace(text, "[^0-9]", "", "g") == digits)
    return or_(*ways)


def _hint(resource: Resource, table: Table, value: str) -> Iterator[Condition]:
    """What the index of numbers knows already; it knows no ids of enums, which are shorter than these."""
    digits, lexemes = _digits(value), numbers(resource, table)
    if digits and len(digits) >= LONGER_THAN_IDS and lexemes is not None:
        yield lexemes.op("@@", is_comparison=True)(_prefix(digits))


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
    return sql.cast(sql.literal(f"{kept[:MOST_DIGITS]}:*", sql.Text), TSQUERY)


def _searched(resource: Resource, table: Table) -> Iterator[ColumnElement[Any]]:
    types = {column.name: column.type for column in resource.columns}
    names = resource.listed.search if resource.listed else ()
    return (table.c[name] for name in names if types[name] is not Type.JSON)


def _as_text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    is_list = isinstance(column.type, sql.ARRAY)
    return cast("ColumnElement[Any]", func.array_to_string(column, ";")) if is_list else column
