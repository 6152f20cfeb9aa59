"""The door of one vendor: counts, slows, limits, checks the credentials, breaks on demand.

Order: count, latency, ban, limit, credentials, faults, the vendor's own answer.
"""

import threading
import time
from collections.abc import Callable
from random import Random
from typing import Protocol

from sandbox.faults import HTML, Fault, Faults, truncated, with_notice
from sandbox.http import Request, Response
from sandbox.records import Key, Record, Table
from sandbox.stats import VendorStats
from sandbox.world import World

CONTROL = "/_sandbox"
Delete = Callable[[str, list[Key], bool], object]
"""Deletes records of a list, silently."""


class Vendor(Protocol):
    name: str
    page_parameter: str

    def below(self, path: str) -> str:
        """The path without the vendor's prefix."""

    def refusal(self, request: Request, now: float, rng: Random) -> Response | None:
        """Ban, limit, credentials."""

    def broken(self, kind: str, path: str) -> Response | None:
        """The vendor's own answer for a kind of fault."""

    def miscounted(self, response: Response) -> Response: ...

    def first_row(self, request: Request) -> tuple[Table, Key] | None: ...

    def answer(self, request: Request) -> Response: ...


class Door:
    def __init__(
        self,
        world: World,
        vendor: Vendor,
        faults: Faults,
        control: Callable[[Request], Response],
        delete: Delete,
    ) -> None:
        self.world = world
        self.delete = delete
        self.vendor = vendor
        self.faults = faults
        self.control = control
        self.stats = VendorStats()
        self.closing = threading.Event()
        self._rng = Random(world.options.seed)
        self.turn = threading.Lock()

    def __call__(self, request: Request) -> Response:
        if request.path == CONTROL or request.path.startswith(CONTROL + "/"):
            return self.control(request)
        path = self.vendor.below(request.path)
        with self.turn:
            now = time.monotonic()
            self.stats.arrived(path, time.time(), now)
            refusal = self.vendor.refusal(request, now, self._rng)
        if self.world.options.latency_ms:
            self.closing.wait(self.world.options.latency_ms / 1000)
        response = refusal or self._serve(request, path)
        self.stats.answered("dropped" if response.dropped else response.status)
        return response

    def _serve(self, request: Request, path: str) -> Response:
        page = request.number(self.vendor.page_parameter, 1)
        fault = self.faults.take(self.vendor.name, path, page)
        return self._break(fault, request, path, page) if fault else self.vendor.answer(request)

    def _break(self, fault: Fault, request: Request, path: str, page: int) -> Response:
        match fault.kind:
            case "hang":
                self.closing.wait(fault.seconds)
            case "drop":
                return Response(0, dropped=True)
            case "truncate":
                return truncated(self.vendor.answer(request))
            case "php_notice":
                return with_notice(self.vendor.answer(request))
            case "wrong_total":
                return self.vendor.miscounted(self.vendor.answer(request))
            case "repeat_page":
                request = request.having(self.vendor.page_parameter, str(page - 1))
            case "shift_delete" | "shift_insert":
                self._shift(request, insert=fault.kind == "shift_insert")
        broken = HTML.get(fault.kind) or self.vendor.broken(fault.kind, path)
        return broken or self.vendor.answer(request)

    def _shift(self, request: Request, insert: bool) -> None:
        """Delete or add a row in front of the walk: all rows behind it move by one."""
        found = self.vendor.first_row(request)
        if found is None:
            return
        table, key = found
        with self.world.lock:
            if insert:
                table.put(_forerunner(table, table.live[key]))
                self.world.changed()
            else:
                self.delete(table.spec.name, [key], True)


def _forerunner(table: Table, record: Record) -> Record:
    """A copy with the next free id below; text ids: beside the first row, which shifts as well."""
    if isinstance(record.key, str):
        return table.make({**record.open(), table.spec.id_field: f"{record.key}0"}, record.hidden)
    key = record.key - 1
    while key in table.live or key in table.gone:
        key -= 1
    copy = record.open()
    own = copy[table.spec.id_field]
    copy[table.spec.id_field] = str(key) if isinstance(own, str) else key
    return table.make(copy, record.hidden)
