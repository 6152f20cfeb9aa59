"""The rules of matching, one by one."""

import pytest

from shared.plain_names import plain
from worker.matching.facts import city_of, facts_of, names_of
from worker.matching.judging import Judgement, Names, Party, State, compare, judge

CPF, OTHER_CPF, CNPJ = "tax id:00000011479", "tax id:00000011550", "tax id:00000001000191"
PHONE, EMAIL, NAME = "phone:+551188887777", "e-mail:a@example.com", "name:paulo teste dias"
PAULO = Party(["paulo teste dias"])
MARIA = Party(["maria modelo ramos"])


def judged(one: Party, other: Party, *facts: str, crowd: int = 1) -> Judgement:
    return judge(one, other, dict.fromkeys(facts, crowd))


@pytest.mark.parametrize(
    ("other", "facts", "crowd", "state"),
    [
        (PAULO, (CPF,), 1, State.MATCHED),
        (MARIA, (CPF,), 1, State.DOUBTFUL),
        (MARIA, (CNPJ,), 1, State.MATCHED),  # the names of a firm and of its shop
        (PAULO, (PHONE,), 1, State.MATCHED),
        (
            PAULO,
            (PHONE,),
            40,
            State.MATCHED,
        ),  # the name tells them from the others behind the switchboard
        (MARIA, (PHONE,), 1, State.DOUBTFUL),
        (MARIA, (PHONE, EMAIL), 1, State.DOUBTFUL),
        (MARIA, (PHONE,), 6, State.APART),
        (Party(["vitor teste dias"]), (PHONE,), 1, State.DOUBTFUL),  # of the family
        (Party([]), (PHONE,), 1, State.MATCHED),
        (Party([]), (PHONE,), 2, State.DOUBTFUL),
        (Party([]), (PHONE, EMAIL), 2, State.MATCHED),
        (PAULO, (NAME,), 1, State.DOUBTFUL),
    ],
)
def test_what_the_facts_say(other: Party, facts: tuple[str, ...], crowd: int, state: State) -> None:
    assert judged(PAULO, other, *facts, crowd=crowd).state == state


def test_the_more_is_the_same_the_stronger() -> None:
    ways = [(NAME,), (PHONE,), (PHONE, EMAIL), (CPF, PHONE, EMAIL)]
    strengths = [judged(PAULO, PAULO, *facts).strength for facts in ways]
    assert strengths == sorted(strengths)
    assert all(0 < strength < 1 for strength in strengths)


def test_tax_ids_that_differ_leave_it_to_a_person() -> None:
    one, other = (Party(PAULO.names, tax_ids={each}) for each in (CPF, OTHER_CPF))
    found = judged(one, other, PHONE, EMAIL)
    assert found.state is State.DOUBTFUL
    assert "tax ids differ" in found.why


def test_the_number_of_a_firm_says_nothing_of_its_owners() -> None:
    one, other = Party(PAULO.names, tax_ids={CPF}), Party(PAULO.names, tax_ids={CNPJ})
    assert judged(one, other, PHONE).state is State.MATCHED


def test_a_name_in_another_city_is_another_person() -> None:
    here, there = (Party(PAULO.names, city) for city in ("sao paulo", "recife"))
    assert judged(here, there, NAME).state is State.APART
    assert judged(here, here, NAME).state is State.DOUBTFUL
    assert judged(here, there, PHONE).state is State.MATCHED


def test_the_judgement_says_why() -> None:
    why = judged(PAULO, PAULO, PHONE, EMAIL).why
    assert "the same phone" in why
    assert "the same e-mail" in why
    assert Names.ALIKE in why
    assert "3 are known by it" in judged(PAULO, MARIA, PHONE, crowd=3).why


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("paulo teste dias", "paulo teste dias", Names.ALIKE),
        ("paulo teste dias", "dias paulo teste", Names.ALIKE),
        ("paulo teste dias", "paulo testi dias", Names.ALIKE),
        ("paulo teste dias", "paulo dias", Names.ALIKE),
        ("paulo teste dias", "paulo", Names.UNLIKE),
        ("paulo teste dias", "maria modelo ramos", Names.UNLIKE),
        ("padaria estrela", "padaria estrela do sul", Names.ALIKE),
    ],
)
def test_how_names_stand_to_each_other(one: str, other: str, names: Names) -> None:
    assert compare([one], [other]) == names
    assert compare(["quite another name", one], [other]) == names
    assert compare([], [other]) == Names.UNKNOWN


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  José  D'Ávila Comércio LTDA. 😀", "jose davila comercio"),
        ("Exemplo & Filhos S/A", "exemplo & filhos"),
        ("ME", ""),
        ("\x00(nul)", "nul"),
    ],
)
def test_a_name_in_plain_letters(written: str, read: str) -> None:
    assert plain(written) == read


def test_names_and_cities_of_a_row() -> None:
    assert names_of({"nome": "Ana Ltda", "razao_social": "ANA"}, ("nome", "razao_social")) == [
        "ana"
    ]
    assert names_of({"nome": None}, ("nome",)) == []
    assert facts_of((), (), ["ana", "ana modelo"]) == {"name:ana modelo"}
    address = {"values": ["?", {"enum_code": "city", "value": "São Paulo"}]}
    assert city_of({"1": {"values": []}, "2": address}) == "sao paulo"
    assert city_of(None) is None
