"""Arrays as PostgreSQL writes them. psycopg makes them element by element in Python, which for the keys of a page
and for a list in each row costs more than all else that it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from shared.resources.columns import Type, Value

Values = Sequence[Value]


def of(type_: Type, values: Sequence[Any]) -> Any:
    """A parameter that is cast to an array of a key's type."""
    return plain(values) if type_ == Type.BIGINT else values


def plain(values: Iterable[object]) -> str:
    """Of numbers and UUIDs, which need no quotes."""
    return f"{{{','.join(map(str, values))}}}"


def texts(values: Iterable[str]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def written(types: Sequence[Type]) -> Callable[[Values], Values]:
    """How the values of a row are given to COPY."""
    lists = [place for place, type_ in enumerate(types) if type_ == Type.TEXTS]
    if not lists:
        return lambda values: values

    def write(values: Values) -> Values:
        changed = list(values)
        for place in lists:
            value = changed[place]
            changed[place] = texts(value) if isinstance(value, list) else value
        return changed

    return write
