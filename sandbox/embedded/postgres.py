"""An embedded PostgreSQL with one database, `ponte`, whose owner may do everything.

It speaks TCP only (a socket's path may have no more than 107 bytes), thinks in UTC, and knows
upper and lower case beyond ASCII; it has no ICU and no pgcrypto.
"""

import os
import shutil
import signal
from pathlib import Path
from typing import ClassVar

import psycopg

from sandbox.embedded.binaries import find_postgres
from sandbox.embedded.process import run
from sandbox.embedded.server import Server
from sandbox.embedded.state import write_secret

_ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_CARELESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


class Postgres(Server):
    """PostgreSQL on a data folder. Not durable: for tests, fast, in memory, gone after `stop`."""

    name: ClassVar[str] = "postgres"
    pid_file: ClassVar[str] = "postmaster.pid"
    stop_steps: ClassVar[tuple[tuple[signal.Signals, float], ...]] = (
        (signal.SIGINT, 60.0),  # "fast": sessions end, a checkpoint is written
        (signal.SIGQUIT, 5.0),
    )

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        super().__init__(data_dir, keep=durable)

    def url_of(self, port: int, password: str) -> str:
        return f"postgresql://ponte:{password}@127.0.0.1:{port}/ponte"

    def find_program(self) -> Path:
        return find_postgres(self.home, self.account)

    def prepare(self, program: Path, password: str, *, known: bool) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._make_data(program, password)
        elif not known:
            self._tell(program, self.data, f"ALTER ROLE ponte PASSWORD '{password}'")

    def command(self, program: Path, port: int, password: str) -> list[str | Path]:
        settings = _ALWAYS | ({} if self.keep else _CARELESS) | {"port": str(port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [program, "-D", self.data, *options]

    def answers(self, url: str) -> bool:
        try:
            psycopg.connect(url, connect_timeout=2, sslmode="disable", gssencmode="disable").close()
        except psycopg.OperationalError:
            return False
        return True

    def _make_data(self, program: Path, password: str) -> None:
        """Made aside and then renamed: data with its right name is whole."""
        fresh, secret = self.home / "data.new", self.home / "password"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        write_secret(secret, password)
        for path in (fresh, secret):
            self.account.give(path)
        try:
            run(self._initdb(program, fresh, secret), self.account)
            self._tell(program, fresh, "CREATE DATABASE ponte")
        finally:
            secret.unlink()
        fresh.rename(self.data)

    def _initdb(self, program: Path, data: Path, secret: Path) -> list[str | Path]:
        return [
            program.with_name("initdb"),
            *("-D", data, "-U", "ponte", "-E", "UTF8"),
            *("-A", "scram-sha-256", f"--pwfile={secret}"),
            *self._locale(program),
            *([] if self.keep else ["--no-sync"]),
        ]

    def _locale(self, program: Path) -> list[str]:
        """The same on every machine where PostgreSQL brings its own (17 and later)."""
        version = run([program, "--version"], self.account).split()[2]
        if int(version.split(".")[0]) >= 17:
            return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        return [
            "--locale=C",
            f"--lc-ctype={'C.UTF-8' if os.uname().sysname == 'Linux' else 'UTF-8'}",
        ]

    def _tell(self, program: Path, data: Path, statement: str) -> None:
        """Run a statement with no server running. It is read from a pipe: ps shows nothing."""
        run([program, "--single", "-D", data, "postgres"], self.account, f"{statement}\n".encode())
