"""Plan, rights, scope: what a token may not see (kommo-api.md 3.1, 5.8, 9.20, 9.21)."""

import pytest
from sandbox_client import Client

PROBLEM = "application/problem+json"
LEAD = 40010001


def settings(client: Client, **wanted: object) -> None:
    client.control("POST", "/settings", wanted)


@pytest.mark.parametrize("status", [402, 403])
def test_a_feature_is_taken_away_and_given_back(client: Client, status: int) -> None:
    settings(client, refused={"/webhooks": status, "/leads/notes": status})
    for path in ("/webhooks", "/leads/notes", "/leads/notes/120001"):
        answer = client.kommo(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    assert client.kommo("/contacts/notes").status_code == 200
    settings(client, refused={})
    assert client.kommo("/webhooks").status_code == 200


def test_who_is_no_admin_gets_no_users_roles_or_webhooks(client: Client) -> None:
    settings(client, token_is_admin=False)
    for path in ("/users", "/users/11500101", "/roles", "/webhooks"):
        answer = client.kommo(path)
        assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM)
    assert client.subscribe("http://127.0.0.1:9/x", "add_lead").status_code == 403
    assert client.kommo("/account").status_code == 200
    assert client.kommo("/leads").status_code == 200


def test_customers_are_402_until_the_account_has_them(client: Client) -> None:
    for path in ("/customers", "/customers/60010001", "/customers/notes"):
        assert client.kommo(path).status_code == 402
    assert client.kommo("/customers/custom_fields").status_code == 200
    assert client.kommo("/account").json()["customers_mode"] == "disabled"
    settings(client, customers_mode="periodicity")
    assert client.kommo("/account").json()["customers_mode"] == "periodicity"
    customers = client.walk("/customers", **{"with": "contacts"})
    assert len(customers) == 1 + 60 // 20
    assert customers[0]["_embedded"]["contacts"][0]["id"] == 50010001
    assert client.kommo("/customers/60010001/notes").status_code == 200


def test_a_hidden_lead_is_absent_204_and_without_events(client: Client) -> None:
    change = {"vendor": "kommo", "list": "leads", "id": LEAD, "set": {"price": 1}}
    client.control("POST", "/change", change)
    everything = len(client.walk("/events"))
    client.control("POST", "/hide", {"list": "leads", "ids": [LEAD]})
    assert LEAD not in [row["id"] for row in client.walk("/leads")]
    assert client.walk("/leads", filter__id__=LEAD) == []
    for path in (f"/leads/{LEAD}", f"/leads/{LEAD}/links", f"/leads/{LEAD}/notes"):
        assert client.kommo(path).status_code == 204
    events = client.walk("/events")
    assert len(events) < everything
    assert LEAD not in [e["entity_id"] for e in events if e["entity_type"] == "lead"]
    world = client.control("GET", "/world/kommo/leads")
    assert world["unseen"] == [LEAD]
    assert LEAD in [record["id"] for record in world["records"]]
    client.control("POST", "/unhide", {"list": "leads", "ids": [LEAD]})
    assert client.kommo(f"/leads/{LEAD}").json()["price"] == 1
    assert len(client.walk("/events")) == everything


def test_a_hidden_deleted_lead_is_not_in_the_trash(client: Client) -> None:
    client.control("POST", "/hide", {"list": "leads", "ids": [LEAD]})
    client.control("POST", "/delete", {"vendor": "kommo", "list": "leads", "id": LEAD})
    assert client.kommo("/leads", **{"with": "only_deleted"}).status_code == 204
    assert client.kommo(f"/leads/{LEAD}", **{"with": "only_deleted"}).status_code == 204
