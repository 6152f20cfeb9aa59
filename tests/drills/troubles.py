"""The troubles: what each is called, where it strikes, how it is done and undone.

Two troubles of one place never overlap; those of different places may. A trouble draws its details from a
generator of its own, so a seed names them all.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

import requests

from sandbox.faults import KINDS
from sandbox.webhooks.storm import Storm
from tests.drills.servers import CAN_MOUNT
from tests.drills.stage import Stage

Do = Callable[[Stage, Random], None]
Undo = Callable[[Stage], None]
ERRORS = sorted(KINDS - {"401", "403_html", "shift_insert", "hang"})
"""What passes by itself. shift_insert makes a record of which no vendor tells; the others are troubles
of their own."""
AHEAD = (-90_000.0, -400.0, 400.0, 4_000.0, 90_000.0)
"""By how many seconds a clock is wrong: more than a lease, more than a ring's life, more than a day."""


def _stay(_: Stage) -> None:
    """Nothing to undo."""


@dataclass(frozen=True)
class Trouble:
    """lasts: seconds, from and to, after which it is undone; lacking: why it cannot be had here."""

    name: str
    place: str
    do: Do
    undo: Undo = _stay
    lasts: tuple[float, float] = (0.0, 0.0)
    lacking: str | None = None


# --- processes


def _kill_all(stage: Stage, rng: Random, name: str) -> None:
    """The container: everything at once."""
    _signal(stage.ponte.tree(_one_of(stage, rng, name)))


def _kill_one(stage: Stage, rng: Random, name: str) -> None:
    """One process of the tree: the first, a pool's parent, or a child that works."""
    tree = stage.ponte.tree(_one_of(stage, rng, name))
    _signal([tree[rng.randrange(len(tree))]])


def _one_of(stage: Stage, rng: Random, name: str) -> str:
    return stage.workers[rng.randrange(len(stage.workers))] if name == "worker" else name


def _signal(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _deploy(stage: Stage, _: Random) -> None:
    """A new worker comes up beside the old one, which is told to stop once it is there."""
    name = stage.start_worker()
    log = stage.folder / f"{name}.log"
    deadline = time.monotonic() + 30
    while log.read_text().count("ready") < 2 and time.monotonic() < deadline:
        stage.tend()
        time.sleep(0.1)


def _end_old(stage: Stage) -> None:
    old = stage.workers.pop(0)
    seconds = stage.ponte.end(old, meanwhile=stage.tend)
    stage.tell(f"{old} stopped in good order within {seconds:.1f} s")


def _second_beat(stage: Stage, _: Random) -> None:
    stage.ponte.start("beat2")


def _one_beat(stage: Stage) -> None:
    stage.ponte.end("beat2", 10, stage.tend)


def _jump(stage: Stage, rng: Random) -> None:
    stage.clock(stage.workers[-1]).write_text(str(AHEAD[rng.randrange(len(AHEAD))]))


def _set_right(stage: Stage) -> None:
    for worker in stage.workers:
        stage.clock(worker).write_text("0")


# --- servers


def _gate(stage: Stage, _: Random, name: str, command: str) -> None:
    stage.servers.gates.tell(name, command)


def _open(stage: Stage, name: str) -> None:
    stage.servers.gates.tell(name, "open")


def _restart_redis(stage: Stage, _: Random, keep: bool) -> None:
    stage.servers.restart_redis(keep=keep)


def _restart_postgres(stage: Stage, _: Random) -> None:
    stage.servers.restart_postgres()


def _end_sessions(stage: Stage, _: Random) -> None:
    stage.query(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid <> pg_backend_pid() and backend_type = 'client backend'"
    )


def _fill_disk(stage: Stage, _: Random) -> None:
    stage.servers.postgres.fill()


def _clear_disk(stage: Stage) -> None:
    stage.servers.postgres.clear()


def _fail_over(stage: Stage, _: Random) -> None:
    """The primary dies; a standby that had every commit before its client takes its place."""
    standby = stage.servers.copy(standby=True)
    time.sleep(2)
    stage.servers.replace_postgres(standby, promote=True)


def _restore(stage: Stage, rng: Random) -> None:
    """The database is gone; a backup that is some seconds old takes its place."""
    began = time.monotonic()
    backup = stage.servers.copy(standby=False)
    time.sleep(rng.uniform(2, 6))
    stage.servers.replace_postgres(backup, promote=False)
    stage.lost.append((began, time.monotonic()))


# --- vendors and their webhooks


def _errors(stage: Stage, rng: Random) -> None:
    """A handful of wrong answers, of both vendors, on any list."""
    for kind in rng.sample(ERRORS, 6):
        for vendor in ("kommo", "gestao-click"):
            fault = {"vendor": vendor, "kind": kind, "times": rng.randrange(1, 4)}
            stage.box.faults.add({**fault, "after": rng.randrange(4)})


def _fault(stage: Stage, _: Random, vendor: str, kind: str, times: int) -> None:
    stage.box.faults.add({"vendor": vendor, "kind": kind, "times": times})


def _time_passes(stage: Stage) -> None:
    """A quarter of an hour; by then nobody's disk is full any more."""
    stage.servers.postgres.clear()
    stage.time_passes()


def _set(stage: Stage, _: Random, **options: Any) -> None:
    stage.box.options.change(options)


def _quick(stage: Stage) -> None:
    stage.box.options.change({"latency_ms": 5.0})


def _storm(stage: Stage, rng: Random) -> None:
    storm = Storm(count=rng.randrange(200, 800), leads=50, concurrency=8, timeout=90)
    stage.beside("storm", lambda: stage.box.storm(storm))


def _order_full(stage: Stage, _: Random) -> None:
    """Somebody orders everything in full, in the middle of it."""
    for vendor in ("kommo", "gestao-click"):
        with suppress(requests.RequestException):
            stage.api("POST", f"/api/{vendor}/sync", {"full": True})


def _on_gate(name: str, command: str) -> Do:
    return partial(_gate, name=name, command=command)


TROUBLES = (
    Trouble("web is killed with all its processes", "web", partial(_kill_all, name="web")),
    Trouble("one process of web is killed", "web", partial(_kill_one, name="web")),
    Trouble("a worker is killed with all its processes", "worker", partial(_kill_all, name="worker")),
    Trouble("one process of a worker is killed", "worker", partial(_kill_one, name="worker")),
    Trouble("another process of a worker is killed", "worker", partial(_kill_one, name="worker")),
    Trouble("beat is killed", "beat", partial(_kill_all, name="beat1")),
    Trouble("two beats run", "beat", _second_beat, _one_beat, (8, 15)),
    Trouble("a deploy: old and new worker side by side", "worker", _deploy, _end_old, (3, 6)),
    Trouble("the clock of a worker jumps", "clock", _jump, _set_right, (6, 15)),
    Trouble("Redis is restarted with its data", "redis", partial(_restart_redis, keep=True)),
    Trouble("Redis is restarted without its data", "redis", partial(_restart_redis, keep=False)),
    Trouble("Redis is out of reach", "redis", _on_gate("redis", "shut"), partial(_open, name="redis"), (5, 12)),
    Trouble("Redis swallows everything", "redis", _on_gate("redis", "freeze"), partial(_open, name="redis"), (5, 12)),
    Trouble("connections to Redis are cut", "redis", _on_gate("redis", "cut")),
    Trouble("PostgreSQL is restarted", "postgres", _restart_postgres),
    Trouble("PostgreSQL is out of reach", "postgres", _on_gate("postgres", "shut"), partial(_open, name="postgres"), (4, 10)),
    Trouble("PostgreSQL swallows everything", "postgres", _on_gate("postgres", "freeze"), partial(_open, name="postgres"), (3, 8)),
    Trouble("connections to PostgreSQL are cut", "postgres", _on_gate("postgres", "cut")),
    Trouble("PostgreSQL ends every session", "postgres", _end_sessions),
    Trouble(
        "PostgreSQL's disk is full", "postgres", _fill_disk, _clear_disk, (4, 9),
        lacking=None if CAN_MOUNT else "only root on Linux can mount a disk to be filled",
    ),
    Trouble("PostgreSQL fails over to its standby", "postgres", _fail_over),
    Trouble("PostgreSQL is restored from a backup", "postgres", _restore),
    Trouble("the vendors answer with errors", "vendors", _errors),
    Trouble("the vendors answer with other errors", "vendors", _errors),
    Trouble("Kommo refuses the token once", "vendors", partial(_fault, vendor="kommo", kind="401", times=1), _time_passes, (5, 9)),
    Trouble("Gestão Click refuses the tokens once", "vendors", partial(_fault, vendor="gestao-click", kind="401", times=1), _time_passes, (5, 9)),
    Trouble("Kommo blocks the address", "vendors", partial(_fault, vendor="kommo", kind="403_html", times=1), _time_passes, (6, 10)),
    Trouble("Kommo hangs", "vendors", partial(_fault, vendor="kommo", kind="hang", times=6)),
    Trouble("Gestão Click hangs", "vendors", partial(_fault, vendor="gestao-click", kind="hang", times=6)),
    Trouble("the vendors are slow", "vendors", partial(_set, latency_ms=600.0), _quick, (6, 12)),
    Trouble("a storm of webhooks", "post", _storm),
    Trouble("another storm of webhooks", "post", _storm),
    Trouble("everything is ordered in full", "orders", _order_full),
)  # fmt: skip
