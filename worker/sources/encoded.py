"""Records as they came: JSON that is decoded when somebody looks inside, which mostly nobody does.

Of a page on which nothing has changed only keys are wanted, and the text itself, to see that it is as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from worker.sources.bodies import NULL_CHARACTER, parse

_NAMES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LISTS = msgspec.json.Decoder(dict[str, list[msgspec.Raw]])


class Encoded(Mapping[str, Any]):
    """A record by its text. One value is decoded alone; all of them (`value`) anew each time, and not kept."""

    __slots__ = ("_names", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._names: dict[str, msgspec.Raw] | None = None

    @property
    def value(self) -> dict[str, Any]:
        """All of it, as `parse` reads it; raises ValueError when it is no JSON."""
        found: dict[str, Any] = parse(self.text)
        return found

    def __getitem__(self, name: str) -> Any:
        if NULL_CHARACTER in self.text:
            return self.value[name]
        if self._names is None:
            self._names = _NAMES.decode(self.text)
        return parse(bytes(self._names[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __str__(self) -> str:
        return self.text.decode(errors="replace")


def plain(record: Any) -> Any:
    """The record, decoded."""
    return record.value if isinstance(record, Encoded) else record


def parse_list(content: bytes) -> Any:
    """As `parse`, for an answer whose `_embedded` are lists of records: these stay encoded.

    An answer of another shape is parsed as any other.
    """
    try:
        names = _NAMES.decode(content)
        lists = _LISTS.decode(names.pop("_embedded"))
    except (msgspec.DecodeError, KeyError, RecursionError):
        return parse(content)
    around = {name: parse(bytes(raw)) for name, raw in names.items()}
    return {**around, "_embedded": {name: _records(raws) for name, raws in lists.items()}}


def parse_record(content: bytes) -> Any:
    """As `parse`; an object stays encoded, unless there is something in it that only `parse` takes."""
    found = content.strip()
    try:
        _NAMES.decode(found)
    except (msgspec.DecodeError, RecursionError):
        return parse(content)
    return Encoded(found)


def _records(raws: list[msgspec.Raw]) -> list[Any]:
    texts = map(bytes, raws)
    return [Encoded(text) if text.startswith(b"{") else parse(text) for text in texts]
