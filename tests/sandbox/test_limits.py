"""The vendors' limits, counted at the wire."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests
from sandbox_client import Client

from sandbox.limits import Window


def test_a_window_admits_exactly_its_limit_in_any_span() -> None:
    window = Window(1.0)
    moments = [0.0, 0.375, 0.5, 0.9375, 1.0, 1.25, 1.375]
    admitted = [at for at in moments if window.admit(at, 2)]
    assert admitted == [0.0, 0.375, 1.0, 1.375]


def test_no_limit_is_zero() -> None:
    window = Window(1.0)
    assert all(window.admit(0.0, 0) for _ in range(100))


def test_kommo_answers_429_with_retry_after_in_the_body(make_client: Callable[..., Client]) -> None:
    client = make_client(kommo_limit=3, retry_after=2)
    statuses = [client.kommo("/account").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    refused = client.kommo("/account")
    assert refused.json()["retry_after"] == 2
    assert "retry-after" not in refused.headers
    stats = client.control("GET", "/stats")["kommo"]
    assert stats["by_status"] == {"200": 3, "429": 3}
    assert stats["max_in_any_second"] == stats["max_in_950ms"] == 6


def test_the_limit_holds_for_each_token_and_for_the_address(
    make_client: Callable[..., Client],
) -> None:
    client = make_client(kommo_limit=2)
    url = f"{client.box.kommo_url}/api/v4/account"
    strangers = [{"Authorization": f"Bearer {name}"} for name in "abc"]
    statuses = [requests.get(url, headers=h, timeout=5).status_code for h in strangers]
    assert statuses == [401, 401, 429]


def test_whoever_keeps_to_the_limit_is_always_served(make_client: Callable[..., Client]) -> None:
    client = make_client(kommo_limit=20)
    statuses = []
    for _ in range(25):
        statuses.append(client.kommo("/account").status_code)
        time.sleep(0.058)
    assert set(statuses) == {200}


def test_parallel_clients_share_the_limit(make_client: Callable[..., Client]) -> None:
    client = make_client(gestao_click_limit=3)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.erp("/lojas"), range(12)))
    assert sorted(a.status_code for a in answers) == [200] * 3 + [429] * 9
    body = next(a for a in answers if a.status_code == 429).json()
    assert body["data"]["mensagem"] == "O limite de requisicoes foi atingido"


def test_the_erp_counts_24_hours(make_client: Callable[..., Client]) -> None:
    client = make_client(gestao_click_daily_limit=4)
    assert [client.erp("/lojas").status_code for _ in range(6)] == [200] * 4 + [429] * 2


def test_limits_change_while_running(make_client: Callable[..., Client]) -> None:
    client = make_client(kommo_limit=1)
    assert [client.kommo("/account").status_code for _ in range(2)] == [200, 429]
    client.control("POST", "/settings", {"kommo_limit": 0})
    assert client.kommo("/account").status_code == 200


def test_hammering_ends_in_an_html_403_for_everything(make_client: Callable[..., Client]) -> None:
    client = make_client(kommo_limit=1, ban_after=3, ban_seconds=0.2)
    assert [client.kommo("/account").status_code for _ in range(5)] == [200, 429, 429, 429, 403]
    banned = client.kommo("/account")
    assert banned.headers["content-type"] == "text/html"
    assert "nginx" in banned.text
    time.sleep(0.2)
    assert client.kommo("/account").status_code != 403


def test_some_429s_are_html(make_client: Callable[..., Client]) -> None:
    client = make_client(kommo_limit=1, html_429=1)
    client.kommo("/account")
    assert client.kommo("/account").headers["content-type"] == "text/html"


def test_latency_is_added(make_client: Callable[..., Client]) -> None:
    client = make_client(latency_ms=60)
    started = time.monotonic()
    client.kommo("/account")
    assert time.monotonic() - started >= 0.06


def test_a_path_can_be_refused(client: Client) -> None:
    client.control("POST", "/settings", {"refused": {"/webhooks": 402, "/users": 403}})
    assert client.kommo("/webhooks").json()["detail"] == "Payment required"
    assert client.kommo("/users").status_code == 403
    assert client.kommo("/leads").status_code == 200
