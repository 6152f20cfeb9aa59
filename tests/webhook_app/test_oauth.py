"""The callback of a consent stands open to everybody: nothing in it is believed before it is checked."""

from typing import Any

import pytest
from pydantic import SecretStr

from shared import oauth
from tests.webhook_app.conftest import Make, Web, settings_for
from webhook_app import asking

CALLBACK = oauth.CALLBACK


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the worker would be asked."""
    found: list[dict[str, Any]] = []

    def ask(_: str, question: dict[str, Any]) -> dict[str, Any]:
        found.append(question)
        return {"ok": True, "integration": 7}

    monkeypatch.setattr(asking, "ask", ask)
    return found


@pytest.fixture
def web(make: Make, database_url: str) -> Web:
    client = {
        "kommo_client_id": "the-client",
        "kommo_client_secret": SecretStr("the-client-secret"),
        "ponte_public_url": "https://ponte.example.com",
    }
    return make(settings_for(database_url, **client))


def begin(web: Web) -> str:
    """A state that is under way."""
    said = web.post("/api/integrations/oauth", {"user": "south"}, "admin")
    assert said.status_code == 201, said.text
    url = said.json["data"]["consent_url"]
    assert url.startswith("https://www.kommo.com/oauth?client_id=the-client&state=")
    assert "the-client-secret" not in said.text
    return str(url.partition("state=")[2].partition("&")[0])


def back(web: Web, **given: str) -> Any:
    return web.client.get(CALLBACK, query_string=given)


def test_a_consent_is_handed_to_a_worker_once(web: Web, asked: list[dict[str, Any]]) -> None:
    given = {"state": begin(web), "code": "the-code", "referer": "south.kommo.com"}
    assert web.client.head(CALLBACK, query_string=given).status_code == 200
    said = back(web, **given)
    assert said.status_code == 200
    assert "Conta conectada" in said.text
    assert "the-code" not in said.text
    assert [(q["url"], q["code"]) for q in asked] == [("https://south.kommo.com", "the-code")]
    assert asked[0]["wanted"]["user_id"] == "south"
    assert back(web, **given).status_code == 400
    assert len(asked) == 1


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"state": "made-up", "code": "c", "referer": "south.kommo.com"},
        {"code": "c", "referer": "south.kommo.com"},
    ],
)
def test_without_a_state_of_ours_nothing_is_asked(
    web: Web, asked: list[dict[str, Any]], given: dict[str, str]
) -> None:
    assert back(web, **given).status_code == 400
    assert asked == []


@pytest.mark.parametrize("referer", ["evil.example.com", "a.kommo.com.evil.com", "127.0.0.1", ""])
def test_a_foreign_account_address_is_refused(
    web: Web, asked: list[dict[str, Any]], referer: str
) -> None:
    assert back(web, state=begin(web), code="c", referer=referer).status_code == 400
    assert asked == []


def test_a_refusal_is_told_and_uses_the_state_up(web: Web, asked: list[dict[str, Any]]) -> None:
    state = begin(web)
    assert back(web, state=state, error="access_denied").status_code == 403
    assert back(web, state=state, code="c", referer="south.kommo.com").status_code == 400
    assert asked == []


def test_what_the_vendor_says_is_shown_as_text(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"ok": False, "message": "<script>alert(1)</script>"}
    monkeypatch.setattr(asking, "ask", lambda *_: said)
    page = back(web, state=begin(web), code="c", referer="south.kommo.com")
    assert page.status_code == 502
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("scope", ["read", "sync"])
def test_only_admin_begins_a_consent(web: Web, scope: str) -> None:
    assert web.post("/api/integrations/oauth", {"user": "south"}, scope).status_code == 403


def test_the_environments_names_are_not_to_be_had(web: Web) -> None:
    assert web.post("/api/integrations/oauth", {"user": "default"}, "admin").status_code == 400


def test_what_is_missing_is_named(make: Make, database_url: str) -> None:
    bare = make(settings_for(database_url))
    said = bare.post("/api/integrations/oauth", {"user": "south"}, "admin")
    assert said.status_code == 400
    assert "KOMMO_CLIENT_ID" in said.json["detail"]
