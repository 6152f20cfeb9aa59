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

from shared import ports
from shared.errors import SettingsError
from shared.settings import Settings
from webhook_app import create_app

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


def test_it_serves_and_stops_when_told(database_url: str, tmp_path: Path) -> None:
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
        assert fetch(port, "POST", "/webhooks/kommo/hook", b"leads[add][0][id]=1") == (200, b"ok")
        assert fetch(port, "GET", "/webhooks/kommo/hook/") == (200, b"ok")
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(15) == 0


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
