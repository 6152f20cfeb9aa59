"""/wallet: balances, the flow of cash, who is late, and the balances that people enter."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from shared.db.wallet import opening_balances
from tests.webhook_app.conftest import Web

LATE = date(2020, 1, 10)


@pytest.fixture
def csrf(web: Web) -> str:
    return web.login()


@pytest.fixture
def money(web: Web, csrf: str) -> Web:
    """One account, 100.00 received lately, 40.10 that João has owed for long."""
    web.mirror("gestao_click.contas_bancarias", {"id": "1", "nome": "Banco"})
    mine = {"conta_bancaria_id": "1", "entidade": "C"}
    lately = date.today() - timedelta(days=2)
    web.mirror(
        "gestao_click.recebimentos",
        {"id": "1", "liquidado": True, "data_liquidacao": lately, "valor_total": "100.00", **mine},
        {
            "id": "2",
            "liquidado": False,
            "data_vencimento": LATE,
            "valor_total": "40.10",
            "cliente_id": "11",
            "nome_cliente": "João",
            **mine,
        },
    )
    return web


def put(web: Web, csrf: str, wallet: str = "1", **form: Any) -> str:
    account = web.integration("gestao-click").id
    url = f"/wallet/{account}/{wallet}/opening-balance"
    return web.client.post(url, data={"csrf": csrf, **form}, follow_redirects=True).text


def kept(web: Web) -> list[tuple[date, Decimal]]:
    asked = select(opening_balances.c.as_of, opening_balances.c.amount)
    return [tuple(row) for row in web.run(lambda c: c.execute(asked).all())]


@pytest.mark.usefixtures("csrf")
def test_without_accounts_the_page_says_what_is_missing(web: Web) -> None:
    assert "Nenhuma conta ainda" in web.client.get("/wallet").text


def test_the_figures_are_those_of_the_mirror(money: Web) -> None:
    page = money.client.get("/wallet").text
    assert "R$\xa0100,00" in page
    assert page.count("R$\xa040,10") >= 3, "to receive, overdue, and João's"
    assert "1 sem saldo inicial" in page
    assert "João" in page
    money.client.set_cookie("ponte_lang", "en")
    assert "R$100.00" in money.client.get("/wallet?by=day&wallet=1").text


@pytest.mark.parametrize("by", ["day", "week", "month", "nonsense"])
def test_every_cut_of_time_has_a_drawing_and_a_table(money: Web, by: str) -> None:
    page = money.client.get(f"/wallet?by={by}").text
    assert '<canvas data-chart="bar"' in page
    assert page.count(">agora<") == 1


def test_an_opening_balance_is_entered_as_people_write_and_forgotten(money: Web, csrf: str) -> None:
    page = put(money, csrf, as_of="2026-01-01", amount="R$ 1.234,56")
    assert "Saldo inicial guardado" in page
    assert "R$\xa01.334,56" in page, "with what was received since"
    assert kept(money) == [(date(2026, 1, 1), Decimal("1234.56"))]
    put(money, csrf, as_of="2026-01-01", amount="-10")
    assert kept(money)[0][1] == Decimal("-10.00")
    assert "esquecido" in put(money, csrf, as_of="2026-01-01", amount="")
    assert kept(money) == []


@pytest.mark.parametrize(
    ("form", "wallet"),
    [
        ({"as_of": "2026-01-01", "amount": "muito"}, "1"),
        ({"as_of": "2026-01-01", "amount": "12.34.5"}, "1"),
        ({"as_of": "2026-01-01", "amount": "9" * 40}, "1"),
        ({"as_of": "2026-01-01", "amount": "NaN"}, "1"),
        ({"as_of": "amanhã", "amount": "1"}, "1"),
        ({"as_of": "0001-01-01", "amount": "1"}, "1"),
        ({"as_of": "2026-01-01", "amount": "1"}, "99"),
    ],
)
def test_what_cannot_be_a_balance_is_said_and_not_kept(
    money: Web, csrf: str, form: dict[str, str], wallet: str
) -> None:
    assert 'class="flash bad"' in put(money, csrf, wallet, **form)
    assert kept(money) == []
