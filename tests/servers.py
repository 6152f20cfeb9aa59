"""Fixtures: a real PostgreSQL and a real Redis, and a fresh, migrated database for each test.

Use as a plugin: `pytest_plugins = ["tests.servers"]` in the conftest.

    postgres_url   session: an empty, throw-away database of ours
    redis_url      session: a server of ours, shared by the tests; clean up what you put there
    database_url   each test: a copy of the migrated template, dropped afterwards

The servers are embedded ones in memory, gone with the session (each xdist worker has its own).
With TEST_DATABASE_URL or DATABASE_URL, and REDIS_URL, in the environment those servers are used
instead; the user named there must be allowed to create databases. No database that exists is
touched; of Redis the last numbered databases (15, 14, …, one for each xdist worker) are used and
emptied.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from sandbox.embedded import Postgres, Redis


def migrate(url: str) -> None:
    """Bring a database to the newest revision."""
    from shared.db.migrations import upgrade

    upgrade(url)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database that is ours for the session, on a server where we may make more."""
    with postgres_server(tmp_path_factory.mktemp("postgres")) as server, _database(server) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis for the session."""
    if given := os.environ.get("REDIS_URL"):
        worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        yield urlunsplit(urlsplit(given)._replace(path=f"/{15 - int(worker)}"))
        return
    server = Redis(tmp_path_factory.mktemp("redis"), persist=False)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def template_url(postgres_url: str) -> Iterator[str]:
    """A database migrated once, to be copied. Nobody stays connected to it: that forbids copying."""
    with _database(postgres_url) as url:
        migrate(url)
        yield url


@pytest.fixture
def database_url(postgres_url: str, template_url: str) -> Iterator[str]:
    """A migrated database for one test."""
    with copy_of(postgres_url, template_url) as url:
        yield url


@contextmanager
def copy_of(postgres_url: str, template_url: str) -> Iterator[str]:
    """A copy of a database to which nobody is connected; for fixtures that outlive one test."""
    with _database(postgres_url, template=_name_in(template_url)) as url:
        yield url


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    if given := os.environ.get("TEST_DATABASE_URL") or os.environ.get("DATABASE_URL"):
        yield given.replace("postgres://", "postgresql://", 1)
        return
    server = Postgres(folder, durable=False)
    try:
        yield server.start()
    finally:
        server.stop()


@contextmanager
def _database(server: str, template: str = "template0") -> Iterator[str]:
    """A database of a new name, dropped afterwards whoever is still connected."""
    name = f"ponte_test_{secrets.token_hex(6)}"
    made = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE {}")
    _execute(server, made.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        _execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(url: str, statement: sql.Composed) -> None:
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement)


def _name_in(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")
