"""The parameters of declared filters, as fields of a query's model (shared/resources/filters.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from shared.resources.columns import Type
from shared.resources.filters import (
    AtLeast,
    AtMost,
    BeginsAs,
    Digits,
    Filter,
    Flagged,
    HasValue,
    Holds,
    InChild,
    Is,
    Linked,
    Settled,
    Tagged,
)
from shared.resources.grammar import Resource
from webhook_app.parsing import Day, FieldValue, Flag, Number, SomeDigits, Whole, Words, chosen

TYPES: dict[Type, Any] = {
    Type.BIGINT: Whole,
    Type.TEXT: Words,
    Type.NUMERIC: Number,
    Type.BOOLEAN: Flag,
    Type.DATE: Day,
    Type.TEXTS: Words,
}
"""How the value of a column is asked for; what is not here is not."""


def of(resource: Resource, declared: Filter) -> tuple[Any, Any]:
    """The field of a query's model."""
    type_, told = _asked(resource, declared)
    if isinstance(declared, HasValue):
        return (list[FieldValue], Field([], max_length=10, description=told))
    return (type_ | None, Field(None, description=told))


def _asked(resource: Resource, declared: Filter) -> tuple[Any, str]:
    """The type of a filter's value, and what is told of it."""
    asked: tuple[Any, str]
    match declared:
        case Linked(embedded=embedded):
            asked = Whole, f"one of its {embedded}"
        case Tagged():
            asked = Words, "a tag's name, in any case, or its id"
        case HasValue():
            told = "FIELD=VALUE: the field's id, name or code, and what it holds; may be repeated"
            asked = FieldValue, told
        case Holds(columns=columns):
            asked = Words, f"text in {_or(columns)}, in any case"
        case Digits(columns=columns):
            asked = SomeDigits, f"its digits in {_or(columns)}, however written"
        case AtLeast(columns=columns):
            asked = TYPES[_type(resource, columns[0])], f"{_or(columns)}: this or more"
        case AtMost(columns=columns):
            asked = TYPES[_type(resource, columns[0])], f"{_or(columns)}: this or less"
        case Is(column=column):
            asked = TYPES[_type(resource, column)], f"the same as {column}"
        case Flagged(column=column):
            asked = chosen(("1", "0", "true", "false")), f"{column}: 1 or true, 0 or false"
        case InChild(child=child, column=column):
            asked = Words, f"{column} of one of its {child}"
        case BeginsAs(column=column, to=to):
            asked = Words, f"its {column} begins as that of the row of {to} with this id"
        case Settled():
            told = "pg or true: paid; ab or false: open; at: open, due before today"
            asked = chosen(("ab", "at", "pg", "true", "false")), told
    return asked


def _or(columns: Sequence[str]) -> str:
    return " or ".join(columns)


def _type(resource: Resource, name: str) -> Type:
    return next(column.type for column in resource.columns if column.name == name)
