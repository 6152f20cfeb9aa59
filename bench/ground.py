"""What everything is measured on: PostgreSQL and Redis as `make run` starts them, a fresh database each time.

The servers are durable: fsync is on, every commit waits for the disk. Their data lies in `.bench/` of the
repository and is removed afterwards.
"""

from __future__ import annotations

import os
import platform
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql
from psycopg.errors import UndefinedFile
from redis import Redis

from sandbox.embedded import Servers
from shared.db.migrations import upgrade

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".bench"
OURS = ("KOMMO", "GESTAO", "PONTE", "DATABASE_URL", "REDIS_URL", "PYTHONDONTWRITEBYTECODE")
"""How the names begin of what in our environment would change what is measured."""


@dataclass(frozen=True)
class Wal:
    """Bytes of write-ahead log. images: how many of them are whole pages, written because a checkpoint had
    just been: the first change of each page costs its image. None: so much was written that its beginning is gone."""

    bytes: int
    images: int | None


class Ground:
    """The servers, for as long as the context lasts; enter it in the thread that plays."""

    def __init__(self, place: Path = PLACE) -> None:
        self.place = place
        self._servers = Servers(place / "servers")

    def __enter__(self) -> Self:
        """What a bench that was killed has left is removed; raises ServerError while another one runs."""
        self._servers.erase()
        for left in self.place.glob("work-*"):
            shutil.rmtree(left, ignore_errors=True)
        urls = self._servers.start()
        assert urls.database_url  # noqa: S101
        assert urls.redis_url  # noqa: S101
        self.server_url, self.redis_url = urls.database_url, urls.redis_url
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._servers.stop()
        self._servers.erase()

    @cached_property
    def _template(self) -> str:
        """Migrated once, to be copied."""
        name = f"bench_template_{secrets.token_hex(3)}"
        self._administrate(sql.SQL("create database {}").format(sql.Identifier(name)))
        upgrade(self._url_of(name))
        return name

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a fresh database, with all tables of Ponte or without any."""
        name, template = (
            f"bench_{secrets.token_hex(4)}",
            self._template if migrated else "template0",
        )
        made = sql.SQL("create database {} template {}")
        self._administrate(made.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield self._url_of(name)
        finally:
            gone = sql.SQL("drop database {} with (force)")
            self._administrate(gone.format(sql.Identifier(name)))

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder to work in: no `.env`, nothing of an earlier run."""
        made = self.place / f"work-{secrets.token_hex(4)}"
        made.mkdir(parents=True)
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def environment(self, database_url: str, **more: str) -> dict[str, str]:
        """For a child process: ours without settings of Ponte's, and with those of the bench."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        ours = {
            "DATABASE_URL": database_url,
            "REDIS_URL": self.redis_url,
            "PONTE_SECRET_KEY": "a-key-of-the-bench-only-" + "0123456789" * 2,
        }
        return {**kept, **ours, **more}

    def rest(self, database_url: str) -> None:
        """Every measurement begins with the same: what autovacuum would have done by then is done, a checkpoint
        has just been, Redis is empty."""
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("vacuum analyze")
            connection.execute("checkpoint")
        with Redis.from_url(self.redis_url) as redis:
            redis.flushall()

    def wal_position(self) -> str:
        return str(self._ask(sql.SQL("select pg_current_wal_insert_lsn()::text")))

    def wal_since(self, position: str) -> Wal:
        """What was written since a position: of all databases, so play one piece of work at a time."""
        places = {"now": sql.Literal(self.wal_position()), "since": sql.Literal(position)}
        length = sql.SQL("select pg_wal_lsn_diff({now}, {since})::bigint").format(**places)
        return Wal(self._ask(length), self._images(places))

    def _images(self, places: Mapping[str, sql.Literal]) -> int | None:
        self._administrate(sql.SQL("create extension if not exists pg_walinspect"))
        told = "select coalesce(sum(fpi_size), 0)::bigint from pg_get_wal_stats({since}, {now})"
        try:
            return int(self._ask(sql.SQL(told).format(**places)))
        except UndefinedFile:
            return None

    def _ask(self, query: sql.SQL | sql.Composed) -> Any:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            row = connection.execute(query).fetchone()
            assert row  # noqa: S101
            return row[0]

    def _administrate(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(statement)

    def _url_of(self, name: str) -> str:
        return urlunsplit(urlsplit(self.server_url)._replace(path=f"/{name}"))

    def described(self) -> str:
        """The machine, the versions, the commit and the day, in one line: ratios may be compared, times may not."""
        postgres = str(self._ask(sql.SQL("show server_version"))).split()[0]
        with Redis.from_url(self.redis_url) as redis:
            info: Any = redis.info("server")
        queue = f"{info.get('server_name', 'redis')} {info.get('valkey_version', info['redis_version'])}"
        return (
            f"{datetime.now(UTC):%Y-%m-%d}, commit {commit()}; {machine()}; Python "
            f"{platform.python_version()}, psycopg {version('psycopg')}, PostgreSQL {postgres}, {queue}"
        )


def machine() -> str:
    """Cores, memory and kind; never a name."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cores} cores ({_processor()}), {memory:.0f} GiB, {platform.system()} {platform.machine()}"


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown")


def commit() -> str:
    """Short; with a mark when there is something that was not committed."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or "unknown"
