"""How many requests a vendor got in any second, judged by a clock that knows when it was not looking.

On a machine that is too busy the sandbox itself stands still for moments; what arrived meanwhile is met all at
once. Such a standstill is measured, and what would have been let in during it is allowed for.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from math import ceil

from sandbox.stats import Meter

SPAN = 0.95
TICK = 0.01
STANDSTILL = 0.05
"""Seconds: the jitter that is allowed for anyway."""


@dataclass
class Pulse:
    """A thread that should wake every hundredth of a second. standstills: (from, to), monotonic."""

    standstills: list[tuple[float, float]] = field(default_factory=list)

    def start(self) -> None:
        self._stopped = threading.Event()
        threading.Thread(target=self._beat, name="pulse", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def within(self, began: float, ended: float) -> float:
        """Seconds of standstill in a span of time."""
        return sum(max(0.0, min(ended, b) - max(began, a)) for a, b in self.standstills)

    def _beat(self) -> None:
        before = time.monotonic()
        while not self._stopped.wait(TICK):
            now = time.monotonic()
            if now - before > STANDSTILL:
                self.standstills.append((before, now))
            before = now


class Watch(Meter):
    """Notes when more than `rate` arrived within SPAN. passed: the moments of those that did."""

    def __init__(self, rate: int) -> None:
        super().__init__(SPAN)
        self.rate = rate
        self.passed: list[tuple[float, ...]] = []

    def note(self, now: float) -> None:
        super().note(now)
        if len(self.times) > self.rate:
            self.passed.append(tuple(self.times))

    def beyond(self, pulse: Pulse) -> list[tuple[float, ...]]:
        """The moments of arrival where no standstill explains so many. One that ended just before the span
        counts: what it held back was met in the span."""
        return [
            times
            for times in self.passed
            if len(times)
            > self.rate + ceil(self.rate * pulse.within(times[-1] - 2 * SPAN, times[-1]))
        ]
