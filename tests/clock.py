"""A database whose clock a test moves: `clock_timestamp()` is a function of ours there.

It is found before PostgreSQL's own by the search_path: by defaults and views because the database is migrated
with it, by Ponte's questions with `OPTIONS` in place of those of shared.db.engine. The product knows nothing
of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic import command
from sqlalchemy import text

from shared.db import engine as engines
from shared.db.engine import connect
from shared.db.migrations import config
from tests.servers import copy_of

SCHEMA = """
    create schema moved;
    create table moved.clock (at timestamptz, ahead float8 not null);
    insert into moved.clock values (null, 0);
    create function moved.clock_timestamp() returns timestamptz language sql volatile as
    'select coalesce(at, pg_catalog.clock_timestamp()) + make_interval(secs => ahead) from moved.clock';
    set search_path to public, moved, pg_catalog;
"""
OPTIONS = engines.OPTIONS.replace("search_path=public", "search_path=public,moved,pg_catalog")
STOP = text("update moved.clock set at = :at")
"""at: where it stands still; null: it goes on."""
MOVE = text("update moved.clock set ahead = :ahead")
"""ahead: seconds, of the machine's clock."""


@contextmanager
def template_on(postgres_url: str) -> Iterator[str]:
    """A migrated database to be copied."""
    with copy_of(postgres_url, "/template0") as url:
        engine = connect(url)
        with engine.connect() as connection:
            connection.exec_driver_sql(SCHEMA)
            connection.commit()
            settings = config()
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
        engine.dispose()
        yield url


@pytest.fixture(scope="session")
def clock_template_url(postgres_url: str) -> Iterator[str]:
    with template_on(postgres_url) as url:
        yield url


@pytest.fixture
def clock_url(postgres_url: str, clock_template_url: str) -> Iterator[str]:
    """A database for one test, whose clock can be moved and stopped."""
    with copy_of(postgres_url, clock_template_url) as url:
        yield url
