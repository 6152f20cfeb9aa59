"""What was sold: best-selling products, targets with real figures, and which situations count."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.webhook_app.conftest import Web
from tests.webhook_app.test_erp_lists import carry

API = "/api/gestao-click"
JUNE, JULY = date(2026, 6, 10), date(2026, 7, 1)


def sale(id_: str, day: date, total: str, **more: Any) -> dict[str, Any]:
    usual = {
        "loja_id": "90001",
        "tipo": "produto",
        "situacao_id": "1",
        "nome_situacao": "Concretizada",
    }
    return {"id": id_, "data": day, "valor_total": Decimal(total), **usual, **more}


def line(
    sale_id: str, ordem: int, product: str | None, quantity: str, total: str
) -> dict[str, Any]:
    return {
        "venda_id": sale_id,
        "ordem": ordem,
        "produto_id": product,
        "nome_produto": f"sold as {product}",
        "quantidade": Decimal(quantity),
        "valor_total": Decimal(total),
    }


@pytest.fixture
def shop(web: Web) -> Web:
    cancelled = {"situacao_id": "9", "nome_situacao": "CANCELADA"}
    web.mirror(
        "gestao_click.vendas",
        sale("1", JUNE, "100.10", vendedor_id="7"),
        sale("2", JUNE, "0.20", loja_id="90002", vendedor_id="8", tipo="vendas_balcao"),
        sale("3", JULY, "50"),
        sale("4", JUNE, "1000", **cancelled),
        sale("5", JUNE, "77", deleted_at="2026-06-11"),
        sale("6", date(2026, 6, 30), "3", situacao_id=None, nome_situacao=None),
    )
    carry(
        web,
        "gestao_click.vendas",
        "produtos",
        line("1", 1, "10", "1.00", "100.00"),
        line("1", 2, "11", "3.5000", "0.10"),
        line("2", 1, "10", "2.00", "0.20"),
        line("3", 1, "11", "1", "50"),
        line("4", 1, "11", "99", "1000"),
        line("5", 1, "11", "99", "77"),
        line("6", 1, None, "1", "3"),
    )
    web.mirror("gestao_click.produtos", {"id": "10", "nome": "Café", "codigo_interno": "P-10"})
    web.mirror("gestao_click.situacoes_vendas", {"id": "1", "nome": "Concretizada"})
    return web


def sold(
    web: Web, asked: str = "", name: str = "best-selling-products"
) -> list[tuple[str, str, str]]:
    said = web.get(f"{API}/{name}?{asked}")
    assert said.status_code == 200, said.text
    return [(row["produto_id"], row["quantidade"], row["valor"]) for row in said.json["data"]]


def test_products_are_ranked_by_what_live_sales_that_count_have_sold(shop: Web) -> None:
    ranked = sold(shop)
    assert ranked == [("11", "4.5000", "50.10"), ("10", "3.00", "100.20"), (None, "1", "3")]
    assert sold(shop, name="produtos-mais-vendidos") == ranked
    assert [row[0] for row in sold(shop, "sort=valor")] == ["10", "11", None]
    said = shop.get(f"{API}/best-selling-products?limit=1&page=2").json
    assert said["pagination"]["total"] == 3
    assert (said["data"][0]["nome_produto"], said["data"][0]["vendas"]) == ("Café", 2)


@pytest.mark.parametrize(
    ("asked", "products"),
    [
        ("dataInicio=2026-06-01&dataFim=2026-06-30", ["11", "10", None]),
        ("data_inicio=2026-07-01", ["11"]),
        ("loja_id=90002", ["10"]),
        ("tipo=vendas_balcao", ["10"]),
        ("situacao_id=9", ["11"]),
        ("grupo_id=1", []),
    ],
)
def test_best_sellers_are_asked_for_by_period_store_type_and_situation(
    shop: Web, asked: str, products: list[str | None]
) -> None:
    assert [row[0] for row in sold(shop, asked)] == products


def test_what_is_left_out_is_said_and_people_decide_it(shop: Web) -> None:
    said = shop.get(f"{API}/best-selling-products?data_fim=2026-06-30").json
    left_out = {"situacao_id": "9", "nome_situacao": "CANCELADA", "vendas": 1, "valor": "1000"}
    assert said["left_out"] == [left_out]
    decided = {row["situacao_id"]: row for row in shop.get(f"{API}/sale-situations").json["data"]}
    assert (decided["9"]["counts"], decided["9"]["decided"], decided["9"]["vendas"]) == (
        False,
        "name",
        1,
    )
    assert decided["1"]["counts"] is True
    put(shop, f"{API}/sale-situations/9", {"counts": True})
    put(shop, f"{API}/sale-situations/1", {"counts": False})
    assert sold(shop)[0] == ("11", "99", "1000")
    said = shop.get(f"{API}/best-selling-products").json
    assert [row["situacao_id"] for row in said["left_out"]] == ["1"]
    for situation in ("1", "9"):
        put(shop, f"{API}/sale-situations/{situation}", {"counts": None})
    assert sold(shop)[0] == ("11", "4.5000", "50.10")
    unknown = shop.client.put(
        f"{API}/sale-situations/77", json={"counts": True}, headers=shop.token("sync")
    )
    assert (unknown.status_code, "1, 9" in unknown.json["detail"]) == (404, True)


def put(web: Web, url: str, body: dict[str, Any], scope: str = "sync") -> Any:
    said = web.client.put(url, json=body, headers=web.token(scope))
    assert said.status_code == 200, said.text
    return said.json["data"]


def target(month: str, amount: str, **place: str) -> dict[str, str]:
    return {"month": month, "amount": amount, **place}


def test_targets_have_the_months_real_figures_behind_them(shop: Web) -> None:
    settled = {"liquidado": True, "data_liquidacao": JUNE, "loja_id": "90001"}
    shop.mirror(
        "gestao_click.recebimentos",
        {"id": "1", "valor_total": Decimal("40.40"), **settled},
        {"id": "2", "valor_total": Decimal("9"), **settled, "data_liquidacao": JULY},
        {"id": "3", "valor_total": Decimal("9"), "liquidado": False, "loja_id": "90001"},
        {"id": "4", "valor_total": Decimal("2"), **settled, "loja_id": "90002"},
    )
    put(shop, "/api/targets", target("2026-06", "200"))
    put(shop, "/api/targets", target("2026-06", "50", store="90002"))
    rows = put(shop, "/api/targets", target("2026-06", "300.30", seller="7"))
    figures = {(row["loja_id"], row["vendedor_id"]): row for row in rows}
    whole, store, seller = figures[None, None], figures["90002", None], figures[None, "7"]
    assert (whole["vendido"], whole["vendas"], whole["percentual"]) == ("103.30", 3, "51.65")
    assert (whole["recebido"], store["recebido"], seller["recebido"]) == ("42.40", "2", None)
    assert (store["vendido"], store["percentual"]) == ("0.20", "0.40")
    assert (seller["meta"], seller["vendido"], seller["percentual"]) == (
        "300.30",
        "100.10",
        "33.33",
    )
    shop.mirror("gestao_click.vendas", sale("9", JUNE, "96.70"))
    (whole,) = [r for r in shop.get("/api/targets?month=2026-06").json["data"] if not r["loja_id"]][
        :1
    ]
    assert whole["percentual"] == "100.00"


def test_a_target_is_replaced_and_taken_back(shop: Web) -> None:
    put(shop, "/api/targets", target("2026-06", "1", store="90002"))
    put(shop, "/api/targets", target("2026-06", "0", store="90002"))
    put(shop, "/api/targets", target("2026-07", "5"))
    said = shop.get("/api/targets").json
    assert [(row["mes"], row["meta"], row["percentual"]) for row in said["data"]] == [
        ("2026-07", "5", "1000.00"),
        ("2026-06", "0", None),
    ]
    delete = "/api/targets?month=2026-06"
    gone = shop.client.delete(delete, headers=shop.token("sync"))
    assert gone.status_code == 404
    gone = shop.client.delete(f"{delete}&store=90002", headers=shop.token("sync"))
    assert (gone.status_code, gone.json["data"]) == (200, [])


def test_the_originals_metas_are_rows_for_each_seller(shop: Web) -> None:
    body = {
        "mesReferencia": "2026-06",
        "metaMensal": "500",
        "metasVendedores": {"7": "200", "8": "1"},
    }
    said = shop.post("/api/metas", body)
    assert said.status_code == 200
    assert [(r["vendedor_id"], r["meta"]) for r in said.json["data"]] == [
        (None, "500"),
        ("7", "200"),
        ("8", "1"),
    ]
    assert shop.get("/api/metas").json["data"] == said.json["data"]
    assert shop.post("/api/metas", {**body, "metaSalvio": "1"}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        target("2026-13", "1"),
        target("2026-06", "-1"),
        target("2026-06", "1.005"),
        target("2026-06", "NaN"),
        {"month": "2026-06"},
        target("2026-06", "1", store=""),
        {"month": "2026-06", "amount": 1},
    ],
)
def test_what_is_no_target_is_refused(shop: Web, body: dict[str, Any]) -> None:
    said = shop.client.put("/api/targets", json=body, headers=shop.token("sync"))
    assert said.status_code == 400
    assert shop.get("/api/targets").json["data"] == []


def test_reading_does_not_need_and_writing_does_need_the_scope_sync(shop: Web) -> None:
    assert shop.get("/api/targets", "read").status_code == 200
    for method, url, body in (
        ("put", "/api/targets", target("2026-06", "1")),
        ("post", "/api/metas", {"mesReferencia": "2026-06", "metaMensal": "1"}),
        ("put", f"{API}/sale-situations/9", {"counts": True}),
        ("put", f"{API}/sync-schedule", None),
    ):
        said = getattr(shop.client, method)(url, json=body, headers=shop.token("read"))
        assert said.status_code == 403, url
