"""Today's picture: each figure against rows that were put there by hand."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert, text

from shared.db import bookkeeping as db
from shared.db.wallet import opening_balances
from tests.webhook_app.conftest import Web
from webhook_app import businesses
from webhook_app.pages import picture
from webhook_app.pages.home import SPANS
from webhook_app.pages.picture import Asked

ZONE = ZoneInfo("America/Sao_Paulo")


@pytest.fixture
def today(web: Web) -> date:
    """PostgreSQL's, where the accounts live."""
    web.integration("kommo")
    found: date = web.run(lambda c: c.scalar(text("select min(today) from ponte.local_days")))
    return found


def title(
    id_: str, amount: str, due: date, paid: date | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "id": id_,
        "valor_total": Decimal(amount),
        "data_vencimento": due,
        "liquidado": paid is not None,
        "data_liquidacao": paid,
        "loja_id": "1",
        "conta_bancaria_id": "7",
        "cliente_id": "c1",
        "nome_cliente": "Ana Exemplo",
        "entidade": "C",
        **more,
    }


def deal(id_: int, price: int, status: int, made: datetime, closed: datetime | None = None) -> Any:
    return {
        "id": id_,
        "price": price,
        "status_id": status,
        "created_at": made,
        "closed_at": closed,
        "responsible_user_id": 5,
    }


@pytest.fixture
def shop(web: Web, today: date) -> Web:
    month, yesterday = today.replace(day=1), today - timedelta(days=1)
    before = month - timedelta(days=1)
    noon = datetime.combine(today, time(12), ZONE)
    web.mirror("gestao_click.lojas", {"id": "1", "nome": "Matriz"}, {"id": "2", "nome": "Filial"})
    web.mirror("gestao_click.contas_bancarias", {"id": "7", "nome": "Conta"})
    web.mirror("kommo.users", {"id": 5, "name": "Bia"}, {"id": 6, "name": "Caio"})
    web.mirror(
        "gestao_click.recebimentos",
        title("1", "100.10", today, today, loja_id="2"),
        title("2", "50.05", month, month),
        title("3", "30.00", before, before),
        title("4", "7.77", yesterday),
        title("5", "2.22", today - timedelta(days=40)),
        title("6", "9.00", today + timedelta(days=6)),
        title("7", "9.00", today + timedelta(days=7)),
        title("8", "1000", today, today, deleted_at=datetime.now(UTC)),
        title("9", "500", yesterday, missing_since=datetime.now(UTC)),
    )
    web.mirror("gestao_click.pagamentos", title("1", "20.00", today, today, entidade="F"))
    web.mirror(
        "gestao_click.vendas",
        {"id": "1", "data": today, "valor_total": Decimal("11.11"), "loja_id": "1"},
        {"id": "2", "data": month, "valor_total": Decimal("22.22"), "loja_id": "2"},
        {"id": "3", "data": before, "valor_total": Decimal("44.44"), "loja_id": "1"},
        {"id": "4", "data": today, "valor_total": Decimal("99"), "nome_situacao": "Cancelada"},
    )
    web.mirror(
        "kommo.leads",
        deal(1, 10, 1, noon),
        deal(2, 20, 1, noon - timedelta(days=6)),
        deal(3, 40, 1, noon - timedelta(days=7)),
        deal(4, 300, 142, noon - timedelta(days=90), noon),
        deal(5, 500, 142, noon - timedelta(days=90), datetime.combine(before, time(23, 59), ZONE)),
        deal(6, 800, 143, noon - timedelta(days=90), noon),
    )
    return web


def asked(web: Web, **narrowed: Any) -> Asked:
    known = web.run(businesses.known, web.own.settings)
    return Asked(businesses.meant(known, None), **narrowed)


def test_the_money_is_that_of_the_titles_and_sales_that_are_there(shop: Web, today: date) -> None:
    found = shop.run(picture.money, asked(shop), today)
    first = today.day == 1
    assert found.received_today == Decimal("150.15" if first else "100.10")
    assert found.received_month == Decimal("150.15")
    assert (found.overdue, found.overdue_titles) == (Decimal("9.99"), 2)
    assert found.due_soon == Decimal("9.00")
    assert (found.sold_month, found.sales_month) == (Decimal("33.33"), 2)
    assert (found.balance, found.accounts, found.opened) == (None, 1, 0)


def test_a_store_narrows_money_and_a_seller_narrows_deals(shop: Web, today: date) -> None:
    found = shop.run(picture.money, asked(shop, store="2"), today)
    assert found.received_month == Decimal("100.10")
    assert (found.overdue_titles, found.sold_month) == (0, Decimal("22.22"))
    others = shop.run(picture.deals, asked(shop, seller="6"), today)
    assert (others.new_week, others.open, others.won) == (0, 0, 0)


def test_deals_are_counted_by_the_days_of_the_account(shop: Web, today: date) -> None:
    found = shop.run(picture.deals, asked(shop), today)
    assert (found.new_today, found.new_week) == (1, 2)
    assert (found.won, found.won_value) == (1, 300)
    assert (found.open, found.open_value) == (3, 70)


def test_the_balance_is_that_of_the_wallets(shop: Web, today: date) -> None:
    def opened(c: Connection) -> None:
        erp = shop.integration("gestao-click").id
        for wallet, amount in (("7", 1000), ("none", 5)):
            row = {"integration_id": erp, "wallet_id": wallet, "amount": amount}
            c.execute(insert(opening_balances).values(**row, as_of=today))

    shop.run(opened)
    shop.mirror(
        "gestao_click.recebimentos",
        title("20", "0.50", today, today, data_liquidacao=None),
        title("21", "0.25", today, today, conta_bancaria_id=None),
        title("22", "3", today, today + timedelta(days=1)),
    )
    found = shop.run(picture.money, asked(shop), today)
    wallets = shop.run(lambda c: c.scalar(text("select sum(balance) from ponte.wallets")))
    assert found.balance == wallets
    assert (found.accounts, found.opened) == (1, 1)


@pytest.mark.parametrize("span", SPANS, ids=lambda span: span.name)
def test_the_chart_adds_up_to_what_came_in_over_its_span(shop: Web, today: date, span: Any) -> None:
    periods = span.periods(today)
    parts = shop.run(picture.columns, asked(shop), span.by, periods)
    assert [part.period for part in parts] == periods
    assert (periods[-1].last, len(periods)) == (today, span.length)
    inside = [
        Decimal(amount)
        for amount, day in (
            ("100.10", today),
            ("50.05", today.replace(day=1)),
            ("30.00", today.replace(day=1) - timedelta(days=1)),
        )
        if day >= periods[0].first
    ]
    assert sum(part.received for part in parts) == sum(inside)


def test_what_waits_for_a_person_is_counted(shop: Web) -> None:
    kommo, erp = shop.integration("kommo").id, shop.integration("gestao-click").id

    def refused(c: Connection) -> None:
        row = {"resource": "gestao_click.vendas", "record": {}, "digest": "0" * 32, "reason": "x"}
        c.execute(insert(db.rejects).values(integration_id=erp, **row))
        c.execute(
            text(
                "insert into ponte.deal_sales (integration_id, lead_id, erp_integration_id, sale_id, state,"
                " strength, why) values (:kommo, 4, :erp, '1', 'matched', 1, 'x'),"
                " (:kommo, 5, :erp, '2', 'doubtful', 0.5, 'x')"
            ),
            {"kommo": kommo, "erp": erp},
        )

    shop.run(refused)
    found = shop.run(picture.to_look_at, asked(shop))
    assert (found.people, found.deals, found.unsold, found.rejects) == (0, 1, 1, 1)


def test_the_page_tells_it_in_both_languages(shop: Web) -> None:
    shop.login()
    page = shop.client.get("/").text
    for word in (
        "Recebido no mês",
        "R$\xa0150,15",
        "Quem mais deve",
        "Ana Exemplo",
        "Matriz",
        "Bia",
    ):
        assert word in page, word
    shop.client.set_cookie("ponte_lang", "en")
    page = shop.client.get("/?period=12m&store=2&seller=5").text
    for word in ("Received this month", "R$100.10", "last 12 months"):
        assert word in page, word


def test_open_alerts_stand_on_it_once_they_were_told(shop: Web) -> None:
    said = (
        "insert into ponte.alert_incidents (rule, subject, opened_at, closed_at, figure, said_pt, said_en)"
        " values ('stale', 'a', clock_timestamp(), null, 1, 'Leads atrasados', 'Leads are late'),"
        " ('stale', 'b', null, null, 1, 'ainda não', 'not yet'),"
        " ('stale', 'c', clock_timestamp(), clock_timestamp(), 1, 'passou', 'over')"
    )
    shop.run(lambda c: c.execute(text(said)))
    shop.login()
    page = shop.client.get("/").text
    assert "Leads atrasados" in page and "ainda não" not in page and "passou" not in page


@pytest.mark.parametrize("query", ["?period=x&store=%00&seller=x'", "?integration=999&period="])
def test_a_filter_that_means_nothing_is_no_error(shop: Web, query: str) -> None:
    shop.login()
    assert shop.client.get(f"/{query}").status_code == 200


def test_before_any_account_is_connected_the_page_says_how_to_begin(web: Web) -> None:
    web.login()
    page = web.client.get("/")
    assert page.status_code == 200
    assert "Comece por conectar uma conta" in page.text


def test_a_business_never_shows_anothers_money(shop: Web, today: date) -> None:
    def other(c: Connection) -> int:
        made = insert(db.integration_settings).values(user_id="outra", provider="gestao-click")
        return int(c.execute(made.returning(db.integration_settings.c.id)).scalar_one())

    theirs = shop.run(other)
    known = shop.run(businesses.known, shop.own.settings)
    assert [one.user for one in known] == ["default", "outra"]
    found = shop.run(picture.money, Asked(businesses.meant(known, str(theirs))), today)
    assert (found.received_month, found.overdue_titles, found.accounts) == (0, 0, 0)
    shop.login()
    assert "Empresa" in shop.client.get("/").text
    assert "Ana Exemplo" not in shop.client.get(f"/?integration={theirs}").text
