"""`ponte up` on a machine that has nothing: the report, the way in, a change that arrives, Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from shared.ports import any_free
from tests.journeys.deployment import PONTE, descendants

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("journeys")]
OURS = ("KOMMO", "GESTAO", "PONTE", "DATABASE_URL", "REDIS_URL", "FLOWER", "PYTHONDONTWRITE")


@dataclass
class Up:
    """A running `ponte up`."""

    process: subprocess.Popen[str]
    folder: Path
    said: str
    pids: list[int]

    def found(self, pattern: str) -> str:
        match = re.search(pattern, self.said)
        assert match, self.said
        return match[1]

    @property
    def token(self) -> str:
        return self.found(r"Token\s+(\S+)")

    @property
    def home(self) -> str:
        return self.found(r"API\s+(http://\S+?)/api/docs")

    def get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.get(f"{self.home}{path}", headers=headers, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def database(self) -> str:
        command = [PONTE, "db", "url"]
        env = environment(self.folder)
        return subprocess.check_output(command, env=env, cwd=self.folder, text=True).strip()


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {
        **kept,
        "PONTE_DATA_DIR": str(folder / "data"),
        "PORT": str(any_free()),
        "FLOWER_PORT": str(any_free()),
        "KOMMO_RATE_LIMIT": "0",
        "GESTAO_CLICK_RATE_LIMIT": "0",
        "COLUMNS": "400",
    }


def begin(folder: Path, *options: str) -> Up:
    process = subprocess.Popen(
        [PONTE, "up", "--kommo-limit", "0", "--gestao-click-limit", "0", *options],
        env=environment(folder),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = ""
    assert process.stdout
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    return Up(process, folder, said, [process.pid, *descendants(process.pid)])


def end(up: Up) -> None:
    up.process.send_signal(signal.SIGINT)
    try:
        up.process.communicate(timeout=60)
    finally:
        if up.process.poll() is None:
            up.process.kill()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    begun = begin(tmp_path, "--leads", "200")
    yield begun
    if begun.process.poll() is None:
        end(begun)
    # the data may lie elsewhere: for root, where the servers' user can reach it
    erase = [sys.executable, "-m", "sandbox.embedded", "erase", str(tmp_path / "data")]
    subprocess.run(erase, check=True)


def test_everything_is_up_after_one_command_and_gone_after_ctrl_c(up: Up, tmp_path: Path) -> None:
    assert re.search(r"kommo\.leads\s+200", up.said), up.said
    assert "webhook registered" in up.said
    deals, contacts = up.get("/api/kommo/deals"), up.get("/api/kommo/contacts")
    assert deals["pagination"]["total"] == 200
    assert contacts["pagination"]["total"] == 160

    login = requests.get(up.found(r"Dashboard\s+(\S+)"), timeout=10)
    assert login.ok
    assert "sandbox" in login.text

    flower = up.found(r"Flower\s+(http://\S+)")
    password = up.found(r"ponte / (\S+)")
    assert requests.get(f"{flower}/api/tasks", timeout=10).status_code == 401
    tasks = _tasks(flower, password)
    assert "ponte.sync" in tasks
    database = up.database()
    secrets = [up.token, password, psycopg.conninfo.conninfo_to_dict(database)["password"]]
    page = requests.get(f"{flower}/tasks", auth=("ponte", password), timeout=10).text
    assert not [secret for secret in secrets if str(secret) in tasks + page]

    _change_arrives(up, database)
    end(up)
    alive = [pid for pid in up.pids if Path(f"/proc/{pid}").exists()]
    assert not alive, up.said

    again = begin(tmp_path, "--leads", "200")
    try:
        assert "from last time" in again.said
        assert again.get("/api/kommo/deals")["pagination"]["total"] == 200
    finally:
        end(again)


def _tasks(flower: str, password: str) -> str:
    """Flower hears of tasks by events: the sweeper's come every few seconds."""
    for _ in range(60):
        answer = requests.get(f"{flower}/api/tasks", auth=("ponte", password), timeout=10)
        if answer.ok and "ponte.sync" in answer.text:
            return answer.text
        time.sleep(0.5)
    return answer.text


def _change_arrives(up: Up, database: str) -> None:
    control = up.found(r"What it can do: (http://\S+)")
    with psycopg.connect(database, autocommit=True) as connection:
        row = connection.execute("select id from kommo.leads order by id limit 1").fetchone()
        assert row
        body = {"vendor": "kommo", "list": "leads", "id": row[0], "set": {"name": "mudou agora"}}
        assert requests.post(f"{control}/change", json=body, timeout=10).ok
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            name = connection.execute("select name from kommo.leads where id = %s", row).fetchone()
            if name == ("mudou agora",):
                return
            time.sleep(0.02)
    raise AssertionError("the change was not in kommo.leads within 3 seconds")
