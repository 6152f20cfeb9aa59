"""Two hands for a random walk: one moves the sandbox's world and its post, one makes Ponte work."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from random import Random
from typing import Any
from uuid import uuid4

import requests
from sqlalchemy import text

from sandbox.http import Request, Response, Server
from sandbox.kommo.access import hide
from shared import deliveries, runs
from shared.errors import PonteError
from shared.resources import BY_NAME
from shared.resources.grammar import Resource
from tests.contract.worlds import tables_of
from tests.ground import Ground
from tests.walks.ledger import Ledger, Place
from tests.walks.standing import KOMMO
from worker.drain import drain

ACTIVE = ("queued", "running")
FATES = ("arrives", "arrives", "arrives twice", "is late", "is lost")
"""What may become of a webhook."""
LATER = text(
    "update sync.runs set next_at = least(next_at, now()), lease_until = least(lease_until, now() - interval '1 s');"
    "update sync.deliveries set next_at = least(next_at, now()), lease_until = least(lease_until, now() - interval '1 s');"
    "delete from sync.pauses"
)
"""Waiting times and leases are over."""


class World:
    """Changes what Kommo holds, and decides what becomes of its webhooks."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.box = ground, ground.box
        self.ledger = Ledger(self.box)
        self.late: list[bytes] = []
        self.heard: set[Place] = set()
        """Talks of which the last webhook was not lost."""
        self._post: list[bytes] = []
        self._receiver = Server(self._receive)

    def open(self) -> None:
        self._receiver.start()
        codes = [c for resource in KOMMO if resource.webhook for c in resource.webhook.events]
        known = [code for code in codes if not code.endswith("_catalog")]
        elements = [f"{verb}_catalog_9001" for verb in ("add", "update", "delete")]
        answer = requests.post(
            f"{self.box.kommo_url}/api/v4/webhooks",
            json={"destination": f"{self._receiver.url}/hook", "settings": [*known, *elements]},
            headers={"Authorization": f"Bearer {self.box.kommo_token}"},
            timeout=5,
        )
        assert answer.status_code == 201, answer.text

    def close(self) -> None:
        self._receiver.stop()

    def _receive(self, request: Request) -> Response:
        self._post.append(request.body)
        return Response(200, b"ok", "text/plain")

    def act(self, name: str, seed: int, fate: str, late: float = 0.0) -> None:
        """Something that people do; drawn from `seed`."""
        since = int(time.time() - late)
        self.ledger.under_way = self._under_way()
        touched = self.box.acts.do(name, rng=Random(seed), late=late)
        self.ledger.note(since)
        talks = {("talks", key) for key in touched.get("talks", ())}
        self.heard = self.heard - talks if fate == "is lost" else self.heard | talks
        self._deliver(fate)

    def _deliver(self, fate: str) -> None:
        until = time.monotonic() + 5
        while self.box.courier.public()["pending"]:
            assert time.monotonic() < until
            time.sleep(0.001)
        sent, self._post = self._post, []
        if fate == "is late":
            self.late += sent
        elif fate != "is lost":
            self._put(sent * (2 if fate == "arrives twice" else 1))

    def late_ones_arrive(self, most: int, seed: int) -> None:
        Random(seed).shuffle(self.late)
        arrived, self.late = self.late[:most], self.late[most:]
        self._put(arrived)

    def _put(self, bodies: list[bytes]) -> None:
        integration = self.ground.integration("kommo").id
        for body in bodies:
            self.ground.keep(integration, body)

    def veil(self, name: str, seed: int, hidden: bool) -> None:
        """Rights hide a record, or show one again."""
        table = self.box.world.table("kommo", name)
        unseen = sorted(self.box.world.unseen.get(table.spec.name, ()))
        keys = table.ids if hidden else unseen
        if keys:
            key = Random(seed).choice(keys)
            hide(self.box.world, name, [key], hidden)
            self.ledger.under_way = self._under_way()
            self.ledger.note_hidden((table.spec.name, key))

    def _under_way(self) -> set[str]:
        active = [r for r in self.ground.runs() if r["state"] in ACTIVE]
        return {name for run in active for name in lists_of(self.ground, run["resource"])}

    @contextmanager
    def meanwhile(self, answer: int, work: Callable[[], None]) -> Iterator[None]:
        """Something happens while one of Kommo's answers is under way: it says what was before."""
        server, numbers = self.box._servers["kommo"], count()
        really, failed = server.app, list[BaseException]()

        def app(request: Request) -> Response:
            response = really(request)
            if request.path.startswith("/api/v4") and next(numbers) == answer:
                try:
                    work()
                except BaseException as error:
                    failed.append(error)
            return response

        server.app = app
        try:
            yield
        finally:
            server.app = really
        if failed:
            raise failed[0]


class Workers:
    """Does what Ponte's processes do, and dies as they do."""

    def __init__(self, ground: Ground, ledger: Ledger) -> None:
        self.ground, self.ledger = ground, ledger

    def order(self, wanted: list[Resource], *, full: bool, trigger: str = "schedule") -> list[int]:
        integration = self.ground.integration("kommo")
        made = self.ground.run(runs.request, integration, wanted, full=full, trigger=trigger)
        return list(made.run_ids)

    def sync(self, wanted: list[Resource], *, full: bool = False, **named: Any) -> list[Any]:
        """Reports of the runs, as far as they came."""
        reports = [self.ground.carry(id_) for id_ in self.order(wanted, full=full, **named)]
        for report in reports:
            if report["state"] == "done" and report["mode"] == "full":
                lists = lists_of(self.ground, report["resource"])
                self.ledger.note_walked(lists, report["started_at"].timestamp())
        return reports

    def begin(self, resource: Resource, *, full: bool) -> None:
        """A page, then the worker stops."""
        for id_ in self.order([resource], full=full):
            self.ground.carry_once(id_)

    def drain(self) -> None:
        try:
            drain(self.ground.reach, self.ground.integration("kommo").id, 20.0)
        except PonteError:
            return  # what it has not settled waits

    def die_with_deliveries(self, most: int) -> None:
        self.ground.run(deliveries.claim, self.ground.integration("kommo").id, uuid4(), 60, most)

    def die_with_run(self, resource: Resource, *, full: bool) -> None:
        for id_ in self.order([resource], full=full):
            self.ground.run(runs.claim, id_, uuid4(), 60)

    def wait_long(self) -> None:
        self.ground.run(lambda connection: connection.execute(LATER))

    def go_on(self) -> None:
        """Everything that was put off is done now."""
        self.wait_long()
        self.drain()
        active = [r["id"] for r in self.ground.runs() if r["state"] in ACTIVE]
        for id_ in sorted(active):
            self.ground.carry(id_)

    def unsettled(self) -> list[Any]:
        return [row for row in self.ground.deliveries() if not row["settled_at"]]


def lists_of(ground: Ground, full_name: str) -> set[str]:
    """The world's lists behind a resource."""
    return {table.spec.name for table, _ in tables_of(ground.box, BY_NAME[full_name])}
