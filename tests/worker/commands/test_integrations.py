"""`ponte integrations`: secrets come by a file or by standard input, answers by words and exit codes."""

import json
import os
import pty
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sandbox import Sandbox
from sandbox.tokens import kommo_token
from shared.errors import Conflict, Misuse, UnknownTarget
from tests.docs.declared_settings import ROOT
from worker.commands.integrations import group
from worker.commands.webhooks import group as hooks

Ponte = Callable[..., Result]


@pytest.fixture
def ponte(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Ponte:
    """The command, in this process; errors come as they are: main() turns them into exit codes."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PONTE_SECRET_KEY": "k" * 40,
        "PONTE_PUBLIC_URL": "https://ponte.example.com",
    }.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, given: str | None = None) -> Result:
        done = CliRunner().invoke(group, list(arguments), input=given)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


def add(ponte: Ponte, *more: str, user: str = "north") -> dict[str, Any]:
    wanted = ("add", "kommo", "--user", user, "--no-test", "--json", *more)
    done = ponte(*wanted, given="the-token\n")
    assert done.exit_code == 0, done.output
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def rows(ponte: Ponte) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ponte("list", "--json").stdout)
    return found


def test_adding_tells_the_webhook_once_and_the_list_never_the_secrets(ponte: Ponte) -> None:
    said = add(ponte, "--frequency", "hourly", "--url", "https://north.kommo.com")
    assert said["webhook_url"].startswith("https://ponte.example.com/webhooks/kommo/")
    shown = ponte("list").stdout + ponte("list", "--json").stdout
    assert "the-token" not in shown
    assert said["webhook_url"].rsplit("/", 1)[1] not in shown
    (one,) = rows(ponte)
    assert (one["id"], one["sync_frequency"], one["state"]) == (said["id"], "hourly", "active")


def test_secrets_may_come_in_a_file(ponte: Ponte, tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text("access\nsecret\n")
    done = ponte("add", "gestao-click", "--user", "n", "--no-test", "--secrets-file", str(file))
    assert done.exit_code == 0
    assert "webhook" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "given", "why"),
    [
        (("add", "hubspot", "--user", "n"), "t", "kommo"),
        (("add", "gestao-click", "--user", "n"), "only one", "apiKey and secretToken"),
        (("add", "kommo", "--user", "n", "--secrets-file", "nowhere"), None, "cannot be read"),
        (("add", "kommo", "--user", "default", "--no-test"), "t", "environment"),
        (("schedule", "1"), None, "--frequency"),
    ],
)
def test_misuse_is_named(
    ponte: Ponte, arguments: tuple[str, ...], given: str | None, why: str
) -> None:
    with pytest.raises(Misuse, match=why):
        ponte(*arguments, given=given)


def test_a_duplicate_and_an_unknown_one_are_named(ponte: Ponte) -> None:
    id_ = add(ponte)["id"]
    with pytest.raises(Conflict, match=str(id_)):
        add(ponte)
    for command in ("pause", "resume", "test"):
        with pytest.raises(UnknownTarget, match=str(id_)):
            ponte(command, "99")


def test_what_the_vendor_refuses_is_not_added(
    ponte: Ponte, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(leads=3, months=1, seed=1, kommo_limit=0) as box:
        monkeypatch.setenv("KOMMO_API_URL", box.kommo_url)
        wanted = ("add", "kommo", "--user", "n", "--url", box.kommo_url)
        refused = ponte(*wanted, given=kommo_token(2))
        assert refused.exit_code == 1
        assert "refused" in refused.output
        assert ponte(*wanted, given="not-a-token").exit_code == 1
        assert rows(ponte) == []
        assert ponte(*wanted, given=box.kommo_token).exit_code == 0
        id_ = rows(ponte)[0]["id"]
        assert json.loads(ponte("test", str(id_), "--json").stdout)["ok"]


def test_it_is_paused_resumed_scheduled_and_removed(ponte: Ponte) -> None:
    id_ = str(add(ponte)["id"])
    ponte("pause", id_)
    assert rows(ponte)[0]["state"] == "paused"
    ponte("resume", id_)
    ponte("schedule", id_, "--frequency", "30", "--no-auto")
    (one,) = rows(ponte)
    assert (one["state"], one["sync_frequency"], one["auto_sync"]) == ("active", "30", False)
    ponte("schedule", id_, "--frequency", "usual", "--auto")
    assert rows(ponte)[0]["sync_frequency"] is None
    ponte("credentials", id_, given="another")
    with pytest.raises(Misuse, match=r"--keep-mirror, or .* --delete-mirror"):
        ponte("remove", id_, given="keep\n")
    assert rows(ponte)[0]["state"] == "active"
    done = ponte("remove", id_, "--keep-mirror")
    assert "its rows are kept" in done.stdout
    assert (rows(ponte)[0]["state"], rows(ponte)[0]["credentials"]) == ("removed", "none")


def test_removing_ends_its_subscription_at_kommo_and_leaves_the_others(
    ponte: Ponte, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(leads=3, months=1, seed=1, kommo_limit=0) as box:
        monkeypatch.setenv("KOMMO_API_URL", box.kommo_url)
        others = box.truth("kommo", "webhooks")
        ponte("add", "kommo", "--user", "n", "--url", box.kommo_url, given=box.kommo_token)
        id_ = str(rows(ponte)[0]["id"])
        assert CliRunner().invoke(hooks, ["register", "--integration", id_]).exit_code == 0
        assert len(box.truth("kommo", "webhooks")) == len(others) + 1
        listed = CliRunner().invoke(hooks, ["list", "--integration", id_, "--json"])
        assert [hook["ours"] for hook in json.loads(listed.stdout)].count(True) == 1
        assert ponte("remove", id_, "--delete-mirror").exit_code == 0
        assert box.truth("kommo", "webhooks") == others


def test_an_owners_consent_is_asked_for_by_an_address(
    ponte: Ponte, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Misuse, match="KOMMO_CLIENT_ID"):
        ponte("add", "kommo", "--user", "n", "--oauth")
    monkeypatch.setenv("KOMMO_CLIENT_ID", "the-client")
    monkeypatch.setenv("KOMMO_CLIENT_SECRET", "the-client-secret")
    done = ponte("add", "kommo", "--user", "n", "--oauth")
    assert done.stdout.startswith("https://www.kommo.com/oauth?client_id=the-client&state=")
    with pytest.raises(Misuse, match="only Kommo"):
        ponte("add", "gestao-click", "--user", "n", "--oauth")


def at_a_terminal(arguments: list[str], typed: bytes) -> tuple[int, str]:
    """A command in a process of its own, with somebody at the keyboard; exit code and what was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "worker.cli", *arguments])  # noqa: S606
    os.write(terminal, typed)
    shown = b""
    with suppress(OSError):  # the end of a terminal, on Linux
        while more := os.read(terminal, 4096):
            shown += more
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_at_a_terminal_it_asks_what_becomes_of_the_mirror(
    ponte: Ponte, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    remove = ["integrations", "remove", str(add(ponte)["id"])]
    code, shown = at_a_terminal(remove, b"n\nn\n")
    assert (code, "kommo of north" in shown) == (2, True)
    assert rows(ponte)[0]["state"] == "active"
    code, shown = at_a_terminal(remove, b"y\ny\n")
    assert (code, "every mirrored row" in shown) == (0, True)
    assert rows(ponte)[0]["removal"]["done"] is True


def test_what_is_read_of_an_account_is_set_and_shown(ponte: Ponte) -> None:
    wanted = ("add", "gestao-click", "--user", "n", "--no-test")
    ponte(*wanted, given="access\nsecret\n")
    id_ = str(rows(ponte)[0]["id"])
    done = ponte("settings", id_, "--history-from", "2024-01-31", "--daily-share", "0.25")
    assert "history from 2024-01-31, stores: all, 0.25" in done.stdout
    assert "history from 2024-01-31, daily share 0.25" in ponte("list").stdout
    assert (rows(ponte)[0]["daily_share"], rows(ponte)[0]["stores"]) == (0.25, None)
    ponte("settings", id_, "--history-from", "usual", "--daily-share", "default", "--stores", "all")
    assert rows(ponte)[0]["history_from"] is None
    for option, value, why in (
        ("--history-from", "yesterday", "2024-01-31"),
        ("--daily-share", "half", "0.5"),
        ("--daily-share", "nan", "0.5"),
        ("--daily-share", "2", "at most 1"),
    ):
        with pytest.raises(Misuse, match=why):
            ponte("settings", id_, option, value)
    with pytest.raises(Conflict, match=r"no store .* is mirrored yet"):
        ponte("settings", id_, "--stores", "90001")
