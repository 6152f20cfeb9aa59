"""A Kommo that costs next to nothing itself: leads that were rendered beforehand, in a process of its own.

    with Vendor(100_000) as vendor:
        vendor.tell(revision=1, latency_ms=30, limit=7, reset=1)
        vendor.stats()

It answers as kommo-api.md 4 and 5 say: `_page`, `_links` with page and limit, `_embedded`, 204 behind the end,
`filter[id][]` and `filter[updated_at][from]`, 429 beyond a limit. Every request is counted at its arrival.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import orjson

from bench.leads import Rendered, render
from sandbox.embedded.process import follow_parent
from sandbox.limits import Window
from sandbox.stats import VendorStats
from sandbox.tokens import kommo_token

API = "/api/v4"
CONTROL = "/_bench"
LOOPBACK = "127.0.0.1"
DEFAULT_LIMIT, HIGHEST_LIMIT = 50, 250
FIXTURES = Path(__file__).resolve().parents[1] / "sandbox" / "fixtures" / "kommo"
SETTINGS = ("users", "pipelines", "leads_custom_fields", "loss_reasons", "sources")
"""The short lists that it has as well, as the sandbox has them."""
Pairs = list[tuple[str, str]]


class Arrivals(VendorStats):
    """Also when the first request of each path came (Unix seconds)."""

    def reset(self) -> None:
        super().reset()
        self.first_of: dict[str, float] = {}

    def arrived(self, path: str, wall: float, mono: float) -> None:
        super().arrived(path, wall, mono)
        self.first_of.setdefault(path, wall)

    def public(self) -> dict[str, Any]:
        return {**super().public(), "first_of": self.first_of}


class Desk:
    """What is answered to a request. latency: seconds; limit: requests in any second, 0 for none."""

    def __init__(self, count: int) -> None:
        self.count, self.latency, self.limit = count, 0.0, 0
        self.arrivals, self.window, self.home = Arrivals(), Window(1.0), ""
        self.leads: Rendered = render(count, 0)

    def answer(self, target: str) -> tuple[bytes, float]:
        """The whole answer, and the seconds that it shall take."""
        path, _, query = target.partition("?")
        if path == CONTROL:
            return _response(200, orjson.dumps(self.told(dict(parse_qsl(query))))), 0.0
        mono = time.monotonic()
        self.arrivals.arrived(path, time.time(), mono)
        if not self.window.admit(mono, self.limit):
            self.arrivals.answered(429)
            return TOO_MANY, self.latency
        body = self.found(path.removeprefix(API), query)
        self.arrivals.answered(200 if body else 204)
        return (_response(200, body) if body else NOTHING), self.latency

    def told(self, wishes: Mapping[str, str]) -> dict[str, Any]:
        """Does what is wished; answers what has been counted."""
        if "revision" in wishes and int(wishes["revision"]) != self.leads.revision:
            self.leads = render(self.count, int(wishes["revision"]))
        self.latency = float(wishes.get("latency_ms", self.latency * 1000)) / 1000
        self.limit = int(wishes.get("limit", self.limit))
        counted = {**self.arrivals.public(), "bytes_a_lead": len(self.leads.text) / self.count}
        if wishes.get("reset"):
            self.arrivals.reset()
            self.window = Window(1.0)
        return counted

    def found(self, path: str, query: str) -> bytes:
        """The body for a path; empty: there is nothing (204)."""
        if path == "/leads":
            return self._leads(parse_qsl(query))
        return b"" if "page=" in query and "page=1" not in query.split("&") else _setting(path)

    def _leads(self, pairs: Pairs) -> bytes:
        asked = dict(pairs)
        page, limit = int(asked.get("page", 1)), int(asked.get("limit", DEFAULT_LIMIT))
        limit = min(limit, HIGHEST_LIMIT)
        if ids := [int(value) for name, value in pairs if name.startswith("filter[id]")]:
            rows, more = (self.leads.some(ids) if page == 1 else b""), False
        else:
            since = self.leads.since(int(asked.get("filter[updated_at][from]", 0)))
            last = since + page * limit
            rows, more = self.leads.between(last - limit, last), last <= self.count
        return self._page(pairs, page, limit, rows, more) if rows else b""

    def _page(self, pairs: Pairs, page: int, limit: int, rows: bytes, more: bool) -> bytes:
        """A full page may say `next` though it is the last one (kommo-api.md 4.2)."""
        kept = [(name, value) for name, value in pairs if name not in ("page", "limit")]
        link = f"{self.home}{API}/leads?" + urlencode([*kept, ("limit", limit)], quote_via=quote)
        links = {"self": {"href": f"{link}&page={page}"}}
        if more:
            links["next"] = {"href": f"{link}&page={page + 1}"}
        head = orjson.dumps({"_page": page, "_links": links})[:-1]
        return head + b',"_embedded":{"leads":[' + rows + b"]}}"


@cache
def _setting(path: str) -> bytes:
    """The account, or one of the short lists."""
    for name in ("account", *SETTINGS):
        known = orjson.loads((FIXTURES / f"{name}.json").read_bytes())
        if known["path"] != path:
            continue
        if known.get("single"):
            return orjson.dumps(known["records"][0])
        rows = {path.rpartition("/")[2]: known["records"]}
        total = len(known["records"])
        return orjson.dumps({"_total_items": total, "_page": 1, "_links": {}, "_embedded": rows})
    return b""


def _response(status: int, body: bytes) -> bytes:
    kind = b"application/hal+json" if status == 200 else b"application/problem+json"
    head = b"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    return head % (status, b"OK" if status == 200 else b"Refused", kind, len(body)) + body


NOTHING = b"HTTP/1.1 204 No Content\r\n\r\n"
TOO_MANY = _response(429, b'{"title":"Too Many Requests","status":429}')


class Conversation(asyncio.Protocol):
    """One connection, kept alive; its requests come one after the other."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._heard = desk, b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Nobody sends bodies here: a request is its head."""
        self._heard += data
        while b"\r\n\r\n" in self._heard:
            head, _, self._heard = self._heard.partition(b"\r\n\r\n")
            answer, seconds = self._desk.answer(head.split(b" ", 2)[1].decode())
            if seconds:
                asyncio.get_running_loop().call_later(seconds, self._say, answer)
            else:
                self._say(answer)

    def _say(self, answer: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(answer)


async def serve(count: int) -> None:
    """Until told to stop; the address is the first line of standard output."""
    desk, loop = Desk(count), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(desk), LOOPBACK, 0)
    desk.home = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    print(desk.home, flush=True)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    server.close()


class Vendor:
    """The process, for as long as the context lasts."""

    token = kommo_token(1)

    def __init__(self, count: int) -> None:
        self.count, self.url = count, ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own argv
            [sys.executable, "-m", "bench.vendor", "--leads", str(self.count)],
            cwd=Path(__file__).resolve().parents[1],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=follow_parent(signal.SIGTERM),  # noqa: PLW1509 - one prepared system call
        )
        assert self._process.stdout  # noqa: S101
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError("the vendor of the bench did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            self._process.kill()
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()

    def tell(self, **wishes: float) -> dict[str, Any]:
        """revision, latency_ms, limit (requests a second), reset=1 (the counts); answers the counts until now."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=120)
        try:
            connection.request("GET", f"{CONTROL}?{urlencode(wishes)}")
            counted: dict[str, Any] = orjson.loads(connection.getresponse().read())
        finally:
            connection.close()
        return counted

    def stats(self) -> dict[str, Any]:
        """As sandbox/stats.py counts, `first_of` each path, and `bytes_a_lead`."""
        return self.tell()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    asyncio.run(serve(parser.parse_args().leads))


if __name__ == "__main__":
    main()
