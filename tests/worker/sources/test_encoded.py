"""Records that stay text say what they would say decoded, and what is no list of records is parsed as ever."""

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.sources.bodies import parse
from worker.sources.encoded import Encoded, parse_list, parse_record, plain

NAMES = st.sampled_from(("leads", "contacts"))
TEXTS = st.text(max_size=5) | st.sampled_from(("id", "_embedded", "_links"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
RECORDS = st.dictionaries(TEXTS, JSON, max_size=4)


def decoded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: decoded(part) for name, part in value.items()}
    return [decoded(part) for part in value] if isinstance(value, list) else plain(value)


@given(RECORDS)
def test_a_record_says_by_its_text_what_it_says_decoded(record: dict[str, Any]) -> None:
    text = orjson.dumps(record)
    said = Encoded(text)
    expected = parse(text)
    assert {name: said.get(name) for name in record} == {n: expected.get(n) for n in record}
    assert said.get("nothing", 7) == expected.get("nothing", 7)
    assert (said, plain(said), len(said)) == (expected, expected, len(expected))


@given(
    JSON | st.fixed_dictionaries({"_embedded": st.dictionaries(NAMES, JSON | st.lists(RECORDS))})
)
@example({"_page": 1, "_embedded": {"leads": [{"id": 1}, {"id": 2}]}})
@example({"_embedded": {"leads": [None, "x", [1], {"id": 1}]}})
@example({"_embedded": []})
def test_an_answer_with_encoded_records_is_the_answer(body: Any) -> None:
    content = orjson.dumps(body)
    assert decoded(parse_list(content)) == parse(content)
    assert decoded(parse_record(content)) == parse(content)


def test_the_records_of_a_list_stay_text() -> None:
    (lead,) = parse_list(b'{"_embedded":{"leads":[ {"id": 7} ]}}')["_embedded"]["leads"]
    assert isinstance(lead, Encoded)
    assert lead.text.strip() == b'{"id": 7}'


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"{", b'{"_embedded":{"leads":[{"id":1},]}}', b"[" * 100_000]
)
def test_what_is_no_json_is_refused(content: bytes) -> None:
    for read in (parse_list, parse_record):
        with pytest.raises(ValueError, match=r".*"):
            plain(read(content))


def test_null_characters_and_half_ones_are_as_parse_makes_them() -> None:
    (lead,) = parse_list(rb'{"_embedded":{"leads":[{"a\u0000":"b\u0000","c":"\ud83d"}]}}')[
        "_embedded"
    ]["leads"]
    assert plain(lead) == {"a": "b", "c": "?"}
