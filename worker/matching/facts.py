"""By what a row is known: identities, as people's data are found by, and plain names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.identities import said_by
from shared.plain_names import plain
from shared.resources.columns import Column, Personal
from worker.matching.judging import NAME

TAX_ID = f"{Personal.TAX_ID}:"


def names_of(row: Mapping[str, Any], columns: Iterable[str]) -> list[str]:
    """Plain, each once, in order."""
    said = (plain(row[name]) for name in columns if row[name])
    return [name for name in dict.fromkeys(said) if name]


def facts_of(telling: Sequence[Column], values: Iterable[Any], names: Iterable[str]) -> set[str]:
    """Facts of a row. A name of one word is nobody's in particular."""
    known = {str(identity) for identity in said_by(telling, values)}
    return known | {f"{NAME}:{name}" for name in names if " " in name}


def city_of(fields: Mapping[str, Any] | None) -> str | None:
    """Of Kommo's custom fields, as the mirror has them: the city of an address."""
    for field in (fields or {}).values():
        for value in field["values"]:
            if (
                isinstance(value, Mapping)
                and value.get("enum_code") == "city"
                and value.get("value")
            ):
                return plain(str(value["value"])) or None
    return None
