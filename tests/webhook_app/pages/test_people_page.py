"""/people: found by what is typed, both systems side by side, and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from shared.db.matching import matches, parties, party_facts
from tests.webhook_app.conftest import Web

PHONE = "phone:+551188887777"
CPF = "52998224725"
DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


def party(web: Web, name: str, record: str, names: Sequence[str], *facts: str) -> dict[str, Any]:
    provider = "kommo" if name.startswith("kommo.") else "gestao-click"
    key = {"integration_id": web.integration(provider).id, "resource": name, "record": record}
    web.run(lambda c: c.execute(insert(parties).values(**key, names=list(names), changed_at=DAY)))
    for fact in facts:
        web.run(lambda c, f=fact: c.execute(insert(party_facts).values(**key, fact=f)))
    return key


@pytest.fixture(autouse=True)
def known(web: Web) -> Web:
    """Ana is known to both systems, João to Kommo alone."""
    web.login()
    ana = {"id": 1, "name": "Ana Conceição Lima", "phones": ["+5511988887777"]}
    joao = {"id": 2, "name": "João", "emails": ["joao@example.com"]}
    web.mirror("kommo.contacts", ana, joao)
    web.mirror(
        "gestao_click.clientes",
        {
            "id": "11",
            "nome": "Ana C. Lima",
            "cpf": "529.982.247-25",
            "cadastrado_em": "2025-02-03 10:00:00",
        },
    )
    ours = party(web, "kommo.contacts", "1", ["ana conceicao lima"], PHONE)
    party(web, "kommo.contacts", "2", ["joao"], "e-mail:joao@example.com")
    theirs = party(web, "gestao_click.clientes", "11", ["ana c lima"], f"tax id:{CPF}", PHONE)
    pair = {**ours, **{f"erp_{name}": value for name, value in theirs.items()}}
    said = {"state": "matched", "strength": 0.9, "facts": [PHONE], "why": "the same phone"}
    web.run(lambda c: c.execute(insert(matches).values(**pair, **said)))
    return web


def names(web: Web, said: str) -> list[str]:
    page = web.client.get("/people", query_string={"query": said}).text
    return [
        line.partition(">")[2].partition("<")[0]
        for line in page.split('<th scope="row"><a href="/people/')[1:]
    ]


@pytest.mark.parametrize(
    "said",
    [
        "ana",
        "ANA CONCEIÇÃO",
        "lima conc",
        "11 98888-7777",
        "+55 (11) 8888-7777",
        "98888-7777",
        "529.982.247-25",
        CPF,
    ],
)
def test_a_person_is_found_once_however_she_is_looked_for(web: Web, said: str) -> None:
    (found,) = names(web, said)
    assert found in ("Ana Conceição Lima", "Ana C. Lima")


@pytest.mark.parametrize("said", ["joao", "João", "joao@example.com", "JOAO@EXAMPLE.COM"])
def test_one_that_only_one_system_knows_is_found_too(web: Web, said: str) -> None:
    assert names(web, said) == ["João"]


@pytest.mark.parametrize(
    "said", ["nobody", "12", "'; drop table x", "' & !", "%", "\\", "z:*", "é"]
)
def test_strange_words_find_nobody_and_break_nothing(web: Web, said: str) -> None:
    answer = web.client.get("/people", query_string={"query": said})
    assert answer.status_code == 200
    assert "Ana" not in answer.text


def test_without_a_question_the_page_asks_one(web: Web) -> None:
    assert "Quem você procura?" in web.client.get("/people").text


def test_a_pair_that_a_person_rejected_is_two_people(web: Web) -> None:
    web.run(lambda c: c.execute(matches.update().values(verdict="rejected")))
    assert sorted(names(web, "ana")) == ["Ana C. Lima", "Ana Conceição Lima"]


def url(web: Web) -> str:
    return f"/people/{web.integration('kommo').id}-contacts-1"


def test_a_person_is_seen_from_both_sides_with_all_that_happened(web: Web) -> None:
    link = {"_embedded": {"contacts": [{"id": 1}]}}
    won = {"status_id": 142, "closed_at": DAY + timedelta(days=3), "created_at": DAY}
    web.mirror(
        "kommo.leads",
        {"id": 5, "name": "Reforma", "price": 150, "raw": link, **won},
        {"id": 6, "name": "Pintura", "price": 70, "raw": link, "status_id": 1, "created_at": DAY},
        {"id": 7, "name": "De outro", "price": 9, "status_id": 1, "created_at": DAY},
    )
    note = {"entity_type": "leads", "entity_id": 5, "note_type": "common", "created_at": DAY}
    web.mirror("kommo.notes", {"id": 1, "text": "Quer <azul>", **note})
    task = {"entity_type": "contacts", "entity_id": 1, "is_completed": False}
    web.mirror("kommo.tasks", {"id": 1, "text": "Ligar", "complete_till": DAY, **task})
    sale = {
        "id": "7",
        "tipo": "produto",
        "codigo": "900",
        "cliente_id": "11",
        "data": date(2026, 3, 4),
    }
    web.mirror("gestao_click.vendas", {**sale, "valor_total": "149.90"})
    title = {"cliente_id": "11", "valor_total": "74.95"}
    web.mirror(
        "gestao_click.recebimentos",
        {"id": "1", "liquidado": True, "data_liquidacao": date(2026, 3, 5), **title},
        {"id": "2", "liquidado": False, "data_vencimento": date(2026, 4, 5), **title},
    )
    page = web.client.get(url(web)).text
    for said in (
        "Ana Conceição Lima",
        "Ana C. Lima",
        "529.982.247-25",
        "R$\xa0150,00",
        "R$\xa070,00",
    ):
        assert said in page
    for said in (
        "Negócio ganho",
        "Quer &lt;azul&gt;",
        "Tarefa atrasada",
        "R$\xa0149,90",
        "Vencido",
    ):
        assert said in page
    assert "De outro" not in page
    notes = web.client.get(f"{url(web)}?kind=notes").text
    assert "Quer &lt;azul&gt;" in notes
    assert "Ligar" not in notes
    assert "Nada aconteceu ainda" in web.client.get(f"{url(web)}?page=3").text


def test_from_the_other_side_it_is_the_same_person(web: Web) -> None:
    erp = web.integration("gestao-click").id
    page = web.client.get(f"/people/{erp}-clientes-11").text
    assert "Ana Conceição Lima" in page


@pytest.mark.parametrize(
    "said",
    ["1-contacts-99", "1-leads-1", "x", "1-contacts-x", "99999999999-contacts-1", "0-contacts-1"],
)
def test_who_is_not_there_is_not_found(web: Web, said: str) -> None:
    assert web.client.get(f"/people/{said}").status_code == 404
