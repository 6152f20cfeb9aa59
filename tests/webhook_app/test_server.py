"""`ponte web` as a process: it starts, serves, stops, and says when its port is taken."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from shared.errors import Misuse, SettingsError
from shared.settings import Settings
from webhook_app import create_app
from webhook_app.server import ensure_free

ROOT = Path(__file__).parents[2]
SERVE = "from shared.settings import load; from webhook_app.server import serve; serve(load())"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


def test_it_serves_and_stops_when_told(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PORT": str(port),
        "PONTE_SECRET_KEY": "k" * 40,
        "KOMMO_WEBHOOK_SECRET": "hook",
        "PYTHONPATH": str(ROOT),
    }
    server = subprocess.Popen([sys.executable, "-c", SERVE], env=environment, cwd=tmp_path)
    try:
        wait_for(port)
        assert fetch(port, "POST", "/webhooks/kommo/hook", b"leads[add][0][id]=1") == (200, b"ok")
        assert fetch(port, "GET", "/webhooks/kommo/hook/") == (200, b"ok")
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(15) == 0


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Misuse, match=f"{port}.*set PORT"):
            ensure_free("127.0.0.1", port)


def test_without_servers_it_says_which_setting_is_missing() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        create_app(Settings(_env_file=None))  # type: ignore[call-arg]
