"""How one value of a record becomes one typed value of a row."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.resources import columns, kommo
from shared.resources.columns import Column, Context, phone_number

HERE = Context({"tipo": "produto"})
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
READERS = [
    columns.integer("x"),
    columns.text("x"),
    columns.word("x"),
    columns.money("x"),
    columns.flag("x"),
    columns.moment("x"),
    columns.day("x"),
]


def read(column: Column, value: Any) -> Any:
    return column.read({"x": value}, HERE)


@pytest.mark.parametrize(
    ("column", "sent", "kept"),
    [
        (columns.integer("x"), 7, 7),
        (columns.integer("x"), "7", 7),
        (columns.integer("x"), 7.0, 7),
        (columns.integer("x"), 0, 0),
        (columns.integer("x"), -1, -1),
        (columns.integer("x"), 2**63 - 1, 2**63 - 1),
        (columns.text("x"), "", ""),
        (columns.text("x"), " a ", " a "),
        (columns.text("x"), 7, "7"),
        (columns.word("x"), "", None),
        (columns.word("x"), 7, "7"),
        (columns.word("x"), "0", "0"),
        (columns.money("x"), "19.9000", Decimal("19.9000")),
        (columns.money("x"), "0.10", Decimal("0.10")),
        (columns.money("x"), 0.1, Decimal("0.1")),
        (columns.money("x"), 12500, Decimal(12500)),
        (columns.money("x"), "-3.33", Decimal("-3.33")),
        (columns.money("x"), "", None),
        (columns.money("x"), "  ", None),
        (columns.flag("x"), True, True),
        (columns.flag("x"), "1", True),
        (columns.flag("x"), 1, True),
        (columns.flag("x"), False, False),
        (columns.flag("x"), "0", False),
        (columns.flag("x"), 0, False),
        (columns.flag("x"), "", None),
        (columns.moment("x"), 1760000000, datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)),
        (columns.moment("x"), "1760000000", datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)),
        (columns.moment("x"), -86400, datetime(1969, 12, 31, tzinfo=UTC)),
        (columns.moment("x"), 0, datetime(1970, 1, 1, tzinfo=UTC)),
        (columns.day("x"), "2026-03-02", date(2026, 3, 2)),
        (columns.day("x"), "2026-03-02 10:00:00", date(2026, 3, 2)),
        (columns.day("x"), "2024-02-29", date(2024, 2, 29)),
        (columns.day("x"), "2023-02-29", None),
        (columns.day("x"), "0000-00-00", None),
        (columns.day("x"), "0001-01-01", None),
        (columns.day("x"), "2202-01-01", None),
        (columns.day("x"), "", None),
        (columns.day("x"), "02/03/2026", date(2026, 3, 2)),
        (columns.day("x"), "31/02/2026", None),
        (columns.day("x"), "amanhã", None),
        (columns.count("x"), "12", 12),
        (columns.count("x"), "", None),
        (columns.first_day("x", "y", "x"), "2026-03-02", date(2026, 3, 2)),
        (columns.document("x"), {"a": [1]}, '{"a":[1]}'),
        (columns.document("x"), [], "[]"),
    ],
)
def test_a_value_is_read_as_its_type(column: Column, sent: Any, kept: Any) -> None:
    assert read(column, sent) == kept


@pytest.mark.parametrize("column", [*READERS, columns.document("x")], ids=lambda c: c.type)
def test_null_and_absent_stay_null(column: Column) -> None:
    assert read(column, None) is None
    assert column.read({}, HERE) is None


@pytest.mark.parametrize(
    ("column", "sent"),
    [
        (columns.integer("x"), "seven"),
        (columns.integer("x"), ""),
        (columns.integer("x"), 7.5),
        (columns.integer("x"), True),
        (columns.integer("x"), 2**63),
        (columns.integer("x"), [7]),
        (columns.text("x"), ["a"]),
        (columns.text("x"), {"a": 1}),
        (columns.text("x"), True),
        (columns.money("x"), "twelve"),
        (columns.money("x"), "NaN"),
        (columns.money("x"), "Infinity"),
        (columns.money("x"), "1e999999"),
        (columns.money("x"), "1E-99999"),
        (columns.money("x"), True),
        (columns.money("x"), [1]),
        (columns.flag("x"), "yes"),
        (columns.flag("x"), 2),
        (columns.flag("x"), []),
        (columns.moment("x"), "2026-03-02"),
        (columns.moment("x"), 10**13),
        (columns.moment("x"), 2**62),
        (columns.moment("x"), -(2**62)),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_place_and_the_value(
    column: Column, sent: Any
) -> None:
    with pytest.raises(ValueError, match=r"^x: .* is no "):
        read(column, sent)


@given(JSON_VALUES)
def test_a_reader_gives_a_value_or_a_value_error_whatever_is_sent(value: Any) -> None:
    for column in READERS:
        try:
            read(column, value)
        except ValueError:
            continue


def test_a_path_that_ends_early_is_null() -> None:
    column = columns.text("zone", "_embedded", "datetime_settings", "timezone")
    for record in ({}, {"_embedded": []}, {"_embedded": {"datetime_settings": None}}):
        assert column.read(record, HERE) is None
    whole = {"_embedded": {"datetime_settings": {"timezone": "UTC"}}}
    assert column.read(whole, HERE) == "UTC"


def test_what_was_asked_for_comes_from_the_question_not_from_the_record() -> None:
    column = columns.asked("tipo")
    assert column.asked
    assert column.read({"tipo": "servico"}, HERE) == "produto"
    assert column.read({"tipo": "servico"}, Context()) is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("(11) 98765-4321", "+5511987654321"),
        ("+55 11 98765-4321", "+5511987654321"),
        ("011 98765-4321", "+5511987654321"),
        ("(11) 3456-7890", "+551134567890"),
        ("+1 650 253 0000", "+16502530000"),
        ("(11) 8765-4321", "1187654321"),  # a mobile of the time of eight digits: not valid
        ("98765-4321", "987654321"),  # without its area: must not become another number
        ("123", "123"),
        ("ramal", None),
        ("", None),
        ("+", None),
    ],
)
def test_a_phone_becomes_e164_where_it_is_valid_else_its_digits(
    typed: str, kept: str | None
) -> None:
    assert phone_number(typed, "BR") == kept


def test_a_phone_is_read_in_the_country_of_the_account() -> None:
    assert phone_number("650 253 0000", "US") == "+16502530000"
    assert phone_number("650 253 0000", "BR") == "6502530000"


def contact(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"id": 1, "custom_fields_values": list(fields)}


def field(code: str | None, *values: Any, id_: int = 1300001) -> dict[str, Any]:
    shaped = [{"value": value} if not isinstance(value, dict) else value for value in values]
    return {
        "field_id": id_,
        "field_name": "F",
        "field_code": code,
        "field_type": "t",
        "values": shaped,
    }


def test_phones_and_emails_are_kept_once_each_in_order() -> None:
    record = contact(
        field("PHONE", "(11) 98765-4321", "+55 11 98765 4321", "", None, "ramal", "123"),
        field("EMAIL", "Ana@Example.com", "ana@example.com", " b@example.com "),
    )
    assert kommo.PHONES.read(record, HERE) == ["+5511987654321", "123"]
    assert kommo.EMAILS.read(record, HERE) == ["ana@example.com", "b@example.com"]


def test_numbers_as_values_and_values_without_value_do_no_harm() -> None:
    record = contact(field("PHONE", 11987654321, {"catalog_id": 1}, {"value": None}))
    assert kommo.PHONES.read(record, HERE) == ["+5511987654321"]


@pytest.mark.parametrize("sent", [None, [], {}])
def test_no_custom_fields_are_an_empty_object(sent: Any) -> None:
    assert kommo.CUSTOM_FIELDS.read({"custom_fields_values": sent}, HERE) == "{}"


def test_custom_fields_are_keyed_by_id_whether_sent_as_list_or_as_map() -> None:
    one, two = field("PHONE", "1"), field(None, {"value": "V", "enum_id": 5}, id_=1400002)
    as_list = kommo.CUSTOM_FIELDS.read({"custom_fields_values": [one, two]}, HERE)
    as_map = kommo.CUSTOM_FIELDS.read({"custom_fields_values": {"0": one, "4": two}}, HERE)
    assert as_list == as_map
    assert orjson.loads(str(as_list))["1400002"] == {
        "name": "F",
        "code": None,
        "type": "t",
        "values": [{"value": "V", "enum_id": 5}],
    }


def test_the_main_contact_and_the_company_are_found_among_the_embedded() -> None:
    company, main = (
        kommo.COMPANY_ID,
        next(c for c in kommo.LEADS.columns if c.name == "main_contact_id"),
    )
    embedded = {
        "companies": [{"id": 5}],
        "contacts": [{"id": 1, "is_main": False}, {"id": 2, "is_main": True}],
    }
    assert company.read({"_embedded": embedded}, HERE) == 5
    assert main.read({"_embedded": embedded}, HERE) == 2
    for nothing in ({}, {"_embedded": {}}, {"_embedded": {"companies": [], "contacts": None}}):
        assert company.read(nothing, HERE) is None
        assert main.read(nothing, HERE) is None
