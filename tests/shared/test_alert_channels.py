"""Channels and rules as they are kept: what cannot be is refused in words, what is secret is never shown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from shared.alerts import channels, rules
from shared.db.alerting import alert_channels
from shared.errors import Conflict, Misuse, UnknownTarget
from worker.reach import Reach

Run = Callable[..., Any]
MAIL = {"to": "ana@example.com", "sender": "ponte@example.com", "host": "smtp.example.com"}


@pytest.fixture
def run(reach: Reach) -> Run:
    def one(work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        with reach.engine.begin() as connection:
            return work(connection, *args, **named)

    return one


def add(run: Run, reach: Reach, kind: str, name: str = "ops", **settings: Any) -> channels.Added:
    made: channels.Added = run(channels.add, reach.keys, kind=kind, name=name, settings=settings)
    return made


@pytest.mark.parametrize(
    ("kind", "settings", "place"),
    [
        ("webhook", {"url": "https://hooks.example.com/T0/secret-path"}, "hooks.example.com"),
        ("email", MAIL, "ana@example.com (smtp.example.com:587)"),
        ("email", {**MAIL, "security": "ssl"}, "ana@example.com (smtp.example.com:465)"),
        ("telegram", {"token": "1:secret", "chat_id": "-100"}, "-100 (api.telegram.org)"),
    ],
)
def test_what_is_shown_is_where_it_leads(
    run: Run, reach: Reach, kind: str, settings: dict[str, Any], place: str
) -> None:
    add(run, reach, kind, **settings)
    (shown,) = run(channels.listed)
    assert shown["place"] == place
    assert "secret" not in str(shown)
    sealed = run(lambda c: c.execute(alert_channels.select()).one().settings)
    assert b"secret" not in sealed
    assert "example" not in repr(run(channels.opened, reach.keys, shown["id"]))


def test_a_signing_secret_is_made_and_shown_once_where_none_was_given(
    run: Run, reach: Reach
) -> None:
    made = add(run, reach, "webhook", url="https://hooks.example.com/x")
    kept = run(channels.opened, reach.keys, made.id).settings["secret"]
    assert made.secret == kept
    assert len(kept) > 30
    own = add(run, reach, "webhook", "other", url="https://h.example.com", secret="s" * 20)
    assert own.secret is None


@pytest.mark.parametrize(
    ("kind", "settings", "why"),
    [
        ("pigeon", {}, "unknown kind"),
        ("webhook", {}, "url"),
        ("webhook", {"url": "https://x.example.com", "token": "t"}, "token is not right"),
        ("webhook", {"url": "http://hooks.example.com/x"}, "loopback"),
        ("webhook", {"url": "ftp://127.0.0.1/x"}, "https"),
        ("webhook", {"url": "https://u:p@hooks.example.com"}, "no user and password"),
        ("webhook", {"url": "https://[x"}, "write an address"),
        ("webhook", {"url": "https://h.example.com", "secret": "short"}, "16 characters"),
        ("email", {**MAIL, "to": "ana"}, "no e-mail address"),
        ("email", {**MAIL, "to": ","}, "at least one"),
        ("email", {**MAIL, "sender": "a@b\r\nBcc: x@y"}, "no e-mail address"),
        ("email", {**MAIL, "host": "smtp.example.com/x"}, "SMTP server"),
        ("email", {**MAIL, "port": "x"}, "SMTP server"),
        ("email", {**MAIL, "port": 70000}, "SMTP server"),
        ("email", {**MAIL, "security": "maybe"}, "starttls"),
        ("email", {**MAIL, "security": "none", "user": "u", "password": "p"}, "in the clear"),
        ("telegram", {"token": "1:a/../x", "chat_id": "1"}, "token"),
        ("telegram", {"token": "1:a", "chat_id": "1", "base": "http://b.example"}, "loopback"),
    ],
)
def test_what_cannot_be_a_channel_is_refused_in_words(
    run: Run, reach: Reach, kind: str, settings: dict[str, Any], why: str
) -> None:
    with pytest.raises(Misuse, match=why):
        add(run, reach, kind, **settings)
    assert run(channels.listed) == []


def test_a_name_is_taken_once_and_found_by_name_or_id(run: Run, reach: Reach) -> None:
    made = add(run, reach, "webhook", url="https://hooks.example.com")
    with pytest.raises(Conflict):
        add(run, reach, "webhook", url="https://hooks.example.com")
    assert run(channels.id_of, "ops") == run(channels.id_of, str(made.id)) == made.id
    with pytest.raises(UnknownTarget, match="ops"):
        run(channels.id_of, "nobody")
    run(channels.remove, made.id)
    with pytest.raises(UnknownTarget, match="none yet"):
        run(channels.remove, made.id)


def test_a_rule_is_as_declared_until_somebody_changes_it(run: Run) -> None:
    assert run(rules.current) == list(rules.ALL)
    name = rules.OVERDUE_ABOVE.name
    run(rules.change, name, {"enabled": True, "threshold": Decimal("99.90")})
    run(rules.change, name, {"remind_hours": 48})
    (now,) = (rule for rule in run(rules.current) if rule.name == name)
    assert (now.enabled, now.threshold, now.remind_hours) == (True, Decimal("99.90"), 48)
    run(rules.change, name, {"remind_hours": None})
    assert next(r for r in run(rules.current) if r.name == name).remind_hours is None


@pytest.mark.parametrize(
    ("name", "changes", "why"),
    [
        ("nothing", {"enabled": True}, "unknown target"),
        ("no_worker", {"threshold": Decimal(3)}, "has no threshold"),
        ("rejects_above", {"threshold": None}, "needs a number of records"),
        ("rejects_above", {"threshold": Decimal(-1)}, "from 0"),
        ("rejects_above", {"threshold": Decimal("NaN")}, "from 0"),
        ("rejects_above", {"remind_hours": 23}, "at most daily"),
    ],
)
def test_what_a_rule_cannot_be_is_refused_in_words(
    run: Run, name: str, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(Misuse, match=why):
        run(rules.change, name, changes)
