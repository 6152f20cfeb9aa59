"""The examples run as they stand, with only TOKEN and PONTE_URL given, against a live Ponte."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from werkzeug.serving import make_server

from shared import queue, resources, tokens
from tests.ground import Ground, ground_on
from webhook_app import create_app
from worker import tasks

ROOT = Path(__file__).parents[2]
SHELL = ["sh", "examples/kommo.sh"]
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the examples need curl")

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Live:
    """A served Ponte on a mirror that is filled; `run` starts an example as a user would."""

    ground: Ground
    url: str
    token: str

    def run(self, *command: str, **environment: str) -> Done:
        given = {"PATH": os.environ["PATH"], "PONTE_URL": self.url, "TOKEN": self.token}
        return subprocess.run(
            command,
            check=False,
            cwd=ROOT,
            env=given | environment,
            capture_output=True,
            text=True,
            timeout=30,
        )

    def call(self, *arguments: str) -> Any:
        done = self.run(*SHELL, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return orjson.loads(done.stdout)


@pytest.fixture
def live(database_url: str) -> Iterator[Live]:
    with ground_on(database_url, leads=12) as ground:
        for name in ("kommo.contacts", "kommo.leads"):
            assert ground.sync(resources.BY_NAME[name])["state"] == "done"
        app = create_app(ground.reach.settings)
        own = app.extensions["ponte"]
        own.ring = _worker(ground)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            token = ground.run(tokens.create, own.keys, "examples")
            yield Live(ground, f"http://127.0.0.1:{server.server_port}", token)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            own.close()


def _worker(ground: Ground) -> Callable[..., None]:
    """Answers questions at once, in a thread of its own; orders of a sync only stay written."""

    def ring(task: str, *ids: Any) -> None:
        if task == queue.ANSWER:
            threading.Thread(target=tasks.answer, args=(ground.reach, *ids)).start()

    return ring


def test_the_five_calls_of_the_original_and_sync(live: Live) -> None:
    contact, deal = (live.ground.box.truth("kommo", name)[-1] for name in ("contacts", "leads"))
    tested = live.call("test-connection")
    assert tested["connection"]["status"] == "connected"
    assert live.call("contacts")["pagination"]["total"] == len(
        live.ground.box.truth("kommo", "contacts")
    )
    assert live.call("deals", deal["name"])["data"][0]["id"] == deal["id"]
    assert live.call("contact", str(contact["id"]))["data"]["id"] == contact["id"]
    assert live.call("deal", str(deal["id"]))["data"]["name"] == deal["name"]
    ordered = live.call("sync")["data"]
    assert {run["resource"] for run in ordered["runs"]} >= {"kommo.leads", "kommo.contacts"}


def test_a_failure_prints_the_answer_and_curls_exit_code(live: Live) -> None:
    refused = live.run(*SHELL, "deal", "1")
    assert refused.returncode == 22
    assert orjson.loads(refused.stdout)["message"].startswith("kommo.leads has no row 1")
    assert live.run(*SHELL, "deals", TOKEN="").returncode != 0
    assert live.run(*SHELL, "nonsense").returncode == 2


def test_open_deals_lists_every_open_deal(live: Live) -> None:
    done = live.run(sys.executable, "examples/open_deals.py")
    assert done.returncode == 0, done.stderr
    open_deals = [one for one in live.ground.box.truth("kommo", "leads") if not one["closed_at"]]
    lines = done.stdout.splitlines()
    assert len(lines) == len(open_deals)
    assert any("+55" in line for line in lines)


def test_the_readme_names_only_examples_that_exist() -> None:
    text = (ROOT / "examples" / "README.md").read_text()
    for path in (ROOT / "examples").glob("*.*"):
        assert path.name == "README.md" or path.name in text
