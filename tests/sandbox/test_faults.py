"""Trouble on demand, as a client meets it."""

import time
from typing import Any

import pytest
import requests
from sandbox_client import Client


def break_it(client: Client, kind: str, vendor: str = "kommo", **more: Any) -> None:
    client.control("POST", "/faults", {"vendor": vendor, "kind": kind, **more})


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("429", 429, "application/problem+json"),
        ("429_html", 429, "text/html"),
        ("401", 401, "application/problem+json"),
        ("403_html", 403, "text/html"),
        ("500_json", 500, "application/problem+json"),
        ("500_html", 500, "text/html"),
        ("504_html", 504, "text/html"),
        ("200_html", 200, "text/html"),
    ],
)
def test_a_wrong_answer_comes_as_often_as_asked(
    client: Client, kind: str, status: int, content_type: str
) -> None:
    break_it(client, kind, times=1)
    broken = client.kommo("/leads")
    assert (broken.status_code, broken.headers["content-type"]) == (status, content_type)
    assert client.kommo("/leads").status_code == 200


def test_a_fault_waits_and_looks_at_the_path(client: Client) -> None:
    break_it(client, "500_json", path="/contacts", after=1, times=1)
    asked = ["/leads", "/contacts", "/contacts", "/contacts"]
    assert [client.kommo(path).status_code for path in asked] == [200, 200, 500, 200]


def test_a_fault_may_come_by_chance_and_be_taken_back(client: Client) -> None:
    break_it(client, "500_json", probability=0.5)
    statuses = [client.kommo("/account").status_code for _ in range(40)]
    assert {200, 500} == set(statuses)
    client.control("DELETE", "/faults")
    assert client.kommo("/account").status_code == 200


def test_a_dropped_connection_and_a_truncated_body(client: Client) -> None:
    break_it(client, "drop", times=1)
    with pytest.raises(requests.ConnectionError):
        client.kommo("/leads")
    break_it(client, "truncate", times=1)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        client.kommo("/leads")
    assert client.kommo("/leads").status_code == 200


def test_an_answer_may_hang(client: Client) -> None:
    break_it(client, "hang", times=1, seconds=0.15)
    started = time.monotonic()
    assert client.kommo("/account").status_code == 200
    assert time.monotonic() - started >= 0.15


def test_204_in_the_middle_of_a_walk(client: Client) -> None:
    break_it(client, "empty_page", times=1)
    statuses = [client.kommo("/leads", limit=20, page=n).status_code for n in (1, 2, 2)]
    assert statuses == [200, 204, 200]


def test_a_deleted_row_shifts_the_rest_of_the_walk(client: Client) -> None:
    before = [row["id"] for row in client.walk("/leads")]
    break_it(client, "shift_delete", times=1)
    walked = [row["id"] for row in client.walk("/leads", limit=20)]
    assert sorted(set(before) - set(walked)) == [before[20]]


def test_an_inserted_row_shifts_the_rest_of_the_walk(client: Client) -> None:
    before = [row["id"] for row in client.walk("/leads")]
    break_it(client, "shift_insert", times=1)
    walked = [row["id"] for row in client.walk("/leads", limit=20)]
    assert walked.count(before[19]) == 2
    assert len(walked) == 61


def test_a_repeated_page(client: Client) -> None:
    break_it(client, "repeat_page", "gestao-click", times=1)
    pages = [client.erp("/clientes", limite=5, pagina=n).json()["data"] for n in (1, 2)]
    assert pages[0] == pages[1]


def test_a_wrong_total_and_a_php_notice(client: Client) -> None:
    right = client.erp("/clientes").json()["meta"]["total_registros"]
    break_it(client, "wrong_total", "gestao-click", times=1)
    assert client.erp("/clientes").json()["meta"]["total_registros"] == right + 7
    break_it(client, "php_notice", "gestao-click", times=1)
    text = client.erp("/clientes").text
    assert text.startswith("<br />")
    assert '{"code":200' in text


def test_an_unknown_fault_is_refused(client: Client) -> None:
    url = f"{client.box.kommo_url}/_sandbox/faults"
    answer = requests.post(url, json={"vendor": "kommo", "kind": "earthquake"}, timeout=5)
    assert answer.status_code == 400
    assert "earthquake" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/events", "/leads/unsorted", "/leads/notes"])
def test_a_row_put_in_front_shifts_a_list_whatever_its_keys_are(client: Client, path: str) -> None:
    first = next(iter(client.kommo(path, limit=1).json()["_embedded"].values()))
    break_it(client, "shift_insert", path=path, times=1)
    second = next(iter(client.kommo(path, limit=1, page=2).json()["_embedded"].values()))
    if path == "/leads/unsorted":
        first = client.box.truth("kommo", "unsorted")[1:2]
    assert second == first
