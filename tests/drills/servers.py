"""PostgreSQL and Redis of a drill: embedded ones that may be killed, replaced by a copy, and filled up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from sandbox.embedded import Postgres, Redis
from sandbox.embedded.process import run
from sandbox.embedded.state import read_state
from tests.drills.gates import Gates

DISK_MEGABYTES = 256
CAN_MOUNT = sys.platform == "linux" and os.geteuid() == 0
"""A disk that can be filled is a tmpfs; only root may mount one."""


class Cluster(Postgres):
    """A PostgreSQL whose tables lie on a small disk of their own, where one can be mounted.

    source: the URL of another one, of which it begins as a copy; standby: and goes on as, until promoted.
    """

    def __init__(self, data_dir: Path, source: str | None = None, *, standby: bool = False) -> None:
        super().__init__(data_dir)
        self._source, self._standby = source, standby

    def url_of(self, port: int, password: str) -> str:
        """A copy has the passwords of its source."""
        known = urlsplit(self._source).password if self._source else None
        return super().url_of(port, known or password)

    def prepare(self, program: Path, password: str, *, known: bool) -> None:
        if not (self.data / "PG_VERSION").exists():
            if self._source:
                self._copy(program, self._source)
            else:
                super().prepare(program, password, known=known)
        if CAN_MOUNT and not self.disk.is_mount():
            self._move_tables()

    @property
    def disk(self) -> Path:
        return self.data / "base"

    @property
    def pid(self) -> int:
        state = read_state(self.home)
        assert state
        assert state.pid
        return state.pid

    def fill(self) -> None:
        """Leaves no page for tables; the write-ahead log lies elsewhere."""
        with (self.disk / "filler").open("wb") as filler:
            for piece in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while True:
                        os.posix_fallocate(filler.fileno(), filler.seek(0, os.SEEK_END), piece)

    def clear(self) -> None:
        (self.disk / "filler").unlink(missing_ok=True)

    def discard(self) -> None:
        """Stops it, and nothing is left."""
        self.stop()
        if self.disk.is_mount():
            subprocess.run(["umount", "--lazy", self.disk], check=True)
        self.erase()

    def _copy(self, program: Path, source: str) -> None:
        self.data.mkdir(mode=0o700)
        self.account.give(self.data)
        tool = program.with_name("pg_basebackup")
        standby = ["--write-recovery-conf"] if self._standby else []
        command = [tool, "--pgdata", self.data, "--dbname", source, "--checkpoint=fast", *standby]
        run(command, self.account)

    def _move_tables(self) -> None:
        aside = self.data / "base.aside"
        self.disk.rename(aside)
        self.disk.mkdir(mode=0o700)
        options = f"size={DISK_MEGABYTES}m,mode=0700,uid={self.account.uid},gid={self.account.gid}"
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "ponte-drill", self.disk], check=True
        )
        subprocess.run(["cp", "--archive", f"{aside}/.", self.disk], check=True)
        shutil.rmtree(aside)


class Servers:
    """Both servers behind their gates: the addresses stay the same whatever happens behind them.

    Call everything from one thread that lives as long as they shall (see sandbox/embedded/process.py).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.postgres = Cluster(folder / "postgres-1")
        self.redis = Redis(folder / "redis")
        self._clusters = [self.postgres]
        self.postgres.start()
        self.redis.start()
        self.gates = Gates({"postgres": _port(self.postgres.url), "redis": _port(self.redis.url)})

    @property
    def database_url(self) -> str:
        return _through(self.postgres.url, self.gates.ports["postgres"])

    @property
    def redis_url(self) -> str:
        return _through(self.redis.url, self.gates.ports["redis"])

    def stop(self) -> None:
        self.gates.__exit__(None, None, None)
        for cluster in self._clusters:
            cluster.discard()
        self.redis.stop()
        self.redis.erase()

    def execute(self, statement: str) -> None:
        """As an administrator, past the gate."""
        with psycopg.connect(self.postgres.url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)

    def restart_postgres(self) -> None:
        """kill -9 of the postmaster: what it had not committed is gone."""
        _kill(self.postgres.pid)
        self._again(self.postgres.ensure)

    def restart_redis(self, *, keep: bool) -> None:
        state = read_state(self.redis.home)
        assert state
        assert state.pid
        _kill(state.pid)
        if not keep:
            shutil.rmtree(self.redis.data / "appendonlydir", ignore_errors=True)
            for snapshot in self.redis.data.glob("*.rdb"):
                snapshot.unlink()
        self._again(self.redis.ensure)

    def copy(self, *, standby: bool) -> Cluster:
        """A backup as of now, or a standby that has every commit before its client hears of it."""
        folder = self._folder / f"postgres-{len(self._clusters) + 1}"
        cluster = Cluster(folder, self.postgres.url, standby=standby)
        self._clusters.append(cluster)
        cluster.start()
        if standby:
            self.execute("alter system set synchronous_standby_names = '*'")
            self.execute("select pg_reload_conf()")
            self._until_synchronous()
        return cluster

    def replace_postgres(self, successor: Cluster, *, promote: bool) -> None:
        """The primary dies for good; the successor takes its address."""
        _kill(self.postgres.pid)
        self.postgres = successor
        if promote:
            self.execute("select pg_promote()")
            self.execute("alter system reset synchronous_standby_names")
            self.execute("select pg_reload_conf()")
        self.gates.tell("postgres", "lead", str(_port(successor.url)))

    def _until_synchronous(self) -> None:
        asked = "select count(*) from pg_stat_replication where sync_state = 'sync'"
        deadline = time.monotonic() + 20
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            while connection.execute(asked).fetchone() != (1,):
                assert time.monotonic() < deadline, "the standby does not follow"
                time.sleep(0.05)

    def _again(self, ensure: Callable[[], None]) -> None:
        """The supervisor of embedded servers looks every second; so do we."""
        time.sleep(0.3)
        ensure()


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port
    return port


def _through(url: str, port: int) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")))
