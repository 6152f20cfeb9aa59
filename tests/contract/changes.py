"""Changing the sandbox's world record by record, whatever list it is and without telling anybody."""

import time
from typing import Any

from sandbox import Sandbox
from shared.resources.columns import Type
from shared.resources.grammar import Resource
from tests.contract.worlds import Expected, Json, converted

PREFERRED = ("name", "nome", "text", "descricao")


def text_column(resource: Resource, record: Json) -> str:
    """A text that can be changed without becoming nonsense."""
    texts = [
        column.name
        for column in resource.columns
        if column.type == Type.TEXT
        and column.name not in resource.key
        and isinstance(record.get(column.name), str)
    ]
    assert texts, f"{resource.full_name} has no text to change"
    return next((name for name in PREFERRED if name in texts), texts[-1])


def rewrite(box: Sandbox, resource: Resource, expected: Expected, **fields: Any) -> None:
    """Sets fields of one record, and moves its moment of change where it has one."""

    def patch(record: Json) -> Json | None:
        stamped = {"updated_at": int(time.time())} if "updated_at" in record else {}
        return {**record, **stamped, **fields}

    _edit(box, resource, expected, patch)


def remove(box: Sandbox, resource: Resource, expected: Expected) -> None:
    """Takes one record away without a trace: no trash, no event."""
    _edit(box, resource, expected, lambda _: None)


def bring_back(box: Sandbox, resource: Resource, expected: Expected) -> None:
    with box.world.lock:
        table = expected.table
        if len(resource.records) < 2:
            table.put(table.make(expected.record, expected.hidden or None))
            return
        parent = table.live[expected.parent].open()
        _inner(parent, resource).append(expected.record)
        table.put(table.make(parent))


def _edit(box: Sandbox, resource: Resource, expected: Expected, patch: Any) -> None:
    with box.world.lock:
        table, held = expected.table, expected.table.live[expected.parent]
        record = held.open()
        if len(resource.records) > 1:
            inner = _inner(record, resource)
            at = next(n for n, one in enumerate(inner) if one["id"] == expected.record["id"])
            patched = patch(inner[at])
            inner[at : at + 1] = [patched] if patched else []
        else:
            record = patch(record)
        if record is None:
            table.drop(expected.parent)
        else:
            table.put(table.make(record, held.hidden))


def _inner(record: Json, resource: Resource) -> list[Json]:
    for name in resource.records[1:]:
        record = record["_embedded"][name]
    assert isinstance(record, list)
    return record


def spoilt(resource: Resource, expected: Expected) -> Json:
    """A copy whose key cannot be understood."""
    own = next(name for name in reversed(resource.key) if name in expected.record)
    column = next(column for column in resource.key_columns if column.name == own)
    nonsense = "" if column.type == Type.TEXT else "no number"
    if resource.source == "kommo" and column.type == Type.TEXT:
        nonsense = None  # type: ignore[assignment]
    return {**expected.record, own: nonsense}


__all__ = ["bring_back", "converted", "remove", "rewrite", "spoilt", "text_column"]
