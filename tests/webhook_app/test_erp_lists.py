"""What can be asked of the ERP's lists: the vendor's own filters and words, and what records carry."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from shared.db.mirror import child_table
from shared.resources import BY_NAME, of_provider
from tests.webhook_app.conftest import Web
from webhook_app.lists.expanding import names

API = "/api/gestao-click"
TODAY = datetime.now(UTC).date()


def carry(web: Web, name: str, child: str, *rows: dict[str, Any]) -> None:
    """Puts rows into the table of a child."""
    resource = BY_NAME[name]
    table = child_table(resource, next(each for each in resource.children if each.name == child))
    common = {"integration_id": web.integration("gestao-click").id}

    def put(connection: Connection) -> None:
        for row in rows:
            connection.execute(insert(table).values(**{**common, **row}))

    web.run(put)


def found(web: Web, address: str) -> list[str]:
    said = web.get(f"{API}/{address}")
    assert said.status_code == 200, said.text
    return [row["id"] for row in said.json["data"]]


@pytest.fixture
def clients(web: Web) -> Web:
    web.mirror(
        "gestao_click.clientes",
        {
            "id": "1",
            "nome": "Ana da Silva",
            "cpf": "123.456.789-09",
            "ativo": True,
            "email": "A@x.br",
        },
        {"id": "2", "nome": "Loja", "razao_social": "Silvana ME", "cnpj": "11222333000181"},
        {
            "id": "3",
            "nome": "Caio",
            "celular": "(11) 98888-7777",
            "ativo": False,
            "tipo_pessoa": "PF",
        },
    )
    place = {"cidade_id": "5270", "estado": "SP"}
    carry(web, "gestao_click.clientes", "enderecos", {"cliente_id": "3", "ordem": 2, **place})
    others = {"integration_id": 99, "cliente_id": "2", "ordem": 1, "estado": "MG"}
    for row in ({"cliente_id": "1", "ordem": 1, "estado": "MG"}, others):
        carry(web, "gestao_click.clientes", "enderecos", row)
    return web


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("nome=silva", ["1", "2"]),
        ("nome=100%25", []),
        ("cpf_cnpj=12345678909", ["1"]),
        ("cpf_cnpj=11.222.333/0001-81", ["2"]),
        ("telefone=988887777", ["3"]),
        ("email=a@X", ["1"]),
        ("situacao=1", ["1"]),
        ("situacao=0", ["3"]),
        ("tipo_pessoa=PF", ["3"]),
        ("cidade_id=5270", ["3"]),
        ("estado=MG", ["1"]),
        ("estado=SP&situacao=1", []),
        ("limite=1&pagina=2", ["2"]),
        ("ordenacao=nome&direcao=desc", ["2", "3", "1"]),
    ],
)
def test_clients_are_found_by_the_vendors_own_words(
    clients: Web, asked: str, ids: list[str]
) -> None:
    assert found(clients, f"clients?{asked}") == ids
    assert found(clients, f"clientes?{asked}") == ids


@pytest.mark.parametrize(
    "asked",
    [
        "cpf_cnpj=abc",
        "situacao=2",
        "pagina=0",
        "limite=999",
        "page=1&pagina=1",
        "sort=nome&ordenacao=nome",
        "direcao=desc",
        "ordenacao=nome&direcao=down",
        "per_page=10",
        "valor_inicio=1",
    ],
)
def test_what_means_nothing_or_two_things_is_refused(clients: Web, asked: str) -> None:
    said = clients.get(f"{API}/clients?{asked}")
    assert said.status_code == 400
    assert said.json["errors"]


@pytest.fixture
def titles(web: Web) -> Web:
    def title(id_: str, due: int, paid: int | None = None, value: str = "10") -> dict[str, Any]:
        return {
            "id": id_,
            "descricao": f"Venda de nº {id_}",
            "valor": Decimal(value),
            "liquidado": paid is not None,
            "data_vencimento": TODAY + timedelta(days=due),
            "data_liquidacao": None if paid is None else TODAY + timedelta(days=paid),
        }

    overdue, coming = title("1", -3), title("2", 5, value="99.90")
    web.mirror("gestao_click.recebimentos", overdue, coming, title("3", -30, paid=-2))
    return web


def days(first: int, last: int) -> str:
    return f"data_inicio={TODAY + timedelta(days=first)}&data_fim={TODAY + timedelta(days=last)}"


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("liquidado=ab", ["1", "2"]),
        ("liquidado=at", ["1"]),
        ("liquidado=pg", ["3"]),
        ("liquidado=false", ["1", "2"]),
        ("nome=NÂº 2", []),
        ("nome=nº 2", ["2"]),
        ("valor_inicio=10.01", ["2"]),
        ("valor_inicio=10&valor_fim=10.00", ["1", "3"]),
        (days(-2, -2), ["3"]),
        (days(-30, -30), []),
        (days(-3, 5), ["1", "2", "3"]),
    ],
)
def test_titles_are_found_by_state_value_and_effective_date(
    titles: Web, asked: str, ids: list[str]
) -> None:
    assert sorted(found(titles, f"receivables?{asked}")) == ids


def test_sales_are_found_by_day_store_type_and_situation(web: Web) -> None:
    day = {"data": date(2026, 1, 31), "tipo": "produto", "loja_id": "90001"}
    web.mirror(
        "gestao_click.vendas",
        {"id": "1", "nome_cliente": "Ana", "situacao_id": "7", **day},
        {"id": "2", **day, "tipo": "vendas_balcao", "data": date(2026, 2, 1)},
        {"id": "3", **day, "loja_id": "90002", "codigo": "77"},
    )
    assert found(web, "sales?data_inicio=2026-02-01") == ["2"]
    assert found(web, "sales?data_fim=2026-01-31&loja_id=90001") == ["1"]
    assert found(web, "vendas?tipo=vendas_balcao") == ["2"]
    assert found(web, "vendas?codigo=77") == ["3"]
    assert found(web, "vendas?situacao_id=7&nome=an") == ["1"]


def test_products_services_and_cities_have_filters_of_their_own(web: Web) -> None:
    web.mirror(
        "gestao_click.produtos",
        {"id": "1", "codigo_interno": "P-1", "ativo": True},
        {"id": "2", "codigo_interno": "P-10", "ativo": False},
    )
    supplier = {"produto_id": "2", "ordem": 1, "fornecedor_id": "8"}
    carry(web, "gestao_click.produtos", "fornecedores", supplier)
    assert found(web, "products?codigo=P-1") == ["1"]
    assert found(web, "products?ativo=0") == found(web, "products?fornecedor_id=8") == ["2"]
    web.mirror("gestao_click.servicos", {"id": "5", "valor_venda": Decimal("25.5000")})
    assert found(web, "services?valor_inicio=25.5&valor_fim=25.5") == ["5"]
    web.mirror("gestao_click.estados", {"id": "26", "codigo": "35"}, {"id": "11", "codigo": "31"})
    web.mirror("gestao_click.cidades", {"id": "1", "codigo": "3550308"})
    assert found(web, "cidades?estado_id=26") == ["1"]
    assert found(web, "cidades?estado_id=11") == found(web, "cidades?estado_id=35") == []


@pytest.fixture
def sale(web: Web) -> Web:
    web.mirror("gestao_click.vendas", {"id": "1", "codigo": "9"}, {"id": "2", "codigo": "10"})
    lines = [{"venda_id": "1", "ordem": n, "nome_produto": f"P{n}"} for n in (2, 1)]
    carry(web, "gestao_click.vendas", "produtos", *lines)
    paid = {"venda_id": "1", "ordem": 1, "valor": Decimal("33.30"), "data_vencimento": TODAY}
    carry(web, "gestao_click.vendas", "pagamentos", paid)
    return web


def test_rows_bring_what_they_carry_when_it_is_asked_for(sale: Web) -> None:
    said = sale.get(f"{API}/sales?with=produtos,pagamentos&sort=id").json["data"]
    first, second = said
    assert [line["nome_produto"] for line in first["produtos"]] == ["P1", "P2"]
    assert first["pagamentos"][0]["valor"] == "33.30"
    assert first["pagamentos"][0]["ordem"] == 1
    assert "venda_id" not in first["produtos"][0]
    assert (second["produtos"], second["pagamentos"]) == ([], [])
    assert "servicos" not in first
    assert "produtos" not in sale.get(f"{API}/sales").json["data"][0]


def test_one_row_brings_all_that_it_carries(sale: Web) -> None:
    said = sale.get(f"{API}/vendas/1").json["data"]
    carried = [name for name in names(BY_NAME["gestao_click.vendas"]) if name != "raw"]
    assert {name: len(said[name]) for name in carried if said[name]} == {
        "produtos": 2,
        "pagamentos": 1,
    }
    assert set(carried) <= set(said)


def test_another_accounts_lines_are_never_shown(sale: Web) -> None:
    body = {
        "provider": "gestao-click",
        "user": "n",
        "credentials": {"apiKey": "a", "secretToken": "b"},
        "test": False,
    }
    other = sale.post("/api/integrations", body, "admin").json["data"]["id"]
    said = sale.get(f"{API}/sales?integration={other}&with=produtos")
    assert said.json["data"] == []
    assert sale.get(f"{API}/sales/1?integration={other}").status_code == 404


def test_the_originals_names_are_served(sale: Web) -> None:
    sale.mirror("gestao_click.situacoes_vendas", {"id": "3", "nome": "Concretizada"})
    assert found(sale, "sales/situacoes") == found(sale, "situacoes_vendas") == ["3"]
    sale.mirror("gestao_click.clientes", {"id": "7", "nome": "Ana"}, {"id": "8", "nome": "Bia"})
    sale.mirror("gestao_click.vendas", {"id": "3", "cliente_id": "7", "codigo": "11"})
    for route in ("clients", "clientes"):
        assert found(sale, f"{route}/7/vendas?codigo=11&with=produtos") == ["3"]
        assert found(sale, f"{route}/8/vendas") == []
        assert sale.get(f"{API}/{route}/9/vendas").status_code == 404


def test_every_list_of_the_erp_is_served_under_its_own_name_in_the_vendors_words(web: Web) -> None:
    for resource in of_provider("gestao-click"):
        assert found(web, f"{resource.name}?pagina=1&limite=5&ordenacao=id&direcao=asc") == []
