"""A Kommo that costs next to nothing itself: leads that were rendered beforehand, in a process of its own.

    with Vendor(100_000) as vendor:
        vendor.tell(revision=1, latency_ms=30, limit=7, reset=1)
        vendor.stats()
    with Vendor(1_000_000, living=True) as vendor:
        vendor.tell(lead=17, at=3)

It answers as kommo-api.md 4 and 5 say: `_page`, `_links` with page and limit, `_embedded`, 204 behind the end,
`filter[id][]` and `filter[updated_at][from]`, 429 beyond a limit. Every request is counted at its arrival.
Leads of a living one are rendered when they are asked for, and single ones change. Every account that a token
names is answered, each within a limit of its own; all have the same records.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import orjson

from bench.leads import Rendered, render
from bench.living import Living
from sandbox.embedded.process import follow_parent
from sandbox.limits import WindowPerCaller
from sandbox.stats import VendorStats
from sandbox.tokens import ACCOUNT_ID, kommo_token

API = "/api/v4"
CONTROL = "/_bench"
LOOPBACK = "127.0.0.1"
DEFAULT_LIMIT, HIGHEST_LIMIT = 50, 250
FIXTURES = Path(__file__).resolve().parents[1] / "sandbox" / "fixtures" / "kommo"
SETTINGS = ("users", "pipelines", "leads_custom_fields", "loss_reasons", "sources")
"""The short lists that it has as well, as the sandbox has them."""
LEADS = "leads"
Pairs = list[tuple[str, str]]


class Arrivals(VendorStats):
    """Also when the first request of each path came (Unix seconds), how many asked for single ids (looks) and
    when the last of those came."""

    def reset(self) -> None:
        super().reset()
        self.first_of: dict[str, float] = {}
        self.looks, self.last_look_at = 0, 0.0

    def arrived(self, path: str, wall: float, mono: float) -> None:
        super().arrived(path, wall, mono)
        self.first_of.setdefault(path, wall)

    def looked(self) -> None:
        self.looks, self.last_look_at = self.looks + 1, time.time()

    def public(self) -> dict[str, Any]:
        looks = {"looks": self.looks, "last_look_at": self.last_look_at}
        return {**super().public(), **looks, "first_of": self.first_of}


class Desk:
    """What is answered to a request. latency: seconds; limit: requests of an account in any second, 0 for none.

    lists: the long lists that it has; each shows the same leads under its own name.
    """

    def __init__(
        self, count: int, *, living: bool = False, lists: Sequence[str] = (LEADS,)
    ) -> None:
        self.count, self.latency, self.limit = count, 0.0, 0
        self.arrivals, self.window, self.home = Arrivals(), WindowPerCaller(1.0), ""
        self.living, self.lists = living, {f"/{name}": name for name in lists}
        self.leads = self._at(0)

    def answer(self, target: str, account: int = ACCOUNT_ID) -> tuple[bytes, float]:
        """The whole answer to an account, and the seconds that it shall take."""
        path, _, query = target.partition("?")
        if path == CONTROL:
            return _response(200, orjson.dumps(self.told(dict(parse_qsl(query))))), 0.0
        mono = time.monotonic()
        self.arrivals.arrived(path, time.time(), mono)
        if not self.window.admit((str(account),), mono, self.limit):
            self.arrivals.answered(429)
            return TOO_MANY, self.latency
        body = self.found(path.removeprefix(API), query, account)
        self.arrivals.answered(200 if body else 204)
        return (_response(200, body) if body else NOTHING), self.latency

    def told(self, wishes: Mapping[str, str]) -> dict[str, Any]:
        """Does what is wished; answers what has been counted."""
        self.count = int(wishes.get("leads", self.count))
        if (
            "leads" in wishes
            or int(wishes.get("revision", self.leads.revision)) != self.leads.revision
        ):
            self.leads = self._at(int(wishes.get("revision", self.leads.revision)))
        if "lead" in wishes and isinstance(self.leads, Living):
            self.leads.change(int(wishes["lead"]), int(wishes["at"]))
        self.latency = float(wishes.get("latency_ms", self.latency * 1000)) / 1000
        self.limit = int(wishes.get("limit", self.limit))
        counted = {**self.arrivals.public(), "bytes_a_lead": self._bytes_a_lead()}
        if wishes.get("reset"):
            self.arrivals.reset()
            self.window = WindowPerCaller(1.0)
        return counted

    def found(self, path: str, query: str, account: int) -> bytes:
        """The body for a path; empty: there is nothing (204)."""
        if name := self.lists.get(path):
            return self._listed(name, parse_qsl(query))
        if "page=" in query and "page=1" not in query.split("&"):
            return b""
        return _setting(path, account)

    def _bytes_a_lead(self) -> float:
        some = min(10, self.count)
        return len(self.leads.between(0, some)) / some

    def _at(self, revision: int) -> Rendered | Living:
        """All leads in one state; what had changed by itself is forgotten."""
        return Living(self.count, revision) if self.living else render(self.count, revision)

    def _listed(self, name: str, pairs: Pairs) -> bytes:
        asked = dict(pairs)
        page, limit = int(asked.get("page", 1)), int(asked.get("limit", DEFAULT_LIMIT))
        limit = min(limit, HIGHEST_LIMIT)
        if ids := [int(value) for name, value in pairs if name.startswith("filter[id]")]:
            self.arrivals.looked()
            rows, more = (self.leads.some(ids) if page == 1 else b""), False
        else:
            since = self.leads.since(int(asked.get("filter[updated_at][from]", 0)))
            last = since + page * limit
            rows, more = self.leads.between(last - limit, last), last <= self.count
        return self._page(name, pairs, (page, limit, more), rows) if rows else b""

    def _page(self, name: str, pairs: Pairs, at: tuple[int, int, bool], rows: bytes) -> bytes:
        """A full page may say `next` though it is the last one (kommo-api.md 4.2). at: page, limit, more."""
        page, limit, more = at
        kept = [pair for pair in pairs if pair[0] not in ("page", "limit")]
        link = f"{self.home}{API}/{name}?" + urlencode([*kept, ("limit", limit)], quote_via=quote)
        links = {"self": {"href": f"{link}&page={page}"}}
        if more:
            links["next"] = {"href": f"{link}&page={page + 1}"}
        head = orjson.dumps({"_page": page, "_links": links})[:-1]
        return head + b',"_embedded":{"' + name.encode() + b'":[' + rows + b"]}}"


@cache
def _setting(path: str, account: int) -> bytes:
    """The account, or one of the short lists."""
    for name in ("account", *SETTINGS):
        known = orjson.loads((FIXTURES / f"{name}.json").read_bytes())
        if known["path"] != path:
            continue
        if known.get("single"):
            return orjson.dumps({**known["records"][0], "id": account})
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
            target = head.split(b" ", 2)[1].decode()
            answer, seconds = self._desk.answer(target, _account_of(_token(head)))
            if seconds:
                asyncio.get_running_loop().call_later(seconds, self._say, answer)
            else:
                self._say(answer)

    def _say(self, answer: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(answer)


def _token(head: bytes) -> bytes:
    _, _, rest = head.partition(b"uthorization: Bearer ")
    return rest.partition(b"\r\n")[0]


@lru_cache(maxsize=1000)
def _account_of(token: bytes) -> int:
    """Whose account a token says that it is for (kommo-api.md 2.1)."""
    claims = token.split(b".")[1] if token.count(b".") == 2 else b""
    if not claims:
        return ACCOUNT_ID
    said = orjson.loads(urlsafe_b64decode(claims + b"=" * (-len(claims) % 4)))
    return int(said["account_id"])


async def serve(desk: Desk) -> None:
    """Until told to stop; the address is the first line of standard output."""
    loop = asyncio.get_running_loop()
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

    def __init__(
        self, count: int, *, living: bool = False, lists: Sequence[str] = (LEADS,)
    ) -> None:
        self.count, self.url = count, ""
        self._options = [
            "--leads",
            str(count),
            *(["--living"] if living else []),
            "--lists",
            *lists,
        ]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own argv
            [sys.executable, "-m", "bench.vendor", *self._options],
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
        """revision, latency_ms, limit (requests a second), reset=1 (the counts), leads (so many there are now);
        of a living one lead=17, at=3 (this lead is now at revision 3); answers the counts until now."""
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
    parser.add_argument("--living", action="store_true")
    parser.add_argument("--lists", nargs="+", default=[LEADS])
    options = parser.parse_args()
    asyncio.run(serve(Desk(options.leads, living=options.living, lists=options.lists)))


if __name__ == "__main__":
    main()
