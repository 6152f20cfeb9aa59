"""Who is late, with how much and for how long."""

from typing import Any

from tests.wallet.conftest import Shop

ANA = {"entidade": "C", "cliente_id": "1", "nome_cliente": "Ana"}
BIA = {"entidade": "C", "cliente_id": "2", "nome_cliente": "Bia"}
FIRM = {"entidade": "F", "fornecedor_id": "1", "nome_fornecedor": "Alfa"}


def fill(shop: Shop) -> None:
    """Today is 16 March 2026."""
    shop.income(1, "10.00", "2026-03-15", **ANA)
    shop.income(2, "20.00", "2025-12-15", **ANA)
    shop.income(3, "5.00", "2026-03-01", **BIA)
    shop.income(4, "1000.00", "2026-03-16", **ANA)
    shop.income(5, "1000.00", "2026-01-01", "2026-03-01", **ANA)
    shop.expense(1, "12.00", "2026-01-20", **FIRM)


def late(shop: Shop, asked: str, *names: str) -> list[Any]:
    return [tuple(row[name] for name in names) for row in shop.get(f"overdue?{asked}")]


def test_parties_with_the_largest_sum_first(shop: Shop) -> None:
    fill(shop)
    asked = shop.ask("overdue")
    assert asked["data"][0] == {
        "type": "income",
        "party_kind": "client",
        "party_id": "1",
        "party": "Ana",
        "age": None,
        "count": 2,
        "net": "30.00",
        "oldest_due_on": "2025-12-15",
        "days_overdue": 91,
        "ages": {"1-30": "10.00", ">90": "20.00"},
    }
    told = [(row["party"], row["net"]) for row in asked["data"]]
    assert told == [("Ana", "30.00"), ("Alfa", "12.00"), ("Bia", "5.00")]
    assert asked["totals"]["income"]["overdue"] == "35.00"
    assert asked["totals"]["count"] == 4


def test_a_client_and_a_supplier_of_one_id_are_two(shop: Shop) -> None:
    fill(shop)
    names = ("party_kind", "party_id", "net")
    assert late(shop, "type=income", *names) == [("client", "1", "30.00"), ("client", "2", "5.00")]
    assert late(shop, "type=expense", *names) == [("supplier", "1", "12.00")]


def test_by_age(shop: Shop) -> None:
    fill(shop)
    assert late(shop, "by=age", "type", "age", "count", "net", "party") == [
        ("income", "1-30", 2, "15.00", None),
        ("income", ">90", 1, "20.00", None),
        ("expense", "31-60", 1, "12.00", None),
    ]


def test_the_edges_of_the_ages(shop: Shop) -> None:
    """1 day, 30, 31, 60, 61, 90, 91 days before 16 March 2026."""
    days = ("03-15", "02-14", "02-13", "01-15", "01-14")
    for id_, day in enumerate((*(f"2026-{day}" for day in days), "2025-12-16", "2025-12-15")):
        shop.income(id_, f"{10**id_}.00", day)
    assert late(shop, "by=age", "age", "net") == [
        ("1-30", "11.00"),
        ("31-60", "1100.00"),
        ("61-90", "110000.00"),
        (">90", "1000000.00"),
    ]


def test_time_makes_them_late(shop: Shop) -> None:
    fill(shop)
    shop.at("2026-03-17T12:00:00Z")
    assert late(shop, "type=income", "party", "net")[0] == ("Ana", "1030.00")


def test_pages_and_narrowing(shop: Shop) -> None:
    fill(shop)
    pages = [shop.ask(f"overdue?limit=2&page={page}") for page in (1, 2)]
    assert [len(page["data"]) for page in pages] == [2, 1]
    assert pages[0]["pagination"]["total"] == 3
    shop.income(9, "3.00", "2026-03-01", conta_bancaria_id=None, entidade="O")
    assert late(shop, "wallet=none", "party_kind", "party_id", "party", "net") == [
        ("other", None, None, "3.00")
    ]
