"""Business days of the ERP: what happens in them, and that the truth stays true meanwhile."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_client import Client

from sandbox import Sandbox
from sandbox.gestao_click.acts import DECK
from sandbox.gestao_click.money import to_cents

Make = Callable[..., Client]
TODAY = date(2027, 3, 10)
START = {"at": f"{TODAY} 01:00:00"}
NAMES = ("recebimentos", "pagamentos")


@pytest.fixture
def client(make_client: Make) -> Client:
    client = make_client(stores=3)
    client.control("POST", "/clock", START)
    return client


def truth(client: Client, name: str) -> dict[int, Any]:
    return {int(row["id"]): row for row in client.box.truth("gestao-click", name)}


def play(client: Client, act: str, **more: Any) -> Any:
    """Does the act to something; what it touched."""
    done = client.control("POST", "/trade", {"act": act, **more})["did"]
    assert done, f"nothing to do for {act}"
    return done


def sale_with(client: Client, count: int) -> tuple[int, list[Any]]:
    """A fresh sale of a given number of instalments, and its titles."""
    for _ in range(200):
        done = play(client, "sales.sell")
        if len(done["recebimentos"]) == count:
            rows = truth(client, "recebimentos")
            return done["vendas"][0], [rows[key] for key in done["recebimentos"]]
    raise AssertionError(f"no sale of {count} instalments")


def in_window(client: Client, name: str, day: str) -> list[int]:
    rows: list[int] = []
    for store in ("90001", "90002", "90003"):
        asked = {"data_inicio": day, "data_fim": day, "loja_id": store, "limite": 100}
        data = client.erp(f"/{name}", **asked).json()["data"]
        rows += [int(row["id"]) for row in data if isinstance(row, dict)]
    return rows


def test_days_are_stepped_through_in_moments(client: Client) -> None:
    for _ in range(4):
        told = client.control("POST", "/trade", {"moments": 1, "of": 4})
        assert sum(told["done"].values()) == 10
    assert told["today"] == "2027-03-11"
    told = client.control("POST", "/trade", {"days": 2, "of": 6})
    assert (told["today"], sum(told["done"].values())) == ("2027-03-13", 80)
    told = client.control("POST", "/trade", {"moments": 1, "advance": False})
    assert told["today"] == "2027-03-13"


def test_every_act_has_its_turn(client: Client) -> None:
    client.control("POST", "/settings", {"trade": 100.0})
    done = client.control("POST", "/trade", {"days": 10, "of": 1})["done"]
    lists = {table.spec.name for table in client.box.world.of("gestao-click")}
    wanted = {name for name in DECK if needs(name) <= lists}
    assert wanted <= set(done)
    assert client.control("GET", "/trade")["sales.cancel"].startswith("it is cancelled")


def needs(act: str) -> set[str]:
    """The list without which an act is skipped."""
    needed = {
        "orders": "ordens_servicos", "quotes": "orcamentos", "purchases": "compras",
        "invoices": "notas_fiscais_produtos", "suppliers": "fornecedores",
        "catalogues": "contas_bancarias", "documents": "orcamentos",
    }  # fmt: skip
    return {needed.get(act.partition(".")[0], "vendas")}


def history(seed: int) -> Any:
    """Two weeks of a shop, without the seconds of its stamps."""
    with Sandbox(leads=60, seed=seed, now=1_800_000_000.0, trade=30.0) as box:
        for day in range(14):
            for hour in (2, 10, 18):
                box.world.set_clock(1_800_000_000.0 + day * 86400 + hour * 3600)
                box.trade.moment(3, advance=False)
        rows = [box.truth("gestao-click", name) for name in ("vendas", *NAMES)]
        stamps = ("cadastrado_em", "modificado_em")
        return [[{k: v for k, v in r.items() if k not in stamps} for r in t] for t in rows]


def test_the_same_seed_makes_the_same_history() -> None:
    first = history(1)
    assert first == history(1)
    assert first != history(2)


def test_the_shop_stays_healthy_and_its_sums_right(client: Client) -> None:
    for _ in range(30):
        client.box.trade.day(4)
    world = client.box.world
    for sale in truth(client, "vendas").values():
        payments = [entry["pagamento"]["valor"] for entry in sale["pagamentos"]]
        assert sum(map(to_cents, payments)) == to_cents(sale["valor_total"])
    for name in NAMES:
        for title in truth(client, name).values():
            value, interest, *less = (to_cents(title[field]) for field in AMOUNTS)
            assert to_cents(title["valor_total"]) == value + interest - sum(less) > 0
    income = client.box.books()["total"]["income"]
    assert income["overdue"]["count"] < income["cleared"]["count"] / 10
    kinds = {(r.facts.kind, r.facts.store) for r in world.table(*VENDAS).live.values()}
    assert len(kinds) == 9


VENDAS = ("gestao-click", "vendas")
AMOUNTS = ("valor", "juros", "desconto", "taxa_banco", "taxa_operadora")


def test_titles_say_in_words_what_they_are_of(client: Client) -> None:
    key, titles = sale_with(client, 3)
    code = truth(client, "vendas")[key]["codigo"]
    assert [t["descricao"] for t in titles] == [f"Venda de nº {code} ({n}/3)" for n in (1, 2, 3)]
    key, [title] = sale_with(client, 1)
    assert title["descricao"] == f"Venda de nº {truth(client, 'vendas')[key]['codigo']}"


def test_an_edit_changes_the_open_titles_only(client: Client) -> None:
    key, titles = sale_with(client, 3)
    client.control("POST", "/pay", {"list": "recebimentos", "id": titles[0]["id"]})
    play(client, "sales.edit", id=key)
    rows = truth(client, "recebimentos")
    after = [rows[int(title["id"])] for title in titles]
    assert after[0]["valor"] == titles[0]["valor"]
    assert after[1]["valor"] != titles[1]["valor"]
    total = truth(client, "vendas")[key]["valor_total"]
    assert to_cents(total) == sum(to_cents(row["valor"]) for row in after)


def test_other_instalments_are_other_titles(client: Client) -> None:
    key, titles = sale_with(client, 3)
    paid = int(titles[0]["id"])
    client.control("POST", "/pay", {"list": "recebimentos", "id": paid})
    before = truth(client, "vendas")[key]["valor_total"]
    play(client, "sales.resplit", id=key)
    rows = truth(client, "recebimentos")
    assert {int(title["id"]) for title in titles} & set(rows) == {paid}
    mine = [title.open() for title in client.box.gestao_click.ties.titles("vendas", key)]
    assert to_cents(before) == sum(to_cents(title["valor"]) for title in mine)
    assert int(truth(client, "vendas")[key]["numero_parcelas"]) == len(mine)
    parts = [title["descricao"].partition("(")[2] for title in mine[1:]]
    assert parts == [f"{number + 2}/{len(mine)})" for number in range(len(parts))]


@pytest.mark.parametrize("act", ["sales.cancel", "sales.delete"])
def test_a_sale_that_goes_takes_its_open_titles_along(client: Client, act: str) -> None:
    key, titles = sale_with(client, 3)
    client.control("POST", "/pay", {"list": "recebimentos", "id": titles[0]["id"]})
    play(client, act, id=key)
    left = {int(title["id"]) for title in titles} & set(truth(client, "recebimentos"))
    assert left == {int(titles[0]["id"])}
    assert (key in truth(client, "vendas")) == (act == "sales.cancel")


def test_titles_move_between_the_windows(client: Client) -> None:
    due = (TODAY - timedelta(days=50)).isoformat()
    body = {"list": "recebimentos", "set": {"data_vencimento": due, "valor": "100.00"}}
    key = int(client.control("POST", "/create", body)["id"])
    today, past = TODAY.isoformat(), (TODAY - timedelta(days=40)).isoformat()
    assert key in in_window(client, "recebimentos", due)
    play(client, "titles.pay_late", id=key, list="recebimentos")
    assert key in in_window(client, "recebimentos", today)
    play(client, "titles.undo", id=key, list="recebimentos")
    assert key in in_window(client, "recebimentos", due)
    client.control("POST", "/pay", {"list": "recebimentos", "id": key, "day": past})
    assert key in in_window(client, "recebimentos", past)
    play(client, "titles.undo", id=key, list="recebimentos")
    play(client, "titles.postpone", id=key, list="recebimentos")
    row = truth(client, "recebimentos")[key]
    assert (row["liquidado"], row["valor_total"]) == ("0", "100.00")
    assert row["data_vencimento"] > today
    play(client, "titles.predate", id=key, list="recebimentos")
    assert truth(client, "recebimentos")[key]["data_vencimento"] < today
    play(client, "titles.delete", id=key, list="recebimentos")
    assert key not in truth(client, "recebimentos")


def test_what_is_paid_when_it_is_due_is_paid_today(client: Client) -> None:
    body = {"list": "pagamentos", "set": {"data_vencimento": TODAY.isoformat()}}
    keys = [int(client.control("POST", "/create", body)["id"]) for _ in range(9)]
    paid = play(client, "titles.pay_due")["pagamentos"]
    assert 0 < len(set(keys) & set(paid)) < len(keys)
    rows = truth(client, "pagamentos")
    assert {rows[key]["data_liquidacao"] for key in paid} == {TODAY.isoformat()}


def test_an_unknown_act_is_refused(client: Client) -> None:
    url = f"{client.box.kommo_url}/_sandbox/trade"
    assert requests.post(url, json={"act": "sales.dance"}, timeout=5).status_code == 404
    assert requests.post(url, json={"moments": 1, "of": 0}, timeout=5).status_code == 400


def test_the_days_go_on_after_a_restart(tmp_path: Path) -> None:
    with Sandbox(leads=60, seed=1, state=tmp_path / "state") as box:
        box.trade.day(4)
        drawn, clock, books = box.trade.drawn, box.world.clock(), box.books()
    with Sandbox(leads=60, seed=1, state=tmp_path / "state") as box:
        assert (box.trade.drawn, box.books()) == (drawn, books)
        box.trade.day(4)
        assert box.trade.drawn > drawn
        assert box.world.clock() - clock >= 86400
