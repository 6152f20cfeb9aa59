"""A company's days at the ERP, one after the other: the sandbox's clock and the database's move together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from sandbox import Sandbox
from shared import integrations, runs
from shared.db import engine as engines
from tests.clock import MOVE, OPTIONS
from tests.ground import Ground, reaching, settings_for, with_box
from worker import tasks
from worker.sync.carry import carry_out


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
        self.run(lambda c: c.execute(MOVE, {"ahead": ahead}))

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
    patch.setattr(engines, "OPTIONS", OPTIONS)
    with Sandbox(**{"kommo_limit": 0, "gestao_click_limit": 0, **options}) as box:
        settings = with_box(box, settings_for(url), kommo_jwt_token=None, **changes)
        with reaching(settings) as (reach, rung):
            made = Company(box, reach, rung)
            made.follow()
            yield made
