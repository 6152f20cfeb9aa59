"""Cash flow: which title is in which period, and balances that run from one to the next."""

from datetime import date
from typing import Any

import pytest

from tests.wallet.conftest import Shop

Row = dict[str, Any]
MARCH = "from=2026-03-01&to=2026-03-31"


def flow(shop: Shop, asked: str) -> list[Row]:
    rows: list[Row] = shop.get(f"cash-flow?{asked}")
    return rows


def column(rows: list[Row], *names: str) -> list[Any]:
    found = [tuple(row[name] for name in names) for row in rows]
    return [one[0] for one in found] if len(names) == 1 else found


def test_settled_titles_stand_where_they_were_paid_and_open_ones_where_they_are_due(
    shop: Shop,
) -> None:
    shop.income(1, "100.00", "2026-02-20", "2026-03-02")
    shop.expense(1, "30.00", "2026-03-31", "2026-03-03")
    shop.income(2, "7.00", "2026-03-10")
    shop.expense(2, "4.00", "2026-04-01")
    (row,) = flow(shop, MARCH)
    assert row == {
        "from": "2026-03-01",
        "to": "2026-03-31",
        "group_id": None,
        "group": None,
        "actual_income": "100.00",
        "actual_expense": "30.00",
        "actual_net": "70.00",
        "expected_income": "7.00",
        "expected_expense": "0.00",
        "expected_net": "7.00",
        "opening_balance": None,
        "closing_balance": None,
        "projected_balance": None,
    }


def test_the_basis_says_which_day_counts(shop: Shop) -> None:
    from_january = {"data_competencia": date(2026, 1, 15)}
    shop.income(1, "100.00", "2026-02-20", "2026-03-02", **from_january)
    shop.income(2, "7.00", "2026-02-21", **from_january)
    found = {
        basis: [
            (row["from"][:7], row["actual_income"], row["expected_income"])
            for row in flow(shop, f"from=2026-01-01&to=2026-03-31&basis={basis}")
            if row["actual_income"] != "0.00" or row["expected_income"] != "0.00"
        ]
        for basis in ("paid", "due", "competence")
    }
    assert found == {
        "paid": [("2026-02", "0.00", "7.00"), ("2026-03", "100.00", "0.00")],
        "due": [("2026-02", "100.00", "7.00")],
        "competence": [("2026-01", "100.00", "7.00")],
    }


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            "by=day&from=2026-02-27&to=2026-03-02",
            ["02-27 02-27", "02-28 02-28", "03-01 03-01", "03-02 03-02"],
        ),
        ("by=week&from=2026-03-04&to=2026-03-17", ["03-04 03-08", "03-09 03-15", "03-16 03-17"]),
        ("by=month&from=2026-02-15&to=2026-04-01", ["02-15 02-28", "03-01 03-31", "04-01 04-01"]),
        ("by=month", ["03-01 03-31"]),
    ],
)
def test_every_period_of_the_span_is_there_and_the_ends_may_be_parts(
    shop: Shop, asked: str, expected: list[str]
) -> None:
    assert [f"{a[5:]} {b[5:]}" for a, b in column(flow(shop, asked), "from", "to")] == expected


def test_a_title_is_in_the_period_that_holds_its_day(shop: Shop) -> None:
    for id_, day in enumerate(
        ("2026-03-03", "2026-03-04", "2026-03-08", "2026-03-09", "2026-03-18")
    ):
        shop.income(id_, f"{10**id_}.00", day, day)
    rows = flow(shop, "by=week&from=2026-03-04&to=2026-03-17")
    assert column(rows, "actual_income") == ["110.00", "1000.00", "0.00"]


def test_balances_run_from_the_opening_one_and_are_not_known_before_it(shop: Shop) -> None:
    shop.income(1, "1.00", "2026-03-01", "2026-03-01")
    shop.income(2, "20.00", "2026-03-02", "2026-03-02")
    shop.expense(3, "5.00", "2026-03-03", "2026-03-03")
    shop.expense(4, "2.00", "2026-03-04")
    shop.opening("a1", "2026-03-02", "100.00")
    rows = flow(shop, "by=day&from=2026-02-28&to=2026-03-04")
    assert column(rows, "opening_balance", "closing_balance", "projected_balance") == [
        (None, None, None),
        (None, "100.00", "100.00"),
        ("100.00", "120.00", "120.00"),
        ("120.00", "115.00", "115.00"),
        ("115.00", "115.00", "113.00"),
    ]
    (month,) = flow(shop, MARCH)
    assert (month["opening_balance"], month["closing_balance"]) == (None, "115.00")
    (april,) = flow(shop, "from=2026-04-01&to=2026-04-30")
    assert (april["opening_balance"], april["projected_balance"]) == ("115.00", "113.00")


def test_the_balance_of_all_wallets_is_known_only_if_each_is(shop: Shop) -> None:
    shop.income(1, "1.00", "2026-03-01", "2026-03-01")
    shop.income(2, "2.00", "2026-03-01", "2026-03-01", conta_bancaria_id="a2")
    shop.opening("a1", "2026-03-01", "100.00")
    asked = shop.ask(f"cash-flow?{MARCH}")
    assert asked["without_opening_balance"] == ["a2"]
    assert asked["data"][0]["closing_balance"] is None
    by_wallet = flow(shop, f"{MARCH}&group=wallet")
    assert column(by_wallet, "group_id", "closing_balance") == [("a1", "101.00"), ("a2", None)]
    (alone,) = flow(shop, f"{MARCH}&wallet=a1")
    assert (alone["closing_balance"], alone["actual_income"]) == ("101.00", "1.00")
    shop.opening("a2", "2026-03-01", "0")
    assert flow(shop, MARCH)[0]["closing_balance"] == "103.00"


def test_groups_sum_to_the_whole_and_only_wallets_have_balances(shop: Shop) -> None:
    more = {"plano_contas_id": "p1", "centro_custo_id": "c1", "loja_id": "9"}
    names = {"nome_plano_conta": "Vendas", "nome_centro_custo": "Obra", "nome_loja": "Matriz"}
    shop.income(1, "1.00", "2026-03-01", "2026-03-01", **more, **names)
    shop.income(2, "2.00", "2026-03-01", "2026-03-01")
    shop.expense(3, "4.00", "2026-04-01", **more, **names)
    shop.opening("a1", "2026-01-01", "0")
    span = "from=2026-03-01&to=2026-04-30"
    for group, id_, name in (
        ("category", "Vendas", "Vendas"),
        ("cost_center", "c1", "Obra"),
        ("store", "9", "Matriz"),
    ):
        rows = flow(shop, f"{span}&group={group}")
        assert column(rows, "from", "group_id", "group", "actual_net", "expected_net") == [
            ("2026-03-01", id_, name, "1.00", "0.00"),
            ("2026-03-01", "none", None, "2.00", "0.00"),
            ("2026-04-01", id_, name, "0.00", "-4.00"),
        ]
        assert set(column(rows, "closing_balance")) == {None}
        (narrowed, _) = flow(shop, f"{span}&{group}={id_}")
        assert (narrowed["actual_income"], narrowed["closing_balance"]) == ("1.00", None)
    assert column(flow(shop, span), "actual_net", "expected_net", "projected_balance") == [
        ("3.00", "0.00", "3.00"),
        ("0.00", "-4.00", "-1.00"),
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("from=2026-03-02&to=2026-03-01", "after"),
        ("by=day&from=2024-01-01&to=2026-01-01", "more than 400"),
        ("by=day&from=0001-01-01&to=9999-12-31", "more than 400"),
        ("by=year", "by"),
        ("group=party", "group"),
        ("from=01/03/2026", "2026-01-31"),
    ],
)
def test_what_cannot_be_asked_is_refused(shop: Shop, asked: str, said: str) -> None:
    found = shop.web.get(f"/api/cash-flow?{asked}")
    assert found.status_code == 400
    assert said in found.json["message"]


@pytest.mark.parametrize("by", ["day", "week", "month"])
@pytest.mark.parametrize("span", ["from=9999-12-01&to=9999-12-31", "from=0001-01-01&to=0001-01-31"])
def test_the_ends_of_time_are_periods_too(shop: Shop, by: str, span: str) -> None:
    rows = flow(shop, f"by={by}&{span}")
    assert (rows[0]["from"], rows[-1]["to"]) == tuple(
        part.partition("=")[2] for part in span.split("&")
    )
