"""What differs between two records, as people read it: field by field, items of lists by their names.

Records are nested: `custom_fields_values` is a list of fields with values, `_embedded` a map of lists. An
item that carries a name is compared with the item of that name, wherever it stands; what stands on one
side only is told whole; links do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from worker.sync.hashing import without_links

NAMES = ("field_name", "name", "descricao", "nome", "nome_produto", "id")
"""What names an item, the best first."""


@dataclass(frozen=True)
class Difference:
    """field: `price`, `custom_fields_values CPF`, `_embedded tags VIP`; before, after: None for absent."""

    field: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Every field that is not the same, in the order of the newer record."""
    return list(_between(without_links(before), without_links(after), ()))


def _between(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[Difference]:
    if before == after:
        return
    parts = _parts(before, after)
    if parts is None:
        yield Difference(" ".join(path), _plain(before), _plain(after))
        return
    old, new = parts
    for name in [*new, *(name for name in old if name not in new)]:
        yield from _between(old.get(name), new.get(name), (*path, name))


def _parts(before: Any, after: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Both sides by the names of their parts; None when they have to be told whole."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        # a field whose values are the same differs in its name or type
        whole = _is_field(after) and _plain(before) != _plain(after)
        return None if whole else (dict(before), dict(after))
    if _is_list_of_items(before or []) and _is_list_of_items(after or []) and (before or after):
        return _by_name(before or []), _by_name(after or [])
    return None


def _is_list_of_items(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


def _is_field(value: Mapping[str, Any]) -> bool:
    """A custom field: what it is called, and its `values`."""
    return isinstance(value.get("values"), list)


def _by_name(items: list[Mapping[str, Any]]) -> dict[str, Any]:
    inner = [_unwrapped(item) for item in items]
    names = [
        next((str(item[name]) for name in NAMES if item.get(name)), str(number))
        for number, item in enumerate(inner, 1)
    ]
    return {
        name if names.count(name) == 1 else f"{name} ({number})": item
        for number, (name, item) in enumerate(zip(names, inner, strict=True), 1)
    }


def _unwrapped(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """{"produto": {…}} is the product."""
    only = next(iter(item.values())) if len(item) == 1 else None
    return only if isinstance(only, Mapping) else item


def _plain(value: Any) -> Any:
    """A custom field is its values; a single value stands alone."""
    if isinstance(value, Mapping) and _is_field(value):
        return _plain([_value(item) for item in value["values"]])
    if isinstance(value, list) and len(value) <= 1:
        return value[0] if value else None
    return value


def _value(item: Any) -> Any:
    return item["value"] if isinstance(item, Mapping) and "value" in item else item
