"""A company's days at the ERP, one after the other: the sandbox's clock and the database's move together.

What decides in Ponte is PostgreSQL's clock. Here it is a function of ours, found before the server's own
by the search_path: so many seconds ahead. Nothing of the product knows of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from sandbox import Sandbox
from shared import integrations, runs
from shared.db import engine as engines
from shared.db.engine import connect
from shared.db.migrations import config
from tests.ground import Ground, reaching, settings_for, with_box
from tests.servers import copy_of
from worker import tasks
from worker.sync.carry import carry_out

AHEAD = """
    create schema ahead;
    create table ahead.clock (seconds float8 not null);
    insert into ahead.clock values (0);
    create function ahead.clock_timestamp() returns timestamptz language sql volatile
    as 'select pg_catalog.clock_timestamp() + make_interval(secs => seconds) from ahead.clock';
    set search_path to public, ahead, pg_catalog;
"""
DAY = 86400.0


@pytest.fixture(scope="session")
def ahead_template_url(postgres_url: str) -> Iterator[str]:
    """Migrated under the clock that can be moved: defaults and views are bound to it."""
    with copy_of(postgres_url, "/template0") as url:
        engine = connect(url)
        with engine.connect() as connection:
            connection.exec_driver_sql(AHEAD)
            connection.commit()
            settings = config()
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
        engine.dispose()
        yield url


@dataclass
class Company(Ground):
    """A shop, its ERP in the sandbox, and a Ponte that keeps up with it."""

    def advance(self, seconds: float) -> None:
        """Time passes here and there."""
        self.box.world.set_clock(self.box.world.clock() + seconds)
        self.follow()

    def follow(self) -> None:
        """The database's clock is where the sandbox's is."""
        ahead = self.box.options.ahead
        self.run(lambda c: c.execute(text("update ahead.clock set seconds = :s"), {"s": ahead}))

    def turn(self) -> None:
        """What beat orders now, carried out."""
        tasks.make_due_runs(self.reach)
        self.work()

    def work(self) -> None:
        """Every run that waits, until none does."""
        settings = self.reach.settings
        for _ in range(200):
            ours = [one.id for one in self.run(integrations.worked_on, settings)]
            ready = self.run(runs.ready, ours)
            if not ready:
                return
            for id_ in ready:
                carry_out(self.reach, id_, 600.0)
        raise AssertionError("runs are put back again and again")

    @property
    def today(self) -> date:
        return date.fromisoformat(self.box.books()["today"])

    def scalar(self, sql: str, **values: Any) -> Any:
        return self.run(lambda c: c.execute(text(sql), values).scalar())

    def all(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        def read(connection: Any) -> list[dict[str, Any]]:
            return [dict(row._mapping) for row in connection.execute(text(sql), values)]

        found: list[dict[str, Any]] = self.run(read)
        return found


@contextmanager
def company_on(url: str, patch: pytest.MonkeyPatch, /, **options: Any) -> Iterator[Company]:
    """settings: of Ponte, everything else of the sandbox. Only the ERP is read."""
    changes = options.pop("settings", {})
    moved = engines.OPTIONS.replace("search_path=public", "search_path=public,ahead,pg_catalog")
    patch.setattr(engines, "OPTIONS", moved)
    with Sandbox(**{"kommo_limit": 0, "gestao_click_limit": 0, **options}) as box:
        settings = with_box(box, settings_for(url), kommo_jwt_token=None, **changes)
        with reaching(settings) as (reach, rung):
            made = Company(box, reach, rung)
            made.follow()
            yield made


@pytest.fixture
def ahead_url(postgres_url: str, ahead_template_url: str) -> Iterator[str]:
    with copy_of(postgres_url, ahead_template_url) as url:
        yield url
