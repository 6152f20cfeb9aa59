"""Accounts on pages: connected, tested, changed, removed; and no secret is ever shown."""

import re
from typing import Any
from uuid import UUID

import pytest

from shared import questions
from shared.questions import REGISTER_WEBHOOK, ROTATE_WEBHOOK, TEST_CONNECTION
from shared.queue import ANSWER, FORGET
from tests.webhook_app.conftest import Web
from webhook_app.pages.findings import FOUND

TOKEN = "planted-token-0123456789"
CONNECTED = {
    "ok": True,
    "account": {"id": "31990001", "name": "Loja Norte"},
    "sample": [{"id": 1, "name": "Ana"}],
}
SUBSCRIBED = {"ok": True, "subscribed": True, "message": "webhook registered"}


class Worker:
    """Answers what the web process asks, as it is told to; keeps what it was asked."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.answers: dict[str, dict[str, Any]] = {
            TEST_CONNECTION: CONNECTED,
            REGISTER_WEBHOOK: SUBSCRIBED,
        }
        self.asked: list[tuple[str, dict[str, Any]]] = []
        web.own.ring = self.ring  # type: ignore[assignment]

    def ring(self, task: str, id_: Any = None) -> None:
        self.web.rung.append((task, id_))
        if task == ANSWER:
            engine = self.web.own.database.engine
            taken = questions.take(engine, self.web.own.keys, UUID(id_))
            assert taken
            self.asked.append(taken)
            questions.answer(engine, UUID(id_), self.answers[taken[0]])


@pytest.fixture
def worker(web: Web) -> Worker:
    return Worker(web)


def send(web: Web, address: str, **form: Any) -> Any:
    with web.client.session_transaction() as session:
        csrf = session["csrf"]
    return web.client.post(address, data={"csrf": csrf, **form})


def connect(web: Web, user: str = "norte", way: str = "kommo", **more: Any) -> int:
    secrets = (
        {"jwtToken": TOKEN} if way == "kommo" else {"apiKey": TOKEN, "secretToken": TOKEN + "b"}
    )
    sent = send(web, "/integrations/new", way=way, user=user, **secrets, **more)
    assert sent.status_code == 303, sent.text
    found = re.fullmatch(r"/integrations/(\d+)", sent.headers["Location"])
    assert found
    return int(found[1])


def one(web: Web, id_: int) -> dict[str, Any]:
    found: dict[str, Any] = web.get(f"/api/integrations/{id_}").json["data"]
    return found


def test_an_account_is_tested_then_kept_and_its_token_never_shown(web: Web, worker: Worker) -> None:
    web.login()
    id_ = connect(web)
    assert worker.asked == [
        (
            TEST_CONNECTION,
            {"provider": "kommo", "credentials": {"jwtToken": TOKEN}, "integration": None},
        )
    ]
    pages = [web.client.get(url).text for url in ("/integrations", f"/integrations/{id_}")]
    assert "A primeira leitura começa em um minuto" in pages[0] + pages[1]
    assert TOKEN not in "".join(pages)
    assert one(web, id_)["credentials"] == "stored"


@pytest.mark.parametrize("code", FOUND)
def test_each_refusal_has_its_own_words_and_keeps_what_was_typed_but_the_secret(
    web: Web, worker: Worker, code: str
) -> None:
    worker.answers[TEST_CONNECTION] = {"ok": False, "status": code, "code": code, "message": "no"}
    web.login()
    sent = send(web, "/integrations/new", way="kommo", user="norte", jwtToken=TOKEN)
    assert sent.status_code == 422
    (title, english), _ = FOUND[code]
    assert title in sent.text and 'value="norte"' in sent.text and TOKEN not in sent.text
    web.client.set_cookie("ponte_lang", "en")
    assert english in send(web, "/integrations/new", way="kommo", user="n", jwtToken="x").text
    assert web.get("/api/integrations").json["data"] == []


def test_what_cannot_be_is_refused_before_anybody_is_asked(web: Web, worker: Worker) -> None:
    web.login()
    for form in ({"user": "default"}, {"user": ""}, {"user": "n", "url": "https://evil.example"}):
        assert (
            send(web, "/integrations/new", way="kommo", jwtToken=TOKEN, **form).status_code == 422
        )
    assert send(web, "/integrations/new", way="else").status_code == 400
    assert worker.asked == []


def test_the_same_account_is_not_added_twice(web: Web, worker: Worker) -> None:
    web.login()
    connect(web)
    again = send(web, "/integrations/new", way="kommo", user="norte", jwtToken=TOKEN)
    assert again.status_code == 422 and "already" in again.text


def test_the_connection_is_tested_with_its_own_credentials(web: Web, worker: Worker) -> None:
    web.login("admin")
    id_ = connect(web)
    web.login("sync")
    page = send(web, f"/integrations/{id_}/test")
    assert page.status_code == 200
    assert "A conexão funciona" in page.text and "Loja Norte" in page.text
    assert worker.asked[-1][1]["integration"] == id_
    worker.answers[TEST_CONNECTION] = {"ok": False, "status": "expired", "message": "over"}
    assert "O token venceu" in send(web, f"/integrations/{id_}/test").text


def test_it_is_paused_resumed_and_scheduled(web: Web, worker: Worker) -> None:
    web.login()
    id_ = connect(web)
    assert send(web, f"/integrations/{id_}/pause").status_code == 303
    assert one(web, id_)["state"] == "paused"
    assert "Retomar" in web.client.get("/integrations").text
    send(web, f"/integrations/{id_}/resume")
    send(web, f"/integrations/{id_}/schedule", sync_frequency="daily", minutes="")
    kept = one(web, id_)
    assert (kept["state"], kept["sync_frequency"], kept["auto_sync"]) == ("active", "daily", False)
    send(web, f"/integrations/{id_}/schedule", auto_sync="on", minutes="45")
    kept = one(web, id_)
    assert (kept["sync_frequency"], kept["auto_sync"]) == ("45", True)
    send(web, f"/integrations/{id_}/schedule", minutes="1")
    assert "minutes from 5" in web.client.get(f"/integrations/{id_}").text
    assert one(web, id_)["sync_frequency"] == "45"


def test_what_is_read_of_the_erp_can_be_narrowed(web: Web, worker: Worker) -> None:
    web.login()
    id_ = connect(web, way="gestao-click")
    send(web, f"/integrations/{id_}/coverage", history_from="2026-01-31", daily_share="12,5")
    kept = one(web, id_)
    assert (kept["history_from"], kept["daily_share"], kept["stores"]) == (
        "2026-01-31",
        0.125,
        None,
    )
    send(web, f"/integrations/{id_}/coverage", history_from="yesterday")
    assert "yesterday" in web.client.get(f"/integrations/{id_}").text
    send(web, f"/integrations/{id_}/coverage")
    assert one(web, id_)["history_from"] is None


def test_other_credentials_replace_the_former_only_when_the_vendor_takes_them(
    web: Web, worker: Worker
) -> None:
    web.login()
    id_ = connect(web)
    assert send(web, f"/integrations/{id_}/credentials", jwtToken="other").status_code == 303
    worker.answers[TEST_CONNECTION] = {
        "ok": False,
        "status": "refused",
        "code": "revoked",
        "message": "no",
    }
    sent = send(web, f"/integrations/{id_}/credentials", jwtToken="third")
    assert sent.status_code == 422 and "As credenciais foram recusadas" in sent.text


def test_the_webhook_is_registered_and_its_secret_replaced_by_a_worker(
    web: Web, worker: Worker
) -> None:
    web.login()
    id_ = connect(web)
    send(web, f"/integrations/{id_}/webhook")
    assert worker.asked[-1] == (REGISTER_WEBHOOK, {"integration": id_})
    assert "O Kommo avisa a cada mudança" in web.client.get(f"/integrations/{id_}").text
    worker.answers[ROTATE_WEBHOOK] = {"ok": True, "subscribed": False, "message": "cannot reach"}
    send(web, f"/integrations/{id_}/webhook-secret", now="on")
    assert worker.asked[-1] == (ROTATE_WEBHOOK, {"integration": id_, "now": True})
    assert "cannot reach" in web.client.get(f"/integrations/{id_}").text


def test_removing_has_to_be_meant(web: Web, worker: Worker) -> None:
    web.login()
    id_ = connect(web)
    for form in ({}, {"mirror": "keep"}, {"mirror": "keep", "sure": "0"}, {"sure": str(id_)}):
        send(web, f"/integrations/{id_}/remove", **form)
        assert one(web, id_)["state"] == "active"
    send(web, f"/integrations/{id_}/remove", mirror="delete", sure=str(id_))
    assert one(web, id_)["state"] == "removing"
    assert (FORGET, id_) in web.rung
    assert "sendo removida" in web.client.get("/integrations").text


@pytest.mark.parametrize("scope", ["read", "sync"])
def test_who_may_not_change_is_offered_nothing_and_refused(
    web: Web, worker: Worker, scope: str
) -> None:
    web.login()
    id_ = connect(web)
    web.login(scope)
    page = web.client.get("/integrations").text + web.client.get(f"/integrations/{id_}").text
    for word in ("Conectar uma conta", "Pausar", "Guardar a agenda", "Remover a integração"):
        assert word not in page, word
    for act in (
        "pause",
        "resume",
        "schedule",
        "coverage",
        "credentials",
        "webhook",
        "webhook-secret",
        "remove",
    ):
        assert send(web, f"/integrations/{id_}/{act}").status_code == 403, act


def test_credentials_of_the_environment_wait_for_their_first_sync(web: Web) -> None:
    web.login()
    page = web.client.get("/integrations").text
    assert page.count("Ler agora") >= 2
    assert web.client.get("/integrations/7").status_code == 404


def test_consent_needs_its_settings_and_says_so(web: Web) -> None:
    web.login()
    assert "KOMMO_CLIENT_ID" in web.client.get("/integrations/new?way=consent").text
    sent = send(web, "/integrations/new", way="consent", user="norte")
    assert sent.status_code == 422 and "KOMMO_CLIENT_ID" in sent.text
