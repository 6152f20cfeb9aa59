"""/api/integrations: who may, what is shown, and what never is."""

from typing import Any

import pytest

from shared.queue import FORGET
from tests.webhook_app.conftest import Make, Web, settings_for
from webhook_app import asking

TOKEN = "eyJhbGciOi.not-a-real-token.x"
BODY = {"provider": "kommo", "user": "north", "credentials": {"jwtToken": TOKEN}, "test": False}


def add(web: Web, **changes: Any) -> Any:
    return web.post("/api/integrations", {**BODY, **changes}, "admin")


def patch(web: Web, id_: int, body: dict[str, Any], scope: str = "admin") -> Any:
    return web.client.patch(f"/api/integrations/{id_}", json=body, headers=web.token(scope))


def delete(web: Web, id_: int, scope: str = "admin", mirror: str = "?mirror=keep") -> Any:
    return web.client.delete(f"/api/integrations/{id_}{mirror}", headers=web.token(scope))


def test_one_that_is_added_tells_its_webhook_once(web: Web) -> None:
    said = add(web)
    assert said.status_code == 201
    address = said.json["webhook_url"]
    assert address.startswith("/webhooks/kommo/")
    assert web.client.post(address, data=b"x").status_code == 200
    shown = web.get("/api/integrations")
    secret = address.rsplit("/", 1)[1]
    assert TOKEN not in said.text + shown.text
    assert secret not in shown.text
    (one,) = shown.json["data"]
    assert (one["state"], one["credentials"], one["webhook"]) == ("active", "stored", True)


@pytest.mark.parametrize("scope", ["read", "sync"])
def test_only_admin_changes_anything(web: Web, scope: str) -> None:
    id_ = add(web).json["data"]["id"]
    assert web.post("/api/integrations", BODY, scope).status_code == 403
    assert patch(web, id_, {"active": False}, scope).status_code == 403
    assert delete(web, id_, scope).status_code == 403
    assert web.get(f"/api/integrations/{id_}", scope).json["data"]["state"] == "active"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"user": "default"}, 400),
        ({"provider": "hubspot"}, 400),
        ({"sync_frequency": "sometimes"}, 400),
        ({"url": "https://evil.example.com"}, 400),
        ({"credentials": {}}, 400),
        ({"token": "x"}, 400),
    ],
)
def test_what_cannot_be_added_is_said(web: Web, changes: dict[str, Any], status: int) -> None:
    said = add(web, **changes)
    assert said.status_code == status
    assert said.content_type == "application/problem+json"
    assert TOKEN not in said.text


def test_a_duplicate_is_a_conflict_and_an_unknown_one_is_not_found(web: Web) -> None:
    assert add(web).status_code == 201
    assert add(web).status_code == 409
    for said in (web.get("/api/integrations/99"), patch(web, 99, {}), delete(web, 99)):
        assert said.status_code == 404
        assert "99" in said.json["detail"]


def test_credentials_that_the_vendor_refuses_are_not_added(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = {"ok": False, "status": "refused", "message": "no"}
    monkeypatch.setattr(asking, "ask", lambda *_: refusal)
    assert add(web, test=True).status_code == 401
    assert web.get("/api/integrations").json["data"] == []


def test_it_is_paused_resumed_and_scheduled(web: Web) -> None:
    id_ = add(web).json["data"]["id"]
    assert patch(web, id_, {"active": False}).json["data"]["state"] == "paused"
    refused = web.post(f"/api/kommo/sync?integration={id_}", {"resources": ["account"]})
    assert refused.status_code == 409
    assert "paused" in refused.json["detail"]
    assert patch(web, id_, {"active": True, "sync_frequency": "30"}).status_code == 200
    assert patch(web, id_, {"sync_frequency": None}).json["data"]["sync_frequency"] is None
    nothing = patch(web, id_, {"active": None, "auto_sync": None, "credentials": None})
    assert (nothing.status_code, nothing.json["data"]["state"]) == (200, "active")
    said = web.post(f"/api/kommo/sync?integration={id_}", {"resources": ["account"]})
    assert said.status_code == 202
    assert [run["integration_id"] for run in said.json["data"]["runs"]] == [id_]


def test_a_paused_ones_webhooks_are_kept(web: Web) -> None:
    said = add(web)
    patch(web, said.json["data"]["id"], {"active": False})
    assert web.client.post(said.json["webhook_url"], data=b"x").status_code == 200


def test_a_sync_of_several_asks_which(make: Make, database_url: str) -> None:
    web = make(settings_for(database_url, kommo_jwt_token=None))
    assert web.post("/api/kommo/sync").status_code == 409
    north = add(web).json["data"]["id"]
    assert web.post("/api/kommo/sync", {"resources": ["account"]}).status_code == 202
    add(web, user="south")
    said = web.post("/api/kommo/sync", {"resources": ["account"]})
    assert said.status_code == 400
    assert str(north) in said.json["detail"]
    assert web.get("/api/kommo/sync?integration=99").status_code == 404
    assert web.get(f"/api/kommo/sync?integration={north}").json["data"]["integration_id"] == north


# --- what is read of an account at the ERP


def erp(web: Web) -> int:
    id_ = web.integration("gestao-click").id
    web.mirror(
        "gestao_click.lojas", {"id": "90001", "nome": "Matriz"}, {"id": "90002", "nome": "B"}
    )
    return id_


def test_what_is_read_of_an_account_is_set_shown_and_given_back_to_the_settings(web: Web) -> None:
    id_ = erp(web)
    wanted = {"history_from": "2024-01-31", "stores": ["90002"], "daily_share": 0.25}
    told = patch(web, id_, wanted).json["data"]
    assert {name: told[name] for name in wanted} == wanted
    patch(web, id_, {"active": True})
    kept = web.get(f"/api/integrations/{id_}").json["data"]
    assert {name: kept[name] for name in wanted} == wanted
    usual = dict.fromkeys(wanted)
    told = patch(web, id_, usual).json["data"]
    assert {name: told[name] for name in wanted} == usual


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"stores": ["90003"]}, "90001 (Matriz)"),
        ({"stores": []}, "no store"),
        ({"daily_share": 0}, "greater than 0"),
        ({"daily_share": 1.5}, "less than or equal to 1"),
        ({"history_from": "1999-12-31"}, "2000-01-01"),
        ({"history_from": "2999-01-01"}, "today"),
        ({"history_from": "31/01/2024"}, "2026-01-31"),
    ],
)
def test_what_cannot_be_read_so_is_refused(web: Web, changes: dict[str, Any], why: str) -> None:
    id_ = erp(web)
    said = patch(web, id_, changes)
    assert said.status_code == 400
    assert why in said.json["detail"]
    assert web.get(f"/api/integrations/{id_}").json["data"]["stores"] is None


def test_stores_are_chosen_among_those_that_are_mirrored_and_only_of_the_erp(web: Web) -> None:
    empty = patch(web, web.integration("gestao-click").id, {"stores": ["90001"]})
    assert (empty.status_code, "ponte sync" in empty.json["detail"]) == (409, True)
    kommo = patch(web, web.integration("kommo").id, {"daily_share": 0.5})
    assert (kommo.status_code, "only Gestão Click" in kommo.json["detail"]) == (400, True)


# --- removing


def test_removing_without_a_word_about_the_mirror_removes_nothing(web: Web) -> None:
    id_ = add(web).json["data"]["id"]
    for mirror in ("", "?mirror=both"):
        said = delete(web, id_, mirror=mirror)
        assert said.status_code == 400
        assert "keep" in said.json["detail"]
    assert web.get(f"/api/integrations/{id_}").json["data"]["state"] == "active"


def test_removing_keeps_the_rows_and_the_inbox(web: Web) -> None:
    said = add(web)
    id_, address = said.json["data"]["id"], said.json["webhook_url"]
    gone = delete(web, id_)
    assert gone.status_code == 200
    assert (gone.json["data"]["state"], gone.json["data"]["credentials"]) == ("removed", "none")
    assert web.client.post(address, data=b"x").status_code == 200
    assert web.rung[-1][0] != FORGET


def test_removing_the_mirror_is_work_for_a_worker_and_cannot_be_taken_back(web: Web) -> None:
    id_ = add(web).json["data"]["id"]
    said = delete(web, id_, mirror="?mirror=delete")
    assert (said.status_code, said.json["data"]["state"]) == (202, "removing")
    assert said.json["data"]["removal"] == {"mirror": "delete", "rows": 0, "done": False}
    assert web.rung == [(FORGET, id_)]
    assert patch(web, id_, {"active": True}).status_code == 409
    assert add(web).status_code == 409
    assert delete(web, id_).status_code == 409
    assert delete(web, id_, mirror="?mirror=delete").status_code == 202
