"""How many requests a vendor got in any second, told apart from requests that a busy machine held up.

Between its last look at the clock and its sending a process may be made to wait, as may the sandbox before it
looks at what came. Such requests come in a bunch, and before it there is a gap: over two seconds they are no
more than they should be. Where a limit is truly passed, those seconds hold more too.
"""

from __future__ import annotations

from collections import deque

from sandbox.stats import Meter

SPAN = 0.95
"""Seconds; a second, but for the 50 ms of jitter that the promise allows for."""
SECONDS = 2


class Watch(Meter):
    """Notes when a limit of `rate` a second was passed. passed: the moments of arrival, those that came
    within SPAN last; bunches: how often requests came in a bunch that was none."""

    def __init__(self, rate: int) -> None:
        super().__init__(SPAN)
        self.rate = rate
        self.passed: list[tuple[float, ...]] = []
        self.bunches = 0
        self._lately: deque[float] = deque()

    def note(self, now: float) -> None:
        super().note(now)
        self._lately.append(now)
        while self._lately[0] <= now - SECONDS:
            self._lately.popleft()
        if len(self.times) <= self.rate:
            return
        if len(self._lately) > SECONDS * self.rate:
            self.passed.append(tuple(self._lately))
        else:
            self.bunches += 1
