"""An embedded Redis (in truth Valkey): a queue that never throws a key away to save memory."""

import signal
from pathlib import Path
from typing import ClassVar

from redis import Redis as Client
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.embedded.binaries import find_redis
from sandbox.embedded.server import Server
from sandbox.embedded.state import write_secret


class Redis(Server):
    """Redis on a data folder, each write in an append-only file. Not persistent: for tests."""

    name: ClassVar[str] = "redis"
    pid_file: ClassVar[str] = "redis.pid"
    stop_steps: ClassVar[tuple[tuple[signal.Signals, float], ...]] = ((signal.SIGTERM, 30.0),)

    def __init__(self, data_dir: Path, *, persist: bool = True) -> None:
        super().__init__(data_dir, keep=persist)

    def url_of(self, port: int, password: str) -> str:
        return f"redis://:{password}@127.0.0.1:{port}/0"

    def find_program(self) -> Path:
        return find_redis(self.home, self.account)

    def prepare(self, program: Path, password: str, *, known: bool) -> None:
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            self.account.give(self.data)

    def command(self, program: Path, port: int, password: str) -> list[str | Path]:
        """All that matters stands in a file: the command line is for everybody to read."""
        file = self.home / "redis.conf"
        settings = self._settings(port, password)
        write_secret(
            file, "".join(f"{name} {_quoted(value)}\n" for name, value in settings.items())
        )
        self.account.give(file)
        return [program, file]

    def answers(self, url: str) -> bool:
        client = Client.from_url(
            url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
        )
        try:
            return bool(client.ping())
        except RedisError:  # among them "loading" and "wrong password"
            return False
        finally:
            client.close()

    def _settings(self, port: int, password: str) -> dict[str, str]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "requirepass": password,
            "dir": str(self.data),
            "pidfile": str(self.data / self.pid_file),
            "appendonly": "yes" if self.keep else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        return settings if self.keep else settings | {"save": ""}


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
