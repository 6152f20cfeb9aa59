"""What of a record stays when a person is erased: money, days, ids, what nobody is known by. Pure.

A record that is wholly one's is made anew from what its columns say is nobody's: what no column declares
goes too. Of one in which somebody is only named, the name alone goes.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from shared.resources.columns import Column, Context, Path, Record, dig, unwrapped
from shared.resources.grammar import About, Carries, Child, Embeds, Resource
from worker.sync.hashing import hash_of, without_links
from worker.sync.rows import Row


@dataclass(frozen=True)
class Scope:
    """Which columns are the person's. whole: the record is about that one, children and all."""

    columns: frozenset[str] = frozenset()
    whole: bool = False

    def __or__(self, other: Scope) -> Scope:
        return Scope(self.columns | other.columns, self.whole or other.whole)


def whole(resource: Resource) -> Scope:
    """Everything personal but what a column says is another's."""
    own = (c.name for c in resource.columns if c.is_personal and c.whose is None)
    return Scope(frozenset(own), whole=True)


def scope_of(resource: Resource, about: About) -> Scope:
    """What of a record is the person's to whom `about` leads."""
    if about.whole:
        return whole(resource)
    return Scope(frozenset(c.name for c in resource.columns if c.whose == about.by))


def scrub(resource: Resource, record: Record, scope: Scope) -> dict[str, Any]:
    """The record as the vendor sent it, without what is the person's; scrubbed twice it is the same."""
    if not scope.whole:
        return _without(record, [path for column in _mine(resource, scope) for path in column.at])
    kept: dict[str, Any] = {}
    for path, value in _staying(resource, record, scope):
        if value is not None:
            _put(kept, path, value)
    for child in resource.children:
        if any(not column.is_personal for column in child.columns):
            _put_child(kept, record, child.path, child)
    return kept


def _mine(resource: Resource, scope: Scope) -> Iterator[Column]:
    return (column for column in resource.columns if column.name in scope.columns)


def _staying(resource: Resource, record: Record, scope: Scope) -> Iterator[tuple[Path, Any]]:
    for column in resource.columns:
        for path in column.at:
            value = dig(record, path)
            if column.name not in scope.columns:
                yield path, value
            elif column.keeps and value is not None:
                yield path, column.keeps(value)
    for each in resource.listed.expands if resource.listed else ():
        if isinstance(each, Embeds | Carries):
            path = ("_embedded", each.name)
            yield path, dig(record, path)


def _without(record: Record, paths: Sequence[Path]) -> dict[str, Any]:
    kept = copy.deepcopy(dict(record))
    for *outer, last in paths:
        inside = dig(kept, outer)
        if isinstance(inside, dict):
            inside.pop(last, None)
    return kept


def _put(kept: dict[str, Any], path: Path, value: Any) -> None:
    *outer, last = path
    for name in outer:
        kept = kept.setdefault(name, {})
    kept[last] = value


def _put_child(kept: dict[str, Any], record: Record, path: Path, child: Child) -> None:
    """The elements of an array with what is nobody's of them; two children may share an outer array."""
    name, *inner = path
    sent = record.get(name)
    if not isinstance(sent, list):
        return
    elements = kept.setdefault(name, [{} for _ in sent])
    for element, into in zip(map(unwrapped, sent), elements, strict=True):
        if not isinstance(element, Mapping):
            continue
        if inner:
            _put_child(into, element, tuple(inner), child)
            continue
        for column in child.columns:
            for place in () if column.is_personal else column.at:
                if (value := dig(element, place)) is not None:
                    _put(into, place, value)


def scrubbed(resource: Resource, row: Row, scope: Scope) -> Row:
    """The row as it is stored for as long as the vendor sends it."""
    record = scrub(resource, orjson.loads(row.raw), scope)
    values = tuple(
        value_of(column, record) if column.name in scope.columns else value
        for column, value in zip(resource.columns, row.values, strict=True)
    )
    pairs = zip(resource.children, row.children, strict=True)
    children = tuple(_children(child, rows) for child, rows in pairs)
    asked = [v for column, v in zip(resource.columns, row.values, strict=True) if column.asked]
    return replace(
        row,
        values=values,
        raw=orjson.dumps(record).decode(),
        hash=erased_hash(resource, record, asked, scope),
        children=children if scope.whole else row.children,
    )


def value_of(column: Column, scrubbed_record: Record) -> Any:
    """What stays in a column of the person's: null, but where the declaration keeps some."""
    return column.read(scrubbed_record, Context()) if column.keeps else None


def _children(child: Child, rows: Sequence[tuple[Any, ...]]) -> tuple[tuple[Any, ...], ...]:
    if all(column.is_personal for column in child.columns):
        return ()
    return tuple(
        tuple(
            None if column.is_personal else value
            for column, value in zip(child.columns, row, strict=True)
        )
        for row in rows
    )


def erased_hash(resource: Resource, record: Record, asked: Sequence[Any], scope: Scope) -> Any:
    """Of what stays alone: nothing that was erased can be guessed from it, and its changes change nothing."""
    said = ["erased", sorted(scope.columns), without_links(record), list(asked)]
    return hash_of(resource, said)
