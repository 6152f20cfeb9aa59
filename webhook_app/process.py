"""What a web process has: settings, keys, two databases with their deadlines, and the doorbell."""

from __future__ import annotations

import threading
from functools import partial
from typing import cast

from flask import current_app

from shared.errors import SettingsError
from shared.queue import Doorbell, doorbell
from shared.secrets import Keyring
from shared.settings import Settings, secret_key
from webhook_app.database import Database
from webhook_app.inbox import Inbox

WEBHOOK_SECONDS = 1.2
"""Kommo waits 2 s for the whole answer (kommo-api.md 6.6)."""
REQUEST_SECONDS = 8.0
THREADS = 12
"""Of each web process; ORDINARY of them at most serve anything but webhooks."""
ORDINARY = 8
HASTY, WRITERS = 3, 1
"""Connections for what Kommo waits for: to look secrets up, and to commit deliveries."""
ASKING = 3
"""Requests of a process that may wait for a worker's answer at the same time."""


class Process:
    """Made once in create_app; nothing connects and no thread starts before the first request."""

    def __init__(self, settings: Settings) -> None:
        url = settings.database_url
        if url is None or settings.redis_url is None:
            raise SettingsError(_missing(settings))
        self.settings = settings
        self.keys = Keyring(secret_key(settings))
        connect = partial(Database, url.get_secret_value())
        quick = partial(connect, seconds=WEBHOOK_SECONDS, name="ponte-inbox")
        self.hasty = quick(connections=HASTY)
        self.database = connect(seconds=REQUEST_SECONDS, connections=ORDINARY, name="ponte-web")
        self.inbox = Inbox(settings, quick(connections=WRITERS, ping=False))
        self.ring: Doorbell = doorbell(settings)
        self.ordinary = threading.BoundedSemaphore(ORDINARY)
        self.asking = threading.BoundedSemaphore(ASKING)

    def close(self) -> None:
        self.hasty.close()
        self.inbox.close()
        self.database.close()


def _missing(settings: Settings) -> list[str]:
    names = ("database_url", "redis_url")
    return [
        f"{name.upper()}: missing; `ponte up` brings its own servers, `ponte web` needs yours"
        for name in names
        if getattr(settings, name) is None
    ]


def process() -> Process:
    """The one of the current application."""
    return cast(Process, current_app.extensions["ponte"])
