"""Titles: what each column is, what may be asked, and that the sums are of everything asked for."""

from decimal import Decimal
from typing import Any

import pytest

from tests.wallet.conftest import Shop


def statuses(shop: Shop) -> dict[str, str]:
    return {row["id"]: row["status"] for row in shop.get("wallet-transactions")}


def test_a_title_is_told_in_full(shop: Shop) -> None:
    shop.accounts(a1="Caixa")
    shop.lists("lojas", {"id": "9", "nome": "Matriz"})
    shop.lists("centros_custos", {"id": "c1", "nome": "Comercial"})
    shop.lists("planos_contas", {"id": "p1", "nome": "Vendas"})
    shop.income(
        7,
        "302.99",
        "2026-03-03",
        "2026-03-10",
        valor=Decimal("299.50"),
        juros=Decimal("5.99"),
        desconto=Decimal("0.00"),
        taxa_banco=Decimal("2.00"),
        taxa_operadora=Decimal("0.50"),
        codigo="9002",
        descricao="Venda de nº 1002 (1/2)",
        plano_contas_id="p1",
        centro_custo_id="c1",
        loja_id="9",
        entidade="C",
        cliente_id="70",
        nome_cliente="Carla Teste",
        forma_pagamento_id="4",
        nome_forma_pagamento="Pix",
    )
    (row,) = shop.get("wallet-transactions")
    account = shop.web.integration("gestao-click").id
    assert row == {
        "integration_id": account,
        "list": "recebimentos",
        "id": "7",
        "type": "income",
        "status": "cleared",
        "due_on": "2026-03-03",
        "paid_on": "2026-03-10",
        "competence_on": "2026-03-03",
        "effective_on": "2026-03-10",
        "gross": "299.50",
        "interest": "5.99",
        "discount": "0.00",
        "fees": "2.50",
        "net": "302.99",
        "amount": "302.99",
        "difference": "0.00",
        "days_overdue": None,
        "age": None,
        "wallet_id": "a1",
        "wallet": "Caixa",
        "plano_contas_id": "p1",
        "category": "Vendas",
        "erp_category": "Vendas",
        "cost_center_id": "c1",
        "cost_center": "Comercial",
        "store_id": "9",
        "store": "Matriz",
        "party_kind": "client",
        "party_id": "70",
        "party": "Carla Teste",
        "payment_form_id": "4",
        "payment_form": "Pix",
        "code": "9002",
        "description": "Venda de nº 1002 (1/2)",
    }


def test_the_erps_total_stands_where_its_parts_do_not_agree_and_the_difference_is_told(
    shop: Shop,
) -> None:
    shop.income(1, "100.00", "2026-03-01", "2026-03-01", valor=Decimal("90"), desconto=Decimal(5))
    (row,) = shop.get("wallet-transactions")
    assert (row["net"], row["difference"]) == ("100.00", "15.00")
    assert shop.wallets()["a1"]["received"] == "100.00"


def test_overdue_begins_the_day_after_the_due_date_where_the_account_lives(shop: Shop) -> None:
    """São Paulo is three hours behind UTC."""
    shop.income(1, "1.00", "2026-03-16")
    shop.income(2, "1.00", "2026-03-16", "2026-03-16")
    shop.at("2026-03-17T02:59:59Z")
    assert statuses(shop) == {"1": "pending", "2": "cleared"}
    shop.at("2026-03-17T03:00:00Z")
    assert statuses(shop) == {"1": "overdue", "2": "cleared"}
    assert shop.ask("wallet-transactions")["today"] == "2026-03-17"


def test_another_time_zone_has_another_day(shop: Shop) -> None:
    shop.income(1, "1.00", "2026-03-16")
    zone = 'update ponte.integration_settings set metadata = \'{"account": {"timezone": "%s"}}\''
    shop.at("2026-03-17T03:30:00Z")
    for name, expected in (
        ("America/Sao_Paulo", "overdue"),
        ("America/Manaus", "pending"),
        ("Nowhere/At_All", "overdue"),
    ):
        shop.web.run(lambda c, s=zone % name: c.exec_driver_sql(s))
        assert statuses(shop) == {"1": expected}, name


@pytest.mark.parametrize(
    ("entidade", "kind", "party_id", "party"),
    [
        ("C", "client", "1", "Cliente"),
        ("F", "supplier", "2", "Fornecedor"),
        ("U", "employee", "3", "Funcionário"),
        ("T", "carrier", "4", "Transportadora"),
        ("O", "other", None, None),
        (None, "other", None, None),
    ],
)
def test_a_party_of_each_kind(
    shop: Shop, entidade: str | None, kind: str, party_id: str | None, party: str | None
) -> None:
    """The name is the title's; the list's own, once it is known."""
    lists = {
        "clientes": ("cliente", "1"),
        "fornecedores": ("fornecedor", "2"),
        "funcionarios": ("funcionario", "3"),
        "transportadoras": ("transportadora", "4"),
    }
    ids: dict[str, Any] = {}
    if party:
        whose, id_ = next(one for one in lists.values() if one[1] == party_id)
        ids = {f"{whose}_id": id_, f"nome_{whose}": party}
    shop.expense(1, "1.00", "2026-03-01", entidade=entidade, **ids)
    for known in (party, f"{party} Ltda"):
        (row,) = shop.get("wallet-transactions")
        assert (row["party_kind"], row["party_id"], row["party"]) == (
            kind,
            party_id,
            known if party else None,
        )
        for name, (_, id_) in lists.items():
            if known == party:
                shop.lists(name, {"id": id_, "nome": f"{party} Ltda"})


def test_a_category_is_the_erps_until_somebody_names_it(shop: Shop) -> None:
    shop.lists("planos_contas", {"id": "p1", "nome": "Aluguel"}, {"id": "p2", "nome": "Luz"})
    shop.expense(1, "10.00", "2026-03-01", plano_contas_id="p1")
    shop.expense(2, "20.00", "2026-03-01", plano_contas_id="p2")
    shop.expense(3, "40.00", "2026-03-01", plano_contas_id="p3", nome_plano_conta="Outra")
    shop.expense(4, "80.00", "2026-03-01")

    def categories() -> dict[str, Any]:
        return {row["id"]: row["category"] for row in shop.get("wallet-transactions")}

    assert categories() == {"1": "Aluguel", "2": "Luz", "3": "Outra", "4": None}
    shop.put("category-mappings/p1", category="  Estrutura ")
    shop.put("category-mappings/p2", category="Estrutura")
    shop.put("category-mappings/p3", category="Estrutura")
    assert set(categories().values()) == {"Estrutura", None}
    asked = shop.ask("wallet-transactions?category=Estrutura")
    assert asked["totals"]["expense"]["total"] == "70.00"
    assert [row["erp_category"] for row in asked["data"]] == ["Aluguel", "Luz", "Outra"]
    assert shop.put("category-mappings/p1", category="Imóvel")["category"] == "Imóvel"
    told = {row["plano_contas_id"]: row for row in shop.get("category-mappings")}
    assert {id_: (row["erp_category"], row["category"]) for id_, row in told.items()} == {
        "p1": ("Aluguel", "Imóvel"),
        "p2": ("Luz", "Estrutura"),
        "p3": ("Outra", "Estrutura"),
    }
    assert [row["listed"] for row in told.values()] == [True, True, False]
    assert shop.web.delete("/api/category-mappings/p1").json["data"]["category"] is None
    assert categories()["1"] == "Aluguel"


def test_a_mapping_needs_an_account_of_the_plan_and_a_name(shop: Shop) -> None:
    shop.lists("planos_contas", {"id": "p1", "nome": "Aluguel"})
    assert shop.web.put("/api/category-mappings/p9", {"category": "x"}).status_code == 404
    assert shop.web.delete("/api/category-mappings/p9").status_code == 404
    for body in ({"category": " "}, {"category": ""}, {}, {"category": 1}, {"name": "x"}):
        assert shop.web.put("/api/category-mappings/p1", body).status_code == 400


def fill(shop: Shop) -> None:
    """Seven titles; each has something that one filter finds."""
    shop.income(1, "10.00", "2026-03-01", "2026-03-05", centro_custo_id="c1", descricao="Venda 7")
    shop.income(2, "20.00", "2026-03-10", plano_contas_id="p1", nome_plano_conta="Vendas")
    shop.income(3, "40.00", "2026-03-20", conta_bancaria_id=None, codigo="55%")
    shop.expense(
        1, "80.00", "2026-03-02", "2026-03-02", loja_id="9", entidade="F", fornecedor_id="71"
    )
    shop.expense(2, "160.00", "2026-02-01", entidade="C", cliente_id="71", nome_cliente="Ana Já")
    shop.expense(3, "320.00", "2026-04-01")
    shop.income(4, "640.00", "2026-03-01", conta_bancaria_id="a2", data_competencia=None)


FOUND = {
    "type=income": "710",
    "type=expense": "560",
    "status=cleared": "90",
    "status=overdue": "820",
    "status=pending": "360",
    "wallet=a2": "640",
    "wallet=none": "40",
    "category=Vendas": "20",
    "category=none": "1250",
    "cost_center=c1": "10",
    "cost_center=none": "1260",
    "store=9": "80",
    "store=none": "1190",
    "party=71": "240",
    "party=71&party_kind=supplier": "80",
    "query=venda": "10",
    "query=5%25": "40",
    "query=j%C3%A1": "160",
    "net_from=80&net_to=160": "240",
    "due_on_from=2026-03-01&due_on_to=2026-03-02": "730",
    "paid_on_from=2026-03-03": "10",
    "paid_on_to=2026-03-03": "80",
    "effective_on_from=2026-03-05&effective_on_to=2026-03-10": "30",
    "competence_on_to=2026-03-01": "170",
    "status=overdue&type=income": "660",
}


@pytest.mark.parametrize("asked", FOUND)
def test_each_filter_finds_its_titles_and_their_sum(shop: Shop, asked: str) -> None:
    fill(shop)
    shown = shop.ask(f"wallet-transactions?{asked}")
    net = sum(Decimal(row["net"]) for row in shown["data"])
    assert net == Decimal(FOUND[asked])
    totals = shown["totals"]
    assert Decimal(totals["income"]["total"]) + Decimal(totals["expense"]["total"]) == net
    assert totals["count"] == len(shown["data"]) == shown["pagination"]["total"]


def test_the_sums_are_of_everything_asked_for_and_pages_do_not_overlap(shop: Shop) -> None:
    fill(shop)
    pages = [shop.ask(f"wallet-transactions?limit=3&page={n}") for n in (1, 2, 3, 4)]
    assert [len(page["data"]) for page in pages] == [3, 3, 1, 0]
    keys = [(row["list"], row["id"]) for page in pages for row in page["data"]]
    assert len(set(keys)) == 7
    assert pages[0]["totals"] == {
        "count": 7,
        "income": {"cleared": "10.00", "pending": "40.00", "overdue": "660.00", "total": "710.00"},
        "expense": {
            "cleared": "80.00",
            "pending": "320.00",
            "overdue": "160.00",
            "total": "560.00",
        },
        "amount": "150.00",
    }
    assert all(page["totals"] == pages[0]["totals"] for page in pages)


def test_the_order_is_newest_first_unless_it_is_asked_for(shop: Shop) -> None:
    fill(shop)
    newest = [row["effective_on"] for row in shop.get("wallet-transactions")]
    assert newest == sorted(newest, reverse=True)
    nets = [Decimal(row["net"]) for row in shop.get("wallet-transactions?sort=net")]
    assert nets == sorted(nets)
    competence = [
        row["competence_on"] for row in shop.get("wallet-transactions?sort=competence_on")
    ]
    assert competence[-1] is None


@pytest.mark.parametrize(
    "asked", ["status=paid", "type=in", "sort=wallet", "due_on_from=1", "vendor=1", "net_from=x"]
)
def test_what_cannot_be_asked_is_refused_with_what_can(shop: Shop, asked: str) -> None:
    found = shop.web.get(f"/api/wallet-transactions?{asked}")
    assert found.status_code == 400
    assert asked.split("=", maxsplit=1)[0] in found.json["message"]


def test_a_title_without_dates_or_amount_is_still_told(shop: Shop) -> None:
    empty = {"data_vencimento": None, "data_competencia": None}
    shop.income(1, "5.00", "2026-03-01", liquidado=None, **empty)
    shop.income(2, "1.00", "2026-03-01", "2026-03-01", valor_total=None)
    rows = {row["id"]: row for row in shop.get("wallet-transactions")}
    assert (rows["1"]["status"], rows["1"]["effective_on"]) == ("pending", None)
    assert (rows["2"]["net"], rows["2"]["amount"]) == (None, None)
    wallet = shop.wallets()["a1"]
    assert (wallet["undated"], wallet["receivable"], wallet["received"]) == (1, "5.00", "0.00")
