"""A small Ponte to test on: a database of its own, both vendors in a box, no limits of either.

Fixtures: `ground` (with a sandbox), `reach` (without one). Redis is asked only where a test says so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr
from redis import Redis
from sqlalchemy import Connection, select

from sandbox import Sandbox
from shared import integrations, resources, runs
from shared.db.bookkeeping import deliveries, integration_settings, rejects
from shared.db.bookkeeping import runs as runs_table
from shared.db.engine import connect
from shared.db.mirror import child_table, rows_table, stamps_table
from shared.deliveries import Arrival, keep
from shared.integrations import Integration
from shared.resources.grammar import Child, Resource
from shared.secrets import Keyring
from shared.settings import Settings
from worker.reach import Reach
from worker.sync.carry import carry_out

NOBODY = "redis://127.0.0.1:1/0"
SECRET_KEY = "k" * 40
UNLIMITED = {"kommo_rate_limit": 0, "gestao_click_rate_limit": 0}
QUICK = {"kommo_retry_attempts": 2, "kommo_retry_delay": 1, "kommo_webhook_delay_ms": 20}
Row = dict[str, Any]


def settings_for(database_url: str, redis_url: str = NOBODY, **changes: Any) -> Settings:
    """Settings that depend on nothing in the environment; `changes` by field name."""
    plain = Settings(_env_file=None)  # type: ignore[call-arg]
    fixed = {
        "database_url": SecretStr(database_url),
        "redis_url": SecretStr(redis_url),
        "ponte_secret_key": SecretStr(SECRET_KEY),
        "kommo_timeout": 5000,
        "gestao_click_timeout": 5000,
        **QUICK,
    }
    return plain.model_copy(update={**fixed, **changes})


@contextmanager
def reaching(settings: Settings) -> Iterator[tuple[Reach, list[tuple[Any, ...]]]]:
    """A Reach whose doorbell is a list."""
    assert settings.database_url
    assert settings.redis_url
    rung: list[tuple[Any, ...]] = []
    engine = connect(settings.database_url.get_secret_value(), pool_size=12, name="test")
    redis = Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=2)
    ring: Any = lambda *ids: rung.append(ids)  # noqa: E731
    try:
        yield Reach(settings, engine, redis, Keyring([SECRET_KEY]), ring), rung
    finally:
        engine.dispose()
        redis.close()


def with_box(box: Sandbox, settings: Settings, **changes: Any) -> Settings:
    """The settings of somebody whose vendors are in this box."""
    access, secret = box.gestao_click_tokens
    vendors = {
        "kommo_jwt_token": SecretStr(box.kommo_token),
        "kommo_api_url": box.kommo_url,
        "gestao_click_api_key": SecretStr(access),
        "gestao_click_secret_token": SecretStr(secret),
        "gestao_click_api_url": box.gestao_click_url,
        "gestao_click_history_from": first_title(box),
    }
    return settings.model_copy(update={**vendors, **UNLIMITED, **changes})


def first_title(box: Sandbox) -> date:
    """A little before the first effective date of the world's titles."""
    titles = [t for name in ("recebimentos", "pagamentos") for t in box.truth("gestao-click", name)]
    days = [t["data_liquidacao"] or t["data_vencimento"] for t in titles]
    return date.fromisoformat(min(day for day in days if day and day > "2000"))


@dataclass
class Ground:
    """What a test stands on; `rung` is what the doorbell rang."""

    box: Sandbox
    reach: Reach
    rung: list[tuple[Any, ...]] = field(default_factory=list)

    def run(self, work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        with self.reach.engine.begin() as connection:
            return work(connection, *args, **named)

    def keep(self, integration_id: int, body: bytes) -> int:
        """A delivery in the inbox; returns its id."""
        (id_,) = self.run(keep, [Arrival(integration_id, body)])
        return int(id_)

    def integration(self, provider: str) -> Integration:
        made: list[Integration] = self.run(integrations.ensure, self.reach.settings)
        return next(one for one in made if one.provider == provider)

    def order(self, resource: Resource, *, full: bool = False, trigger: str = "cli") -> int:
        """A run that waits to be carried out."""
        made = self.run(
            runs.request,
            self.integration(resource.provider),
            [resource],
            full=full,
            trigger=trigger,
        )
        return int(made.run_ids[-1])

    def report(self, run_id: int) -> Row:
        return dict(self.run(runs.listed, ids=[run_id])[0])

    def carry(self, run_id: int, seconds: float = 60.0) -> Row:
        """Stretches until the run rests: done, failed, or put back for later."""
        while carry_out(self.reach, run_id, seconds):
            pass
        return self.report(run_id)

    def carry_once(self, run_id: int) -> Row:
        """One stretch without any time: a page, then the rest is put back."""
        carry_out(self.reach, run_id, 0.0)
        return self.report(run_id)

    def sync(self, resource: Resource, *, full: bool = False) -> Row:
        """Carries out one run, after what it needs."""
        for needed in resource.needs:
            if not self.rows(resources.BY_NAME[needed]):
                assert self.sync(resources.BY_NAME[needed])["state"] == "done"
        return self.carry(self.order(resource, full=full))

    def rows(self, resource: Resource) -> list[Row]:
        return self._all(rows_table(resource))

    def children(self, resource: Resource, child: Child) -> list[Row]:
        return self._all(child_table(resource, child))

    def stamps(self, resource: Resource) -> list[Row]:
        return self._all(stamps_table(resource))

    def row(self, resource: Resource, *key: Any) -> Row:
        """The one row with this key."""
        found = [r for r in self.rows(resource) if tuple(r[name] for name in resource.key) == key]
        assert len(found) == 1, f"{resource.full_name} {key}: {len(found)} rows"
        return found[0]

    def rejects(self) -> list[Row]:
        return self._all(rejects)

    def deliveries(self) -> list[Row]:
        return self._all(deliveries)

    def runs(self) -> list[Row]:
        return self._all(runs_table)

    def settings_row(self, provider: str) -> Row:
        id_ = self.integration(provider).id
        return next(row for row in self._all(integration_settings) if row["id"] == id_)

    def requests(self, provider: str) -> int:
        """How many requests the vendor has seen since the last reset."""
        return int(self.box.stats()[provider]["requests"])

    def asked(self, provider: str) -> dict[str, int]:
        """Requests by path."""
        return dict(self.box.stats()[provider]["by_path"])

    def _all(self, table: Any) -> list[Row]:
        def read(connection: Connection) -> list[Row]:
            order = list(table.primary_key.columns)
            return [
                dict(row._mapping) for row in connection.execute(select(table).order_by(*order))
            ]

        rows: list[Row] = self.run(read)
        return rows


@contextmanager
def ground_on(database_url: str, *, redis_url: str = NOBODY, **options: Any) -> Iterator[Ground]:
    """A box and a database; `options` are the sandbox's."""
    world = {"leads": 40, "months": 2, "seed": 1, "kommo_limit": 0, "gestao_click_limit": 0}
    # the account uses everything that Kommo has
    world["customers_mode"] = "segments"
    with Sandbox(**{**world, **options}) as box:
        settings = with_box(box, settings_for(database_url, redis_url))
        with reaching(settings) as (reach, rung):
            yield Ground(box, reach, rung)


@pytest.fixture
def ground(database_url: str) -> Iterator[Ground]:
    """A small world, not yet read."""
    with ground_on(database_url) as made:
        yield made


@pytest.fixture
def reach(database_url: str) -> Iterator[Reach]:
    """A database without any vendor: their addresses lead nowhere."""
    nowhere = {"kommo_api_url": "http://127.0.0.1:1", "gestao_click_api_url": "http://127.0.0.1:1"}
    tokens = {
        "kommo_jwt_token": SecretStr("t"),
        "gestao_click_api_key": SecretStr("a"),
        "gestao_click_secret_token": SecretStr("s"),
    }
    with reaching(settings_for(database_url, **nowhere, **tokens, **UNLIMITED)) as (made, _):
        yield made


@contextmanager
def pages_of(resource: Resource, size: int) -> Iterator[None]:
    """Meanwhile a resource is read in small pages: a small world then has many."""
    before = resource.page_size
    object.__setattr__(resource, "page_size", size)
    try:
        yield
    finally:
        object.__setattr__(resource, "page_size", before)
