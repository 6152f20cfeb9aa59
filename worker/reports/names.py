"""Names of columns: a custom field's own words, as an identifier that needs no quotes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, count

LONGEST = 63
"""Bytes that PostgreSQL keeps of a name."""


def slug(words: str | None) -> str:
    """'Data da próxima visita (2ª)' → data_da_proxima_visita_2a; '' when nothing of it is ASCII."""
    plain = unicodedata.normalize("NFKD", words or "").encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return f"field_{name}" if name[:1].isdigit() else name


def assign(
    fields: Iterable[tuple[int, str | None]], given: Mapping[int, str], reserved: Collection[str]
) -> dict[int, str]:
    """A column's name for each (field id, name), in this order; names once given stay.

    reserved: what no field may be called (base columns, words that SQL keeps for itself). The first
    field of a name gets it plain, every other one with its id behind.
    """
    taken = {*reserved, *given.values()}
    names: dict[int, str] = {}
    for field_id, words in fields:
        if field_id in given:
            names[field_id] = given[field_id]
            continue
        candidates = _candidates(slug(words), field_id)
        names[field_id] = next(name for name in candidates if name not in taken)
        taken.add(names[field_id])
    return names


def _candidates(name: str, field_id: int) -> Iterator[str]:
    """origem, origem_1400002, origem_1400002_2, …; field_1400002, … where there is no name."""
    if name:
        yield _short(name, "")
    for tail in chain([f"_{field_id}"], (f"_{field_id}_{n}" for n in count(2))):
        yield _short(name or "field", tail)


def _short(name: str, tail: str) -> str:
    return name[: LONGEST - len(tail)].rstrip("_") + tail
