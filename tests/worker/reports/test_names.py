"""Columns get names that need no quotes, that stay, and that are never given twice."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.reports.names import LONGEST, assign, slug


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Segmento", "segmento"),
        ("Data da próxima visita", "data_da_proxima_visita"),
        ("  CPF/CNPJ (cliente) ", "cpf_cnpj_cliente"),
        ("2ª parcela", "field_2a_parcela"),
        ("Já é cliente?!", "ja_e_cliente"),
        ("😀", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_name_is_written_in_plain_letters(words: str | None, name: str) -> None:
    assert slug(words) == name


def test_the_first_of_a_name_gets_it_plain_and_the_others_their_id() -> None:
    named = assign([(7, "Origem"), (9, "origem"), (8, "ORIGEM!")], {}, set())
    assert named == {7: "origem", 9: "origem_9", 8: "origem_8"}


def test_a_name_once_given_stays_whatever_the_field_is_called_now() -> None:
    given_names = {7: "origem"}
    assert assign([(7, "Canal"), (9, "Origem")], given_names, set()) == {7: "origem", 9: "origem_9"}


def test_words_of_sql_and_base_columns_are_left_alone() -> None:
    named = assign([(7, "Name"), (9, "Order")], {}, {"name", "order"})
    assert named == {7: "name_7", 9: "order_9"}


def test_a_field_that_is_called_like_anothers_way_out_gets_one_more_number() -> None:
    fields = [(7, "origem 9"), (8, "origem"), (9, "origem")]
    assert assign(fields, {}, set()) == {7: "origem_9", 8: "origem", 9: "origem_9_2"}


def test_what_has_no_plain_letters_is_named_by_its_id() -> None:
    assert assign([(7, "😀"), (9, None)], {}, set()) == {7: "field_7", 9: "field_9"}


NAMES = st.lists(st.tuples(st.integers(1, 40), st.none() | st.text(max_size=90)), max_size=20)


@given(NAMES, st.sets(st.sampled_from(["name", "order", "a", "field_1"])))
def test_any_fields_get_distinct_plain_names_that_fit(
    fields: list[tuple[int, str | None]], reserved: set[str]
) -> None:
    named = assign(fields, {}, reserved)
    assert set(named) == {id_ for id_, _ in fields}
    assert len(set(named.values())) == len(named)
    assert not set(named.values()) & reserved
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in named.values())
    assert all(len(name) <= LONGEST for name in named.values())
    assert assign(fields, named, reserved) == named
