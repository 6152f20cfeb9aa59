"""Another tool of the same company eats the ERP's limits, by the sandbox's clock."""

from collections.abc import Callable
from typing import Any

from sandbox_client import Client

from sandbox.gestao_click.other_tool import OtherTool
from sandbox.limits import Window
from sandbox.options import Options

Make = Callable[..., Client]
MOMENT = 1_800_000_000.0


def day_of(client: Client) -> Any:
    return client.control("GET", "/stats")["gestao-click"]["day"]


def test_a_third_of_the_day_is_gone_before_anybody_asks(make_client: Make) -> None:
    client = make_client(gestao_click_daily_limit=300, other_tool=100)
    assert day_of(client)["used"] == 100
    statuses = [client.erp("/lojas").status_code for _ in range(201)]
    assert (statuses.count(200), statuses[-1]) == (200, 429)


def test_its_requests_come_as_the_clock_moves() -> None:
    day = Window(86400.0)
    tool = OtherTool(Options(other_tool=96, gestao_click_daily_limit=1000), day, Window(1.0))
    tool.catch_up(MOMENT)
    assert len(day.times) == 96
    counts = []
    for hours in range(1, 5):
        tool.catch_up(MOMENT + hours * 3600)
        counts.append(tool.made)
    assert counts == [100, 104, 108, 112]
    assert list(day.times) == sorted(day.times)


def test_it_is_refused_as_well_when_the_day_is_full(make_client: Make) -> None:
    client = make_client(gestao_click_daily_limit=50, other_tool=100)
    day = day_of(client)
    assert (day["used"], day["other_tool"]) == (50, {"made": 50, "refused": 50})
    client.box.advance(43_200)
    assert day_of(client)["used"] == 50


def test_at_random_seconds_it_is_there_first(make_client: Make) -> None:
    client = make_client(gestao_click_limit=3, gestao_click_daily_limit=0, other_tool=86400 * 3)
    refused = client.erp("/lojas")
    assert refused.status_code == 429
    assert "limite de requisicoes" in refused.json()["data"]["mensagem"]
    client.control("POST", "/settings", {"other_tool": 0, "gestao_click_limit": 4})
    assert client.erp("/lojas").status_code == 200
