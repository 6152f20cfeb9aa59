"""The hash that tells whether a record changed: over all of it but its links, in any order of its keys."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from shared.resources.columns import Record, Value
from shared.resources.grammar import Resource
from worker.sources.encoded import Encoded, plain

SORTED = orjson.OPT_SORT_KEYS
_LINKS = b'"_links":'
_STRING = rb'"(?:[^"\\]|\\.)*+"'
_INNER = rb'\{(?:[^{}"]|%b)*+\}' % _STRING
_LINKS_OF_ONE_DEPTH = re.compile(
    _LINKS + rb'(?:\{"self":\{"href":"[^"\\]*"\}\}|\{(?:[^{}"]|%b|%b)*+\}),?' % (_STRING, _INNER)
)
"""As links are: names with an object each; the first kind is the commonest by far."""


class Hashing:
    """The hash of a record: over the declaration, and everything that the values of its row come from."""

    def __init__(self, resource: Resource, asked: Sequence[Value], country: str) -> None:
        self._before = resource.fingerprint + b"["
        self._behind = b"," + orjson.dumps([asked, country], option=SORTED)[1:]

    def __call__(self, record: Record) -> UUID:
        """Raises TypeError when it is no JSON."""
        digest = hashlib.blake2b(self._before, digest_size=16)
        digest.update(bare(record))
        digest.update(self._behind)
        return UUID(bytes=digest.digest())


def hash_of(resource: Resource, content: object) -> UUID:
    """Of anything that stands for a record."""
    text = orjson.dumps(content, option=SORTED)
    return UUID(bytes=hashlib.blake2b(resource.fingerprint + text, digest_size=16).digest())


def bare(record: Record) -> bytes:
    """The text of a record without what stands in `_links`; where these were last, a comma is left behind.
    As it was sent, or with its keys in order: the same list is always read in the same way.

    Cut out of the text, which costs a fifth of making every object anew. No string can look like `"_links":`, its
    quotes would be escaped.
    """
    whole = record.text if isinstance(record, Encoded) else orjson.dumps(record, option=SORTED)
    text = _LINKS_OF_ONE_DEPTH.sub(b"", whole)
    return orjson.dumps(without_links(plain(record)), option=SORTED) if _LINKS in text else text


def without_links(value: Any) -> Any:
    """`_links` name the host that answered, not the record (kommo-api.md 1.2)."""
    if isinstance(value, dict):
        return {name: without_links(part) for name, part in value.items() if name != "_links"}
    if isinstance(value, list):
        return [without_links(part) for part in value]
    return value
