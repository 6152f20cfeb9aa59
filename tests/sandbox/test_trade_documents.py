"""Documents that are no sales: service orders, quotes, purchases, invoices, and their titles."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sandbox_client import Client

from sandbox.gestao_click.money import to_cents

Make = Callable[..., Client]
TODAY = date(2027, 3, 10)


@pytest.fixture
def client(make_client: Make) -> Client:
    client = make_client(stores=3)
    client.control("POST", "/clock", {"at": f"{TODAY} 01:00:00"})
    return client


def play(client: Client, act: str, **more: Any) -> Any:
    return client.control("POST", "/trade", {"act": act, **more})["did"]


def row(client: Client, name: str, key: Any) -> Any:
    return client.erp(f"/{name}/{key}").json()["data"]


def texts(client: Client, name: str, keys: list[int]) -> list[str]:
    return [row(client, name, key)["descricao"] for key in keys]


def test_a_service_order_leaves_its_titles_when_it_is_finished(client: Client) -> None:
    [key] = play(client, "orders.open")["ordens_servicos"]
    order = row(client, "ordens_servicos", key)
    assert (order["data_entrada"], order["nome_situacao"]) == (TODAY.isoformat(), "Em aberto")
    client.box.advance(86400 * 50)
    assert "recebimentos" not in play(client, "orders.advance", id=key)
    titles = play(client, "orders.advance", id=key)["recebimentos"]
    after = row(client, "ordens_servicos", key)
    assert (after["data_entrada"], after["nome_situacao"]) == (TODAY.isoformat(), "Finalizada")
    told = texts(client, "recebimentos", titles)
    assert told[0].startswith(f"Ordem de serviço de nº {order['codigo']}")
    values = [row(client, "recebimentos", title)["valor"] for title in titles]
    assert sum(map(to_cents, values)) == to_cents(order["valor_total"])
    assert play(client, "orders.advance", id=key) == {}
    assert sorted(play(client, "orders.cancel", id=key)["recebimentos"]) == titles
    assert all(client.erp(f"/recebimentos/{title}").status_code == 404 for title in titles)


def test_a_purchase_leaves_its_payables_when_it_is_confirmed(client: Client) -> None:
    [key] = play(client, "purchases.buy")["compras"]
    before = row(client, "compras", key)
    assert len(before["situacoes"]) == 1
    payables = play(client, "purchases.confirm", id=key)["pagamentos"]
    after = row(client, "compras", key)
    assert [entry["situacao"]["situacao"] for entry in after["situacoes"]] == [
        "Em aberto",
        "Confirmada",
    ]
    assert len(payables) == len(after["pagamentos"])
    first = row(client, "pagamentos", payables[0])
    assert first["descricao"].startswith(f"Compra de nº {after['codigo']}")
    assert (first["entidade"], first["fornecedor_id"]) == ("F", after["fornecedor_id"])
    client.control("POST", "/delete", {"list": "compras", "id": key})
    assert all(client.erp(f"/pagamentos/{title}").status_code == 404 for title in payables)


def test_quotes_leave_no_titles(client: Client) -> None:
    before = client.box.books()
    [key] = play(client, "quotes.write")["orcamentos"]
    assert row(client, "orcamentos", key)["nome_situacao"] == "Em aberto"
    play(client, "quotes.decide", id=key)
    assert row(client, "orcamentos", key)["nome_situacao"] != "Em aberto"
    assert client.box.books() == before


def test_invoices_name_their_document_by_id(client: Client) -> None:
    for _ in range(60):
        play(client, "sales.sell")
    seen = set()
    for _ in range(60):
        for name, [key] in play(client, "invoices.issue").items():
            invoice = row(client, name, key)
            of = "ordens_servicos" if name == "notas_fiscais_servicos" else "vendas"
            assert invoice["nome_loja"] == row(client, of, invoice["pedido_id"])["nome_loja"]
            seen.add(name)
    assert seen >= {"notas_fiscais_produtos", "notas_fiscais_consumidores"}


def test_documents_of_the_past_are_seeded_and_mostly_done(make_client: Make) -> None:
    client = make_client(leads=0, sales=1200, stores=3, months=12)
    for name, done in (("ordens_servicos", "Finalizada"), ("compras", "Confirmada")):
        rows = client.box.truth("gestao-click", name)
        finished = [entry for entry in rows if entry["nome_situacao"] == done]
        assert len(rows) >= 40
        assert len(rows) > len(finished) > len(rows) * 0.8
    titles = client.box.truth("gestao-click", "recebimentos")
    assert any(title["descricao"].startswith("Ordem de serviço de nº") for title in titles)
    payables = client.box.truth("gestao-click", "pagamentos")
    assert any(title["descricao"].startswith("Compra de nº") for title in payables)
