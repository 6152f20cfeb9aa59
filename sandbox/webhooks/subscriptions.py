"""Subscriptions: `GET|POST|DELETE /webhooks` (kommo-api.md 5.21) and switching off (6.7)."""

import ipaddress
import time
from collections import deque
from urllib.parse import urlsplit

from sandbox.kommo.problems import Problem, invalid
from sandbox.records import Json, Key, Table
from sandbox.webhooks.codes import CODES, group_of
from sandbox.world import World

MOST = 100
"""kommo-api.md 3: webhooks per account."""


class Subscriptions:
    """The records of the list `webhooks`, and how their receivers have behaved lately."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._bad: dict[Key, deque[float]] = {}

    @property
    def table(self) -> Table:
        return self.world.table("kommo", "webhooks")

    def all(self) -> list[Json]:
        with self.world.lock:
            return [self.table.live[key].open() for key in self.table.ids]

    def wanting(self, code: str) -> list[Json]:
        return [s for s in self.all() if not s["disabled"] and code in s["settings"]]

    def add(self, body: Json) -> Json:
        """Subscribe; the same destination again is an upsert and revives a disabled one."""
        destination, settings = self._read(body)
        with self.world.lock:
            found = self._find(destination)
            if found is None and len(self.table.ids) >= MOST:
                raise Problem(422, f"Limit {MOST} webhooks per account")
            now = self.world.now()
            record = found or self._new(destination, now)
            if self.world.options.resubscribe == "merge":
                settings = sorted({*record["settings"], *settings})
            record |= {"settings": settings, "disabled": False, "updated_at": now}
            record["sort"] = body.get("sort", record["sort"])
            self._store(record)
            self._bad.pop(record["id"], None)
        return record

    def remove(self, body: Json) -> None:
        with self.world.lock:
            found = self._find(str(body.get("destination", "")))
            if found is None:
                raise Problem(404, "Webhook not found")
            self.table.drop(found["id"])
            self.world.changed()

    def is_on(self, key: Key) -> bool:
        with self.world.lock:
            record = self.table.live.get(key)
            return record is not None and not record.open()["disabled"]

    def answered(self, key: Key, good: bool) -> None:
        """kommo-api.md 6.7: off after more than 100 bad answers in 2 h, the last one bad too."""
        if good:
            return
        options = self.world.options
        with self.world.lock:
            times = self._bad.setdefault(key, deque())
            now = time.monotonic()
            times.append(now)
            while times[0] <= now - options.webhook_disable_window:
                times.popleft()
            if len(times) > options.webhook_disable_after:
                self._disable(key)

    def _disable(self, key: Key) -> None:
        record = self.table.live.get(key)
        if record is not None:
            self._store({**record.open(), "disabled": True, "updated_at": self.world.now()})

    def _read(self, body: Json) -> tuple[str, list[str]]:
        destination, settings = body.get("destination"), body.get("settings")
        if not isinstance(destination, str) or not destination.startswith(("http://", "https://")):
            raise invalid("destination", "This value is not a valid URL.")
        if not isinstance(settings, list) or not settings:
            raise invalid("settings", "This value should not be blank.")
        known = (CODES | self._declared_codes()) - {*self.world.options.webhook_codes_refused}
        for number, code in enumerate(settings):
            if code not in known:
                raise invalid(f"settings.{number}", "The value you selected is not a valid choice.")
        return destination, [str(code) for code in settings]

    def _declared_codes(self) -> set[str]:
        groups = [group_of(table.spec) for table in self.world.of("kommo")]
        return {code for g in groups if g for action in g.actions for code in g.codes(action)}

    def _find(self, destination: str) -> Json | None:
        return next((s for s in self.all() if s["destination"] == destination), None)

    def _new(self, destination: str, now: int) -> Json:
        return {
            "id": self.table.next_id(),
            "destination": destination,
            "created_at": now,
            "updated_at": now,
            "account_id": 31990001,
            "created_by": 11500101,
            "sort": 10,
            "disabled": False,
            "settings": [],
        }

    def _store(self, record: Json) -> None:
        self.table.put(self.table.make(record))
        self.world.changed()


def is_loopback(destination: str) -> bool:
    """The sandbox sends to this machine only."""
    host = urlsplit(destination).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
