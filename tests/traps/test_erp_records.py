"""Traps of what Gestão Click's records hold (gestaoclick-api.md 10): absences, numbers, ids, links, limits."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.resources import of_provider
from shared.resources.columns import Context
from tests.ground import Ground, Row
from tests.traps.erp import (
    ACCOUNTS,
    CLIENTS,
    PAYABLES,
    PRODUCTS,
    PURCHASES,
    RECEIVABLES,
    SALES,
    SITUATIONS,
    live,
    quietly,
    read,
    truth,
)
from worker.sync import rows
from worker.sync.upsert import Mirror


def lines(ground: Ground, resource: Any, name: str, parent: str, id_: str) -> list[Row]:
    """What a record carries in one of its children, in its order."""
    (child,) = (each for each in resource.children if each.name == name)
    return [row for row in ground.children(resource, child) if row[parent] == id_]


@pytest.mark.parametrize(
    "sent", ["", None, "0000-00-00", "0001-01-01", "2202-05-01", "2026-02-30", "30/02/2026"]
)
def test_erp_trap_08_absence_and_impossible_dates_are_null_and_reject_nothing(
    ground: Ground, sent: Any
) -> None:
    read(ground, CLIENTS)
    quietly(ground, CLIENTS, "70001", data_nascimento=sent, email="", cpf=None, telefone="")
    read(ground, CLIENTS, full=True)
    row = ground.row(CLIENTS, "70001")
    assert [row[name] for name in ("data_nascimento", "email", "cpf", "telefone")] == [None] * 4
    assert row["raw"]["data_nascimento"] == sent
    assert ground.rejects() == []


def test_erp_trap_08_an_empty_amount_is_no_amount_in_a_line_neither(ground: Ground) -> None:
    read(ground, PURCHASES)
    line = {
        "produto": {"produto_id": "", "quantidade": "", "valor_total": None, "valor_custo": "0"}
    }
    quietly(ground, PURCHASES, "57001", produtos=[line], numero_parcelas="", desconto_valor="")
    read(ground, PURCHASES, full=True)
    row = ground.row(PURCHASES, "57001")
    assert (row["numero_parcelas"], row["desconto_valor"]) == (None, None)
    (kept,) = lines(ground, PURCHASES, "produtos", "compra_id", "57001")
    assert (kept["produto_id"], kept["quantidade"], kept["valor_total"]) == (None, None, None)
    assert kept["valor_custo"] == 0
    assert ground.rejects() == []


def test_erp_trap_09_amounts_are_exact_to_the_last_cent(ground: Ground) -> None:
    """Strings with two or four decimals, JSON numbers, and the odd cent on the last instalment."""
    parts = ["33.33", "33.33", "33.34"]
    pagamentos = [{"pagamento": {"data_vencimento": "2026-03-09", "valor": p}} for p in parts]
    produtos = [{"produto": {"produto_id": 80002, "quantidade": "3.00", "valor_venda": "33.3333"}}]
    read(ground, SALES, PRODUCTS)
    quietly(ground, SALES, "50001", valor_total="100.00", pagamentos=pagamentos, produtos=produtos)
    quietly(ground, PRODUCTS, "80001", estoque=12.5, valor_venda="0.1")
    read(ground, SALES, PRODUCTS, full=True)
    found = lines(ground, SALES, "pagamentos", "venda_id", "50001")
    assert [str(row["valor"]) for row in found] == parts
    assert sum(row["valor"] for row in found) == ground.row(SALES, "50001")["valor_total"]
    (line,) = lines(ground, SALES, "produtos", "venda_id", "50001")
    assert (line["produto_id"], str(line["valor_venda"])) == ("80002", "33.3333")
    product = ground.row(PRODUCTS, "80001")
    assert (product["estoque"], product["valor_venda"]) == (Decimal("12.5"), Decimal("0.1"))


def test_erp_trap_09_every_sale_of_the_world_is_the_sum_of_its_instalments(ground: Ground) -> None:
    read(ground, SALES)
    (child,) = (each for each in SALES.children if each.name == "pagamentos")
    paid: dict[str, Decimal] = {}
    for row in ground.children(SALES, child):
        paid[row["venda_id"]] = paid.get(row["venda_id"], Decimal()) + row["valor"]
    sold = {id_: row["valor_total"] for id_, row in live(ground, SALES).items()}
    assert paid == {id_: total for id_, total in sold.items() if id_ in paid}
    assert len(paid) > len(sold) // 2


def test_erp_trap_11_a_429_silences_everybody_who_asks_for_this_company(ground: Ground) -> None:
    """The limit is the company's, shared with every other tool: it is no list's and no process's own."""
    read(ground, CLIENTS)
    ground.box.faults.add({"vendor": "gestao-click", "kind": "429"})
    report = ground.sync(CLIENTS, full=True)
    assert report["state"] == "queued"
    (pause,) = ground.run(
        lambda c: c.exec_driver_sql("select budget, reason from sync.pauses").all()
    )
    assert pause.budget == f"gestao-click:{ground.integration('gestao-click').account_id}"
    ground.box.faults.clear()
    longer = "update sync.pauses set until = clock_timestamp() + interval '1 minute'"
    ground.run(lambda c: c.exec_driver_sql(longer))
    ground.box.reset_stats()
    other = ground.carry(ground.order(ACCOUNTS))
    assert (other["state"], ground.requests("gestao-click")) == ("queued", 0)
    assert live(ground, CLIENTS).keys() == truth(ground, CLIENTS).keys()


def test_erp_trap_12_the_same_id_means_something_else_in_another_account(ground: Ground) -> None:
    """Situations, payment forms and extra fields are each account's own: nothing is known by its id."""
    named = {1: "Concretizada", 2: "Aguardando retirada"}
    for integration, name in named.items():
        found = rows.batch(SITUATIONS, [{"id": "60002", "nome": name, "padrao": "0"}], Context())
        with ground.reach.engine.begin() as connection:
            moment = connection.exec_driver_sql("select clock_timestamp()").scalar_one()
            Mirror(connection, integration, SITUATIONS).put(found, moment, moment)
    kept = {row["integration_id"]: row["nome"] for row in ground.rows(SITUATIONS)}
    assert kept == named


def test_erp_trap_13_a_title_names_its_document_in_its_text_only(ground: Ground) -> None:
    """The text is kept to the letter: who ties titles to documents has nothing else."""
    read(ground, RECEIVABLES, PAYABLES)
    for resource in (RECEIVABLES, PAYABLES):
        wanted = {id_: record["descricao"] for id_, record in truth(ground, resource).items()}
        assert {id_: r["descricao"] for id_, r in live(ground, resource).items()} == wanted
        columns = {column.name for column in resource.columns}
        assert not {"venda_id", "pedido_id", "compra_id", "ordem_servico_id"} & columns
    assert ground.row(RECEIVABLES, "45002")["descricao"] == "Venda de nº 1002 (1/2)"


def test_erp_trap_14_no_list_holds_a_balance(ground: Ground) -> None:
    """Bank accounts are a name: a balance that somebody finds in a row is not the API's word."""
    read(ground, ACCOUNTS)
    quietly(ground, ACCOUNTS, "20001", saldo="9999.00")
    read(ground, ACCOUNTS)
    assert ground.row(ACCOUNTS, "20001")["raw"]["saldo"] == "9999.00"
    declared = {column.name for each in of_provider("gestao-click") for column in each.columns}
    assert not {name for name in declared if "saldo" in name or "balance" in name}


def test_erp_trap_15_codigo_is_no_key_and_ids_are_each_lists_own(ground: Ground) -> None:
    """The same codigo in two stores, the same id among receivables and payables."""
    read(ground, SALES, RECEIVABLES, PAYABLES)
    same = [row for row in live(ground, SALES).values() if row["codigo"] == "1001"]
    assert {(row["id"], row["loja_id"]) for row in same} == {("50001", "90001"), ("50301", "90002")}
    income, expense = ground.row(RECEIVABLES, "45001"), ground.row(PAYABLES, "45001")
    assert (income["descricao"], expense["descricao"]) == ("Venda de nº 1001", "Aluguel marco")
    assert income["data_vencimento"] == date(2026, 3, 2)
