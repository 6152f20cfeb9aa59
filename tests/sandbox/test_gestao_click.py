"""Gestão Click's lists at the wire: what acts, what is ignored, what moves."""

import json
from datetime import timedelta
from typing import Any

import pytest
import requests
from sandbox_client import Client

from sandbox.gestao_click.clock import month_of, today

FAR = {"data_inicio": "2020-01-01", "data_fim": "2035-12-31"}
STORES = ("90001", "90002")


def rows(client: Client, path: str, **params: Any) -> list[Any]:
    """All rows of a list, page by page."""
    found: list[Any] = []
    page = 1
    while True:
        body = client.erp(path, limite=100, pagina=page, **params).json()
        found += body["data"] if isinstance(body["data"], list) else []
        if not body.get("meta") or not body["meta"]["proxima_pagina"]:
            return found
        page += 1


def test_both_tokens_are_needed_and_underscore_names_work(client: Client) -> None:
    url = f"{client.box.gestao_click_url}/clientes"
    access, secret = client.box.gestao_click_tokens
    wrong = {"access-token": access, "secret-access-token": "0" * 40}
    refused = requests.get(url, headers=wrong, timeout=5)
    assert (refused.status_code, refused.json()["status"]) == (401, "error")
    underscored = {"access_token": access, "secret_access_token": secret}
    assert requests.get(url, headers=underscored, timeout=5).status_code == 200


@pytest.mark.parametrize("path", ["/clientes", "/api/clientes", "/clientes/", "/api/clientes/"])
def test_both_prefixes_and_a_trailing_slash_work(client: Client, path: str) -> None:
    assert client.erp(path).status_code == 200


def test_page_and_per_page_are_ignored(client: Client) -> None:
    first = client.erp("/clientes").json()
    assert client.erp("/clientes", page=2, per_page=5, anything="x").json()["data"] == first["data"]
    assert len(first["data"]) == 20


def test_limite_over_100_silently_becomes_100(make_client: Any) -> None:
    client = make_client(leads=300)
    body = client.erp("/clientes", limite=500).json()
    assert len(body["data"]) == body["meta"]["limite_por_pagina"] == 100


def test_meta_comes_in_two_variants_or_not_at_all(client: Client) -> None:
    assert "total_da_pagina" in client.erp("/clientes").json()["meta"]
    assert "total_registros_pagina" in client.erp("/produtos").json()["meta"]
    assert "meta" not in client.erp("/lojas").json()
    assert "sandbox" in client.erp("/lojas").json()["data"][0]["nome"]


def test_the_next_url_is_relative_and_keeps_the_filters(client: Client) -> None:
    meta = client.erp("/clientes", limite=2, situacao=1).json()["meta"]
    assert meta["proxima_url"] == "/api/clientes?situacao=1&limite=2&pagina=2"


def test_an_empty_list_has_three_faces(client: Client) -> None:
    nothing = {"data_inicio": "2001-01-01", "data_fim": "2001-01-02"}
    assert client.erp("/vendas", **nothing).json()["data"] == "Não há dados!"
    assert client.erp("/recebimentos", **nothing).json()["data"] == []
    products = client.erp("/produtos", nome="nada disso").json()
    assert (products["data"], set(products["meta"].values())) == ([], {None})


def test_a_page_past_the_end_is_empty(client: Client) -> None:
    body = client.erp("/clientes", pagina=99).json()
    assert body["data"] == []
    assert body["meta"]["total_registros"] > 0


def test_sales_are_three_lists_in_two_stores(client: Client) -> None:
    default = rows(client, "/vendas")
    assert default == rows(client, "/vendas", tipo="produto", loja_id="90001")
    assert default == rows(client, "/vendas", tipo="balcao")
    kinds = ("produto", "servico", "vendas_balcao")
    parts = [rows(client, "/vendas", tipo=k, loja_id=s) for k in kinds for s in STORES]
    assert all(parts)
    ids = [row["id"] for part in parts for row in part]
    assert len(ids) == len(set(ids)) == len(client.box.truth("gestao-click", "vendas"))
    counter = rows(client, "/vendas", tipo="vendas_balcao")
    assert {row["cliente_id"] for row in counter} == {""}
    assert not {"tipo", "loja_id", "_sandbox"} & set(counter[0])


def test_sales_are_filtered_by_business_day_and_without_days_all_come(client: Client) -> None:
    all_of_them = rows(client, "/vendas")
    middle = sorted(row["data"] for row in all_of_them)[len(all_of_them) // 2]
    chosen = rows(client, "/vendas", data_inicio=middle, data_fim="2035-01-01")
    assert chosen == [row for row in all_of_them if row["data"] >= middle]


def test_titles_without_a_period_are_this_month_by_effective_date(client: Client) -> None:
    low, high = month_of(today(client.box.world.now()))
    everything = rows(client, "/recebimentos", **FAR)
    assert rows(client, "/recebimentos") == [
        row for row in everything if low <= effective(row) <= high
    ]
    days = [effective(row) for row in everything]
    assert days == sorted(days)
    assert {row["loja_id"] for row in everything} == {"90001"}
    assert "90002" in {
        row["loja_id"] for row in rows(client, "/recebimentos", loja_id="90002", **FAR)
    }


def test_liquidado_is_ignored_unless_the_switch_is_set(client: Client) -> None:
    everything = rows(client, "/recebimentos", **FAR)
    assert rows(client, "/recebimentos", liquidado="ab", **FAR) == everything
    client.control("POST", "/settings", {"liquidado_filters": True})
    open_ones = rows(client, "/recebimentos", liquidado="ab", **FAR)
    assert {row["liquidado"] for row in open_ones} == {"0"}


def test_paying_moves_a_title_to_its_payment_date(client: Client) -> None:
    tomorrow = (today(client.box.world.now()) + timedelta(days=1)).isoformat()
    future = rows(client, "/recebimentos", data_inicio=tomorrow, data_fim="2035-12-31")
    title = next(row for row in future if row["liquidado"] == "0")
    call = {"list": "recebimentos", "id": title["id"], "day": "2026-01-15"}
    client.control("POST", "/pay", call)
    january = rows(client, "/recebimentos", data_inicio="2026-01-15", data_fim="2026-01-15")
    assert title["id"] in [row["id"] for row in january]
    detail = client.erp(f"/recebimentos/{title['id']}").json()["data"]
    assert (detail["liquidado"], detail["data_liquidacao"]) == ("1", "2026-01-15")


def test_a_new_sale_leaves_its_receivables(client: Client) -> None:
    call = {"vendor": "gestao-click", "list": "vendas", "hidden": {"tipo": "servico"}}
    sale = client.control("POST", "/create", call)["record"]
    ahead = (today(client.box.world.now()) + timedelta(days=200)).isoformat()
    titles = rows(client, "/recebimentos", data_inicio=sale["data"], data_fim=ahead)
    mine = [row for row in titles if row["descricao"].startswith(f"Venda de nº {sale['codigo']}")]
    assert len(mine) == int(sale["numero_parcelas"])
    assert sum(float(row["valor"]) for row in mine) == pytest.approx(float(sale["valor_total"]))
    assert sale["id"] in [row["id"] for row in rows(client, "/vendas", tipo="servico")]


def test_clients_are_filtered_by_situacao_and_the_default_shows_all(client: Client) -> None:
    active, inactive = (rows(client, "/clientes", situacao=flag) for flag in (1, 0))
    assert {row["ativo"] for row in inactive} == {"0"}
    assert len(rows(client, "/clientes")) == len(active) + len(inactive)
    client.control("POST", "/settings", {"hide_inactive": True})
    assert rows(client, "/clientes") == active


def test_details_and_the_four_404s(client: Client) -> None:
    assert client.erp("/vendas/50001").json()["data"]["id"] == "50001"
    assert client.erp("/vendas/1").json()["data"]["mensagem"] == "Registro não encontrado"
    missing = client.erp("/pdv")
    assert missing.status_code == 404
    assert "PdvController could not be found" in missing.json()["devTools"]["error"]
    url = f"{client.box.gestao_click_url}/vendas"
    invalid = requests.post(url, json={}, headers=client.tokens, timeout=5)
    assert (invalid.status_code, invalid.json()["code"]) == (404, 404)
    fault = {"vendor": "gestao-click", "kind": "controller_missing", "times": 1}
    client.control("POST", "/faults", fault)
    assert "VendasController" in client.erp("/vendas").text
    assert client.erp("/vendas").status_code == 200


def test_rows_are_wrapped_when_the_switch_says_so(client: Client) -> None:
    client.control("POST", "/settings", {"wrapped": ["vendas"]})
    row = client.erp("/vendas", limite=1).json()["data"][0]
    assert list(row) == ["Venda"]
    assert row["Venda"]["pagamentos"][0].keys() == {"pagamento"}


def test_awkward_rows_are_there(client: Client) -> None:
    truth = {name: client.box.truth("gestao-click", name) for name in LISTS}
    receivables = {row["id"] for row in truth["recebimentos"]}
    assert receivables & {row["id"] for row in truth["pagamentos"]}
    by_code = [row["codigo"] for row in truth["vendas"]]
    assert len(by_code) != len(set(by_code))
    assert "0000-00-00" in [row["data_nascimento"] for row in truth["clientes"]]
    assert {None, ""} <= {row["data_liquidacao"] for row in truth["recebimentos"]}
    assert any(row["valor_venda"] == "33.3333" for row in truth["produtos"])
    assert {"0", "1"} == {row["liquidado"] for row in truth["recebimentos"]}


LISTS = ("clientes", "produtos", "vendas", "recebimentos", "pagamentos")


def test_people_of_both_worlds_match(client: Client) -> None:
    def digits(text: str) -> str:
        return "".join(c for c in text if c.isdecimal())[-11:]

    phones = set()
    for contact in client.box.truth("kommo", "contacts"):
        for field in contact["custom_fields_values"] or []:
            if field["field_code"] == "PHONE":
                phones.add(digits(field["values"][0]["value"]))
    clients = client.box.truth("gestao-click", "clientes")
    shared = [row for row in clients if digits(row["celular"] or "") in phones]
    assert len(shared) > len(clients) // 3


def test_sums_add_up(client: Client) -> None:
    for sale in client.box.truth("gestao-click", "vendas"):
        payments = [entry["pagamento"]["valor"] for entry in sale["pagamentos"]]
        assert cents(*payments) == cents(sale["valor_total"]), json.dumps(sale)


def cents(*amounts: str) -> int:
    return sum(round(float(amount) * 100) for amount in amounts)


def effective(title: Any) -> str:
    paid = title["liquidado"] == "1" and title["data_liquidacao"]
    return str(title["data_liquidacao"] if paid else title["data_vencimento"])
