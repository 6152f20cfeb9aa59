"""The sandbox's clock: days, months, stamps and the ERP's daily limit follow it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_client import Client

from sandbox import Sandbox

EVENING = "2027-03-31 23:30:00"
HALF_AN_HOUR = 1800


def titles(client: Client) -> set[str]:
    return {row["id"] for row in client.erp("/recebimentos", limite=100).json()["data"]}


def born(client: Client, due: str) -> Any:
    call = {"list": "recebimentos", "set": {"data_vencimento": due}}
    return client.control("POST", "/create", call)["record"]


def test_days_and_stamps_follow_the_clock(client: Client) -> None:
    told = client.control("POST", "/clock", {"at": EVENING})
    assert (told["today"], told["local"][:16]) == ("2027-03-31", EVENING[:16])
    title = born(client, "2027-03-31")
    assert title["cadastrado_em"].startswith("2027-03-31 23:30")
    assert title["data_competencia"] == "2027-03-31"
    client.control("POST", "/clock", {"advance": HALF_AN_HOUR})
    paid = client.control("POST", "/pay", {"list": "recebimentos", "id": title["id"]})["records"][0]
    assert paid["data_liquidacao"] == "2027-04-01"
    assert client.control("GET", "/clock")["today"] == "2027-04-01"


def test_the_month_of_titles_without_a_period_follows_the_clock(client: Client) -> None:
    client.control("POST", "/clock", {"at": EVENING})
    march, april = born(client, "2027-03-05")["id"], born(client, "2027-04-05")["id"]
    assert (march in titles(client), april in titles(client)) == (True, False)
    client.control("POST", "/clock", {"advance": HALF_AN_HOUR})
    assert (march in titles(client), april in titles(client)) == (False, True)


def test_ahead_is_an_option_and_a_setting(make_client: Callable[..., Client]) -> None:
    client = make_client(ahead=86400.0 * 365)
    before = client.control("GET", "/clock")
    assert before["ahead"] == 86400 * 365
    newest = max(row["data"] for row in client.box.truth("gestao-click", "vendas"))
    assert before["today"][:4] == newest[:4] > "2026"
    client.control("POST", "/settings", {"ahead": 0.0})
    assert client.control("GET", "/clock")["today"] < before["today"]


@pytest.mark.parametrize("wrong", [{}, {"to": 5}, {"ahead": 5, "advance": 5}, {"at": "yesterday"}])
def test_a_wrong_time_is_refused(client: Client, wrong: Any) -> None:
    answer = requests.post(f"{client.box.kommo_url}/_sandbox/clock", json=wrong, timeout=5)
    assert answer.status_code == 400


def test_the_daily_limit_is_of_any_24_hours_of_the_sandbox(
    make_client: Callable[..., Client],
) -> None:
    client = make_client(gestao_click_daily_limit=3)

    def asked(count: int) -> list[int]:
        return [client.erp("/lojas").status_code for _ in range(count)]

    assert asked(2) == [200, 200]
    client.box.advance(86400 - 60)
    assert asked(2) == [200, 429]
    client.box.advance(120)
    assert asked(3) == [200, 200, 429]


def test_the_clock_outlives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "state"
    with Sandbox(leads=10, state=file) as box:
        box.advance(86400 * 40)
        before = box.world.clock()
    with Sandbox(leads=10, state=file) as box:
        assert 0 <= box.world.clock() - before < 60
