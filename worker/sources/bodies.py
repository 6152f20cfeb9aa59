"""The bytes of an answer become JSON values that PostgreSQL can hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson

_LONGEST, _MOST_DIGITS = 25, 18
DEEPEST = 100
"""Levels of lists and objects in one answer; orjson writes 254, Python's own recursion ends at 1,000."""
NULL_CHARACTER = b"\\u0000"


def parse(content: bytes) -> Any:
    """The JSON value in `content`; raises ValueError when there is none.

    NUL characters are dropped, half characters (a lone surrogate, cut out of an emoji) become "?", and what is
    nested too deep to be written becomes null below DEEPEST levels: none of it can be stored.
    """
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return _tolerant(content)
    if content.count(b"[") + content.count(b"{") > DEEPEST:
        value = _shallow(value)
    return _with_texts(value, _without_nulls) if NULL_CHARACTER in content else value


def whole(said: Any) -> int | None:
    """A number as vendors write it, 7 or "7", that fits into 64 bits; None for everything else."""
    text = str(said)
    plain = isinstance(said, int | str) and text.isascii() and text.isdigit()
    return int(text) if plain and len(text) <= _MOST_DIGITS else None


def _tolerant(content: bytes) -> Any:
    """The standard library accepts lone surrogates; what it refuses too is no JSON."""
    try:
        value = json.loads(content, parse_int=_number, parse_constant=_no_number)
        return _with_texts(_cut(value, DEEPEST), _whole)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _shallow(value: Any) -> Any:
    """To write it costs little beside the request; only what cannot be written is walked through."""
    try:
        orjson.dumps([[[value]]])  # others put it into lists of theirs
    except TypeError:
        return _cut(value, DEEPEST)
    return value


def _cut(value: Any, depth: int) -> Any:
    if isinstance(value, list):
        return [_cut(item, depth - 1) for item in value] if depth else None
    if isinstance(value, dict):
        return {name: _cut(item, depth - 1) for name, item in value.items()} if depth else None
    return value


def _number(digits: str) -> int | float:
    """As orjson reads it: what takes more than 64 bits is no whole number any more."""
    if len(digits) > _LONGEST:
        return float(digits)
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(number)


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _without_nulls(text: str) -> str:
    return text.replace("\x00", "")


def _whole(text: str) -> str:
    return _without_nulls(text.encode("utf-8", "replace").decode())


def _with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """`value` with every text in it changed, keys too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_with_texts(item, change) for item in value]
    if isinstance(value, dict):
        return {change(name): _with_texts(item, change) for name, item in value.items()}
    return value
