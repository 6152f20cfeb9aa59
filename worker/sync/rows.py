"""Records become rows: typed values, the record itself, and the hash that tells whether it changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shared.errors import Reject
from shared.resources.columns import Context, Record, Value, unwrapped
from shared.resources.grammar import OUTER, Child, Resource

Key = tuple[Value, ...]


@dataclass(frozen=True)
class Row:
    """values: one per declared column, in their order; raw: the record as JSON text.

    children: for each declared child the values of its rows, in the order sent.
    """

    key: Key
    values: tuple[Value, ...]
    raw: str
    hash: UUID
    children: tuple[tuple[tuple[Value, ...], ...], ...] = ()


@dataclass(frozen=True)
class Rejected:
    """A record that cannot become a row. key: its id as far as it can be told; asked: the parameters with
    which it was asked for, as far as they make it what it is."""

    key: str | None
    record: str
    digest: UUID
    reason: str
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """What a page became: rows sorted by key, each key once (the last changed wins, else the last sent).

    deleted: keys of records that say themselves that they were; nothing else of them is believed.
    """

    rows: tuple[Row, ...]
    rejects: tuple[Rejected, ...]
    deleted: tuple[Key, ...] = ()


def batch(resource: Resource, records: Iterable[Record], context: Context) -> Batch:
    """Rows of all records that can become one; the others with their reasons."""
    rows: dict[Key, Row] = {}
    rejects: list[Rejected] = []
    deleted: list[Key] = []
    for sent in records:
        record = _masked(resource, sent)
        try:
            if _is_tombstone(resource, record):
                deleted.append(_key(resource, record, context))
            else:
                row = to_row(resource, record, context)
                if not _is_older(resource, row, rows.get(row.key)):
                    rows[row.key] = row
        except Reject as error:
            rejects.append(_rejected(resource, record, str(error), context))
    return Batch(tuple(sorted(rows.values(), key=_sort_key)), tuple(rejects), tuple(deleted))


def _is_older(resource: Resource, row: Row, other: Row | None) -> bool:
    """One page may hold two states of a record, the newer one first (kommo-api.md 9, 18)."""
    if other is None or resource.since is None:
        return False
    at = [column.name for column in resource.columns].index(resource.since.column)
    mine, known = row.values[at], other.values[at]
    return isinstance(mine, datetime) and isinstance(known, datetime) and mine < known


def _is_tombstone(resource: Resource, record: Record) -> bool:
    """Skeletons of deleted records must not overwrite what is known (kommo-api.md 4.4; 9, 8)."""
    named = resource.tombstone
    return named is not None and isinstance(record, Mapping) and record.get(named) is True


def _masked(resource: Resource, record: Record) -> Record:
    """The record without the secrets of others: of an address only its host is kept."""
    if not (resource.masked or resource.dropped) or not isinstance(record, Mapping):
        return record
    hosts = {name: _host(str(record[name])) for name in resource.masked if record.get(name)}
    kept = {name: value for name, value in record.items() if name not in resource.dropped}
    return {**kept, **hosts}


def _host(address: str) -> str:
    found = re.match(r"https?://[^/?#@]+(?=[/?#]|$)", address)
    return f"{found[0]}/…" if found else "…"


def _sort_key(row: Row) -> Key:
    return row.key


def _key(resource: Resource, record: Record, context: Context) -> Key:
    try:
        values = tuple(column.read(record, context) for column in resource.key_columns)
        return _filled(values, resource)
    except (ValueError, TypeError) as error:
        raise Reject(f"{type(error).__name__}: {error}") from None


def to_row(resource: Resource, record: Record, context: Context) -> Row:
    """One row; raises Reject with what cannot be understood."""
    try:
        values = tuple(column.read(record, context) for column in resource.columns)
        named = dict(zip((column.name for column in resource.columns), values, strict=True))
        key = _filled(tuple(named[name] for name in resource.key), resource)
        asked = [named[column.name] for column in resource.columns if column.asked]
        hash_ = hash_of(resource, [without_links(record), asked, context.country])
        children = tuple(_child_rows(child, record, context) for child in resource.children)
        return Row(key, values, orjson.dumps(record).decode(), hash_, children)
    except (ValueError, TypeError, KeyError, AttributeError, LookupError) as error:
        # AttributeError and TypeError: a list where a map was expected, or the other way round
        raise Reject(f"{type(error).__name__}: {error}") from None


def _child_rows(child: Child, record: Record, context: Context) -> tuple[tuple[Value, ...], ...]:
    """Raises ValueError with the place in the record: `produtos[2].valor_total: …`, counted as JSON does."""
    rows = []
    for place, element in _elements(record, child.path):
        try:
            rows.append(tuple(column.read(element, context) for column in child.columns))
        except ValueError as error:
            raise ValueError(f"{place}.{error}") from error
    return tuple(rows)


def _elements(
    record: Record, path: tuple[str, ...], place: str = ""
) -> Iterator[tuple[str, Record]]:
    """The objects at the end of a path of arrays, each with its place. No array, null and "" are empty."""
    name, *inner = path
    array = record.get(name) or ()
    if not isinstance(array, list | tuple):
        raise ValueError(f"{place}{name}: {array!r} is no array")
    for number, sent in enumerate(array):
        here = f"{place}{name}[{number}]"
        element = unwrapped(sent)
        if not isinstance(element, Mapping):
            raise ValueError(f"{here}: {sent!r} is no object")
        if inner:
            yield from _elements(element, tuple(inner), f"{here}.")
        else:
            yield here, {**element, OUTER: record}


def _filled(key: Key, resource: Resource) -> Key:
    if None in key:
        raise ValueError(f"{' and '.join(resource.key)} must be filled")
    return key


def hash_of(resource: Resource, content: object) -> UUID:
    """Over the declaration and everything that the values of a row come from."""
    text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return UUID(bytes=hashlib.blake2b(resource.fingerprint + text, digest_size=16).digest())


def without_links(value: Any) -> Any:
    """`_links` name the host that answered, not the record (kommo-api.md 1.2)."""
    if isinstance(value, dict):
        return {name: without_links(part) for name, part in value.items() if name != "_links"}
    if isinstance(value, list):
        return [without_links(part) for part in value]
    return value


def refused(resource: Resource, id_: str, context: Context) -> Rejected:
    """An id that the vendor would not look at."""
    why = "the vendor refuses to look at this id (HTTP 400)"
    return _rejected(resource, {"id": id_}, why, context)


def withheld(reject: Rejected) -> Rejected:
    """A record of somebody who was erased: only by what it could be asked for again is kept."""
    why = "it can be no row; the person was erased, so nothing of it is kept"
    text = orjson.dumps({"id": reject.key}).decode()
    return Rejected(reject.key, text, _digest(text), why, reject.asked)


def _asked(resource: Resource, context: Context) -> dict[str, str]:
    """Without these the record cannot be asked for again; dates only cut its list."""
    names = [column.name for column in resource.columns if column.asked]
    return {name: context.asked[name] for name in names if name in context.asked}


def _rejected(resource: Resource, record: Any, reason: str, context: Context) -> Rejected:
    text = orjson.dumps(record, default=str).decode()
    return Rejected(
        _id_of(resource, record, context), text, _digest(text), reason, _asked(resource, context)
    )


def _digest(record: str) -> UUID:
    return UUID(bytes=hashlib.blake2b(record.encode(), digest_size=16).digest())


def _id_of(resource: Resource, record: Any, context: Context) -> str | None:
    """The last part of its key, which may have another name there; else what stands as `id`."""
    if not isinstance(record, Mapping):
        return None
    with suppress(ValueError, TypeError):
        id_ = resource.key_columns[-1].read(record, context)
        if id_ is not None:
            return str(id_)
    return None if record.get("id") is None else str(record["id"])
