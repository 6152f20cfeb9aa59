"""A whole Ponte for a test: real processes against a sandbox in this one, and eyes to compare them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import requests

from sandbox import Sandbox
from shared.ports import any_free

PONTE = str(Path(sys.executable).with_name("ponte"))
SECRET = "a-webhook-secret-of-the-journeys-only"
KEY = "a-secret-key-of-the-journeys-only-0123456789"

COLUMNS: dict[tuple[str, str], Sequence[str]] = {
    ("kommo", "leads"): ("name", "price", "status_id", "pipeline_id", "responsible_user_id"),
    ("kommo", "contacts"): ("name", "first_name", "responsible_user_id"),
    ("kommo", "companies"): ("name", "responsible_user_id"),
    ("gestao-click", "clientes"): ("nome", "email"),
    ("gestao-click", "produtos"): ("nome", "valor_venda"),
    ("gestao-click", "vendas"): ("valor_total", "situacao_id", "data"),
    ("gestao-click", "recebimentos"): ("valor_total", "data_vencimento", "data_liquidacao"),
    ("gestao-click", "pagamentos"): ("valor_total", "data_vencimento"),
}


class Deployment:
    """Starts `ponte …` processes with one environment; ends every one of them."""

    def __init__(self, folder: Path, database_url: str, redis_url: str, box: Sandbox) -> None:
        self.folder, self.box, self.port = folder, box, any_free()
        access, secret = box.gestao_click_tokens
        self.database_url, self.redis_url = database_url, redis_url
        self.env: dict[str, str] = {
            **{
                k: v
                for k, v in os.environ.items()
                if not k.startswith(("KOMMO", "GESTAO", "PONTE"))
            },
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "PORT": str(self.port),
            "PONTE_DATA_DIR": str(folder / "data"),
            "PONTE_SECRET_KEY": KEY,
            "KOMMO_API_URL": box.kommo_url,
            "KOMMO_JWT_TOKEN": box.kommo_token,
            "KOMMO_WEBHOOK_SECRET": SECRET,
            "GESTAO_CLICK_API_URL": box.gestao_click_url,
            "GESTAO_CLICK_API_KEY": access,
            "GESTAO_CLICK_SECRET_TOKEN": secret,
            "SWEEP_SECONDS": "1",
        }
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._given: dict[str, Mapping[str, str]] = {}
        self._eyes: psycopg.Connection[Any] | None = None

    # --- processes ---

    def start(self, *names: str, **env: str) -> None:
        """`ponte NAME` for each, in the background; a name may carry a number or a target: worker2."""
        for name in names:
            self._given[name] = env
            self._launch(name)
        if "web" in names:
            self.until(self._web_answers, 60, "the web process to answer")

    def _launch(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [PONTE, *name.rstrip("0123456789").split()],
                env={**self.env, **self._given[name]},
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )

    def tend(self) -> list[str]:
        """Starts again what has ended, as `restart: unless-stopped` does; returns the names."""
        ended = [name for name, process in self._running.items() if process.poll() is not None]
        for name in ended:
            self._launch(name)
        return ended

    def kill(self, name: str) -> None:
        """kill -9 of a process and of everything that it started."""
        _kill(self._running.pop(name))

    def tree(self, name: str) -> list[int]:
        """A process of ours and everything that it started."""
        pid = self._running[name].pid
        return [pid, *descendants(pid)]

    def children(self, name: str, part: str) -> list[int]:
        """Processes below one of ours whose command line holds `part`."""
        return [pid for pid in self.tree(name)[1:] if part in command_line(pid)]

    def end(
        self, name: str, seconds: float = 40, meanwhile: Callable[[], object] = lambda: None
    ) -> float:
        """Stops one process as a container is stopped, killed after its grace; returns how long it took."""
        process, began = self._running.pop(name), time.monotonic()
        _signal(process.pid, signal.SIGTERM)
        while process.poll() is None and time.monotonic() - began < seconds:
            meanwhile()
            time.sleep(0.05)
        if process.poll() is None:
            _kill(process)
        return time.monotonic() - began

    def stop(self) -> None:
        for process in self._running.values():
            _signal(process.pid, signal.SIGTERM)
        for name in list(self._running):
            try:
                self._running[name].wait(40)
            except subprocess.TimeoutExpired:
                self.kill(name)
        if self._eyes is not None:
            self._eyes.close()

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`ponte …` to its end."""
        return subprocess.run(
            [PONTE, *arguments],
            env={**self.env, **env},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    # --- eyes ---

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._database().execute(sql, values).fetchall()

    def execute(self, sql: str, *values: Any) -> None:
        self._database().execute(sql, values)

    def _database(self) -> psycopg.Connection[Any]:
        """A connection of our own; a new one once it is broken."""
        if self._eyes is None or self._eyes.closed:
            self._eyes = psycopg.connect(self.database_url, autocommit=True)
        return self._eyes

    def value(self, sql: str, *values: Any) -> Any:
        return self.query(sql, *values)[0][0]

    def until(self, true: Callable[[], Any], seconds: float, what: str) -> float:
        """Waits until something holds; returns how long it took."""
        started = time.monotonic()
        while not true():
            if time.monotonic() - started > seconds:
                raise AssertionError(f"waited {seconds:g} s for {what}\n{self.logs()}")
            time.sleep(0.05)
        return time.monotonic() - started

    def logs(self) -> str:
        tails = (f"== {f.name}\n{f.read_text()[-1500:]}" for f in sorted(self.folder.glob("*.log")))
        return "\n".join(tails)

    def _web_answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=1).ok
        except requests.RequestException:
            return False

    def settled(self) -> bool:
        return not self.value("select count(*) from sync.deliveries where settled_at is null")

    def at_rest(self) -> bool:
        active = "select count(*) from sync.runs where state in ('queued', 'running')"
        return self.settled() and not self.value(active)

    @property
    def hook(self) -> str:
        return self.hook_of(SECRET)

    def hook_of(self, secret: str) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/kommo/{secret}"

    @property
    def running(self) -> Mapping[str, subprocess.Popen[bytes]]:
        return self._running

    def subscribe(self) -> None:
        events = [
            f"{action}_{entity}"
            for entity in ("lead", "contact", "company")
            for action in ("add", "update", "delete", "restore", "responsible")
        ]
        answer = requests.post(
            f"{self.box.kommo_url}/api/v4/webhooks",
            json={"destination": self.hook, "settings": [*events, "status_lead"]},
            headers={"Authorization": f"Bearer {self.box.kommo_token}"},
            timeout=5,
        )
        assert answer.ok, answer.text

    def control(self, path: str, body: Mapping[str, Any] | Sequence[Any] | None = None) -> Any:
        url = f"{self.box.kommo_url}/_sandbox/{path}"
        answer = (
            requests.get(url, timeout=30)
            if body is None
            else requests.post(url, json=body, timeout=120)
        )
        assert answer.ok, answer.text
        return answer.json()

    def differences(self, vendors: Sequence[str] = ("kommo", "gestao-click")) -> dict[str, Any]:
        """Where the mirror is not the sandbox's world: ids, columns, deletions; empty: nowhere."""
        found = {}
        for (vendor, name), columns in COLUMNS.items():
            if vendor in vendors:
                found[name] = self._difference(vendor, name, columns)
        return {name: difference for name, difference in found.items() if any(difference.values())}

    def _difference(self, vendor: str, name: str, columns: Sequence[str]) -> dict[str, Any]:
        world = self.control(f"world/{vendor}/{name}")
        records = {str(record["id"]): record for record in world["records"]}
        table = f"{vendor.replace('-', '_')}.{name}"
        rows = {
            str(id_): (gone, values)
            for id_, gone, *values in self.query(
                f"select id, deleted_at is not null or missing_since is not null, {', '.join(columns)} from {table}"
            )
        }
        live = {id_ for id_, (gone, _) in rows.items() if not gone}
        told = {str(id_) for id_ in world["deleted"]}
        return {
            "lacking": sorted(set(records) - live)[:5],
            "too many": sorted(live - set(records))[:5],
            "wrong": [
                (id_, rows[id_][1])
                for id_ in sorted(live & set(records))
                if [_said(v) for v in rows[id_][1]] != [_said(records[id_].get(c)) for c in columns]
            ][:3],
            "gone though not deleted": sorted((set(rows) - live) - told)[:5],
        }


def _said(value: Any) -> str:
    """One spelling for what a database and a vendor say."""
    text = "" if value is None else str(value).replace("\x00", "")
    number = text.replace(".", "", 1).lstrip("-")
    return f"{float(text):.4f}" if number.isdigit() else text


def descendants(pid: int) -> list[int]:
    found = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return [int(child) for child in found] + [
        below for child in found for below in descendants(int(child))
    ]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    for pid in [process.pid, *descendants(process.pid)]:
        _signal(pid, signal.SIGKILL)
    process.wait()


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


@contextmanager
def deployed(
    folder: Path,
    database_url: str,
    redis_url: str,
    env: Mapping[str, str] | None = None,
    **world: Any,
) -> Iterator[Deployment]:
    """A sandbox and a Ponte for it; `world` are the sandbox's options."""
    with Sandbox(**world) as box:
        deployment = Deployment(folder, database_url, redis_url, box)
        deployment.env.update(env or {})
        try:
            yield deployment
        finally:
            deployment.stop()
