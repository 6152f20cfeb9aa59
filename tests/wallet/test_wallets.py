"""Wallets: one for each bank account, none for a cent lost, a balance where there is one to start from."""

from datetime import UTC, datetime

import pytest

from shared import leaving
from tests.ground import reaching
from tests.wallet.conftest import Shop
from worker import forgetting


def test_every_account_is_a_wallet_and_sums_its_titles(shop: Shop) -> None:
    shop.accounts(a1="Conta Corrente", a2="Caixa")
    shop.income(1, "100.10", "2026-03-01", "2026-03-02")
    shop.income(2, "50.00", "2026-03-20")
    shop.income(3, "7.00", "2026-03-15")
    shop.expense(1, "30.05", "2026-03-05", "2026-03-05")
    shop.expense(2, "4.00", "2026-03-14")
    known = shop.wallets()
    assert list(known) == ["a1", "a2"]
    wanted = {
        "name": "Conta Corrente",
        "listed": True,
        "received": "100.10",
        "paid": "30.05",
        "net_movement": "70.05",
        "receivable": "57.00",
        "payable": "4.00",
        "overdue_receivable": "7.00",
        "overdue_payable": "4.00",
        "transactions": 5,
        "first_on": "2026-03-02",
        "last_on": "2026-03-05",
    }
    assert {name: known["a1"][name] for name in wanted} == wanted
    assert known["a2"]["net_movement"] == "0.00"
    assert known["a2"]["transactions"] == 0


def test_titles_without_an_account_and_of_unlisted_ones_have_wallets_too(shop: Shop) -> None:
    shop.accounts(a1="Caixa")
    gone = {"deleted_at": datetime(2026, 3, 1, tzinfo=UTC)}
    shop.lists("contas_bancarias", {"id": "a8", "nome": "Encerrada", **gone})
    shop.income(1, "1.00", "2026-03-01", "2026-03-01", conta_bancaria_id=None)
    shop.income(2, "2.00", "2026-03-01", "2026-03-01", conta_bancaria_id="a8")
    of_title = {"conta_bancaria_id": "a9", "nome_conta_bancaria": "Nunca listada"}
    shop.income(3, "4.00", "2026-03-01", "2026-03-01", **of_title)
    known = shop.wallets()
    told = {id_: (w["name"], w["listed"], w["received"]) for id_, w in known.items()}
    assert told == {
        "a1": ("Caixa", True, "0.00"),
        "a8": ("Encerrada", False, "2.00"),
        "a9": ("Nunca listada", False, "4.00"),
        "none": (None, False, "1.00"),
    }
    assert shop.get("wallets/none")["received"] == "1.00"


def test_an_account_that_nobody_named_is_not_found_and_the_answer_says_which_there_are(
    shop: Shop,
) -> None:
    shop.accounts(a1="Caixa")
    found = shop.web.get("/api/wallets/a2")
    assert found.status_code == 404
    assert "there are: a1" in found.json["message"]


def test_ids_that_both_lists_use_are_two_titles(shop: Shop) -> None:
    shop.income(45001, "10.00", "2026-03-01", "2026-03-01")
    shop.expense(45001, "3.00", "2026-03-01", "2026-03-01")
    keys = [(row["list"], row["id"], row["amount"]) for row in shop.get("wallet-transactions")]
    assert keys == [("pagamentos", "45001", "-3.00"), ("recebimentos", "45001", "10.00")]
    assert shop.wallets()["a1"]["net_movement"] == "7.00"


def test_what_the_mirror_marks_as_gone_is_gone_here(shop: Shop) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    shop.income(1, "1.00", "2026-03-01", deleted_at=now)
    shop.income(2, "2.00", "2026-03-01", missing_since=now)
    shop.income(3, "4.00", "2026-03-01")
    shop.expense(1, "1.00", "2026-03-01", deleted_at=now)
    shop.expense(2, "2.00", "2026-03-01", missing_since=now)
    assert shop.wallets()["a1"]["receivable"] == "4.00"
    assert shop.wallets()["a1"]["payable"] == "0.00"
    assert [row["id"] for row in shop.get("wallet-transactions")] == ["3"]


def test_without_an_opening_balance_there_is_no_balance_but_what_moved(shop: Shop) -> None:
    shop.income(1, "10.00", "2026-03-01", "2026-03-01")
    (wallet,) = shop.get("wallets")
    assert wallet["balance"] is None
    assert wallet["balance_since"] is None
    assert wallet["net_movement"] == "10.00"


def test_the_balance_counts_from_the_morning_of_the_opening_one_to_today(shop: Shop) -> None:
    shop.income(1, "1000.00", "2026-03-01", "2026-03-09")
    shop.income(2, "10.00", "2026-03-01", "2026-03-10")
    shop.expense(3, "3.00", "2026-03-30", "2026-03-16")
    shop.expense(4, "700.00", "2026-03-12")
    shop.income(5, "40.00", "2026-03-12", "2026-03-17")
    wallet = shop.opening("a1", "2026-03-10", "500.00")
    assert wallet["balance"] == "507.00"
    assert wallet["balance_since"] == "2026-03-10"
    assert wallet["opening_balance"] == "500.00"
    assert wallet["settled_ahead"] == "40.00"
    assert wallet["net_movement"] == "1047.00"
    shop.at("2026-03-17T12:00:00Z")
    assert shop.get("wallets/a1")["balance"] == "547.00"


def test_an_opening_balance_can_be_corrected_and_taken_back(shop: Shop) -> None:
    shop.accounts(a1="Caixa")
    assert shop.opening("a1", "2026-03-10", "500.00")["balance"] == "500.00"
    assert shop.opening("a1", "2026-03-11", "-20.50")["balance"] == "-20.50"
    taken = shop.web.delete("/api/wallets/a1/opening-balance").json["data"]
    assert taken["balance"] is None
    assert shop.web.delete("/api/wallets/a1/opening-balance").status_code == 200


def test_what_is_entered_needs_a_wallet_a_date_and_an_amount_in_cents(shop: Shop) -> None:
    shop.accounts(a1="Caixa")
    for wallet, body, status, said in (
        ("a7", {"as_of": "2026-03-10", "amount": "1"}, 404, "there are: a1"),
        ("a1", {"as_of": "10/03/2026", "amount": "1"}, 400, "as_of"),
        ("a1", {"as_of": "2026-03-10", "amount": 1.5}, 400, "amount"),
        ("a1", {"as_of": "2026-03-10", "amount": "1.555"}, 400, "amount"),
        ("a1", {"as_of": "2026-02-30", "amount": "1"}, 400, "2026-01-31"),
        ("a1", {"amount": "1"}, 400, "as_of"),
    ):
        found = shop.web.put(f"/api/wallets/{wallet}/opening-balance", body)
        assert found.status_code == status, (body, found.json)
        assert said in found.json["message"]
    reader = shop.web.put("/api/wallets/a1/opening-balance", {"as_of": "2026-03-10"}, scope="read")
    assert reader.status_code == 403


def test_two_integrations_never_meet(shop: Shop) -> None:
    shop.accounts(a1="Caixa")
    shop.income(1, "10.00", "2026-03-01", "2026-03-01")
    shop.opening("a1", "2026-03-01", "5.00")
    second = another(shop)
    shop.lists("contas_bancarias", {"id": "a1", "integration_id": second, "nome": "Outra"})
    shop.title("recebimentos", 1, "99.00", "2026-03-01", "2026-03-01", integration_id=second)
    (theirs,) = shop.get(f"wallets?integration={second}")
    assert (theirs["name"], theirs["received"], theirs["balance"]) == ("Outra", "99.00", None)
    assert shop.wallets()["a1"]["balance"] == "15.00"
    assert len(shop.get("wallet-transactions")) == 1
    assert shop.get(f"cash-flow?from=2026-03-01&integration={second}")[0]["closing_balance"] is None


@pytest.mark.parametrize(
    ("list_", "column", "shown"),
    [
        ("contas_bancarias", "conta_bancaria_id", "wallet"),
        ("planos_contas", "plano_contas_id", "category"),
        ("centros_custos", "centro_custo_id", "cost_center"),
        ("lojas", "loja_id", "store"),
        ("clientes", "cliente_id", "party"),
    ],
)
def test_names_are_those_of_the_own_account(
    shop: Shop, list_: str, column: str, shown: str
) -> None:
    second = another(shop)
    shop.lists(list_, {"id": "1", "nome": "Nosso"})
    shop.lists(list_, {"id": "1", "nome": "Deles", "integration_id": second})
    for more in ({}, {"integration_id": second}):
        shop.title("recebimentos", 1, "1.00", "2026-03-01", entidade="C", **{column: "1"}, **more)
    assert [row[shown] for row in shop.get("wallet-transactions")] == ["Nosso"]
    theirs = shop.get(f"wallet-transactions?integration={second}")
    assert [row[shown] for row in theirs] == ["Deles"]


def test_a_mapping_is_of_one_account(shop: Shop) -> None:
    second = another(shop)
    plan = {"plano_contas_id": "p1", "nome_plano_conta": "Aluguel"}
    shop.expense(1, "1.00", "2026-03-01", **plan)
    shop.expense(1, "1.00", "2026-03-01", **plan, integration_id=second)
    shop.put("category-mappings/p1", category="Estrutura")
    assert [row["category"] for row in shop.get("wallet-transactions")] == ["Estrutura"]
    theirs = shop.get(f"wallet-transactions?integration={second}")
    assert [row["category"] for row in theirs] == ["Aluguel"]


def test_what_was_entered_goes_with_the_data_of_a_removed_integration(shop: Shop) -> None:
    second = another(shop)
    for name in ("opening_balances", "category_mappings"):
        more = "date '2026-03-01', 1" if name == "opening_balances" else "'Estrutura'"
        for id_ in (second, shop.web.integration("gestao-click").id):
            row = f"insert into ponte.{name} values ({id_}, '1', {more})"
            shop.web.run(lambda c, row=row: c.exec_driver_sql(row))
    shop.web.run(leaving.remove, shop.web.own.settings, second, "delete")
    with reaching(shop.web.own.settings) as (reach, _):
        assert forgetting.carry_out(reach, second, 60) is False
    left = "select count(*) from ponte.opening_balances, ponte.category_mappings"
    assert shop.web.run(lambda c: c.exec_driver_sql(left).scalar()) == 1


def another(shop: Shop) -> int:
    """A second company at the same vendor; its id."""
    added = (
        "insert into ponte.integration_settings (user_id, provider) values ('b', 'gestao-click')"
        " returning id"
    )
    return int(shop.web.run(lambda c: c.exec_driver_sql(added).scalar()))


def test_every_answer_says_what_day_it_is_there_and_how_fresh_the_titles_are(shop: Shop) -> None:
    shop.accounts(a1="Caixa")
    asked = shop.ask("wallets")
    assert asked["today"] == "2026-03-16"
    assert asked["freshness"]["synced_at"] is None
    account = shop.web.integration("gestao-click").id
    read = (
        "insert into sync.checkpoints (integration_id, resource, cursor, walked_at, updated_at, run_id)"
        f" values ({account}, 'gestao_click.%s', now(), '%s', '%s', 1)"
    )
    for name, day in (("recebimentos", "2026-03-15Z"), ("pagamentos", "2026-03-14Z")):
        shop.web.run(lambda c, s=read % (name, day, day): c.exec_driver_sql(s))
    assert shop.ask("cash-flow")["freshness"]["synced_at"] == "2026-03-14T00:00:00Z"


def test_cost_centers_are_those_that_the_erp_lists(shop: Shop) -> None:
    gone = {"deleted_at": datetime(2026, 3, 1, tzinfo=UTC)}
    shop.lists("centros_custos", {"id": "2", "nome": "Loja"}, {"id": "1", "nome": "Obra"})
    shop.lists("centros_custos", {"id": "3", "nome": "Antigo", **gone})
    assert [(row["id"], row["name"]) for row in shop.get("cost-centers")] == [
        ("2", "Loja"),
        ("1", "Obra"),
    ]
