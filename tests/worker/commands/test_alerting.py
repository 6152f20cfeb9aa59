"""`ponte alerts`: rules and channels from the command line; secrets come in by a file or standard input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shared.errors import Misuse, NotDelivered
from tests.worker.alerts.receivers import http_receiver
from worker.commands.alerting import group

Ponte = Callable[..., Result]


@pytest.fixture
def ponte(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Ponte:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PONTE_SECRET_KEY": "k" * 40,
    }.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, given: str | None = None) -> Result:
        done = CliRunner().invoke(group, list(arguments), input=given)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


def test_a_channel_is_added_tested_listed_and_removed(ponte: Ponte, tmp_path: Path) -> None:
    with http_receiver() as receiver:
        file = tmp_path / "channel.json"
        file.write_text(json.dumps({"url": f"{receiver.url}/secret-path"}))
        added = json.loads(
            ponte("add", "webhook", "ops", "--settings-file", str(file), "--json").stdout
        )
        assert len(added["secret"]) > 30
        assert "took it" in ponte("test", "ops").stdout
        assert [path for path, _, _ in receiver.got] == ["/secret-path"]
        receiver.answers = [500]
        with pytest.raises(NotDelivered):
            ponte("test", "ops")
    listed = ponte("channels").stdout
    assert "ops" in listed
    assert "secret-path" not in listed + ponte("channels", "--json").stdout
    ponte("remove", "ops")
    assert json.loads(ponte("channels", "--json").stdout) == []
    assert "none yet" in ponte("channels").stdout


@pytest.mark.parametrize("given", ["", "no json", "[1]", '{"url": null}', '{"url": ["x"]}'])
def test_settings_that_are_none_are_named(ponte: Ponte, given: str) -> None:
    with pytest.raises(Misuse, match="settings"):
        ponte("add", "webhook", "ops", given=given)
    with pytest.raises(Misuse, match="cannot be read"):
        ponte("add", "webhook", "ops", "--settings-file", "/nowhere")


def test_rules_are_changed_and_shown(ponte: Ponte) -> None:
    ponte("rule", "overdue_above", "--on", "--threshold", "2500.50", "--remind", "24")
    (line,) = (x for x in ponte("rules").stdout.splitlines() if x.startswith("overdue_above"))
    assert "on   2500.50 money" in line
    assert "again every 24 h" in line
    ponte("rule", "overdue_above", "--off", "--remind", "never")
    told = {rule["name"]: rule for rule in json.loads(ponte("rules", "--json").stdout)}
    assert told["overdue_above"]["enabled"] is False
    assert told["overdue_above"]["remind_hours"] is None
    for wrong in ((), ("--threshold", "much")):
        with pytest.raises(Misuse):
            ponte("rule", "overdue_above", *wrong)


def test_incidents_are_listed_by_their_state(ponte: Ponte) -> None:
    assert "no open incidents" in ponte("list").stdout
    assert json.loads(ponte("list", "--state", "all", "--json").stdout) == []
    with pytest.raises(Misuse, match="open, closed, all"):
        ponte("list", "--state", "x")
