"""/targets: what people enter, in their own way of writing numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from werkzeug.test import TestResponse

from tests.webhook_app.conftest import Web
from tests.webhook_app.reports.test_report_pages import page, words
from tests.webhook_app.test_sold import sale


def send(web: Web, address: str = "/targets", **form: str) -> TestResponse:
    with web.client.session_transaction() as session:
        csrf = str(session["csrf"])
    return web.client.post(address, data={"csrf": csrf, **form})


@pytest.fixture
def web(web: Web) -> Web:
    """With an account at the ERP."""
    web.integration("gestao-click")
    return web


def kept(web: Web) -> list[tuple[str, str | None, str | None, str]]:
    rows = web.get("/api/targets").json["data"]
    return [(row["mes"], row["loja_id"], row["vendedor_id"], row["meta"]) for row in rows]


def test_a_target_is_set_replaced_and_taken_back(web: Web) -> None:
    assert "Nenhuma meta ainda" in page(web, "/targets")
    assert send(web, month="2026-06", store="", seller="", amount="1.000,50").status_code == 303
    assert send(web, month="2026-06", seller="7", amount="R$ 400").status_code == 303
    assert kept(web) == [("2026-06", None, None, "1000.50"), ("2026-06", None, "7", "400")]
    send(web, month="2026-06", amount="2000,25")
    web.mirror("gestao_click.vendas", sale("1", date(2026, 6, 10), "1000"))
    found = words(page(web, "/targets"))
    assert "Meta salva." in found
    assert "jun. de 2026 Todas juntas Todos juntos R$ 2.000,25 R$ 1.000,00 50,0%" in found
    assert "R$ 2.000,25" in words(page(web, "/reports/metas?period=all"))
    send(web, "/targets/remove", month="2026-06", store="", seller="7")
    assert kept(web) == [("2026-06", None, None, "2000.25")]


def test_numbers_are_read_as_the_reader_writes_them(web: Web) -> None:
    page(web, "/targets", "en")
    send(web, month="2026-06", amount="1,000.50")
    assert Decimal(kept(web)[0][3]) == Decimal("1000.50")


@pytest.mark.parametrize(
    "form",
    [
        {"month": "2026-13", "amount": "1"},
        {"month": "2026-06", "amount": "mil"},
        {"month": "2026-06", "amount": "-1"},
        {"month": "2026-06", "amount": ""},
        {"amount": "1"},
    ],
)
def test_what_is_no_target_is_refused_with_a_word(web: Web, form: dict[str, str]) -> None:
    page(web, "/targets")
    send(web, **form)
    assert kept(web) == []
    assert "Confira o mês e o valor." in page(web, "/targets")


def test_nobody_sets_a_target_without_the_pages_own_token(web: Web) -> None:
    page(web, "/targets")
    assert web.client.post("/targets", data={"month": "2026-06", "amount": "1"}).status_code == 403
    assert kept(web) == []
