"""A report's rows: grouped, narrowed, sorted, paged, with the sums of the whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.webhook_app.conftest import Web
from tests.webhook_app.reports.conftest import Business, Shop, furnish
from webhook_app.reports import catalog


def ask(shop: Shop, query: str = "", name: str = "ganhos") -> Any:
    said = shop.web.get(f"/api/reports/{name}?{query}")
    assert said.status_code == 200, said.text
    return said.json


def column(said: Any, *names: str) -> list[Any]:
    rows = [tuple(row[name] for name in names) for row in said["data"]]
    return [row[0] for row in rows] if len(names) == 1 else rows


def test_rows_are_grouped_and_summed(shop: Shop) -> None:
    said = ask(shop)
    assert column(said, "origem", "negocios", "valor_negocio", "recebido", "vencido") == [
        ("Instagram", 2, "1050.25", "600.05", "0"),
        ("Google", 1, "200", "200", "0"),
        (None, 1, "70", "0", "80.10"),
    ]
    assert said["data"][0]["parte_recebida"] == "0.6001"
    assert said["pagination"] == {"page": 1, "limit": 50, "total": 3, "pageCount": 1}


def test_totals_are_of_the_whole_on_every_page(shop: Shop) -> None:
    for query in ("", "limit=1", "limit=1&page=3", "page=9", "by=linha&limit=2", "by=etiqueta"):
        said = ask(shop, query)
        assert said["totals"]["negocios"] == 4
        assert said["totals"]["recebido"] == "800.05"
        assert said["totals"]["sem_venda"] == 1
    assert ask(shop, "limit=1&page=2")["data"][0]["origem"] == "Google"
    assert ask(shop, "page=9")["pagination"]["total"] == 3
    assert ask(shop, "page=9")["data"] == []


def test_a_deal_counts_at_each_of_its_tags(shop: Shop) -> None:
    said = ask(shop, "by=etiqueta")
    rows = column(said, "etiqueta", "negocios", "recebido")
    assert rows == [("vip", 2, "800.05"), ("novo", 1, "600.05"), (None, 2, "0")]


def test_months_come_in_their_order(shop: Shop) -> None:
    assert column(ask(shop, "by=mes"), "mes", "negocios") == [
        ("2026-06-01", 3),
        ("2026-07-01", 1),
    ]
    assert column(ask(shop, "by=mes&sort=-mes"), "mes") == ["2026-07-01", "2026-06-01"]


def test_each_row_may_be_asked_for(shop: Shop) -> None:
    said = ask(shop, "by=linha&sort=valor_negocio")
    assert column(said, "lead_id", "recebido") == [(3, "0"), (4, "0"), (2, "200"), (1, "600.05")]
    assert [one["name"] for one in said["report"]["columns"]] == list(said["data"][0])


@pytest.mark.parametrize(
    ("query", "deals"),
    [
        ("source=1", 2),
        ("source=none", 1),
        ("source=1&since=2026-07-01", 0),
        ("since=2026-06-10&until=2026-06-10", 3),
        ("until=2026-06-09", 0),
        ("tag=vip", 2),
        ("tag=none", 2),
        ("seller=1&pipeline=1", 4),
        ("pipeline=2", 0),
        ("campaign=none", 4),
    ],
)
def test_it_is_narrowed(shop: Shop, query: str, deals: int) -> None:
    for by in ("origem", "linha", "etiqueta", "mes"):
        said = ask(shop, f"{query}&by={by}")
        assert said["totals"]["negocios"] == deals
        assert bool(said["data"]) == bool(deals)


def test_absent_values_come_last_both_ways(shop: Shop) -> None:
    assert column(ask(shop, "sort=origem"), "origem") == ["Google", "Instagram", None]
    assert column(ask(shop, "sort=-origem"), "origem") == ["Instagram", "Google", None]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            "by=loja",
            "there are: origem, fonte, midia, campanha, funil, vendedor, etiqueta, mes, linha",
        ),
        ("sort=nome", "there are: origem, -origem"),
        ("sort=mes", "by=origem has no mes; there are: origem, negocios"),
        ("product=1", "unknown; there are: by, campaign, integration, limit, page"),
        ("since=10/06/2026", "write a date as 2026-01-31"),
        ("since=2026-07-01&until=2026-06-01", "since: 2026-07-01 is after until, 2026-06-01"),
        ("pipeline=Vendas", "pipeline: String should match pattern"),
        ("limit=251", "less than or equal to 250"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_there_is(
    shop: Shop, query: str, told: str
) -> None:
    said = shop.web.get(f"/api/reports/ganhos?{query}")
    assert said.status_code == 400
    assert told in said.json["message"]


def test_an_unknown_report_is_answered_with_those_that_there_are(web: Web) -> None:
    said = web.get("/api/reports/lucro")
    assert said.status_code == 404
    assert "/api/reports/ganhos" in said.json["message"]


def test_a_business_never_sees_another(shop: Shop, business: Business) -> None:
    north = furnish(business("north"))
    north.deal(6, "1", datetime(2026, 6, 1, tzinfo=UTC).date())
    for account in (shop.kommo, shop.erp):
        assert ask(shop, f"integration={account}")["totals"]["negocios"] == 4
    for account in (north.kommo, north.erp):
        said = ask(shop, f"integration={account}")
        assert said["totals"]["negocios"] == 5
        assert said["report"]["accounts"] == [north.kommo, north.erp]
    assert shop.web.get("/api/reports/ganhos?integration=99").status_code == 404
    assert ask(shop, f"integration={north.kommo}", "vendas")["totals"]["vendas"] == 1


def test_it_is_as_old_as_the_oldest_of_its_lists(shop: Shop) -> None:
    early, late = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC)
    shop.read("kommo.leads", late)
    shop.read("gestao_click.vendas", early)
    assert ask(shop)["freshness"]["synced_at"] is None
    shop.read("gestao_click.recebimentos", late)
    assert ask(shop)["freshness"]["synced_at"] == "2026-07-01T00:00:00Z"
    assert ask(shop)["report"]["lacking"] == []


def test_what_there_is_is_told(web: Web) -> None:
    said = web.get("/api/reports").json["data"]
    assert [one["name"] for one in said] == list(catalog.BY_NAME)
    assert all(one["about"]["pt"] and one["covers"]["en"] and one["by"] for one in said)


@pytest.mark.parametrize("name", catalog.BY_NAME)
def test_every_report_answers_in_every_way_without_any_row(web: Web, name: str) -> None:
    report = catalog.BY_NAME[name]
    for by in report.ways:
        for one in report.shown(by):
            said = web.get(f"/api/reports/{name}?by={by}&sort=-{one.name}")
            assert said.status_code == 200, said.text
            assert said.json["data"] == []
