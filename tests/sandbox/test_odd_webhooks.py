"""Bodies of odd shape, order and number; hooks of an account (kommo-api.md 6.2, 6.7, 6.9)."""

from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest
from sandbox_client import Client, Receiver

from sandbox.webhooks.oddities import KINDS

LEAD = 40010001
MARKS = {
    "collision": b"contacts%5Bnote%5D%5B0%5D%5Bnote%5D%5Btype%5D%5Bmessage_uuid%5D=",
    "delete_bare": b"contacts%5Bdelete%5D%5Bid%5D=",
    "delete_id": b"leads%5Bdelete%5D%5B0%5D=4",
    "mixed": b"leads%5Bdelete%5D%5B0%5D%5Bid%5D=",
    "bulk": b"leads%5Bupdate%5D%5B4%5D%5Bid%5D=",
    "amocrm_host": b"sandbox.amocrm.com",
    "other_account": b"account%5Bid%5D=99999999",
    "companies_group": b"companies%5Bupdate%5D%5B0%5D%5Btype%5D=company",
    "company_without_type": b"contacts%5Bupdate%5D%5B0%5D%5Bid%5D=5",
    "task_wrapped_twice": b"task%5Bupdate%5D%5B0%5D%5B0%5D%5Bdate_create%5D=17265663a90",
    "tasks_group": b"tasks%5Bupdate%5D",
    "unknown": b"future%5Badd%5D",
    "template_review": b"add%5B0%5D%5Bstatus%5D=approved",
    "nameless": b"%00",
    "pipeline_event": b"leads%5Bmail_in%5D%5B0%5D%5Bstatus_id%5D=",
    "pipeline_singular": b"lead%5Bchat%5D%5B0%5D%5Bid%5D=",
    "without_links": b"account%5Bid%5D=31990001",
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_odd_body_is_sent_to_every_hook(client: Client, receiver: Receiver, kind: str) -> None:
    client.subscribe(receiver.url, "add_lead")
    assert client.control("POST", "/webhooks/odd", {"kind": kind}) == {"sent": 1}
    assert MARKS[kind] in receiver.wait(1)[0]
    assert (b"_links" in receiver.bodies[0]) == (
        kind not in ("without_links", "pipeline_event", "pipeline_singular")
    )


def test_the_odd_kinds_are_listed_with_what_they_show(client: Client) -> None:
    listed = client.control("GET", "/webhooks/odd")
    assert set(listed) == set(KINDS)
    assert all(listed.values())


def test_the_digital_pipeline_sends_a_minimal_body_of_its_own(
    client: Client, receiver: Receiver
) -> None:
    client.control("POST", "/settings", {"digital_pipeline_url": receiver.url})
    move = {"vendor": "kommo", "list": "leads", "id": LEAD, "set": {"status_id": 142}}
    client.control("POST", "/change", move)
    told = dict(parse_qsl(receiver.wait(1)[0].decode()))
    assert told == {
        "leads[status][0][id]": str(LEAD),
        "leads[status][0][status_id]": "142",
        "leads[status][0][pipeline_id]": "9100001",
        "leads[status][0][old_status_id]": "76000002",
        "leads[status][0][old_pipeline_id]": "9100001",
        "account[id]": "31990001",
        "account[subdomain]": "sandbox",
    }


def test_deliveries_come_in_another_order(
    make_client: Callable[..., Client], receiver: Receiver
) -> None:
    client = make_client(webhook_jitter_ms=150.0)
    client.subscribe(receiver.url, "update_lead")
    for price in range(20):
        change = {"vendor": "kommo", "list": "leads", "id": LEAD, "set": {"price": price}}
        client.control("POST", "/change", change)
    prices = [dict(parse_qsl(raw.decode()))["leads[update][0][price]"] for raw in receiver.wait(20)]
    assert sorted(map(int, prices)) == list(range(20))
    assert prices != sorted(prices, key=int)


def test_a_code_that_the_account_does_not_know_is_a_400_that_names_it(client: Client) -> None:
    client.control("POST", "/settings", {"webhook_codes_refused": ["update_task"]})
    refused = client.subscribe("http://127.0.0.1:9/x", "add_lead", "update_task")
    assert refused.status_code == 400
    assert refused.json()["validation-errors"][0]["errors"][0]["path"] == "settings.1"
    assert client.subscribe("http://127.0.0.1:9/x", "add_lead").status_code == 201


def test_an_account_has_at_most_a_hundred_hooks(client: Client) -> None:
    for number in range(99):
        assert client.subscribe(f"http://127.0.0.1:9/{number}", "add_lead").status_code == 201
    assert client.subscribe("http://127.0.0.1:9/one-too-many", "add_lead").status_code == 422
    assert client.kommo("/webhooks").json()["_total_items"] == 100
