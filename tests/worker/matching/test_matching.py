"""Who is who in a world whose truth is known: the same number is the same person in both systems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select, text, true

from sandbox.kommo.seed import FIRST_COMPANY
from sandbox.people import FIRST_CLIENT, FIRST_CONTACT, person
from shared import matches as books
from shared.db.matching import matches, parties
from shared.resources import BY_NAME
from shared.resources.grammar import Resource
from tests.ground import Ground, ground_on
from worker.matching import work

LISTS = [BY_NAME[name] for name in ("kommo.contacts", "kommo.companies", "gestao_click.clientes")]
CONTACTS, COMPANIES, CLIENTS = LISTS
Pair = tuple[str, str]
HOLDS, TO_REVIEW = books.holds(matches), books.to_review(matches)
NOBODY = {"celular": "", "telefone": "", "email": "", "cpf": "", "nome": "Ninguém Conhecido"}


@dataclass
class Stage:
    ground: Ground

    def sync(self) -> None:
        for resource in LISTS:
            assert self.ground.sync(resource)["state"] == "done"

    def match(self) -> None:
        while work.carry_out(self.ground.reach, 60.0):
            pass

    def pairs(self, condition: Any = HOLDS, of: Resource = CONTACTS) -> dict[Pair, Any]:
        """Contacts (or companies) and clients, by id."""
        chosen = select(matches).where(condition, matches.c.resource == of.full_name)
        rows = self.ground.run(lambda c: list(c.execute(chosen)))
        return {(row.record, row.erp_record): row for row in rows}

    def truth(self) -> set[Pair]:
        """Whoever has the same number is the same; of firms, whoever has the same CNPJ (they are no contacts)."""
        ids = {row["id"] for row in self.ground.rows(CONTACTS)}
        return {
            (str(FIRST_CONTACT + number), row["id"])
            for row in self.ground.rows(CLIENTS)
            for number in (int(row["id"]) - FIRST_CLIENT,)
            if FIRST_CONTACT + number in ids and number % 10 < 6 and number % 11 != 4
        }

    def contact(self, number: int, **fields: Any) -> str:
        key = FIRST_CONTACT + number
        self.ground.box.kommo.change("contacts", [key], fields)
        return str(key)

    def client(self, number: int, **fields: Any) -> str:
        key = str(FIRST_CLIENT + number)
        self.ground.box.gestao_click.change("clientes", [key], fields)
        return key


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    with ground_on(database_url, leads=200) as ground:
        yield Stage(ground)


def fields(*, phone: str = "", email: str = "", cpf: str = "") -> dict[str, Any]:
    told = [(1300001, "Telefone", "multitext", phone), (1300002, "Email", "multitext", email)]
    told.append((1300007, "CPF", "text", cpf))
    return {
        "custom_fields_values": [
            {"field_id": id_, "field_name": name, "field_type": kind, "values": [{"value": value}]}
            for id_, name, kind, value in told
            if value
        ]
    }


def test_the_world_is_matched_as_it_is(stage: Stage) -> None:
    stage.sync()
    stage.match()
    found, truth = set(stage.pairs()), stage.truth()
    assert len(truth) > 20
    assert found - truth == set()
    # who has neither a phone nor an e-mail nor a CPF in common is a person's to tell, by the name
    assert truth - found <= set(stage.pairs(TO_REVIEW))
    assert len(truth - found) <= len(truth) * 0.1


def test_firms_are_matched_by_their_cnpj(stage: Stage) -> None:
    stage.sync()
    stage.match()
    firms = stage.pairs(HOLDS, COMPANIES)
    there = {row["id"] for row in stage.ground.rows(COMPANIES) if row["custom_fields"]}
    numbers = [int(row["id"]) - FIRST_CLIENT for row in stage.ground.rows(CLIENTS) if row["cnpj"]]
    same = {
        (str(FIRST_COMPANY + n), str(FIRST_CLIENT + n))
        for n in numbers
        if FIRST_COMPANY + n in there
    }
    assert same
    assert set(firms) == same
    assert all("the same tax id" in row.why for row in firms.values())


def test_typos_other_spellings_shared_phones_and_homonyms(stage: Stage) -> None:
    typo = stage.contact(0, name="Jona Tezte Almeida")  # known by phone and e-mail
    old = stage.contact(1, name=person(1).name, **fields(phone=f"({person(1).area}) 0000-0001"))
    bare = stage.contact(2, name="", **fields(email=person(2).email.upper()))
    by_cpf = stage.contact(3, name="Davi Exemplo", **fields(cpf=person(3).cpf))
    couple = stage.contact(5, name="Cônjuge Diferente Souza", **fields(phone=person(5).phone))
    homonym = stage.contact(30, name=person(12).name, **fields(phone="+5599911112222"))
    stage.client(1, celular=f"({person(1).area}) 9 0000-0001", email="", cpf="")
    stage.client(2, celular="", email=person(2).email, cpf="")
    stage.sync()
    stage.match()
    found, doubtful = stage.pairs(), stage.pairs(TO_REVIEW)
    for number, id_ in ((0, typo), (1, old), (2, bare), (3, by_cpf)):
        assert (id_, str(FIRST_CLIENT + number)) in found, number
    assert (couple, str(FIRST_CLIENT + 5)) in doubtful
    assert not [pair for pair in found if pair[0] in (couple, homonym)]


def test_a_verdict_outlasts_later_syncs(stage: Stage) -> None:
    stage.sync()
    stage.match()
    (pair, row), (other, kept) = list(stage.pairs().items())[:2]
    stage.ground.run(books.decide, matches, row.id, "rejected", "the test")
    stage.ground.run(books.decide, matches, kept.id, "accepted", "the test")
    stage.contact(int(pair[0]) - FIRST_CONTACT, name="Outro Nome")
    stage.client(int(other[1]) - FIRST_CLIENT, **NOBODY)
    stage.sync()
    stage.match()
    found = stage.pairs()
    assert pair not in found
    assert found[other].state in ("apart", "doubtful")
    stage.ground.run(books.decide, matches, row.id, None, "the test")
    assert pair in stage.pairs() | stage.pairs(TO_REVIEW)


def test_matching_follows_what_changes_and_judges_nothing_else(stage: Stage) -> None:
    stage.sync()
    stage.match()
    before = stage.pairs(matches.c.state != "apart")
    stage.match()
    assert stage.pairs(matches.c.state != "apart") == before
    (contact, client), (gone, _) = sorted(stage.pairs())[:2]
    stage.client(int(client) - FIRST_CLIENT, **NOBODY)
    stage.ground.box.kommo.delete("contacts", [int(gone)])
    stage.sync()
    stage.match()
    now = stage.pairs(matches.c.state != "apart")
    assert {pair for pair in before if pair not in now} == {
        pair for pair in before if pair[0] == gone or pair == (contact, client)
    }
    touched = {fact for pair, row in before.items() if pair not in now for fact in row.facts}
    changed = [row for pair, row in before.items() if row != now.get(pair, row)]
    assert all(touched & set(row.facts) for row in changed)
    # who shared a name with the deleted one is the only one of it now: a hint
    assert {now[pair].state for pair in now.keys() - before.keys()} <= {"doubtful"}


def test_businesses_are_not_mixed(stage: Stage) -> None:
    stage.sync()
    moved = (
        "update ponte.integration_settings set user_id = 'another' where provider = 'gestao-click'"
    )
    stage.ground.run(lambda c: c.execute(text(moved)))
    stage.match()
    assert stage.pairs(matches.c.state != "apart") == {}
    assert stage.ground.run(lambda c: c.scalar(select(func.count()).select_from(parties)))


def test_what_a_worker_left_half_done_is_done_by_the_next(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.sync()
    monkeypatch.setattr("worker.matching.parties.BATCH", 7)
    monkeypatch.setattr("worker.matching.pairs.BATCH", 7)
    stretches = 0
    while work.carry_out(stage.ground.reach, 0.0):
        stretches += 1
    assert stretches > 20
    assert set(stage.pairs()) <= stage.truth()
    assert len(stage.pairs()) > 20


def test_a_business_with_one_system_alone_has_parties_and_no_pairs(stage: Stage) -> None:
    ground = stage.ground
    ground.sync(CONTACTS)
    with ground.reach.engine.begin() as connection:
        connection.execute(text("delete from ponte.integration_settings where provider <> 'kommo'"))
    stage.match()
    known = ground.run(lambda c: c.scalar(select(func.count()).select_from(parties)))
    assert known == len(ground.rows(CONTACTS))
    assert stage.pairs(true()) == {}
