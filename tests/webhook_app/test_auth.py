"""Nobody reads without a key: every route, with every kind of key."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from shared import tokens
from shared.db.bookkeeping import api_tokens
from tests.webhook_app.conftest import Web
from webhook_app import asking

PUBLIC = {
    "health.healthz",
    "health.readyz",
    "login.login",
    "oauth.callback",
    "static",
    "webhooks.there",
    "webhooks.keep",
}
READING_POSTS = ("/api/kommo/contacts", "/api/kommo/deals", "/api/kommo/leads")


def guarded(web: Web) -> list[tuple[str, str]]:
    """(method, address) of every route that is not public, as Flask knows them."""
    found = []
    for rule in web.client.application.url_map.iter_rules():
        if rule.endpoint not in PUBLIC:
            url = rule.rule.replace("<id>", "1").replace("<provider>", "kommo")
            url = url.replace("<path:name>", "css/swagger-ui.css")
            found += [(m, url) for m in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    assert len(found) > 40
    return found


def test_without_credentials_every_route_is_closed(web: Web) -> None:
    for method, url in guarded(web):
        answer = web.client.open(url, method=method)
        if url.startswith(("/api/", "/metrics")) and url != "/api/docs":
            assert answer.status_code == 401, (method, url)
            assert answer.content_type == "application/problem+json"
            assert "Bearer" in answer.headers["WWW-Authenticate"]
        else:
            assert (answer.status_code, answer.headers["Location"]) == (302, "/login"), url


@pytest.mark.parametrize("presented", ["Bearer nonsense", "Basic YTpi", "Bearer", "x", "Bearer é"])
def test_a_bad_token_is_refused_everywhere(web: Web, presented: str) -> None:
    for method, url in guarded(web):
        answer = web.client.open(url, method=method, headers={"Authorization": presented})
        assert answer.status_code == 401, (method, url)


def test_a_token_that_reads_gives_no_orders(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0)
    headers = web.token("read")
    for method, url in guarded(web):
        answer = web.client.open(url, method=method, headers=headers)
        refused = method != "GET" and url not in READING_POSTS
        assert (answer.status_code == 403) == refused, (method, url, answer.status_code)
        answer.close()


def test_revoking_works_at_once(web: Web) -> None:
    headers = web.token("read")
    assert web.client.get("/api/runs", headers=headers).status_code == 200
    web.run(tokens.revoke, "read")
    assert web.client.get("/api/runs", headers=headers).status_code == 401


def test_an_expired_token_is_refused(web: Web) -> None:
    headers = web.token("read")
    web.run(lambda c: c.execute(update(api_tokens).values(expires_at="2020-01-01")))
    assert web.client.get("/api/runs", headers=headers).status_code == 401


def test_a_login_link_opens_one_session_once(web: Web) -> None:
    link = web.run(tokens.login_link, web.own.keys)
    assert web.client.head(f"/login?token={link}").status_code == 200  # a preview uses nothing up
    opened = web.client.get(f"/login?token={link}")
    assert (opened.status_code, opened.headers["Location"]) == (302, "/")
    cookie = opened.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    assert web.client.get("/").status_code == 200
    assert web.client.get("/api/runs").status_code == 200

    again = web.client.application.test_client().get(f"/login?token={link}")
    assert again.status_code == 401
    assert "ponte token login-link" in again.text


def test_over_https_the_cookie_is_secure(web: Web) -> None:
    link = web.run(tokens.login_link, web.own.keys)
    opened = web.client.get(f"/login?token={link}", base_url="https://ponte.example")
    assert "Secure" in opened.headers["Set-Cookie"]


def test_a_session_changes_nothing_without_its_csrf_token(web: Web) -> None:
    csrf = web.login()
    assert web.client.post("/api/kommo/sync").status_code == 403
    assert web.client.post("/sync/kommo", data={"csrf": "wrong"}).status_code == 403
    assert web.client.post("/sync/kommo", data={"csrf": csrf}).status_code == 302
    allowed = web.client.post("/api/kommo/sync", headers={"X-CSRF-Token": csrf})
    assert allowed.status_code == 202


def test_logout_ends_the_session(web: Web) -> None:
    csrf = web.login()
    web.client.post("/logout", data={"csrf": csrf})
    assert web.client.get("/").headers["Location"] == "/login"


def test_a_forged_session_is_no_session(web: Web) -> None:
    stranger: FlaskClient = web.client.application.test_client()
    stranger.set_cookie("ponte_session", "eyJjc3JmIjoieCJ9.aaaa.bbbb")
    assert stranger.get("/api/runs").status_code == 401


def test_pages_live_under_a_strict_policy(web: Web) -> None:
    web.login()
    for url in ("/", "/api/docs", "/login"):
        headers = web.client.get(url).headers
        assert "default-src 'none'; script-src 'self';" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
    assert "<script>" not in web.client.get("/").text
    with web.client.get("/api/docs/assets/js/swagger-ui-bundle.js") as script:
        assert script.status_code == 200
