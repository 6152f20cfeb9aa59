"""The shop's own books say what its titles, read one by one, add up to."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sandbox_client import Client

CLOCK = {"at": "2027-03-10 12:00:00"}


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    client = make_client(leads=0, sales=0)
    client.control("POST", "/clock", CLOCK)
    for name in ("recebimentos", "pagamentos"):
        keys = [row["id"] for row in client.box.truth("gestao-click", name)]
        client.box.gestao_click.delete(name, keys)
    return client


def add(client: Client, name: str, due: str, paid: str = "", **fields: Any) -> str:
    body = {"list": name, "set": {"data_vencimento": due, "valor": "100.00", **fields}}
    key = client.control("POST", "/create", body)["id"]
    if paid:
        client.control("POST", "/pay", {"list": name, "id": key, "day": paid})
    return str(key)


def test_each_title_is_in_one_state(client: Client) -> None:
    add(client, "recebimentos", "2027-03-10")
    add(client, "recebimentos", "2027-03-09", valor="20.00")
    add(client, "recebimentos", "2027-02-01", paid="2027-03-08", valor="3.00")
    add(client, "recebimentos", "0000-00-00", valor="0.40")
    income = client.control("GET", "/books")["total"]["income"]
    assert {state: (cell["count"], cell["net"]) for state, cell in income.items()} == {
        "pending": (2, 10040),
        "overdue": (1, 2000),
        "cleared": (1, 300),
    }
    client.control("POST", "/clock", {"advance": 86400})
    income = client.control("GET", "/books")["total"]["income"]
    assert (income["pending"]["count"], income["overdue"]["net"]) == (1, 12000)


def test_gross_interest_discount_and_fees_make_the_net(client: Client) -> None:
    extras = {"juros": "5.99", "desconto": "1.01", "taxa_banco": "2.50", "taxa_operadora": "3.32"}
    add(client, "pagamentos", "2027-03-20", **extras)
    told = client.control("GET", "/books")
    cell = told["accounts"]["20001"]["expense"]["pending"]
    assert cell == {
        "count": 1, "gross": 10000, "interest": 599, "discount": 101, "fees": 582, "net": 9916,
    }  # fmt: skip
    assert told["total"]["income"]["pending"]["count"] == 0


def test_cash_is_by_day_of_payment_and_account(client: Client) -> None:
    add(client, "recebimentos", "2027-03-01", paid="2027-03-08")
    add(client, "pagamentos", "2027-03-02", paid="2027-03-08", valor="40.00")
    add(client, "recebimentos", "2027-03-01", paid="2027-01-08", conta_bancaria_id="20002")
    add(client, "recebimentos", "2027-03-01")
    assert client.control("GET", "/books")["cash"] == {
        "2027-01-08": {"20002": {"income": 10000, "expense": 0, "count": 1}},
        "2027-03-08": {"20001": {"income": 10000, "expense": 4000, "count": 2}},
    }


def test_the_groups_hold_what_the_whole_holds(make_client: Callable[..., Client]) -> None:
    client = make_client(leads=200, stores=4)
    told = client.control("GET", "/books")
    titles = client.box.truth("gestao-click", "recebimentos")
    total = sum(Decimal(title["valor_total"]) for title in titles)
    net = sum(cell["net"] for cell in told["total"]["income"].values())
    assert net == int(total * 100) > 0
    for group in ("accounts", "stores", "categories", "cost_centres"):
        sheets = told[group].values()
        assert net == sum(cell["net"] for sheet in sheets for cell in sheet["income"].values())
    assert set(told["stores"]) == {"90001", "90002", "90003", "90004"}
    days = told["cash"].values()
    cleared = told["total"]["income"]["cleared"]["net"]
    assert cleared == sum(box["income"] for boxes in days for box in boxes.values())
