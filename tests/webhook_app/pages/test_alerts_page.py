"""/alerts for people: what is open, what is watched for, and whether a channel works."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, text

from shared.alerts import channels, rules
from shared.db.alerting import alert_incidents
from tests.webhook_app.conftest import Web
from webhook_app import asking

NOW = text("clock_timestamp()")
URL = "https://hooks.example.com/secret-path"


@pytest.fixture
def csrf(web: Web) -> str:
    return web.login()


def incident(web: Web, **said: Any) -> None:
    values = {"rule": "rejects_above", "subject": "integration:1", "opened_at": NOW, "figure": 12}
    words = {"said_pt": "12 registros <b>", "said_en": "12 records <b>"}
    web.run(lambda c: c.execute(insert(alert_incidents).values({**values, **words, **said})))


@pytest.mark.usefixtures("csrf")
def test_where_nothing_is_open_the_page_says_so(web: Web) -> None:
    page = web.client.get("/alerts").text
    assert "Nada aberto" in page
    assert "Ninguém é avisado ainda" in page
    web.client.set_cookie("ponte_lang", "en")
    assert "Nothing is open" in web.client.get("/alerts").text


@pytest.mark.usefixtures("csrf")
def test_incidents_are_shown_in_words_and_by_their_state(web: Web) -> None:
    incident(web)
    incident(web, subject="integration:2", closed_at=NOW, said_pt="já passou")
    page = web.client.get("/alerts").text
    assert "Registros rejeitados" in page
    assert "12 registros &lt;b&gt;" in page
    assert "já passou" not in page
    assert "já passou" in web.client.get("/alerts?state=closed").text
    assert "Nada com estes filtros" in web.client.get("/alerts?rule=sync_stale").text
    assert web.client.get("/alerts?state=nonsense&rule=x&page=-1").status_code == 200


def test_a_rule_is_changed_by_its_form(web: Web, csrf: str) -> None:
    form = {"csrf": csrf, "enabled": "on", "threshold": "2500,50", "remind_hours": "24"}
    done = web.client.post("/alerts/rules/overdue_above", data=form)
    assert (done.status_code, done.headers["Location"]) == (303, "/alerts/rules#overdue_above")
    (rule,) = (r for r in web.run(rules.current) if r.name == "overdue_above")
    assert (rule.enabled, str(rule.threshold), rule.remind_hours) == (True, "2500.50", 24)
    assert 'value="2500.50"' in web.client.get("/alerts/rules").text
    web.client.post("/alerts/rules/no_worker", data={"csrf": csrf, "remind_hours": ""})
    assert not next(r for r in web.run(rules.current) if r.name == "no_worker").enabled


@pytest.mark.parametrize(
    ("name", "threshold"), [("overdue_above", "muito"), ("overdue_above", "-1"), ("nothing", "1")]
)
def test_what_cannot_be_is_said_and_nothing_changes(
    web: Web, csrf: str, name: str, threshold: str
) -> None:
    form = {"csrf": csrf, "threshold": threshold}
    page = web.client.post(f"/alerts/rules/{name}", data=form, follow_redirects=True).text
    assert 'class="flash bad"' in page
    assert web.run(rules.current) == list(rules.ALL)


def test_a_channel_is_tested_and_its_secrets_are_not_shown(
    web: Web, csrf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = partial(channels.add, keys=web.own.keys, kind="webhook", name="ops")
    made = web.run(partial(add, settings={"url": URL}))
    page = web.client.get("/alerts/channels").text
    assert "hooks.example.com" in page
    assert "secret-path" not in page
    answers = {"ok": True}
    monkeypatch.setattr(asking, "ask", lambda *_: answers)

    def tested(id_: int) -> str:
        url = f"/alerts/channels/{id_}/test"
        return web.client.post(url, data={"csrf": csrf}, follow_redirects=True).text

    assert "ops: o teste chegou" in tested(made.id)
    answers = {"ok": False, "message": "it was not taken: HTTP 500"}
    assert "HTTP 500" in tested(made.id)
    assert 'class="flash bad"' in tested(99)


HOOK = {"kind": "webhook", "name": "ops", "url": URL, "secret": "s" * 20, "language": "en"}
MAIL = {"kind": "email", "name": "ana", "to": "a@b.c", "sender": "a@b.c", "host": "smtp.b.c"}
BOT = {"kind": "telegram", "name": "bot", "token": "1:secret-token", "chat_id": "-1"}


@pytest.mark.parametrize("form", [HOOK, MAIL, BOT], ids=lambda form: form["kind"])
def test_a_channel_is_added_and_removed_by_its_form(
    web: Web, csrf: str, form: dict[str, str]
) -> None:
    assert 'name="name"' in web.client.get(f"/alerts/channels/new?kind={form['kind']}").text
    done = web.client.post("/alerts/channels/new", data={"csrf": csrf, **form})
    assert done.headers["Location"] == "/alerts/channels"
    (shown,) = web.run(channels.listed)
    assert (shown["name"], shown["kind"]) == (form["name"], form["kind"])
    web.client.post(f"/alerts/channels/{shown['id']}/remove", data={"csrf": csrf})
    assert web.run(channels.listed) == []


@pytest.mark.parametrize(
    "changed",
    [{"secret": ""}, {"secret": "short"}, {"url": "http://x.y"}, {"kind": "z"}, {"name": ""}],
)
def test_a_channel_that_cannot_be_comes_back_with_why_and_without_its_secrets(
    web: Web, csrf: str, changed: dict[str, str]
) -> None:
    form = {"csrf": csrf, **HOOK, "name": "Equipe", **changed}
    answer = web.client.post("/alerts/channels/new", data=form)
    assert answer.status_code == 422
    assert 'class="flash bad"' in answer.text
    assert "s" * 20 not in answer.text
    assert "secret-path" not in answer.text
    assert web.run(channels.listed) == []
