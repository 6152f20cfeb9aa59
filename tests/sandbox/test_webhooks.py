"""Webhooks as Kommo sends them: bodies, codes, retries, switching off, storms."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sandbox_client import Client, Receiver, eventually

from sandbox.webhooks.body import body, entity
from sandbox.webhooks.codes import GROUPS
from sandbox.webhooks.subscriptions import is_loopback

LEAD_CODES = ("add_lead", "update_lead", "delete_lead", "restore_lead", "status_lead")
LEAD = 40010001


def form(raw: bytes) -> dict[str, str]:
    return dict(parse_qsl(raw.decode(), keep_blank_values=True))


def change(client: Client, name: str, key: int, /, **fields: Any) -> None:
    call = {"vendor": "kommo", "list": name, "id": key, "set": fields}
    client.control("POST", "/change", call)


def test_a_subscription_is_made_listed_and_removed(client: Client, receiver: Receiver) -> None:
    made = client.subscribe(receiver.url, "add_lead")
    assert made.status_code == 201
    assert made.json()["disabled"] is False
    again = client.subscribe(receiver.url, "update_lead").json()
    assert (again["id"], again["settings"]) == (made.json()["id"], ["update_lead"])
    listed = client.kommo("/webhooks", filter__destination=receiver.url).json()
    assert [hook["id"] for hook in listed["_embedded"]["webhooks"]] == [again["id"]]
    url = f"{client.box.kommo_url}/api/v4/webhooks"
    for status in (204, 404):
        body_ = {"destination": receiver.url}
        gone = client.session.delete(url, json=body_, headers=client.bearer, timeout=5)
        assert gone.status_code == status


@pytest.mark.parametrize(
    ("destination", "settings"),
    [("ftp://x", ["add_lead"]), ("http://127.0.0.1:1/x", ["no_such_code"]), ("", [])],
)
def test_a_bad_subscription_is_a_400(client: Client, destination: str, settings: list[str]) -> None:
    answer = client.subscribe(destination, *settings)
    assert answer.status_code == 400
    assert answer.json()["validation-errors"]


def test_a_stage_change_sends_status_and_update(client: Client, receiver: Receiver) -> None:
    client.subscribe(receiver.url, *LEAD_CODES)
    change(client, "leads", LEAD, status_id=142)
    first, second = (form(raw) for raw in receiver.wait(2))
    for sent in (first, second):
        action = "status" if "leads[status][0][id]" in sent else "update"
        assert sent["account[id]"] == "31990001"
        assert sent[f"leads[{action}][0][old_status_id]"] == "76000002"
        assert sent[f"leads[{action}][0][status_id]"] == "142"
        assert sent[f"leads[{action}][0][modified_user_id]"] == "11500101"
    assert b"leads%5B" in receiver.bodies[0]
    assert {("leads[status][0][id]" in first), ("leads[status][0][id]" in second)} == {True, False}


def test_a_deleted_lead_is_told_by_id_status_and_pipeline(
    client: Client, receiver: Receiver
) -> None:
    client.subscribe(receiver.url, *LEAD_CODES)
    call = {"vendor": "kommo", "list": "leads", "id": LEAD}
    client.control("POST", "/delete", call)
    told = form(receiver.wait(1)[0])
    keys = {key for key in told if key.startswith("leads")}
    assert keys == {f"leads[delete][0][{f}]" for f in ("id", "status_id", "pipeline_id")}
    client.control("POST", "/restore", call)
    assert "leads[restore][0][id]" in form(receiver.wait(2)[1])


def test_a_company_travels_among_the_contacts(client: Client, receiver: Receiver) -> None:
    client.subscribe(receiver.url, "update_company")
    change(client, "companies", 50020001, name="Acme Comércio & Cia")
    told = form(receiver.wait(1)[0])
    assert told["contacts[update][0][type]"] == "company"
    assert told["contacts[update][0][name]"] == "Acme Comércio & Cia"
    assert told[f"contacts[update][0][linked_leads_id][{LEAD}][ID]"] == str(LEAD)


def test_a_new_responsible_of_a_contact_comes_as_update(client: Client, receiver: Receiver) -> None:
    client.subscribe(receiver.url, "responsible_contact")
    change(client, "contacts", 50010001, name="Joana")
    change(client, "contacts", 50010001, responsible_user_id=11500102)
    told = form(receiver.wait(1)[0])
    assert told["contacts[update][0][old_responsible_user_id]"] == "11500101"


def test_a_bulk_edit_is_one_body(client: Client, receiver: Receiver) -> None:
    client.subscribe(receiver.url, "update_lead")
    ids = [LEAD, 40010002, 40010003]
    call = {"vendor": "kommo", "list": "leads", "ids": ids, "set": {"price": 5}}
    client.control("POST", "/change", call)
    told = form(receiver.wait(1)[0])
    assert [told[f"leads[update][{n}][id]"] for n in range(3)] == [str(i) for i in ids]


def test_a_merge_updates_the_winner_and_deletes_the_losers(
    client: Client, receiver: Receiver
) -> None:
    client.subscribe(receiver.url, "update_contact", "delete_contact")
    ids = [row["id"] for row in client.walk("/contacts", **{"with": "leads"})]
    merge = {"vendor": "kommo", "list": "contacts", "winner": ids[5], "losers": [ids[6]]}
    client.control("POST", "/merge", merge)
    told = [form(raw) for raw in receiver.wait(2)]
    assert {t.get("contacts[update][0][id]") for t in told} == {str(ids[5]), None}
    assert {t.get("contacts[delete][0][id]") for t in told} == {str(ids[6]), None}
    newest = client.kommo("/events", filter__type="entity_merged").json()["_embedded"]["events"][0]
    assert newest["entity_id"] == ids[5]
    assert client.kommo(f"/contacts/{ids[6]}").status_code == 204


def test_silent_changes_and_other_machines_get_nothing(client: Client, receiver: Receiver) -> None:
    client.subscribe(receiver.url, "update_lead")
    client.subscribe("https://hooks.example.com/x", "update_lead")
    quiet = {"vendor": "kommo", "list": "leads", "id": LEAD, "set": {"price": 1}, "silent": True}
    client.control("POST", "/change", quiet)
    change(client, "leads", LEAD, price=2)
    receiver.wait(1)
    books = client.control("GET", "/stats")["webhooks"]
    assert (books["sent"], books["withheld"]) == (1, 1)
    assert form(receiver.bodies[0])["leads[update][0][price]"] == "2"


def test_only_this_machine_is_loopback() -> None:
    assert is_loopback("http://127.0.0.1:80/x")
    assert is_loopback("http://localhost/x")
    assert is_loopback("http://[::1]:80/x")
    assert not is_loopback("http://10.0.0.1/x")
    assert not is_loopback("http://127.0.0.1.example.com/x")


@pytest.mark.parametrize(
    ("answers", "attempts", "outcome"),
    [
        ([500, 503, 500, 499, 500], 5, "failed"),
        ([404, 404, 404, 404], 3, "failed"),
        ([301, 500, 404], 3, "failed"),
        ([500, 204], 2, "acknowledged"),
        ([500, 500, 500, 200], 4, "acknowledged"),
    ],
)
def test_retries_follow_the_table(
    make_client: Callable[..., Client],
    receiver: Receiver,
    answers: list[int],
    attempts: int,
    outcome: str,
) -> None:
    client = make_client(webhook_retry_scale=0.00001)
    receiver.answers = list(answers)
    client.subscribe(receiver.url, "update_lead")
    change(client, "leads", LEAD, price=3)
    eventually(lambda: client.box.courier.public()[outcome] == 1)
    assert len(receiver.bodies) == client.box.courier.public()["attempts"] == attempts
    assert len(set(receiver.bodies)) == 1


def test_a_slow_receiver_is_a_499_and_is_retried(
    make_client: Callable[..., Client], receiver: Receiver
) -> None:
    client = make_client(webhook_retry_scale=0.00001, webhook_deadline=0.05)
    receiver.delay = 0.15
    client.subscribe(receiver.url, "update_lead")
    change(client, "leads", LEAD, price=3)
    receiver.wait(2)
    assert client.box.courier.public()["by_status"]["499"] >= 1
    receiver.delay = 0


def test_nobody_listening_is_retried_too(make_client: Callable[..., Client]) -> None:
    client = make_client(webhook_retry_scale=0.00001)
    client.subscribe("http://127.0.0.1:9/hook", "update_lead")
    change(client, "leads", LEAD, price=3)
    eventually(lambda: client.box.courier.public()["failed"] == 1)
    assert client.box.courier.public()["by_status"] == {"0": 3}


def test_a_hook_is_switched_off_and_revived_by_subscribing_again(
    make_client: Callable[..., Client], receiver: Receiver
) -> None:
    client = make_client(webhook_retry_scale=0.00001, webhook_disable_after=5)
    receiver.always = 500
    client.subscribe(receiver.url, "update_lead")

    def disabled() -> bool:
        hooks = client.kommo("/webhooks").json()["_embedded"]["webhooks"]
        return bool(next(h for h in hooks if h["destination"] == receiver.url)["disabled"])

    change(client, "leads", LEAD, price=3)
    change(client, "leads", LEAD, price=4)
    eventually(disabled)
    eventually(lambda: client.box.courier.public()["pending"] == 0)
    seen = len(receiver.bodies)
    change(client, "leads", LEAD, price=5)
    assert client.box.courier.public()["pending"] == 0
    receiver.always = None
    client.subscribe(receiver.url, "update_lead")
    assert not disabled()
    change(client, "leads", LEAD, price=6)
    receiver.wait(seen + 1)


def test_deliveries_are_lost_or_doubled_on_demand(
    make_client: Callable[..., Client], receiver: Receiver
) -> None:
    client = make_client(webhook_twice=1.0)
    client.subscribe(receiver.url, "update_lead")
    change(client, "leads", LEAD, price=3)
    assert len(set(receiver.wait(2))) == 1
    client.control("POST", "/settings", {"webhook_twice": 0, "webhook_lost": 1})
    change(client, "leads", LEAD, price=4)
    assert client.box.courier.public()["lost"] == 1


def test_a_storm_is_acknowledged_and_timed(client: Client, receiver: Receiver) -> None:
    client.subscribe(receiver.url, "update_lead")
    order = {"count": 300, "leads": 20, "double": True, "shuffle": True, "concurrency": 8}
    summary = client.control("POST", "/webhooks/storm", order)
    assert (summary["sent"], summary["acknowledged"], summary["failed"]) == (300, 300, 0)
    assert summary["p50_ms"] <= summary["p99_ms"]
    assert len(receiver.bodies) == 300
    assert len(set(receiver.bodies)) <= 150


def test_bodies_have_the_shape_of_the_documented_ones() -> None:
    """The shapes of wh_lead_add.txt: v2 names, dates as scalars, choices with their enum."""
    record = {
        "id": 1,
        "name": "A & B=ç",
        "price": None,
        "status_id": 2,
        "pipeline_id": 3,
        "custom_fields_values": [
            field(10, "date", [{"value": 1765767600}]),
            field(11, "select", [{"value": "Varejo", "enum_id": 7, "enum_code": None}]),
            field(12, "radiobutton", [{"value": "Sim", "enum_id": 8, "enum_code": None}]),
            field(13, "birthday", [{"value": 316494000}]),
            field(14, "checkbox", [{"value": True}]),
        ],
        "_embedded": {"tags": [{"id": 5, "name": "2ª via", "color": None}]},
    }
    group = GROUPS["/leads"]
    raw = body(group, "add", [entity(group, "add", record, {})])
    assert raw.startswith(b"account%5Bsubdomain%5D=sandbox&account%5Bid%5D=31990001")
    assert b"name%5D=A+%26+B%3D%C3%A7" in raw
    told = form(raw)
    start = "leads[add][0][custom_fields]"
    assert told[f"{start}[0][values][0]"] == "1765767600"
    assert told[f"{start}[1][values][0][enum]"] == "7"
    assert told[f"{start}[2][values][value]"] == "Sim"
    assert told[f"{start}[3][values][0][value]"] == "12.01.1980"
    assert told[f"{start}[4][values][0][value]"] == "1"
    assert told["leads[add][0][tags][0][name]"] == "2ª via"
    assert "leads[add][0][price]" not in told


def field(key: int, kind: str, values: list[Any]) -> dict[str, Any]:
    named = {"field_id": key, "field_name": kind, "field_code": None, "field_type": kind}
    return {**named, "values": values}


def test_no_file_of_the_sandbox_imports_ponte() -> None:
    folder = Path(__file__).parents[2] / "sandbox"
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for package in ("shared", "worker", "webhook_app"):
            assert f"from {package}" not in text, path
            assert f"import {package}" not in text, path
