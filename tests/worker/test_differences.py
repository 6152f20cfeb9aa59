"""What changed in a record, in words that a person can read."""

from typing import Any

import pytest

from worker.differences import Difference, differences


def field(name: str, *values: Any, **more: Any) -> dict[str, Any]:
    return {"field_id": 7, "field_name": name, "values": [{"value": v} for v in values], **more}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"price": 1}, {"price": 2}, [("price", 1, 2)]),
        ({"price": 1}, {"price": None}, [("price", 1, None)]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, [("a c", 2, 3)]),
        ({"tags": []}, {"tags": ["x"]}, [("tags", None, "x")]),
        ({"a": 1, "_links": {"self": "x"}}, {"a": 1, "_links": {"self": "y"}}, []),
    ],
)
def test_plain_fields(before: Any, after: Any, told: list[tuple[str, Any, Any]]) -> None:
    assert differences(before, after) == [Difference(*each) for each in told]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([field("CPF", "1")], [field("CPF", "2")], ("CPF", "1", "2")),
        ([field("CPF", "1")], [field("CPF", "1", "2")], ("CPF", "1", ["1", "2"])),
        (None, [field("CPF", "1")], ("CPF", None, "1")),
        ([field("CPF", "1"), field("Canal", "A")], [field("Canal", "A")], ("CPF", "1", None)),
        ([field("CPF", "1", field_type="text")], [field("CPF", "1", field_type="number")],
         ("CPF field_type", "text", "number")),
    ],
)  # fmt: skip
def test_custom_fields_go_by_their_names(before: Any, after: Any, told: Any) -> None:
    name, *values = told
    (found,) = differences({"custom_fields_values": before}, {"custom_fields_values": after})
    assert found == Difference(f"custom_fields_values {name}", *values)


def test_fields_that_stand_in_another_order_are_the_same() -> None:
    one, two = field("CPF", "1"), field("Canal", "A")
    assert differences({"f": [one, two]}, {"f": [two, one]}) == []


def test_embedded_items_go_by_their_names_and_what_is_new_is_told_whole() -> None:
    before = {"_embedded": {"tags": [{"id": 1, "name": "VIP"}]}}
    after = {"_embedded": {"tags": [{"id": 1, "name": "VIP"}, {"id": 2, "name": "Feira"}]}}
    assert differences(before, after) == [
        Difference("_embedded tags Feira", None, {"id": 2, "name": "Feira"})
    ]


def test_items_in_a_wrapping_are_compared_inside_it() -> None:
    before = {"produtos": [{"produto": {"nome_produto": "Cadeira", "quantidade": "1"}}]}
    after = {"produtos": [{"produto": {"nome_produto": "Cadeira", "quantidade": "2"}}]}
    assert differences(before, after) == [Difference("produtos Cadeira quantidade", "1", "2")]


def test_two_fields_of_one_name_are_kept_apart() -> None:
    before = [field("Data", "1"), field("Data", "2")]
    after = [field("Data", "1"), field("Data", "3")]
    assert differences({"f": before}, {"f": after}) == [Difference("f Data (2)", "2", "3")]
