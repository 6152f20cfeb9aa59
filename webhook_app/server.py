"""`ponte web`: gunicorn around create_app, threads enough for the API and some kept for webhooks."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from selectors import EVENT_READ
from typing import Any, NoReturn

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from shared import interpreter, logs, ports
from shared.settings import Settings
from webhook_app.process import THREADS

WORKERS = 2
AFTER_YOU = 0.0002
"""Seconds: longer than it takes an idle process to wake up."""
UNWANTED_SECONDS = 0.2
"""Enough for a body that is on its way: else the sender would see a reset in place of the answer."""


class PonteLogger(Logger):  # type: ignore[misc]
    """gunicorn's own words go where ours go, in the same shape and with the same masks."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers = []
        self.error_log.propagate = True


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's, with connections shared evenly, and without what strangers could hold every thread with, for seconds:
    new connections on which nothing is said, and bodies that nobody wanted (a wrong secret's) and that never come."""

    def accept(self, listener: Any) -> None:
        """Whoever has connections lets the other process be quicker: connections that are kept alive would all
        gather at the one that is awake, and leave the other's core idle."""
        if self.nr_conns:
            time.sleep(AFTER_YOU)
        super().accept(listener)

    def enqueue_req(self, conn: Any) -> None:
        """A new connection waits for its first byte as one that is kept alive does: in no thread."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.pending_conns.append(conn)
        ready = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, EVENT_READ, ready)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        if not keepalive:
            return False
        return bool(conn.parser.finish_body(deadline=time.monotonic() + UNWANTED_SECONDS))


class Server(BaseApplication):  # type: ignore[misc]
    """The application is made once, before the workers are forked: nothing in it connects and no thread of it
    starts before its first request (process.py)."""

    def __init__(self, settings: Settings, make: Callable[[Settings], Flask]) -> None:
        self._settings, self._app = settings, make(settings)
        super().__init__()

    def load_config(self) -> None:
        for name, value in configuration(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in each worker, after the fork."""
        return self._app


def configuration(settings: Settings) -> dict[str, Any]:
    return {
        "bind": f"{_bracketed(settings.host)}:{settings.port}",
        "worker_class": Worker,
        "workers": WORKERS,
        "threads": THREADS,
        "keepalive": 30,
        "timeout": 60,
        "graceful_timeout": 12,
        "accesslog": None,
        "logger_class": PonteLogger,
        "proc_name": "ponte-web",
        "control_socket_disable": True,
    }


def serve(settings: Settings) -> NoReturn:
    """Serves until it is stopped; raises Misuse (exit code 2) when the address cannot be had."""
    from webhook_app import create_app

    ports.ensure_free(settings.host, settings.port)
    server = Server(settings, create_app)
    logs.configure("web", settings.log_level)
    interpreter.settle()
    server.run()
    raise SystemExit(0)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
