"""`ponte web` as a process: it starts, serves, stops, and says when its port is taken."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from shared import ports, tokens
from shared.db.engine import connect
from shared.errors import SettingsError
from shared.secrets import Keyring
from shared.settings import Settings
from webhook_app import create_app
from webhook_app.process import THREADS
from webhook_app.server import WORKERS

ROOT = Path(__file__).parents[2]


def fetch(port: int, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_for(port: int) -> None:
    for _ in range(600):
        with suppress(OSError):
            fetch(port, "GET", "/healthz")
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing answers on port {port}")


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Iterator[int]:
    """The port of a web process, which ends well when it is told to."""
    port = ports.any_free()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PORT": str(port),
        "PONTE_SECRET_KEY": "k" * 40,
        "KOMMO_WEBHOOK_SECRET": "hook",
        "PYTHONPATH": str(ROOT),
    }
    server = subprocess.Popen([sys.executable, "-m", "webhook_app"], env=environment, cwd=tmp_path)
    try:
        wait_for(port)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(40) == 0


def answered(port: int, sent: bytes) -> tuple[bytes, bytes]:
    """(the first line, the rest) of what comes, up to its end, for bytes after which nothing more is sent.

    Fails when the server holds the line for longer than it waits for a body that nobody wants."""
    with socket.create_connection(("127.0.0.1", port), timeout=4) as line:
        line.sendall(sent)
        told = b""
        while more := line.recv(65536):
            told += more
    first, _, rest = told.partition(b"\r\n")
    return first, rest


def test_it_serves_refuses_before_the_body_and_stops_when_told(served: int) -> None:
    assert fetch(served, "POST", "/webhooks/kommo/hook", b"leads[add][0][id]=1") == (200, b"ok")
    assert fetch(served, "GET", "/webhooks/kommo/hook/") == (200, b"ok")
    for secret in (b"wrong", b"a" * 43):
        for announced in (b"Content-Length: 9000000", b"Transfer-Encoding: chunked"):
            asked = b"POST /webhooks/kommo/%s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % (
                secret,
                announced,
            )
            first, _ = answered(served, asked)
            assert first == b"HTTP/1.1 404 NOT FOUND", (secret, announced)
    chunked = b"POST /webhooks/kommo/hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nleads\r\n0\r\n\r\n"
    assert answered(served, chunked)[0] == b"HTTP/1.1 200 OK"


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.skipif(
    not CHROMIUM, reason="NO CHROMIUM: that pages live under their policy is not shown"
)
def test_a_browser_finds_nothing_that_the_policy_forbids(
    served: int, database_url: str, tmp_path: Path
) -> None:
    engine = connect(database_url)
    with engine.begin() as connection:
        link = tokens.login_link(connection, Keyring(["k" * 40]))
    engine.dispose()
    for path, there in ((f"/login?token={link}", "Início · Ponte"), ("/api/docs", "swagger-ui")):
        page, console = browsed(f"http://127.0.0.1:{served}{path}", tmp_path / "profile")
        assert there in page
        assert "Content Security Policy" not in console, console
    assert "/api/kommo/deals" in page, "its scripts ran"


def browsed(url: str, profile: Path) -> tuple[str, str]:
    """What a browser makes of a page, and its console."""
    assert CHROMIUM
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0")
    kept = (f"--user-data-dir={profile}", "--virtual-time-budget=3000", "--dump-dom")
    done = subprocess.run(
        [CHROMIUM, *quiet, *kept, url], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout, done.stderr


def test_those_who_connect_and_say_nothing_hold_nobody_up(served: int) -> None:
    with ExitStack() as lines:
        for _ in range(2 * WORKERS * THREADS):
            lines.enter_context(socket.create_connection(("127.0.0.1", served), timeout=4))
        for _ in range(20):
            assert fetch(served, "POST", "/webhooks/kommo/hook", b"leads[add][0][id]=1")[0] == 200


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = {**os.environ, "PORT": port, "PYTHONPATH": str(ROOT)}
        told = subprocess.run(
            [sys.executable, "-m", "webhook_app"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert told.returncode == 2
    assert port in told.stderr
    assert "set PORT" in told.stderr


def test_without_servers_it_says_which_setting_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        create_app(Settings(_env_file=None))  # type: ignore[call-arg]


MADE = "import webhook_app.gestao_click as one; print(len(one.api.paths), one.api.describe(), len(one.api.paths) > 50)"


def test_a_start_does_not_wait_for_the_description_of_the_api() -> None:
    """Its schemas take seconds: they are made when somebody asks for them."""
    said = subprocess.run([sys.executable, "-c", MADE], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["0", "None", "True"]
