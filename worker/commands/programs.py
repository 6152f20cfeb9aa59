"""The processes of Ponte, as commands: what `ponte web|worker|beat|flower` run and `ponte up` supervises."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from urllib.request import urlopen

from shared.errors import Misuse
from shared.settings import Settings
from worker.commands.liveness import Liveness
from worker.commands.supervisor import Program

PYTHON = (sys.executable, "-m")
CELERY = (*PYTHON, "celery", "-A", "worker.app")
GRACE = 18.0
"""Seconds for a pool to stop: Celery's soft shutdown (shared/queue.py) and the way out."""
QUIET = ("--without-gossip", "--without-mingle")


def web(settings: Settings) -> Program:
    return Program(
        "web",
        (*PYTHON, "webhook_app"),
        env={"PONTE_PROCESS": "web"},
        ready=answers(f"http://{local(settings.host)}:{settings.port}/healthz"),
    )


def workers(settings: Settings) -> list[Program]:
    """Two pools: webhooks never wait behind a backfill. `beat` is served before `sync`."""
    host = socket.gethostname()
    return [
        _pool(settings, f"webhooks@{host}", "webhooks", settings.webhook_processes),
        _pool(settings, f"sync@{host}", "beat,sync", settings.sync_processes),
    ]


def _pool(settings: Settings, name: str, queues: str, processes: int) -> Program:
    label = name.split("@", maxsplit=1)[0]
    argv = (
        *CELERY,
        "worker",
        "-P",
        "prefork",
        "-c",
        str(processes),
        "-Q",
        queues,
        "-n",
        name,
        *QUIET,
    )
    return Program(
        f"worker-{label}",
        argv,
        # SIGTERM becomes Celery's soft shutdown: tasks get a moment, what is left goes back
        env={"PONTE_PROCESS": f"worker-{label}", "REMAP_SIGTERM": "SIGQUIT"},
        # of both together less than a container has (docker-compose.yml): they are stopped in turn
        grace=GRACE,
        alive=Liveness(settings, name, queues),
    )


def beat(_: Settings) -> Program:
    return Program("beat", (*CELERY, "beat"), env={"PONTE_PROCESS": "beat"})


def flower(settings: Settings) -> Program:
    """Behind a password, which travels in the environment: a process list shows arguments."""
    if settings.flower_password is None:
        raise Misuse("FLOWER_PASSWORD: missing; Flower is not opened without one")
    argv = (*CELERY, "flower", f"--address={settings.host}", f"--port={settings.flower_port}")
    password = settings.flower_password.get_secret_value()
    return Program(
        "flower",
        argv,
        env={"PONTE_PROCESS": "flower", "FLOWER_BASIC_AUTH": f"ponte:{password}"},
    )


def local(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104


def answers(url: str) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            with urlopen(url, timeout=1) as answer:  # noqa: S310  (our own loopback address)
                return bool(answer.status == 200)
        except OSError:
            return False

    return ready


def become(program: Program) -> None:
    """Replaces this process by the program: nothing stands between it and its signals."""
    environment = {**os.environ, **program.env}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execve(program.argv[0], list(program.argv), environment)  # noqa: S606
