"""Every route is asked with secrets in its body, and made to fail: none shows in an answer or in the log."""

import logging
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
import structlog
from pydantic import SecretStr
from sqlalchemy import text

from shared import enrolment, logs
from shared.enrolment import Wanted
from tests.needles import Needles
from tests.webhook_app.conftest import Make, Web, settings_for
from tests.webhook_app.test_auth import routes
from webhook_app import asking

SETTINGS = {
    "ponte_secret_key": "planted-key-0123456789-0123456789",
    "kommo_jwt_token": "planted-kommo-0123456789",
    "kommo_client_secret": "planted-client-0123456789",
    "kommo_webhook_secret": "planted-hook-0123456789",
    "gestao_click_api_key": "planted-erp-0123456789",
    "gestao_click_secret_token": "planted-erp-secret-0123456789",
    "flower_password": "planted-flower-0123456789",
}
SENT, STORED = "planted-sent-0123456789", "planted-stored-0123456789"
BODIES: list[Any] = [
    {"jwtToken": SENT, "apiKey": SENT, "secretToken": SENT, "token": SENT, "password": SENT},
    {"provider": "kommo", "user": "x", "credentials": {"jwtToken": SENT, "other": SENT}},
    {"provider": "kommo", "user": "x", "credentials": {"jwtToken": [SENT]}},
    {"credentials": SENT},
    [SENT],
    SENT,
]


@pytest.fixture
def planted(
    make: Make, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[Web, Needles, dict[str, str]]:
    monkeypatch.setattr(asking, "PATIENCE", 0)
    secrets = {name: SecretStr(value) for name, value in SETTINGS.items()}
    web = make(settings_for(database_url, **secrets))
    needles = Needles({**SETTINGS, "sent": SENT, "stored": STORED})
    headers = web.token("admin")
    needles.add("API token", headers["Authorization"].removeprefix("Bearer "))
    wanted = Wanted("kommo", "north", {"jwtToken": STORED})
    made = web.run(enrolment.add, web.own.settings, web.own.keys, wanted)
    needles.add("added hook", str(made.webhook_secret))
    return web, needles, headers


def _readable(body: bytes) -> str:
    """The text of an answer; of a workbook that of all its parts."""
    if not body.startswith(b"PK"):
        return body.decode()
    with ZipFile(BytesIO(body)) as packed:
        return "\n".join(packed.read(name).decode() for name in packed.namelist())


def asked(web: Web, headers: dict[str, str]) -> list[tuple[str, str]]:
    """What every route answers: to nothing, to each of the bodies, and to what is no JSON."""
    found = []
    for method, url in routes(web):
        for body in (None, *BODIES) if method != "GET" else (None,):
            answer = web.client.open(url, method=method, json=body, headers=headers)
            found.append((f"{method} {url}", f"{answer.headers}\n{_readable(answer.get_data())}"))
            answer.close()
        if method != "GET":
            broken = web.client.open(url, method=method, data=f'{{"x": "{SENT}', headers=headers)
            found.append((f"{method} {url} broken", _readable(broken.get_data())))
    return found


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What the process writes, as `ponte web` is set up to."""
    logs.configure("web", "DEBUG")
    yield lambda: "".join(capsys.readouterr())
    logging.getLogger().handlers.clear()
    logging.getLogger().setLevel(logging.WARNING)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_no_answer_and_no_log_shows_what_was_sent_stored_or_set(
    planted: tuple[Web, Needles, dict[str, str]], logged: Callable[[], str]
) -> None:
    web, needles, headers = planted
    places = asked(web, headers)
    assert len(places) > 200
    assert needles.hunt([*places, ("log", logged())]) == {}


def mistake(*_: Any, **__: Any) -> Any:
    raise ValueError("nobody foresaw this")


@pytest.mark.parametrize("kind", ["a mistake of ours", "a statement that fails"])
def test_a_failure_shows_none_either(
    planted: tuple[Web, Needles, dict[str, str]],
    logged: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    web, needles, headers = planted
    really = web.own.database.run

    def fail(*_: Any, **__: Any) -> Any:
        return really(
            lambda c: c.execute(text("select 1 / (length(:x) - length(:x))"), {"x": SENT})
        )

    broken = mistake if kind == "a mistake of ours" else fail
    monkeypatch.setattr(web.own.database, "run", broken)
    monkeypatch.setattr(web.own.inbox, "keep", broken)
    hook = f"/webhooks/kommo/{SETTINGS['kommo_webhook_secret']}"
    for url in ("/", "/status", "/login?token=planted-login-0123456789", hook, "/api/runs"):
        posted = web.client.post(url, json=BODIES[0], headers=headers)
        assert needles.shown_in(posted.text + web.client.get(url, headers=headers).text) == []
    told = logged()
    assert "Traceback" in told
    assert needles.shown_in(told) == []
