"""/matches: both sides beside each other, and a person's word, in the reader's place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from shared.db.matching import deal_sales, matches
from tests.webhook_app.conftest import Web
from webhook_app.people import review
from worker.matching import sales
from worker.matching.judging import Names


@pytest.fixture
def csrf(web: Web) -> str:
    return web.login()


@pytest.fixture
def pair(web: Web) -> int:
    """A doubtful one: a contact and a client with the same phone."""
    web.mirror("kommo.contacts", {"id": 1, "name": "Ana Lima", "phones": ["+5511988887777"]})
    client = {"id": "11", "nome": "Joana Prado", "celular": "(11) 98888-7777", "cpf": "x"}
    web.mirror("gestao_click.clientes", client)
    values = {
        "integration_id": web.integration("kommo").id,
        "resource": "kommo.contacts",
        "record": "1",
        "erp_integration_id": web.integration("gestao-click").id,
        "erp_resource": "gestao_click.clientes",
        "erp_record": "11",
        "state": "doubtful",
        "strength": 0.4,
        "facts": ["phone:+551188887777"],
        "why": "the same phone; the names differ",
    }
    return made(web, matches, values)


@pytest.fixture
def deal(web: Web) -> int:
    won = datetime(2026, 3, 1, tzinfo=UTC)
    web.mirror("kommo.leads", {"id": 5, "name": "Reforma", "price": 100, "closed_at": won})
    sale = {"id": "7", "codigo": "123", "valor_total": "99.90", "data": date(2026, 3, 4)}
    web.mirror("gestao_click.vendas", {**sale, "tipo": "produto", "nome_cliente": "Ana"})
    values = {
        "integration_id": web.integration("kommo").id,
        "lead_id": 5,
        "erp_integration_id": web.integration("gestao-click").id,
        "sale_id": "7",
        "state": "doubtful",
        "strength": 0.5,
        "why": "the same client; nearly the same value; 3 days after the deal",
    }
    return made(web, deal_sales, values)


def made(web: Web, table: Any, values: dict[str, Any]) -> int:
    row = insert(table).values(**values).returning(table.c.id)
    return int(web.run(lambda c: c.scalar(row)))


def verdict(web: Web, table: Any = matches) -> tuple[str | None, str | None]:
    asked = select(table.c.verdict, table.c.decided_by)
    row = web.run(lambda c: c.execute(asked).one())
    return row.verdict, row.decided_by


@pytest.mark.usefixtures("csrf", "pair")
def test_both_sides_stand_beside_each_other_with_what_they_share(web: Web) -> None:
    page = web.client.get("/matches").text
    for said in (
        "Ana Lima",
        "Joana Prado",
        "(11) 98888-7777",
        "o mesmo telefone; nomes diferentes",
    ):
        assert said in page
    assert page.count("igual nos dois") == 2, "the phone, on each side"
    assert "40%" in page
    web.client.set_cookie("ponte_lang", "en")
    assert "the same phone; the names differ" in web.client.get("/matches").text


@pytest.mark.usefixtures("csrf", "deal")
def test_a_deal_stands_beside_the_sale_that_it_may_have_become(web: Web) -> None:
    page = web.client.get("/matches?kind=deals").text
    for said in ("Reforma", "Venda 123", "R$\xa099,90", "quase o mesmo valor; 3 dias depois"):
        assert said in page


def test_a_word_is_kept_and_taken_back(web: Web, csrf: str, pair: int) -> None:
    back = "/matches?standing=review&page=2"
    form = {"csrf": csrf, "verdict": "accepted", "back": back}
    done = web.client.post(f"/matches/people/{pair}", data=form)
    assert (done.status_code, done.headers["Location"]) == (303, back)
    assert verdict(web) == ("accepted", "dashboard")
    assert "Nada a revisar" in web.client.get("/matches?page=9").text
    assert "Ana Lima" in web.client.get("/matches?standing=matched").text
    web.client.post(f"/matches/people/{pair}", data={**form, "verdict": ""})
    assert verdict(web) == (None, None)


def test_with_scripts_the_pair_alone_comes_back_with_its_undo(
    web: Web, csrf: str, pair: int
) -> None:
    form = {"csrf": csrf, "verdict": "rejected", "back": "/matches"}
    answer = web.client.post(
        f"/matches/people/{pair}", data=form, headers={"HX-Request": "true"}
    ).text
    assert answer.strip().startswith(f'<article class="card match decided" id="pair-{pair}"')
    assert "Desfazer" in answer
    assert "<html" not in answer


def test_a_deals_sale_is_decided_too(web: Web, csrf: str, deal: int) -> None:
    web.client.post(f"/matches/deals/{deal}", data={"csrf": csrf, "verdict": "rejected"})
    assert verdict(web, deal_sales) == ("rejected", "dashboard")


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/matches\r\nX: y"])
def test_nobody_is_sent_elsewhere(web: Web, csrf: str, pair: int, back: str) -> None:
    form = {"csrf": csrf, "verdict": "accepted", "back": back}
    assert web.client.post(f"/matches/people/{pair}", data=form).headers["Location"] == "/matches"


def test_what_is_no_pair_or_no_verdict_is_not_found(web: Web, csrf: str, pair: int) -> None:
    form = {"csrf": csrf, "verdict": "accepted"}
    assert web.client.post("/matches/people/999", data=form).status_code == 404
    assert web.client.post(f"/matches/nothing/{pair}", data=form).status_code == 404
    assert web.client.post(f"/matches/people/{pair}", data={"csrf": csrf}).status_code == 404
    assert web.client.post(f"/matches/people/{pair}", data={"verdict": ""}).status_code == 403


@pytest.mark.usefixtures("csrf", "pair")
def test_a_side_that_the_mirror_lost_is_said(web: Web) -> None:
    web.run(lambda c: c.exec_driver_sql("delete from gestao_click.clientes"))
    assert "O espelho não tem mais este registro" in web.client.get("/matches").text


def test_whatever_matching_says_is_said_in_portuguese_too(web: Web) -> None:
    """`why` is put together of these; what a statement composes stands between quotes in it."""
    kinds = [f"the same {kind}" for kind in ("phone", "e-mail", "tax id")]
    said = [*kinds, *map(str, Names), "3 are known by it", "their tax ids differ"]
    said += ["they live in different cities", "nothing is the same any more", "the record is gone"]
    said += [
        "the same client",
        "on the same day",
        "4 days after the deal",
        "2 days before the deal",
    ]
    said += ["the deal names the sale's number", "the same value", "nearly the same value"]
    said += ["another value", "2 sales are like this", "3 deals are like this"]
    said += ["nothing ties them any more"]
    with web.client.application.test_request_context("/"):
        assert [one for one in said if review.reason(one) == one] == []
        assert review.reason("something new") == "something new"
    for words in ("on the same day", "nearly the same value", "days after the deal"):
        assert words in sales.FOUND
