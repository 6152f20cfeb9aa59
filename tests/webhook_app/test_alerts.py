"""Alerts over HTTP: incidents, rules, channels; who may do what, and that no secret comes back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, text

from shared.db.alerting import alert_incidents, alert_notices
from tests.webhook_app.conftest import Web
from webhook_app import asking

HOOK = {"name": "ops", "kind": "webhook", "settings": {"url": "https://hooks.example.com/secret"}}
NOW = text("clock_timestamp()")


@pytest.fixture
def channel(web: Web) -> int:
    return int(web.post("/api/alert-channels", HOOK, "admin").json["data"]["id"])


def incident(web: Web, channel: int | None = None, **said: Any) -> int:
    values = {
        "rule": "rejects_above",
        "subject": "integration:1",
        "opened_at": NOW,
        "figure": Decimal("12"),
        "said_pt": "12 registros",
        "said_en": "12 records",
    }
    made = insert(alert_incidents).values(**{**values, **said}).returning(alert_incidents.c.id)
    id_ = web.run(lambda c: c.scalar(made))
    if channel:
        told = insert(alert_notices).values(incident_id=id_, channel_id=channel, kind="opened")
        web.run(lambda c: c.execute(told))
    return int(id_)


def test_incidents_are_told_with_figure_words_and_who_was_told(web: Web, channel: int) -> None:
    id_ = incident(web, channel)
    (row,) = web.get("/api/alerts").json["data"]
    assert (row["id"], row["state"], row["figure"], row["unit"]) == (id_, "open", "12", "records")
    assert row["message"] == {"pt-BR": "12 registros", "en": "12 records"}
    (notice,) = row["notices"]
    assert (notice["channel"], notice["kind"], notice["state"]) == ("ops", "opened", "waiting")


def test_incidents_are_asked_for_by_state_and_rule(web: Web) -> None:
    open_ = incident(web)
    closed = incident(web, subject="integration:2", closed_at=NOW)
    incident(web, subject="integration:3", opened_at=None)

    def ids(query: str) -> list[int]:
        return [row["id"] for row in web.get(f"/api/alerts{query}").json["data"]]

    assert ids("") == [open_]
    assert ids("?state=closed") == [closed]
    assert ids("?state=all") == [closed, open_]
    assert ids("?state=all&rule=sync_stale") == []
    paged = web.get("/api/alerts?state=all&limit=1&page=2").json
    assert (paged["pagination"]["total"], paged["data"][0]["id"]) == (2, open_)
    assert web.get("/api/alerts?rule=nothing").status_code == 404


def test_a_rule_is_changed_with_scope_sync(web: Web) -> None:
    body = {"enabled": True, "threshold": "99.90", "remind_hours": 24}
    url = "/api/alert-rules/overdue_above"
    assert web.client.patch(url, json=body, headers=web.token("read")).status_code == 403
    told = web.client.patch(url, json=body, headers=web.token("sync")).json["data"]
    assert (told["enabled"], told["threshold"], told["remind_hours"]) == (True, "99.90", 24)
    rules = {row["name"]: row for row in web.get("/api/alert-rules").json["data"]}
    assert rules["overdue_above"] == told
    assert rules["no_worker"]["threshold"] is None


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("overdue_above", {}, 400),
        ("overdue_above", {"threshold": "much"}, 400),
        ("overdue_above", {"remind_hours": 1}, 400),
        ("no_worker", {"threshold": "1"}, 400),
        ("nothing", {"enabled": True}, 404),
    ],
)
def test_what_a_rule_cannot_be_is_refused(
    web: Web, name: str, body: dict[str, Any], status: int
) -> None:
    answer = web.client.patch(f"/api/alert-rules/{name}", json=body, headers=web.token("sync"))
    assert answer.status_code == status


def test_channels_are_added_by_admins_and_their_secrets_never_shown(web: Web) -> None:
    assert web.post("/api/alert-channels", HOOK, "sync").status_code == 403
    made = web.post("/api/alert-channels", HOOK, "admin")
    assert made.status_code == 201
    assert len(made.json["secret"]) > 30
    listed = web.get("/api/alert-channels")
    assert [row["place"] for row in listed.json["data"]] == ["hooks.example.com"]
    assert "/secret" not in listed.text + made.text
    assert made.json["secret"] not in listed.text
    assert web.post("/api/alert-channels", HOOK, "admin").status_code == 409
    plain = {**HOOK, "name": "b", "settings": {"url": "http://hooks.example.com"}}
    assert web.post("/api/alert-channels", plain, "admin").status_code == 400


def test_a_channel_is_removed_by_admins(web: Web, channel: int) -> None:
    assert web.delete(f"/api/alert-channels/{channel}", "sync").status_code == 403
    assert web.delete(f"/api/alert-channels/{channel}", "admin").json["data"] == []
    assert web.delete(f"/api/alert-channels/{channel}", "admin").status_code == 404


def test_a_worker_tests_a_channel_and_its_word_is_passed_on(
    web: Web, channel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"/api/alert-channels/{channel}/test"
    answers = {"ok": False, "message": "it was not taken: HTTP 500"}
    asked: list[Any] = []
    monkeypatch.setattr(asking, "ask", lambda *question: asked.append(question) or answers)
    refused = web.post(url)
    assert refused.status_code == 502
    assert "HTTP 500" in refused.json["message"]
    answers["ok"] = True
    assert web.post(url).status_code == 200
    assert asked == [("test-channel", {"channel": channel})] * 2
    assert web.post("/api/alert-channels/99/test").status_code == 404


def test_prometheus_sees_open_incidents_by_rule(web: Web) -> None:
    incident(web)
    told = web.get("/metrics").text
    assert 'ponte_alerts_open{rule="rejects_above"} 1.0' in told
    assert 'ponte_alerts_open{rule="sync_stale"} 0.0' in told
