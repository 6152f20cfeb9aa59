"""One person, many spellings; another person, never."""

from typing import Any

import pytest

from shared.errors import Misuse
from shared.identities import Identity, in_text, known_by, said_by
from shared.resources.columns import Column, Type, email, phone, tax_id, text, written

MOBILE = known_by(phones=["(11) 98765-4321"])


def told(column: Column, value: Any) -> set[Identity]:
    return set(said_by([column], [value]))


@pytest.mark.parametrize(
    "typed",
    [
        "+5511987654321",
        "+55 (11) 98765-4321",
        "5511987654321",
        "11 98765 4321",
        "011987654321",
        "11.98765.4321",
        "1187654321",
        "+551187654321",
        "(11) 8765-4321",
    ],
)
def test_a_mobile_is_the_same_in_every_spelling_with_and_without_its_ninth_digit(
    typed: str,
) -> None:
    assert known_by(phones=[typed]) == MOBILE
    assert told(phone(text("fone")), typed) == set(MOBILE)
    assert set(MOBILE) <= set(in_text(f"ligue para {typed} depois das 18h"))


@pytest.mark.parametrize("typed", ["98765-4321", "", "ramal 2", "11987654322", "21987654321"])
def test_other_numbers_are_not(typed: str) -> None:
    assert not told(phone(text("fone")), typed) & set(MOBILE)


def test_numbers_of_other_countries_keep_theirs() -> None:
    (lisbon,) = known_by(phones=["+351 912 345 678"])
    assert lisbon.value == "+351912345678"
    assert lisbon in set(in_text("em Portugal: +351 912 345 678."))


def test_e_mails_are_the_same_in_small_letters() -> None:
    wanted = set(known_by(emails=["Ana.Silva@Example.com"]))
    assert told(email(text("email")), " ANA.SILVA@example.com ") == wanted
    assert set(in_text('{"value": "ana.silva@example.com"}')) == wanted
    assert told(email(text("email")), "ana.silva@example.com; outra@example.com") > wanted


def test_tax_ids_are_digits_that_check_with_or_without_points() -> None:
    cpf = set(known_by(cpfs=["000.000.114-79"]))
    assert told(tax_id(text("cpf")), "00000011479") == cpf
    assert cpf <= set(in_text("CPF 000.000.114-79, RG 1"))
    (cnpj,) = known_by(cnpjs=["11.222.333/0001-81"])
    assert told(tax_id(text("cnpj")), "11222333000181") == {cnpj}
    assert not told(tax_id(text("cpf")), "000.000.114-78")


def test_custom_fields_are_looked_into_numbers_and_all() -> None:
    (fields,) = written(Column("custom_fields", Type.JSON, lambda *_: None))
    values = {"80": {"values": [{"value": 52998224725}, {"value": "11 98765-4321"}]}}
    found = told(fields, values)
    assert set(known_by(cpfs=["529.982.247-25"])) | set(MOBILE) <= found


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"phones": ["98765-4321"]},
        {"emails": ["ana"]},
        {"cpfs": ["111.111.111-11"]},
        {"cpfs": ["11.222.333/0001-81"]},
        {"cnpjs": ["000.000.114-79"]},
    ],
)
def test_what_can_be_nobodys_is_refused_without_being_repeated(given: dict[str, list[str]]) -> None:
    with pytest.raises(Misuse) as refused:
        known_by(**given)
    assert not any(typed in str(refused.value) for some in given.values() for typed in some)


def test_every_spelling_holds_the_fragments_by_which_tables_are_searched() -> None:
    spellings = {
        "+55 (11) 98765-4321": MOBILE,
        "000.000.114-79": known_by(cpfs=["00000011479"]),
        "11.222.333/0001-81": known_by(cnpjs=["11222333000181"]),
        "ana+loja@example.com": known_by(emails=["ana+loja@example.com"]),
        "ana%2bloja%40example.com": known_by(emails=["ana+loja@example.com"]),
    }
    for spelling, (identity,) in spellings.items():
        assert all(part in spelling for part in identity.fragments), spelling
