"""The bytes of an answer become JSON values that PostgreSQL can hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson

_NULL_CHARACTER = b"\\u0000"


def parse(content: bytes) -> Any:
    """The JSON value in `content`; raises ValueError when there is none.

    NUL characters are dropped, and half characters (a lone surrogate, cut out of an emoji) become "?":
    neither can be stored.
    """
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        # the standard library accepts lone surrogates; what it refuses too is no JSON
        return _with_texts(json.loads(content), _whole)
    return _with_texts(value, _without_nulls) if _NULL_CHARACTER in content else value


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
