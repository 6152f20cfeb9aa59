"""Every answer carries strict headers, and pages live under their policy; bodies have caps."""

import io
import re
from pathlib import Path

import pytest

from tests.webhook_app.conftest import SECRET, Web
from webhook_app import API_BODY, HEADERS, POLICY

TEMPLATES = sorted((Path(__file__).parents[2] / "webhook_app" / "templates").rglob("*.html"))
INLINE = {
    "a script": re.compile(
        r"<script(?![^>]*\ssrc=| type=\"application/json\")[^>]*>", re.IGNORECASE
    ),
    "a style": re.compile(r"<style|\sstyle\s*=", re.IGNORECASE),
    "a handler": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "a script's address": re.compile(r"javascript:", re.IGNORECASE),
    "another host": re.compile(r"(src|href|action)\s*=\s*[\"'](https?:)?//", re.IGNORECASE),
    "unescaped": re.compile(r"\|\s*safe\b|autoescape\s+false", re.IGNORECASE),
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize("kind", INLINE)
def test_no_template_holds_what_the_policy_forbids(template: Path, kind: str) -> None:
    assert not INLINE[kind].search(template.read_text())


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/status",
        "/login",
        "/login?token=wrong",
        "/nothing",
        "/static/ponte.css",
        "/static/nothing",
        "/api/nothing",
        "/api/runs?limit=x",
        "/api/openapi.json",
        "/healthz",
        "/metrics",
        "/oauth/kommo/callback?state=x",
        "/webhooks/kommo/wrong",
        f"/webhooks/kommo/{SECRET}",
    ],
)
def test_every_answer_carries_them(web: Web, url: str) -> None:
    web.login()
    with web.client.get(url) as answer:
        for name, value in HEADERS.items():
            if name != "Cache-Control":
                assert answer.headers[name] == value, name
        assert answer.headers["Cache-Control"]
    assert "unsafe" not in POLICY


def test_the_docs_page_alone_may_style_its_parts_and_runs_our_scripts_only(web: Web) -> None:
    web.login()
    policy = web.client.get("/api/docs").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert policy.replace(" 'unsafe-inline'", "") == POLICY
    with web.client.get("/api/docs/assets/js/swagger-ui-bundle.js") as script:
        assert script.status_code == 200


# --- caps


@pytest.mark.parametrize(
    "body", [b"[" * 500_000, b'{"a":' * 100_000, b'{"targets": ' + b"[" * 9000]
)
def test_json_as_deep_as_can_be_is_a_400(web: Web, body: bytes) -> None:
    answer = web.post("/api/kommo/sync", body)
    assert answer.status_code == 400
    assert "no JSON" in answer.json["detail"]


def test_json_as_wide_as_can_be_is_a_400_that_is_not_as_wide(web: Web) -> None:
    names = b",".join(b'"n%d":1' % n for n in range(60_000))
    answer = web.post("/api/kommo/sync", b"{" + names + b"}")
    assert answer.status_code == 400
    assert len(answer.data) < 50_000


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_beyond_the_cap_is_a_413(web: Web, chunked: bool) -> None:
    sent = io.BytesIO(b'"' + b"a" * API_BODY + b'"')
    terminated = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = web.client.post(
        "/api/kommo/sync",
        input_stream=sent,
        headers=web.token("sync"),
        environ_overrides=terminated if chunked else {"CONTENT_LENGTH": str(API_BODY + 2)},
    )
    assert answer.status_code == 413
    assert answer.content_type == "application/problem+json"


def test_a_form_beyond_the_cap_changes_nothing(web: Web) -> None:
    csrf = web.login()
    answer = web.client.post("/sync/kommo", data={"csrf": csrf, "x": "a" * (API_BODY + 1)})
    assert answer.status_code == 413
    assert web.rung == []
