"""Another tool of the same company: it eats the limits too (gestaoclick-api.md 2).

By the sandbox's clock its requests come evenly, `other_tool` in 24 hours, and count in the daily
window; when the clock jumps, those of the time between have been made. To the seconds (which stay
real) it comes in bursts that fill one second, so often that it would make the same number.
"""

from math import floor
from random import Random

from sandbox.limits import Window
from sandbox.options import Options

DAY = 86400.0


class OtherTool:
    def __init__(self, options: Options, day: Window, second: Window) -> None:
        self.options = options
        self.day = day
        self.second = second
        self.made = 0
        self.refused = 0
        self._until: float | None = None
        self._second = -1
        self._rng = Random(options.seed + 7)

    def catch_up(self, now: float) -> None:
        """Its requests up to now; at first those of the 24 hours before."""
        since = self._since(now)
        self._until = now
        if self.options.other_tool <= 0:
            return
        gap = DAY / self.options.other_tool
        for number in range(floor(since / gap) + 1, floor(now / gap) + 1):
            self._ask(number * gap)

    def burst(self, now: float) -> None:
        """At random seconds it is there first; `now` is the monotonic clock."""
        limit, second = self.options.gestao_click_limit, floor(now)
        if self.options.other_tool <= 0 or limit <= 0 or second == self._second:
            return
        self._second = second
        if self._rng.random() < self.options.other_tool / limit / DAY:
            while not self.second.full(now, limit):
                self.second.times.append(now)

    def _since(self, now: float) -> float:
        last = self.day.times[-1] if self.day.times else now - DAY
        return min(now, max(last if self._until is None else self._until, now - DAY))

    def _ask(self, moment: float) -> None:
        if self.day.full(moment, self.options.gestao_click_daily_limit):
            self.refused += 1
        else:
            self.day.times.append(moment)
            self.made += 1
