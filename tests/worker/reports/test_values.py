"""What stored values become: typed where they can be, null where not, never an error."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from shared.db.engine import connect
from tests.servers import copy_of
from tests.worker.reports.accounts import Shop, fields, open_shop
from worker.reports.columns import READERS

TYPES = (
    *READERS,
    "smart_address",
    "legal_entity",
    "chained_list",
    "file",
    "items",
    "of tomorrow",
    "",
)
MIDNIGHT = int(datetime(2026, 5, 3, 3, tzinfo=UTC).timestamp())
"""3 May 2026 begins in São Paulo."""


@pytest.fixture(scope="module")
def shop(postgres_url: str, template_url: str) -> Iterator[Shop]:
    """An account with a field of each type; the field's id is its place in TYPES."""
    with copy_of(postgres_url, template_url) as url:
        engine: Engine = connect(url)
        made = open_shop(engine)
        for number, type_ in enumerate(TYPES):
            made.field(number, f"F {type_}", type_)
        made.lead(1)
        made.refresh()
        yield made
        engine.dispose()


def column_of(shop: Shop, type_: str) -> str:
    found = shop.one(
        "select column_name from ponte.field_columns where field_id = :field",
        field=TYPES.index(type_),
    )
    return str(found["column_name"])


def read(shop: Shop, type_: str, sent: Any) -> Any:
    """What the view says when the values of a field of this type were sent so."""
    shop.lead(1, custom_fields=fields(**{f"_{TYPES.index(type_)}": sent}))
    column = column_of(shop, type_)
    return shop.one(f"select {column} as answer from reports.kommo_leads")["answer"]


@pytest.mark.parametrize(
    ("type_", "value", "answer"),
    [
        ("text", "Olá", "Olá"),
        ("text", 12, "12"),
        ("text", None, None),
        ("select", "Varejo", "Varejo"),
        ("numeric", "12.5", Decimal("12.5")),
        ("numeric", 7, Decimal(7)),
        ("monetary", " -1e3 ", Decimal(-1000)),
        ("numeric", "12,50", None),
        ("numeric", "doze", None),
        ("numeric", "NaN", None),
        ("numeric", "", None),
        ("numeric", "9" * 200_000, None),
        ("numeric", "1e999999", None),
        ("checkbox", True, True),
        ("checkbox", "1", True),
        ("checkbox", False, False),
        ("checkbox", None, False),
        ("checkbox", "perhaps", None),
        ("date", MIDNIGHT, date(2026, 5, 3)),
        ("date", str(MIDNIGHT), date(2026, 5, 3)),
        ("date", MIDNIGHT - 1, date(2026, 5, 2)),
        ("date", "2026-05-03T00:00:00-03:00", date(2026, 5, 3)),
        ("date", "2026-02-30", None),
        ("date", 10**11, date(5138, 11, 16)),
        ("date", 10**30, None),
        ("date", 10**12 - 1, None),
        ("date_time", 1 - 10**12, None),
        ("birthday", -1577912400, date(1920, 1, 1)),
        ("birthday", -473374800, date(1955, 1, 1)),
        ("birthday", "1985-03-12", date(1985, 3, 12)),
        ("birthday", "12.03.1985", date(1985, 3, 12)),
        ("birthday", "31.02.1985", None),
        ("birthday", "in spring", None),
        ("date_time", 1765800000, datetime(2025, 12, 15, 12, tzinfo=UTC)),
        ("date_time", "2025-12-15T09:00:00-03:00", datetime(2025, 12, 15, 12, tzinfo=UTC)),
        ("date_time", "2025-12-15T29:00:00-03:00", None),
        ("date_time", 1765800000.5, None),
    ],
)
def test_one_value(shop: Shop, type_: str, value: Any, answer: Any) -> None:
    assert read(shop, type_, [{"value": value}]) == answer


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("numeric", "9" * 200_000),
        ("birthday", "31.02.1985"),
        ("date", "2026-02-30"),
        ("date_time", "2026-02-30T10:00:00Z"),
    ],
)
def test_no_value_ends_the_first_question_of_a_session(shop: Shop, type_: str, value: str) -> None:
    """Plans that are made for one value evaluate parts of it early."""
    shop.lead(1, custom_fields=fields(**{f"_{TYPES.index(type_)}": [{"value": value}]}))
    shop.engine.dispose()
    assert shop.one(f"select {column_of(shop, type_)} as answer from reports.kommo_leads") == {
        "answer": None
    }


def test_several_values_come_in_order_and_each_once(shop: Shop) -> None:
    sent = [{"value": "b", "enum_id": 2}, {"value": "a"}, {"value": "b"}, {"value": None}]
    assert read(shop, "multiselect", sent) == ["b", "a"]
    assert read(
        shop, "multitext", {"0": {"value": "x"}, "10": {"value": "z"}, "2": {"value": "y"}}
    ) == [
        "x",
        "y",
        "z",
    ]
    assert read(shop, "select", {"value": "alone", "enum_id": 5}) == "alone"


def test_what_has_no_type_of_its_own_comes_as_it_was_sent(shop: Shop) -> None:
    chain = [{"catalog_id": 1, "catalog_element_id": 2}]
    assert read(shop, "chained_list", chain) == chain
    assert read(shop, "of tomorrow", chain) == chain


@pytest.mark.parametrize("stored", [None, {}, [], "text", 7])
def test_an_absent_field_is_null_and_an_unticked_box_is_false(shop: Shop, stored: Any) -> None:
    shop.lead(1, custom_fields=stored)
    row = shop.one("select * from reports.kommo_leads")
    for type_ in TYPES:
        empty: Any = {"checkbox": False, "multiselect": [], "multitext": []}.get(type_)
        assert row[column_of(shop, type_)] == empty, type_


WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
NEAR = st.from_regex(r"[0-9:.+TZeE -]{1,25}", fullmatch=True) | st.datetimes().map(str)
DAYS = st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:?[0-9]{2})?", fullmatch=True)  # fmt: skip
SCALARS = st.none() | st.booleans() | NUMBERS | WORDS | NEAR | DAYS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
VALUES = st.lists(JSON | st.fixed_dictionaries({"value": JSON}), max_size=3) | JSON
STORED = st.builds(
    lambda sent: fields(**{f"_{number}": sent[number] for number in range(len(TYPES))}),
    st.lists(VALUES, min_size=len(TYPES), max_size=len(TYPES)),
)
OTHERWISE = st.dictionaries(st.integers(0, len(TYPES)).map(str), JSON) | JSON
RAW = st.fixed_dictionaries(
    {"_embedded": JSON | st.fixed_dictionaries({"tags": JSON, "loss_reason": JSON})}
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STORED | OTHERWISE, RAW | JSON)
def test_no_stored_value_ever_breaks_a_view(shop: Shop, stored: Any, raw: Any) -> None:
    shop.lead(1, custom_fields=stored, raw=raw, loss_reason_id=1)
    assert len(shop.run("select * from reports.kommo_leads")) == 1
