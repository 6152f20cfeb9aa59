"""A shop of some years: sales, stores, months, and how healthy it looks."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sandbox_client import Client

from sandbox.gestao_click.clock import today

Make = Callable[..., Client]
SIZE: dict[str, Any] = {"leads": 0, "sales": 2000, "stores": 3, "months": 36}


@pytest.fixture
def client(make_client: Make) -> Client:
    return make_client(**SIZE)


def all_rows(client: Client, path: str, **asked: Any) -> list[Any]:
    rows: list[Any] = []
    for page in range(1, 100):
        data = client.erp(path, limite=100, pagina=page, **asked).json()["data"]
        if not isinstance(data, list) or not data:
            return rows
        rows += data
    raise AssertionError("endless")


def test_sales_are_as_many_as_asked_over_the_months_and_stores(client: Client) -> None:
    sales = client.box.truth("gestao-click", "vendas")
    assert len(sales) == 2000
    now = today(client.box.world.now())
    years = Counter(row["data"][:4] for row in sales)
    assert len(years) >= 3
    assert min(row["data"] for row in sales) >= (now - timedelta(days=1085)).isoformat()[:4]
    stores = Counter(row["nome_loja"] for row in sales)
    assert len(stores) == 3
    assert min(stores.values()) > 150


def test_old_titles_are_paid_but_for_a_share(client: Client, make_client: Make) -> None:
    assert 0.005 < old_open(client) < 0.04
    assert 0.15 < old_open(make_client(**SIZE, open_titles=0.2)) < 0.25


def old_open(client: Client) -> float:
    cut = today(client.box.world.now()) - timedelta(days=30)
    titles = client.box.truth("gestao-click", "recebimentos")
    old = [row for row in titles if date.fromisoformat(row["data_vencimento"]) < cut]
    return sum(row["liquidado"] == "0" for row in old) / len(old)


def test_some_sales_are_cancelled_and_have_no_titles(client: Client) -> None:
    sales = client.box.truth("gestao-click", "vendas")
    cancelled = [row["id"] for row in sales if row["nome_situacao"] == "Cancelada"]
    assert 20 < len(cancelled) < 100
    assert not any(client.box.gestao_click.ties.titles("vendas", key) for key in cancelled)


def test_windows_are_slices_that_follow_every_change(client: Client) -> None:
    """What a window answers is what the truth, read one by one, says."""
    for _ in range(3):
        for store in ("90001", "90002", "90003"):
            low, high = "2024-06-01", today(client.box.world.now()).isoformat()
            asked = {"loja_id": store, "data_inicio": low, "data_fim": high}
            titles = all_rows(client, "/recebimentos", **asked)
            truth = client.box.truth("gestao-click", "recebimentos")
            mine = [row for row in truth if row["loja_id"] == store]
            wanted = [row for row in mine if low <= effective(row) <= high]
            assert sorted(row["id"] for row in titles) == sorted(row["id"] for row in wanted)
            assert [effective(row) for row in titles] == sorted(map(effective, titles))
        client.box.trade.day(1)


def effective(title: Any) -> str:
    paid = title["liquidado"] == "1" and title["data_liquidacao"]
    return str(title["data_liquidacao"] if paid else title["data_vencimento"])
