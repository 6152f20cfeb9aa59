"""Nobody reads without a key: every route that Flask knows, with every kind of key and with none.

What a route needs stands here once more, apart from the code: a new one that is not said here is found.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from sqlalchemy import update

from shared import sessions, tokens
from shared.db.bookkeeping import api_tokens
from tests.webhook_app.conftest import Web
from webhook_app import asking

PUBLIC = {
    "health.healthz",
    "health.readyz",
    "login.login",
    "login.logout",  # guarded, and leads to the same page whoever asks: see test_login.py
    "oauth.callback",
    "shell.choose",
    "static",
    "webhooks.there",
    "webhooks.keep",
}
READING_POSTS = {"/api/kommo/contacts", "/api/kommo/deals", "/api/kommo/leads"}
ADMINS = {
    ("POST", "/api/integrations"),
    ("PATCH", "/api/integrations/1"),
    ("DELETE", "/api/integrations/1"),
    ("POST", "/api/integrations/oauth"),
    ("POST", "/api/gestao-click/sync-schedule"),
    ("POST", "/api/alert-channels"),
    ("GET", "/alerts/channels/new"),
    ("POST", "/alerts/channels/new"),
    ("POST", "/alerts/channels/1/remove"),
    ("DELETE", "/api/alert-channels/1"),
    ("GET", "/api/deliveries/1"),
    ("GET", "/api/rejects/1"),
    ("GET", "/inbox/1"),
    ("GET", "/inbox/rejects/1"),
    ("GET", "/integrations/new"),
    ("POST", "/integrations/new"),
    *(
        ("POST", f"/integrations/1/{act}")
        for act in ("pause", "resume", "schedule", "coverage", "credentials", "remove")
    ),
    ("POST", "/integrations/1/webhook"),
    ("POST", "/integrations/1/webhook-secret"),
}
SCOPES = ("read", "sync", "admin")
Route = tuple[str, str]


def routes(web: Web, *, every_method: bool = False) -> Iterator[Route]:
    """(method, address) of every route that is not public, as Flask knows them."""
    found = set()
    for rule in web.client.application.url_map.iter_rules():
        url = rule.rule.replace("<provider>", "kommo").replace("<path:name>", "css/swagger-ui.css")
        url = re.sub("<[^>]+>", "1", url)
        methods = rule.methods or set()
        if rule.endpoint not in PUBLIC:
            kept = methods if every_method else methods - {"HEAD", "OPTIONS"}
            found |= {(method, url) for method in kept}
    assert len(found) > 60
    yield from sorted(found)


def needed(method: str, url: str) -> str:
    if (method, url) in ADMINS:
        return "admin"
    return "read" if method == "GET" or url in READING_POSTS else "sync"


def ask(web: Web, route: Route, headers: dict[str, str]) -> str:
    """closed, forbidden, or open: what a route says to somebody."""
    method, url = route
    answer = web.client.open(url, method=method, headers=headers)
    answer.close()
    if answer.status_code == 401 or answer.headers.get("Location") == "/login":
        return "closed"
    return "forbidden" if answer.status_code == 403 else "open"


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0)


def test_what_admins_alone_may_is_there(web: Web) -> None:
    assert set(routes(web)) >= ADMINS


@pytest.mark.parametrize("scope", SCOPES)
def test_every_route_is_open_to_the_scopes_that_it_needs_and_to_no_other(
    web: Web, scope: str
) -> None:
    headers, said, meant = web.token(scope), {}, {}
    for route in routes(web):
        reaches = SCOPES.index(scope) >= SCOPES.index(needed(*route))
        meant[route] = "open" if reaches else "forbidden"
        said[route] = ask(web, route, headers)
    assert said == meant


@pytest.mark.parametrize("scope", SCOPES)
def test_a_session_may_what_its_link_said_and_at_the_api_no_more_than_sync(
    web: Web, scope: str
) -> None:
    headers, said, meant = {"X-CSRF-Token": web.login(scope)}, {}, {}
    for route in routes(web):
        of_api = route[1].startswith(("/api/", "/metrics")) and route[1] != "/api/docs"
        has = min(scope, "sync", key=SCOPES.index) if of_api else scope
        reaches = SCOPES.index(has) >= SCOPES.index(needed(*route))
        meant[route] = "open" if reaches else "forbidden"
        said[route] = ask(web, route, headers)
    assert said == meant


def test_a_session_without_its_pages_token_changes_nothing(web: Web) -> None:
    web.login()
    changing = [route for route in routes(web) if route[0] != "GET"]
    for csrf in ({}, {"X-CSRF-Token": "wrong"}):
        assert {route: ask(web, route, csrf) for route in changing} == dict.fromkeys(
            changing, "forbidden"
        )


def test_a_session_that_was_ended_is_nobody(web: Web) -> None:
    headers = {"X-CSRF-Token": web.login()}
    with web.client.session_transaction() as session:
        ended = dict(session)
    web.run(sessions.end_all)
    for route in routes(web):
        with web.client.session_transaction() as session:
            session.update(ended)
        assert ask(web, route, headers) == "closed", route


def test_without_credentials_every_route_is_closed(web: Web) -> None:
    for method, url in routes(web, every_method=True):
        answer = web.client.open(url, method=method)
        if url.startswith(("/api/", "/metrics")) and url != "/api/docs":
            assert answer.status_code == 401, (method, url)
            assert answer.content_type == "application/problem+json"
            assert "Bearer" in answer.headers["WWW-Authenticate"]
        else:
            assert (answer.status_code, answer.headers["Location"]) == (302, "/login"), url


def test_what_does_not_exist_is_told_to_nobody_without_a_key(web: Web) -> None:
    assert web.client.get("/api/nothing").status_code == 401
    assert web.client.get("/nothing").headers["Location"] == "/login"


def signed(web: Web, key: bytes | None, **changes: object) -> str:
    """An admin's token, by anybody's word."""
    ends = datetime.now(UTC) + timedelta(days=1)
    claims = {
        "jti": str(uuid4()),
        "sub": "x",
        "aud": tokens.AUDIENCE,
        "scope": "admin",
        "exp": ends,
    }
    return jwt.encode({**claims, **changes}, key, algorithm="HS256" if key else "none")


def revoked(web: Web) -> str:
    made: str = web.run(tokens.create, web.own.keys, "gone", "admin")
    web.run(tokens.revoke, "gone")
    return made


def expired(web: Web) -> str:
    made: str = web.run(tokens.create, web.own.keys, "over", "admin")
    over = update(api_tokens).where(api_tokens.c.name == "over").values(expires_at="2020-01-01")
    web.run(lambda c: c.execute(over))
    return made


BAD = {
    "revoked": revoked,
    "expired": expired,
    "signed by somebody": lambda web: signed(web, b"x" * 32),
    "signed by nobody": lambda web: signed(web, None),
    "never kept": lambda web: signed(web, web.own.keys.signing[0]),
    "nonsense": lambda _: "nonsense",
    "empty": lambda _: "",
    "foreign signs": lambda _: "é",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_token_is_refused_everywhere_even_beside_a_session(web: Web, kind: str) -> None:
    headers = {"Authorization": f"Bearer {BAD[kind](web)}", "X-CSRF-Token": web.login()}
    for route in routes(web):
        assert web.client.open(route[1], method=route[0], headers=headers).status_code == 401, route


@pytest.mark.parametrize("presented", ["Basic YTpi", "Bearer", "x"])
def test_no_other_kind_of_key_is_known(web: Web, presented: str) -> None:
    assert web.client.get("/api/runs", headers={"Authorization": presented}).status_code == 401


def test_revoking_works_at_once(web: Web) -> None:
    headers = web.token("read")
    assert web.client.get("/api/runs", headers=headers).status_code == 200
    web.run(tokens.revoke, "read")
    assert web.client.get("/api/runs", headers=headers).status_code == 401
