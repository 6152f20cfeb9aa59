"""Deliveries at a fixed rate or as fast as they are taken, sent by a process of its own over kept-alive connections.

    with Post() as post:
        post.play(Round(url, rate=200.0, seconds=10.0)).p99

At a rate the loop is open: each delivery has its planned moment, whether or not those before it were answered,
and its latency counts from there: what waits because the server is slow, waits in the figures too. The event
loop's timer is up to a millisecond late, which counts as well. Without a rate each connection sends its next
delivery as soon as it has the answer to the one before.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Self

import orjson

from bench.ground import ROOT
from bench.measure import Failed
from sandbox.embedded.process import follow_parent

CONNECTIONS = 32
"""More than `ponte web` has threads: none of them ever waits for the sender."""
GOOD, REFUSED = 200, 503
ENDLESS = 1_000_000_000


@dataclass(frozen=True)
class Round:
    """What to send: `count` deliveries, or as many as `seconds` hold. rate: a second, None: as they are taken;
    first, leads: the numbers of the leads that they name in turn."""

    url: str
    rate: float | None = None
    seconds: float = 3600.0
    count: int = ENDLESS
    first: int = 0
    leads: int = 500
    connections: int = CONNECTIONS

    @property
    def planned(self) -> int:
        return self.count if self.rate is None else min(self.count, round(self.rate * self.seconds))


@dataclass(frozen=True)
class Played:
    """sent: deliveries with a good answer; a_second: of them, from the first moment to the last answer; p50, p99
    and longest: milliseconds; other: answers that were none of it, by status (0: none came)."""

    sent: int
    a_second: float
    p50: float
    p99: float
    longest: float
    other: dict[str, int] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """Answers of 503; what had one was sent again."""
        return self.other.get(str(REFUSED), 0)


class Post:
    """The process, for as long as the context lasts."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.sender"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=follow_parent(signal.SIGTERM),  # noqa: PLW1509 - one prepared system call
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process:
            self._process.terminate()
            self._process.communicate()

    def play(self, round_: Round) -> Played:
        """Sends a round to its end; what is refused with 503 is sent again. Raises Failed at any other answer."""
        self.begin(round_)
        return self.end()

    def begin(self, round_: Round) -> None:
        """Sends a round meanwhile; `end` waits for it."""
        assert self._process  # noqa: S101
        assert self._process.stdin  # noqa: S101
        self._process.stdin.write(orjson.dumps(asdict(round_)) + b"\n")
        self._process.stdin.flush()

    def end(self) -> Played:
        assert self._process  # noqa: S101
        assert self._process.stdout  # noqa: S101
        told = self._process.stdout.readline()
        if not told:
            raise Failed("the process that sends deliveries has ended")
        played = Played(**orjson.loads(told))
        if played.other.keys() - {str(REFUSED)} or not played.sent:
            raise Failed(f"{played.sent} deliveries were taken; other answers: {played.other}")
        return played
