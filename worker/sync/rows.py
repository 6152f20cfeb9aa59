"""Records become rows: typed values, the record itself, and the hash that tells whether it changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson

from shared.errors import Reject
from shared.resources.columns import Context, Record, Value, unwrapped
from shared.resources.grammar import OUTER, Child, Resource
from worker.sources.encoded import plain
from worker.sync.hashing import Hashing

Key = tuple[Value, ...]
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, LookupError)
"""What reading raises: AttributeError and TypeError where a list is and a map was expected, or the other way round."""


@dataclass(frozen=True)
class Sighting:
    """A record before it is read: its key, and the hash that tells whether it has to be read."""

    key: Key
    hash: UUID
    record: Record


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

    deleted: keys of records that say themselves that they were; nothing else of them is believed. same: keys of
    records that were not read, because they are known to be as they were.
    """

    rows: tuple[Row, ...]
    rejects: tuple[Rejected, ...]
    deleted: tuple[Key, ...] = ()
    same: tuple[Key, ...] = ()

    @property
    def keys(self) -> list[Key]:
        """Of every record that is, or was already, a row."""
        return [*self.same, *(row.key for row in self.rows)]


class Sighted:
    """The records of a page, known by key and hash, and read when more of them has to be known.

    Reading is most of the work that a page makes, and of most pages nothing has changed.
    """

    def __init__(self, resource: Resource, records: Iterable[Record], context: Context) -> None:
        self._resource, self._context = resource, context
        self._found: dict[Key, Sighting] = {}
        self._ahead: dict[Key, Row | Rejected] = {}
        self._rejects: list[Rejected] = []
        self._deleted: list[Key] = []
        asked = [column.read({}, context) for column in resource.columns if column.asked]
        hashed = Hashing(resource, asked, context.country)
        for sent in records:
            self._sight(_masked(resource, sent), hashed)

    def _sight(self, record: Record, hashed: Hashing) -> None:
        try:
            key = _key(self._resource, record, self._context)
            if _is_tombstone(self._resource, record):
                self._deleted.append(key)
            elif not self._is_older(record, self._found.get(key)):
                self._found[key] = Sighting(key, hashed(record), record)
        except (Reject, TypeError) as error:  # TypeError: it is no JSON
            self._rejects.append(_rejected(self._resource, record, str(error), self._context))

    def _is_older(self, record: Record, other: Sighting | None) -> bool:
        """One page may hold two states of a record, the newer one first (kommo-api.md 9, 18)."""
        if other is None or self._resource.since is None:
            return False
        named = self._resource.since.column
        (column,) = (each for each in self._resource.columns if each.name == named)
        with suppress(*UNREADABLE):
            mine, known = (column.read(each, self._context) for each in (record, other.record))
            return isinstance(mine, datetime) and isinstance(known, datetime) and mine < known
        return False

    @property
    def hashes(self) -> dict[Key, UUID]:
        return {key: sighting.hash for key, sighting in self._found.items()}

    def read_ahead(self) -> None:
        """Reads all records, before anybody knows whether they will be wanted."""
        self._ahead = {key: self._read(sighting) for key, sighting in self._found.items()}

    def _read(self, sighting: Sighting) -> Row | Rejected:
        try:
            return to_row(self._resource, sighting, self._context)
        except Reject as error:
            return _rejected(self._resource, sighting.record, str(error), self._context)

    def read(self, same: Set[Key] = frozenset()) -> Batch:
        """Rows of all records that can become one, the others with their reasons; those in `same` are not read."""
        read = [
            self._ahead.get(key) or self._read(sighting)
            for key, sighting in sorted(self._found.items(), key=itemgetter(0))
            if key not in same
        ]
        rows = tuple(each for each in read if isinstance(each, Row))
        rejects = (*self._rejects, *(each for each in read if isinstance(each, Rejected)))
        unread = tuple(sorted(same & self._found.keys()))
        return Batch(rows, rejects, tuple(self._deleted), unread)


def batch(resource: Resource, records: Iterable[Record], context: Context) -> Batch:
    """Rows of all records that can become one; the others with their reasons."""
    return Sighted(resource, records, context).read()


def _is_tombstone(resource: Resource, record: Record) -> bool:
    """Skeletons of deleted records must not overwrite what is known (kommo-api.md 4.4; 9, 8)."""
    named = resource.tombstone
    return named is not None and isinstance(record, Mapping) and record.get(named) is True


def _masked(resource: Resource, record: Record) -> Record:
    """The record without the secrets of others: of an address only its host is kept."""
    if not (resource.masked or resource.dropped) or not isinstance(record, Mapping):
        return record
    record = plain(record)
    hosts = {name: _host(str(record[name])) for name in resource.masked if record.get(name)}
    kept = {name: value for name, value in record.items() if name not in resource.dropped}
    return {**kept, **hosts}


def _host(address: str) -> str:
    found = re.match(r"https?://[^/?#@]+(?=[/?#]|$)", address)
    return f"{found[0]}/…" if found else "…"


def _key(resource: Resource, record: Record, context: Context) -> Key:
    try:
        values = tuple(column.read(record, context) for column in resource.key_columns)
        return _filled(values, resource)
    except UNREADABLE as error:
        raise Reject(f"{type(error).__name__}: {error}") from None


def to_row(resource: Resource, sighting: Sighting, context: Context) -> Row:
    """One row; raises Reject with what cannot be understood."""
    try:
        record = plain(sighting.record)
        values = tuple([column.read(record, context) for column in resource.columns])
        children = tuple(_child_rows(child, record, context) for child in resource.children)
        raw = orjson.dumps(record).decode()
    except UNREADABLE as error:
        raise Reject(f"{type(error).__name__}: {error}") from None
    return Row(sighting.key, values, raw, sighting.hash, children)


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
    text = _text_of(record)
    return Rejected(
        _id_of(resource, record, context), text, _digest(text), reason, _asked(resource, context)
    )


def _text_of(record: Any) -> str:
    with suppress(*UNREADABLE):
        return orjson.dumps(plain(record), default=str).decode()
    return str(record)


def _digest(record: str) -> UUID:
    return UUID(bytes=hashlib.blake2b(record.encode(), digest_size=16).digest())


def _id_of(resource: Resource, record: Any, context: Context) -> str | None:
    """The last part of its key, which may have another name there; else what stands as `id`."""
    if not isinstance(record, Mapping):
        return None
    with suppress(*UNREADABLE):
        id_ = resource.key_columns[-1].read(record, context)
        if id_ is not None:
            return str(id_)
    with suppress(*UNREADABLE):
        return None if record.get("id") is None else str(record["id"])
    return None
