"""Bytes of answers: what cannot be stored is dropped, what is no JSON is refused."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.sources.bodies import parse


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"name": "Ana"}', {"name": "Ana"}),
        (b'{"na\\u0000me": ["A\\u0000na", 1]}', {"name": ["Ana", 1]}),
        (b'["cut \\ud83d here"]', ["cut ? here"]),
        (b'["\\ud83d\\u0000"]', ["?"]),
        (b'["\\ud83d\\ude00"]', ["😀"]),
    ],
)
def test_what_postgresql_cannot_hold_is_taken_out(content: bytes, value: Any) -> None:
    assert parse(content) == value


@pytest.mark.parametrize("content", [b'{"id": 1, "na', b"<html></html>", b"", b"\xff\xfe"])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        parse(content)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_value_error(content: bytes) -> None:
    with suppress(ValueError):
        parse(content)
