"""Ponte as a deployment runs it: `ponte web`, `ponte worker` and `ponte beat`, real processes with one environment.

    with deployed(ground, vendor, KOMMO_RATE_LIMIT="7") as ponte:
        ponte.sync()
        ponte.start("web", "worker", "beat")

Nothing but what the bench orders is due meanwhile: the schedule's intervals are longer than a measurement.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString
from unittest.mock import patch
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import orjson
import psycopg

from bench import measure
from bench.ground import Ground
from bench.measure import Failed
from bench.vendor import LOOPBACK, Vendor
from sandbox.embedded.process import follow_parent
from shared import logs, tokens
from shared.db.engine import connect
from shared.ports import any_free
from shared.secrets import Keyring
from shared.settings import Settings, load
from worker.reach import Reach
from worker.reach import reach as opened

PONTE = str(Path(sys.executable).with_name("ponte"))
SECRET = "a-webhook-secret-of-the-bench-only"  # noqa: S105 - opens nothing but what the bench has started
TIMEZONE = "America/Sao_Paulo"
A_DAY = str(24 * 3600)
POOLS = 2
"""Of `ponte worker`: each says by itself that it is ready."""
LOOK_EVERY = 0.005
"""Seconds between two looks at what is waited for."""


class Deployed:
    """Starts processes of one deployment and watches its database; made by `deployed`."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.env, self.port = folder, env, int(env["PORT"])
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._eyes = psycopg.connect(env["DATABASE_URL"], autocommit=True)

    @property
    def hook(self) -> str:
        """Where Kommo would send its webhooks."""
        return f"http://{LOOPBACK}:{self.port}/webhooks/kommo/{SECRET}"

    def sync(self) -> None:
        """Everything of the vendor, in full and without a limit, to its end: what a measurement begins with."""
        measure.run(
            [PONTE, "sync", "kommo", "--full", "--json"],
            {**self.env, "KOMMO_RATE_LIMIT": "0"},
            self.folder,
        )

    def order(self, *names: str) -> None:
        """Full syncs of these resources, as a user orders them: through the API."""
        body = orjson.dumps({"full": True, "resources": names})
        self._ask("/api/kommo/sync", body, {"Authorization": f"Bearer {self._token()}"})

    def start(self, *names: str) -> None:
        """`ponte NAME` for each, side by side; returns when all can be used."""
        for name in names:
            self.launch(name, [PONTE, name])
        if "web" in names:
            self.until(self.answers, 60, "the web process to answer")
        if "worker" in names:
            self.until(self._works, 60, "the worker to be ready")

    def launch(
        self, name: str, command: list[str], *, cores: Sequence[int] = (), **env: str
    ) -> None:
        """Any program with the deployment's environment, until `stop`; cores: on these alone (Linux)."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 - our own argv
                command,
                env={**self.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=_prepare(cores),  # noqa: PLW1509 - prepared system calls
            )

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def stop(self, *names: str) -> None:
        """Kills these, or all, with all that they have started: nobody waits for the end of a sync."""
        for name in names or list(self._running):
            process = self._running.pop(name)
            # the first one first: it would replace the others
            for pid in (process.pid, *list(measure.below(process.pid))):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        self.stop()
        self._eyes.close()

    @contextmanager
    def reach(self) -> Iterator[Reach]:
        """What a worker of this deployment has, here."""
        logs.configure("bench", "ERROR")
        with opened(self.settings(), "ponte-bench") as here:
            yield here

    def settings(self) -> Settings:
        with patch.dict(os.environ, self.env, clear=True):
            return load(_env_file=None)

    def value(self, statement: LiteralString, *values: Any) -> Any:
        """The first column of the first row."""
        row = self._eyes.execute(statement, values).fetchone()
        return row[0] if row else None

    def execute(self, statement: LiteralString) -> None:
        self._eyes.execute(statement)

    def until(self, true: Callable[[], Any], seconds: float, what: str) -> float:
        """Waits until something holds; returns the moment (monotonic). Raises Failed when it never does."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                raise Failed(f"waited {seconds:g} s for {what}\n{self._last_words()}")
            time.sleep(LOOK_EVERY)
        return time.monotonic()

    def answers(self) -> bool:
        try:
            self._ask("/healthz")
        except OSError:  # there is no server, or the one before is just ending
            return False
        return True

    def settled(self) -> bool:
        return not self.value("select count(*) from sync.deliveries where settled_at is null")

    def _works(self) -> bool:
        return bool(self.value("select count(*) = %s from sync.workers", POOLS))

    def _token(self) -> str:
        engine = connect(self.env["DATABASE_URL"], pool_size=1)
        try:
            with engine.begin() as connection:
                return tokens.create(connection, Keyring([self.env["PONTE_SECRET_KEY"]]), "bench")
        finally:
            engine.dispose()

    def _ask(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> None:
        """Raises OSError for any answer but a good one."""
        given = {"Content-Type": "application/json", **(headers or {})}
        request = Request(f"http://{LOOPBACK}:{self.port}{path}", body, given)
        with urlopen(request, timeout=10):  # noqa: S310
            return

    def _last_words(self) -> str:
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text()[-1500:]}" for log in logs)


def _prepare(cores: Sequence[int]) -> Callable[[], None]:
    """What a child does before it becomes its program; what that starts stays on the same cores."""
    follow, pin = follow_parent(signal.SIGTERM), getattr(os, "sched_setaffinity", None)

    def prepare() -> None:
        if follow:
            follow()
        if cores and pin:
            pin(0, cores)

    return prepare


@contextmanager
def deployed(ground: Ground, vendor: Vendor, **env: str) -> Iterator[Deployed]:
    """A deployment on a fresh database, with nothing running yet; everything is gone afterwards."""
    with ground.database() as url, ground.folder() as folder:
        ground.rest(url)
        ponte = Deployed(folder, {**_environment(ground, vendor, url, folder), **env})
        try:
            yield ponte
        finally:
            ponte.close()


def _environment(ground: Ground, vendor: Vendor, url: str, folder: Path) -> dict[str, str]:
    """Of the walks of the night the last has just been due: the next one is a day away."""
    told = {
        "PORT": str(any_free()),
        "PONTE_DATA_DIR": str(folder / "data"),
        "PONTE_TIMEZONE": TIMEZONE,
        "KOMMO_API_URL": vendor.url,
        "KOMMO_JWT_TOKEN": vendor.token,
        "KOMMO_WEBHOOK_SECRET": SECRET,
        "KOMMO_INCREMENTAL_SECONDS": A_DAY,
        "CATALOGUE_SECONDS": A_DAY,
        "PONTE_AUDIT_DAYS": "0",
        "FULL_SYNC_HOUR": str(datetime.now(ZoneInfo(TIMEZONE)).hour),
    }
    return ground.environment(url, **told)
