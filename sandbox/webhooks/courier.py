"""Delivers webhooks as Kommo does: 2 s deadline, at least once, no order, the retry table (6.6)."""

import heapq
import http.client
import itertools
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from sandbox.kommo.home import Home
from sandbox.options import Options
from sandbox.records import Json, Key
from sandbox.webhooks.post import post
from sandbox.webhooks.subscriptions import Subscriptions, is_loopback

RETRIES = {1: 300.0, 2: 900.0, 3: 900.0, 4: 3600.0}
"""kommo-api.md 6.6: seconds after attempt n until the next one."""
FIRST_PATIENT = 3
"""From this attempt on only 499 and 5xx are retried."""


@dataclass
class Batch:
    """A storm's own count of its deliveries."""

    left: int
    acknowledged: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)


@dataclass(order=True)
class Delivery:
    due: float
    number: int
    subscription: Key = field(compare=False)
    destination: str = field(compare=False)
    body: bytes = field(compare=False)
    attempt: int = field(default=1, compare=False)
    batch: Batch | None = field(default=None, compare=False)


class Courier:
    def __init__(self, options: Options, subscriptions: Subscriptions) -> None:
        self.options = options
        self.home = Home(options)
        self.subscriptions = subscriptions
        self._heap: list[Delivery] = []
        self._wake = threading.Condition()
        self._numbers = itertools.count(1)
        self._workers: list[threading.Thread] = []
        self._stopping = False
        self.under_way = 0
        self.books: Counter[str] = Counter()
        self.by_status: Counter[str] = Counter()

    def send(
        self, subscription: Json, body: bytes, batch: Batch | None = None, later: float = 0.0
    ) -> None:
        """Queue one delivery of a body to a subscription, due `later` seconds after the usual."""
        destination = subscription["destination"]
        if not is_loopback(destination):
            self.note("withheld")
            return
        due = time.time() + self.options.webhook_delay_ms / 1000 + later
        with self._wake:
            self.books["sent"] += 1
            number = next(self._numbers)
            own = self.home.own_form(body)
            delivery = Delivery(due, number, subscription["id"], destination, own, batch=batch)
            heapq.heappush(self._heap, delivery)
            self._wake.notify()
        self.want_workers(self.options.webhook_concurrency)

    def note(self, what: str) -> None:
        """Count what was not sent: withheld, lost."""
        with self._wake:
            self.books[what] += 1

    def want_workers(self, count: int) -> None:
        with self._wake:
            while len(self._workers) < count and not self._stopping:
                worker = threading.Thread(target=self._work, daemon=True)
                self._workers.append(worker)
                worker.start()

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        for worker in self._workers:
            worker.join(self.options.webhook_deadline + 1)

    def public(self) -> Json:
        with self._wake:
            return {
                **{name: self.books[name] for name in BOOKS},
                "pending": len(self._heap) + self.under_way,
                "by_status": dict(self.by_status),
            }

    def reset(self) -> None:
        with self._wake:
            self.books.clear()
            self.by_status.clear()

    def waiting(self) -> list[Json]:
        """What is still to be sent, for the state file."""
        with self._wake:
            return [
                {"due": d.due, "subscription": d.subscription, "destination": d.destination,
                 "body": d.body.decode(), "attempt": d.attempt}
                for d in self._heap
            ]  # fmt: skip

    def take_up(self, waiting: list[Json]) -> None:
        with self._wake:
            for entry in waiting:
                body = {**entry, "body": entry["body"].encode(), "number": next(self._numbers)}
                heapq.heappush(self._heap, Delivery(**body))
        if waiting:
            self.want_workers(self.options.webhook_concurrency)

    def _work(self) -> None:
        connections: dict[str, http.client.HTTPConnection] = {}
        while (delivery := self._next()) is not None:
            started = time.monotonic()
            code = post(connections, delivery.destination, delivery.body, self._deadline)
            self._settle(delivery, code, time.monotonic() - started)
        for connection in connections.values():
            connection.close()

    @property
    def _deadline(self) -> float:
        return self.options.webhook_deadline

    def _next(self) -> Delivery | None:
        with self._wake:
            while not self._stopping:
                now = time.time()
                if self._heap and self._heap[0].due <= now:
                    self.under_way += 1
                    return heapq.heappop(self._heap)
                self._wake.wait(self._heap[0].due - now if self._heap else None)
            return None

    def _settle(self, delivery: Delivery, code: int, seconds: float) -> None:
        good = 100 <= code < 300
        self.subscriptions.answered(delivery.subscription, good)
        wait = None if good else self._retry_after(delivery, code)
        with self._wake:
            self.under_way -= 1
            self.books["attempts"] += 1
            self.by_status[str(code)] += 1
            if wait is not None:
                delivery.attempt += 1
                delivery.due = time.time() + wait
                heapq.heappush(self._heap, delivery)
                self._wake.notify()
            else:
                self.books["acknowledged" if good else "failed"] += 1
                _count(delivery.batch, good, seconds)

    def _retry_after(self, delivery: Delivery, code: int) -> float | None:
        """None: given up (attempts used, refused for good, or the hook is off)."""
        if delivery.attempt not in RETRIES or not self.subscriptions.is_on(delivery.subscription):
            return None
        if delivery.attempt >= FIRST_PATIENT and code != 499 and not 500 <= code <= 599:
            return None
        return RETRIES[delivery.attempt] * self.options.webhook_retry_scale


BOOKS = ("sent", "acknowledged", "failed", "attempts", "withheld", "lost")


def _count(batch: Batch | None, good: bool, seconds: float) -> None:
    if batch is None:
        return
    batch.acknowledged += good
    batch.failed += not good
    batch.seconds.append(seconds)
    batch.left -= 1
    if batch.left <= 0:
        batch.done.set()
