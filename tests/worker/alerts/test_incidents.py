"""Incidents: each is told once when it opens and once when it is over, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from shared.alerts import rules
from shared.alerts.rules import Rule
from tests.worker.alerts.conftest import Watch, sign
from worker.alerts import incidents, signs
from worker.alerts import round as alerts
from worker.alerts.signs import Look, Sign


def kinds(watch: Watch) -> list[str]:
    return [notice["kind"] for notice in watch.notices()]


def test_a_sign_that_lasts_is_one_incident_told_once(watch: Watch, ops: int) -> None:
    for figure in (12, 13, 40):
        watch.see(sign(figure))
    (incident,) = watch.incidents()
    assert (incident["figure"], incident["said_pt"]) == (40, "40 registros")
    assert incident["opened_at"]
    assert kinds(watch) == ["opened"]


def test_it_is_over_only_after_some_minutes_without_a_sign(watch: Watch, ops: int) -> None:
    watch.see(sign())
    watch.see()
    watch.pass_time(minutes=2)
    watch.see()
    assert watch.incidents()[0]["closed_at"] is None
    watch.pass_time(minutes=2)
    watch.see()
    assert watch.incidents()[0]["closed_at"]
    assert kinds(watch) == ["opened", "closed"]


def test_what_flaps_is_one_incident(watch: Watch, ops: int) -> None:
    for _ in range(5):
        watch.see(sign())
        watch.see()
        watch.pass_time(minutes=2)
    assert len(watch.incidents()) == 1
    assert kinds(watch) == ["opened"]


def test_what_comes_back_after_it_was_over_is_another_incident(watch: Watch, ops: int) -> None:
    for _ in range(2):
        watch.see(sign())
        watch.see()
        watch.pass_time(minutes=4)
        watch.see()
    assert len(watch.incidents()) == 2
    assert kinds(watch) == ["opened", "closed", "opened", "closed"]


def test_each_subject_has_its_own_incident(watch: Watch, ops: int) -> None:
    watch.see(sign(subject="integration:1"), sign(subject="integration:2"))
    watch.see(sign(subject="integration:2"))
    watch.pass_time(minutes=4)
    watch.see(sign(subject="integration:2"))
    assert [one["closed_at"] is None for one in watch.incidents()] == [False, True]


def test_a_rule_with_patience_opens_when_it_has_lasted(watch: Watch, ops: int) -> None:
    watch.rule = replace(rules.NO_WORKER, patience=timedelta(minutes=2))
    watch.see(sign())
    assert watch.incidents()[0]["opened_at"] is None
    assert kinds(watch) == []
    watch.see()
    assert watch.incidents() == [], "it was never told: nothing is left of it"
    watch.see(sign())
    watch.pass_time(minutes=3)
    watch.see(sign())
    assert watch.incidents()[0]["opened_at"]
    assert kinds(watch) == ["opened"]


def test_reminders_come_at_most_as_often_as_the_rule_says(watch: Watch, ops: int) -> None:
    watch.rule = replace(watch.rule, remind_hours=24)
    watch.see(sign())
    for _ in range(3):
        watch.pass_time(hours=13)
        watch.see(sign())
    assert kinds(watch) == ["opened", "reminder"]
    watch.pass_time(hours=12)
    watch.see(sign())
    assert [(n["kind"], n["turn"]) for n in watch.notices()][1:] == [
        ("reminder", 1),
        ("reminder", 2),
    ]


def test_without_reminders_an_incident_is_told_once_however_long_it_lasts(
    watch: Watch, ops: int
) -> None:
    watch.see(sign())
    watch.pass_time(hours=400)
    watch.see(sign())
    assert kinds(watch) == ["opened"]


def test_the_end_is_told_where_the_beginning_was(watch: Watch, ops: int) -> None:
    watch.see(sign())
    watch.channel("webhook", name="later", url="https://hooks.example.com/x")
    watch.see()
    watch.pass_time(minutes=4)
    watch.see()
    assert {(n["channel_id"], n["kind"]) for n in watch.notices()} == {
        (ops, "opened"),
        (ops, "closed"),
    }


def test_what_a_rule_had_found_is_closed_silently_when_it_is_switched_off(
    watch: Watch, ops: int
) -> None:
    watch.see(sign())
    watch.run(rules.change, watch.rule.name, {"enabled": False})
    alerts.look(watch.reach)
    assert watch.incidents()[0]["closed_at"]
    assert kinds(watch) == ["opened"]


def test_a_rule_that_cannot_look_closes_nothing_and_stops_no_other(
    watch: Watch, ops: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.see(sign())
    watch.see()
    watch.pass_time(minutes=10)

    def of(_: Look, rule: Rule) -> list[Sign]:
        if rule is watch.rule or rule.name == watch.rule.name:
            raise OperationalError("select", {}, Exception("gone"))
        return [sign()] if rule.name == "inbox_waiting" else []

    monkeypatch.setattr(signs, "of", of)
    alerts.look(watch.reach)
    state = {one["rule"]: one["closed_at"] is None for one in watch.incidents()}
    assert state == {"rejects_above": True, "inbox_waiting": True}


def test_closed_incidents_are_forgotten_with_their_notices(watch: Watch, ops: int) -> None:
    watch.see(sign(), sign(subject="integration:2"))
    watch.sql(
        "update ponte.alert_incidents set closed_at = now() - interval '400 days' where id = 1"
    )
    assert watch.run(incidents.forget, 365) == 1
    assert len(watch.incidents()) == len(watch.notices()) == 1
