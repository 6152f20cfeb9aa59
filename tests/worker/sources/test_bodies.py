"""Bytes of answers: what cannot be stored is dropped, what is no JSON is refused."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.resources import BY_NAME
from shared.resources.columns import Context
from worker.sources.bodies import parse, whole
from worker.sync import rows


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


@pytest.mark.parametrize("depth", [90, 250, 300, 600])
@pytest.mark.parametrize("text", [b"", b"\\u0000", b"\\ud83d"])
def test_one_record_that_is_nested_without_end_stops_no_page(depth: int, text: bytes) -> None:
    deep = b"[" * depth + b"]" * depth
    fields = b'[{"field_id": 1, "values": [%b]}]' % deep
    page = b'[{"id": 1}, {"id": 2, "name": "%b", "custom_fields_values": %b}]' % (text, fields)
    batch = rows.batch(BY_NAME["kommo.leads"], parse(page), Context())
    assert [row.key for row in batch.rows] == [(1,), (2,)]


def test_what_is_nested_beyond_every_measure_is_no_json() -> None:
    for content in (b"[" * 100_000, b'{"a":' * 100_000, b"[" * 5_000 + b'"\\ud83d"' + b"]" * 5_000):
        with pytest.raises(ValueError):
            parse(content)


def test_numbers_are_the_same_beside_half_a_character() -> None:
    plain, odd = (parse(b'[1%b, "%b"]' % (b"0" * 30, text)) for text in (b"", b"\\ud83d"))
    assert plain[0] == odd[0] == 1e30
    with pytest.raises(ValueError):
        parse(b'[NaN, "\\ud83d"]')


@pytest.mark.parametrize(
    ("said", "number"),
    [(7, 7), ("7", 7), ("", None), ("²", None), ("9" * 5000, None), (True, None), (-1, None)],
)
def test_whole_numbers_are_digits_that_fit(said: Any, number: int | None) -> None:
    assert whole(said) == number


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_value_error(content: bytes) -> None:
    with suppress(ValueError):
        parse(content)
