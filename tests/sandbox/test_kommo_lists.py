"""Kommo's lists at the wire: paging, filters, `with`, the deleted."""

from typing import Any

import pytest
import requests
from sandbox_client import Client

PROBLEM = "application/problem+json"


def test_without_a_token_every_request_is_a_401_problem(client: Client) -> None:
    answer = requests.get(f"{client.box.kommo_url}/api/v4/leads", timeout=5)
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
    assert answer.json()["detail"] == "Invalid user name or password"


def test_the_account_says_that_it_is_a_sandbox(client: Client) -> None:
    account = client.kommo("/account", **{"with": "datetime_settings"}).json()
    assert "sandbox" in account["name"]
    assert account["subdomain"] == "sandbox"
    assert list(account["_embedded"]) == ["datetime_settings"]
    assert "version" not in account


def test_a_walk_meets_every_lead_once_and_ends_with_204(client: Client) -> None:
    rows = client.walk("/leads", limit=7)
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids)) == 60
    assert ids == sorted(ids)


def test_the_default_page_has_50_rows_and_links_to_the_account_host(client: Client) -> None:
    body = client.kommo("/leads").json()
    assert len(body["_embedded"]["leads"]) == 50
    assert (
        body["_links"]["next"]["href"] == "https://sandbox.kommo.com/api/v4/leads?page=2&limit=50"
    )
    assert "_total_items" not in body


def test_next_is_there_on_a_full_last_page_and_then_comes_204(client: Client) -> None:
    assert "next" in client.kommo("/leads", limit=30, page=2).json()["_links"]
    past = client.kommo("/leads", limit=30, page=3)
    assert (past.status_code, past.content) == (204, b"")


def test_a_page_that_is_not_full_has_no_next(client: Client) -> None:
    assert "next" not in client.kommo("/leads", limit=250).json()["_links"]


def test_more_than_250_per_page_is_refused(client: Client) -> None:
    answer = client.kommo("/leads", limit=251)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "Limit 250 per page"


def test_lists_with_a_total_say_how_many(client: Client) -> None:
    users = client.kommo("/users", limit=2).json()
    assert (users["_total_items"], users["_page_count"]) == (3, 2)
    assert "next" not in client.kommo("/users", limit=2, page=2).json()["_links"]


def test_pipelines_come_whole_and_won_and_lost_are_in_each(client: Client) -> None:
    pipelines = client.kommo("/leads/pipelines", limit=1).json()["_embedded"]["pipelines"]
    stages = [{s["id"] for s in p["_embedded"]["statuses"]} for p in pipelines]
    assert len(stages) == 2
    assert all({142, 143} <= ids for ids in stages)
    only = client.kommo("/leads/pipelines/9100002/statuses/143").json()
    assert only["name"] == "Cancelado"


@pytest.mark.parametrize("path", ["/leads/1", "/contacts/1", "/companies/1", "/users/1"])
def test_an_unknown_id_is_204(client: Client, path: str) -> None:
    assert client.kommo(path).status_code == 204


def test_an_unknown_path_is_a_404_problem(client: Client) -> None:
    answer = client.kommo("/leadz")
    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
    assert answer.json()["detail"] == "Cannot GET /api/v4/leadz"


def test_ids_are_asked_for_in_both_spellings(client: Client) -> None:
    ids = [row["id"] for row in client.walk("/leads")][3:6]
    url = f"{client.box.kommo_url}/api/v4/leads"
    for template in ("filter[id][]={}", "filter%5Bid%5D%5B]={}", "filter[id][{n}]={}"):
        query = "&".join(template.format(key, n=n) for n, key in enumerate(ids))
        rows = requests.get(f"{url}?{query}", headers=client.bearer, timeout=5).json()
        assert [row["id"] for row in rows["_embedded"]["leads"]] == ids


def test_updated_at_is_filtered_by_span_or_by_equality(client: Client) -> None:
    rows = sorted(client.walk("/contacts"), key=lambda row: int(row["updated_at"]))
    low, high = rows[10]["updated_at"], rows[20]["updated_at"]
    span = client.walk(
        "/contacts", filter__updated_at__from=low, filter__updated_at__to=high, order__id="asc"
    )
    assert {row["id"] for row in span} == {
        row["id"] for row in rows if low <= row["updated_at"] <= high
    }
    assert [r["id"] for r in span] == sorted(r["id"] for r in span)
    equal = client.walk("/contacts", filter__updated_at=low)
    assert {row["updated_at"] for row in equal} == {low}


def test_a_malformed_filter_is_a_400(client: Client) -> None:
    assert client.kommo("/leads", filter__updated_at__from="ontem").status_code == 400


def test_an_unknown_filter_is_silently_ignored(client: Client) -> None:
    assert len(client.walk("/leads", filter__updatedat__from=9_999_999_999)) == 60


def test_order_works_both_ways(client: Client) -> None:
    for name in ("id", "created_at", "updated_at"):
        up = [row[name] for row in client.walk("/leads", **{f"order__{name}": "asc"})]
        down = [row[name] for row in client.walk("/leads", **{f"order__{name}": "desc"})]
        assert up == sorted(up)
        assert down == sorted(up, reverse=True)


def test_leads_are_filtered_by_pipeline_stage_and_responsible(client: Client) -> None:
    everyone = client.walk("/leads")
    for field, value in (("pipeline_id", 9100002), ("responsible_user_id", 11500102)):
        rows = client.walk("/leads", **{f"filter__{field}__": value})
        assert {r["id"] for r in rows} == {r["id"] for r in everyone if r[field] == value}
    stage = client.walk(
        "/leads",
        filter__statuses__0__pipeline_id=9100001,
        filter__statuses__0__status_id=142,
    )
    assert {(r["pipeline_id"], r["status_id"]) for r in stage} == {(9100001, 142)}


def test_query_finds_by_name_and_by_phone_digits(client: Client) -> None:
    assert [r["id"] for r in client.walk("/leads", query="pedido 1001")] == [40010001, 40100002]
    found = client.walk("/contacts", query="11 90000 0001")
    assert 50010001 in [r["id"] for r in found]


def test_extras_come_only_with_with(client: Client) -> None:
    plain: Any = client.kommo("/leads/40010001").json()
    assert set(plain["_embedded"]) == {"tags", "companies"}
    assert "source_id" not in plain
    full = client.kommo("/leads/40010001", **{"with": "contacts,loss_reason,source_id"}).json()
    assert set(full["_embedded"]) == {"tags", "companies", "contacts", "loss_reason"}
    assert full["_embedded"]["contacts"][0] | {"_links": 0} == {
        "id": 50010001,
        "is_main": True,
        "_links": 0,
    }
    assert full["_links"]["self"]["href"].endswith("/leads/40010001?page=1&limit=50")


def test_a_deleted_lead_leaves_the_lists_and_is_a_skeleton_with_only_deleted(
    client: Client,
) -> None:
    client.control("POST", "/delete", {"vendor": "kommo", "list": "leads", "id": 40010001})
    assert client.kommo("/leads/40010001").status_code == 204
    assert 40010001 not in [row["id"] for row in client.walk("/leads")]
    gone = client.walk("/leads", **{"with": "only_deleted,contacts"})
    assert [(row["id"], row["is_deleted"], row["name"]) for row in gone] == [(40010001, True, None)]
    assert client.kommo("/leads/40010001", **{"with": "only_deleted"}).status_code == 200
    soon = gone[0]["updated_at"] + 1
    with_span = client.kommo("/leads", **{"with": "only_deleted", "filter__updated_at__from": soon})
    assert with_span.status_code == 204


def test_deleting_a_lead_takes_it_from_its_contacts_and_restoring_brings_it_back(
    client: Client,
) -> None:
    def leads_of_contact() -> list[int]:
        contact = client.kommo("/contacts/50010001", **{"with": "leads"}).json()
        return [lead["id"] for lead in contact["_embedded"]["leads"]]

    call = {"vendor": "kommo", "list": "leads", "id": 40010001}
    client.control("POST", "/delete", call)
    assert leads_of_contact() == []
    client.control("POST", "/restore", call)
    assert leads_of_contact() == [40010001]


def test_events_are_newest_first_and_filtered_by_type_and_time(client: Client) -> None:
    client.control("POST", "/delete", {"vendor": "kommo", "list": "leads", "id": 40010001})
    change = {"vendor": "kommo", "list": "leads", "id": 40010002, "set": {"status_id": 142}}
    client.control("POST", "/change", change)
    events = client.walk("/events")
    assert [e["created_at"] for e in events] == sorted(
        (e["created_at"] for e in events), reverse=True
    )
    assert [e["type"] for e in events[:2]] == ["lead_status_changed", "lead_deleted"]
    assert events[0]["value_after"] == [{"lead_status": {"id": 142, "pipeline_id": 9100001}}]
    since = events[1]["created_at"]
    deleted = client.walk(
        "/events", filter__type="lead_deleted,contact_deleted", filter__created_at__from=since
    )
    assert [(e["entity_id"], e["entity_type"]) for e in deleted] == [(40010001, "lead")]


def test_awkward_rows_are_there(client: Client) -> None:
    leads = client.box.truth("kommo", "leads")
    contacts = client.box.truth("kommo", "contacts")
    kinds = {f["field_type"] for lead in leads for f in lead["custom_fields_values"] or []}
    kinds |= {f["field_type"] for c in contacts for f in c["custom_fields_values"] or []}
    simple = (
        "text textarea url streetaddress tracking_data numeric price monetary checkbox select "
        "radiobutton multiselect category multitext date date_time birthday smart_address "
        "legal_entity linked_entity chained_list file"
    )
    assert set(simple.split()) <= kinds
    assert None in [lead["custom_fields_values"] for lead in leads]
    assert [] in [lead["custom_fields_values"] for lead in leads]
    assert "" in [lead["name"] for lead in leads]
    assert None in [lead["price"] for lead in leads]
    assert {0, 11500103} <= {lead["responsible_user_id"] for lead in leads}
    assert any("\x00" in contact["name"] for contact in contacts)
    tags = [[tag["id"] for tag in lead["_embedded"]["tags"]] for lead in leads]
    assert any(len(ids) != len(set(ids)) for ids in tags)
