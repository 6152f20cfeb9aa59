"""The process behind bench/post.py: a line of JSON comes in for each round, and one goes out when it is over."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from itertools import cycle
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

from bench.figures import percentile
from bench.leads import lead
from bench.post import GOOD, REFUSED, Played, Round
from bench.vendor import LOOPBACK
from sandbox.webhooks.body import body, entity
from sandbox.webhooks.codes import GROUPS

LEADS, UPDATE = GROUPS["/leads"], "update"
PATIENCE = 30.0
"""Seconds after its last moment that a round waits for answers."""
MOST_REFUSED = 1_000
"""Of a round: after so many nothing is sent again."""
TICK = 0.002


class Planned(NamedTuple):
    """A delivery and the moment (monotonic) at which it should be sent."""

    at: float
    request: bytes


class Line(asyncio.Protocol):
    """One connection, kept alive: one delivery after the other. One that is lost is opened anew by its round."""

    def __init__(self, playing: Playing) -> None:
        self._playing, self._heard = playing, b""
        self._transport: asyncio.Transport | None = None
        self._sent: Planned | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        self._playing.opened(self)

    def send(self, planned: Planned) -> None:
        assert self._transport  # noqa: S101
        self._sent = planned
        self._transport.write(planned.request)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, whole, rest = self._heard.partition(b"\r\n\r\n")
        if not whole or len(rest) < _length(head):
            return
        self._heard = b""
        self._tell(int(head[9:12]))
        if b"connection: close" not in head.lower():
            self._playing.idle(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._tell(0)
        self._playing.lost(self)

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def _tell(self, status: int) -> None:
        if self._sent is not None:
            sent, self._sent = self._sent, None
            self._playing.answered(sent, status)


class Playing:
    """One round under way."""

    def __init__(self, round_: Round) -> None:
        self._round, self._address = round_, address_of(round_.url)
        self._requests = cycle(_requests(round_.url, round_.first, round_.leads))
        self._lines: set[Line] = set()
        self._idle: list[Line] = []
        self._waiting: deque[Planned] = deque()
        self._greedy, self._over = False, False
        self._taken, self._under_way, self._last = 0, 0, 0.0
        self._latencies: list[float] = []
        self._other: Counter[str] = Counter()

    async def play(self) -> Played:
        for _ in range(self._round.connections):
            await self._open()
        began = time.monotonic()
        await (self._as_taken(began) if self._round.rate is None else self._at_rate(began))
        await self._until(self._all_answered, time.monotonic() + PATIENCE)
        await self._close()
        return self._played(began)

    async def _close(self) -> None:
        """Nothing is left open behind a round, whatever its lines were waiting for."""
        self._over = True
        for line in self._lines:
            line.close()
        await self._until(lambda: not self._lines, time.monotonic() + 1)

    async def _at_rate(self, began: float) -> None:
        assert self._round.rate  # noqa: S101
        for number in range(self._round.planned):
            planned = began + number / self._round.rate
            await asyncio.sleep(planned - time.monotonic())
            self._waiting.append(self._take(planned))
            self._serve()

    async def _as_taken(self, began: float) -> None:
        self._greedy = True
        self._serve()
        await self._until(lambda: self._taken >= self._round.planned, began + self._round.seconds)
        self._greedy = False

    def opened(self, line: Line) -> None:
        self._lines.add(line)
        if self._over:
            line.close()
        else:
            self.idle(line)

    def idle(self, line: Line) -> None:
        """This line has nothing to do."""
        self._idle.append(line)
        self._serve()

    def lost(self, line: Line) -> None:
        """This line is none any more."""
        self._lines.discard(line)
        with suppress(ValueError):
            self._idle.remove(line)
        if not self._over:
            self._reopening = asyncio.ensure_future(self._open())

    def answered(self, sent: Planned, status: int) -> None:
        """What is refused is sent again, and late from its first moment on: Kommo does it, too, if not at once."""
        self._last, self._under_way = time.monotonic(), self._under_way - 1
        if status == GOOD:
            self._latencies.append(self._last - sent.at)
            return
        self._other[str(status)] += 1
        if status == REFUSED and self._other[str(status)] < MOST_REFUSED:
            self._waiting.append(sent)

    def _serve(self) -> None:
        while self._idle and (planned := self._next()):
            self._under_way += 1
            self._idle.pop().send(planned)

    def _next(self) -> Planned | None:
        if self._waiting:
            return self._waiting.popleft()
        more = self._greedy and self._taken < self._round.planned
        return self._take(time.monotonic()) if more else None

    def _take(self, moment: float) -> Planned:
        self._taken += 1
        return Planned(moment, next(self._requests))

    def _all_answered(self) -> bool:
        return not self._waiting and not self._under_way

    @staticmethod
    async def _until(true: Callable[[], bool], deadline: float) -> None:
        while not true() and time.monotonic() < deadline:  # noqa: ASYNC110 - it comes in several ways
            await asyncio.sleep(TICK)

    async def _open(self) -> None:
        """A server that is not there leaves the round without lines: its deliveries are never answered."""
        with suppress(OSError):
            await asyncio.get_running_loop().create_connection(lambda: Line(self), *self._address)

    def _played(self, began: float) -> Played:
        sent, ms = len(self._latencies), [1000 * each for each in self._latencies] or [0.0]
        other = self._other + Counter({"0": len(self._waiting) + self._under_way})
        p50, p99, longest = (percentile(ms, share) for share in (0.5, 0.99, 1))
        took = max(TICK, self._last - began)
        return Played(sent, sent / took, p50, p99, longest, dict(other))


def address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or LOOPBACK, parts.port or 80


def _length(head: bytes) -> int:
    """Of the body behind a head."""
    _, named, value = head.lower().partition(b"content-length:")
    return int(value.partition(b"\r\n")[0]) if named else 0


@cache
def _requests(url: str, first: int, leads: int) -> list[bytes]:
    """One delivery for each of these leads, as Kommo writes them: about 2.7 kB."""
    return [_request(url, number) for number in range(first, first + leads)]


def _request(url: str, number: int) -> bytes:
    address = urlsplit(url)
    content = body(LEADS, UPDATE, [entity(LEADS, UPDATE, lead(number, 0), {})])
    head = (
        f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def main() -> None:
    for line in sys.stdin.buffer:
        played = asyncio.run(Playing(Round(**orjson.loads(line))).play())
        sys.stdout.buffer.write(orjson.dumps(asdict(played)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
