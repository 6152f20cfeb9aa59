"""The stage of a drill: real servers behind gates, both vendors in a box, every process of Ponte, a postman."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests
from redis import Redis
from redis.exceptions import RedisError

from sandbox import Sandbox
from shared import tokens
from shared.db.engine import connect
from shared.db.migrations import upgrade
from shared.secrets import Keyring
from tests.drills.post import Postman
from tests.drills.punctual import Watch
from tests.drills.servers import Servers
from tests.ground import first_title
from tests.journeys.deployment import KEY, Deployment

RATES = {"kommo": 14, "gestao-click": 10}
"""Requests a second: higher than the vendors' own, so that a minute holds an hour's work."""
SHORT = {
    "KOMMO_RATE_LIMIT": str(RATES["kommo"]),
    "KOMMO_RATE_LIMIT_PER_ADDRESS": str(RATES["kommo"]),
    "GESTAO_CLICK_RATE_LIMIT": str(RATES["gestao-click"]),
    "KOMMO_TIMEOUT": "2000",
    "KOMMO_RETRY_DELAY": "100",
    "GESTAO_CLICK_TIMEOUT": "2000",
    "KOMMO_INCREMENTAL_SECONDS": "10",
    "CATALOGUE_SECONDS": "30",
    "GESTAO_CLICK_INCREMENTAL_SECONDS": "15",
    "GESTAO_CLICK_OPEN_SECONDS": "20",
    "GESTAO_CLICK_CATALOGUE_SECONDS": "30",
    "SWEEP_SECONDS": "1",
    "TASK_SECONDS": "10",
    "RUN_LEASE_SECONDS": "6",
    "DELIVERY_LEASE_SECONDS": "6",
    "PONTE_AUDIT_DAYS": "0",
    "PONTE_AUDIT_SHARE": "0.6",
    "SYNC_PROCESSES": "2",
    "WEBHOOK_PROCESSES": "1",
}
"""Intervals and leases of a deployment that lives faster."""
WORLD = {
    "leads": 60,
    "months": 2,
    "customers_mode": "segments",
    "kommo_limit": RATES["kommo"],
    "gestao_click_limit": RATES["gestao-click"],
    "latency_ms": 5.0,
    "webhook_retry_scale": 0.01,
    "webhook_disable_after": 1_000_000,
}
CLOCK = Path(__file__).with_name("clock")


@dataclass
class Stage:
    """What troubles act upon. Everything is done from the thread that made it."""

    folder: Path
    servers: Servers
    box: Sandbox
    ponte: Deployment
    postman: Postman
    workers: list[str]
    """Names of the workers that should be there, the oldest first."""
    token: str
    """For Ponte's API."""
    watches: dict[str, Watch]
    """By vendor."""
    lost: list[tuple[float, float]] = field(default_factory=list)
    """Spans of time of which a restored backup knows nothing (monotonic)."""
    in_vain: list[str] = field(default_factory=list)
    """What was waited for in vain."""
    walks: int = 0
    """How often everything was ordered in full at the end."""
    aside: list[threading.Thread] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """What happened, line by line."""
    _began: float = field(default_factory=time.monotonic)

    def tell(self, what: str) -> None:
        self.told.append(f"{time.monotonic() - self._began:6.1f} s  {what}")

    def tend(self) -> None:
        """What a host does by itself: starts again what has ended."""
        for name in self.ponte.tend():
            self.tell(f"{name} had ended and was started again")

    def clock(self, worker: str) -> Path:
        return self.folder / f"{worker}.clock"

    def start_worker(self) -> str:
        name = f"worker{len(list(self.folder.glob('worker*.log'))) + 1}"
        path = os.pathsep.join(filter(None, [str(CLOCK), os.environ.get("PYTHONPATH")]))
        self.ponte.start(name, PYTHONPATH=path, DRILL_CLOCK=str(self.clock(name)))
        self.workers.append(name)
        return name

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Past the gate, whichever PostgreSQL is the one now."""
        with psycopg.connect(
            self.servers.postgres.url, autocommit=True, connect_timeout=5
        ) as connection:
            return connection.execute(sql, values).fetchall()

    def value(self, sql: str, *values: Any) -> Any:
        return self.query(sql, *values)[0][0]

    @property
    def redis(self) -> Redis:
        """Past the gate."""
        return Redis.from_url(self.servers.redis.url, socket_timeout=5)

    def beside(self, name: str, work: Any) -> None:
        """Something that goes on while other troubles come."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        self.aside.append(thread)
        thread.start()

    def time_passes(self) -> None:
        """A quarter of an hour, for what waits for one: pauses of a vendor, delays of what failed, trials."""
        self.query(
            "with pauses as (update sync.pauses set until = clock_timestamp() returning 1),"
            " runs as (update sync.runs set next_at = clock_timestamp() where state = 'queued' returning 1),"
            " posts as (update sync.deliveries set next_at = clock_timestamp()"
            "   where settled_at is null and owner is null returning 1),"
            " trials as (update ponte.integration_settings"
            "   set metadata = metadata || '{\"trial_at\": 0}' returning 1) select 1"
        )
        with suppress(RedisError):
            for key in self.redis.scan_iter("ponte:budget:*:pause"):
                self.redis.delete(key)

    def api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One request to Ponte's own API; raises requests.RequestException."""
        answer = requests.request(
            method,
            f"http://127.0.0.1:{self.ponte.port}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=10,
        )
        answer.raise_for_status()
        return answer.json()


@contextmanager
def staged(
    folder: Path,
    seed: int,
    *,
    world: Mapping[str, Any] = WORLD,
    pace: Mapping[str, str] = SHORT,
    rate: float = 10.0,
) -> Iterator[Stage]:
    """Everything up: two workers, beat, web; post going on, `rate` a second; nothing read yet."""
    with ExitStack() as stack:
        servers = Servers(folder)
        stack.callback(servers.stop)
        upgrade(servers.database_url)
        box = stack.enter_context(Sandbox(seed=seed, **world))
        ponte = Deployment(folder, servers.database_url, servers.redis_url, box)
        ponte.env.update(pace, GESTAO_CLICK_HISTORY_FROM=first_title(box).isoformat())
        stack.callback(ponte.stop)
        watches = {vendor: Watch(rate) for vendor, rate in RATES.items()}
        for vendor, watch in watches.items():
            box.doors[vendor].stats.most_of_second = watch
        leads = box.world.table("kommo", "leads")
        postman = Postman(ponte.hook, box.options.account_id, lambda: leads.ids, rate)
        stage = Stage(
            folder, servers, box, ponte, postman, [], _token(servers.database_url), watches
        )
        ponte.start("web", "beat1")
        stage.start_worker()
        stage.start_worker()
        ponte.subscribe()
        postman.start()
        stack.callback(postman.stop)
        yield stage


def _token(url: str) -> str:
    engine = connect(url, pool_size=1)
    try:
        with engine.begin() as connection:
            return tokens.create(connection, Keyring([KEY]), "drill", "admin")
    finally:
        engine.dispose()
