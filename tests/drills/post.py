"""The postman of a drill: webhooks whose every acknowledgement is written down, to be looked for at the end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

import requests

PATIENCE = 2.0
"""Kommo's: seconds for an answer."""


class Acknowledgement(NamedTuple):
    """at: monotonic; seconds: how long it took."""

    at: float
    seconds: float


@dataclass
class Postman:
    """Sends bodies that no other is equal to, so many a second; `leads` are the ids that they name."""

    hook: str
    account_id: int
    leads: Callable[[], Sequence[int]]
    rate: float = 10.0
    acknowledged: dict[str, Acknowledgement] = field(default_factory=dict)
    """By the mark in the body."""
    statuses: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._walk, name="postman", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _walk(self) -> None:
        number = 0
        with requests.Session() as session:
            session.trust_env = False
            due = time.monotonic()
            while not self._stopped.is_set():
                number += 1
                self._send(session, number)
                due = max(due + 1 / self.rate, time.monotonic() - 1)
                self._stopped.wait(max(0.0, due - time.monotonic()))

    def _send(self, session: requests.Session, number: int) -> None:
        leads = self.leads()
        lead, mark = leads[number % len(leads)], f"drill-{number}-"
        body = _form({"leads[update][0][id]": lead, "leads[update][0][name]": mark})
        body += f"&account[id]={self.account_id}"
        began = time.monotonic()
        try:
            answer = session.post(
                self.hook,
                data=body,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                timeout=PATIENCE,
            )
        except requests.RequestException as error:
            self.statuses[type(error).__name__] += 1
            return
        self.statuses[str(answer.status_code)] += 1
        if answer.ok:
            now = time.monotonic()
            self.acknowledged[mark] = Acknowledgement(now, now - began)


def _form(fields: dict[str, object]) -> str:
    return "&".join(f"{quote(name)}={value}" for name, value in fields.items())
