"""The vendors' limits as strict sliding windows: never more than N in any span, at the wire."""

from collections import deque


class Window:
    """Counts the requests let in during the last `span` seconds.

    A request exactly `span` after another no longer shares a window with it. Refused requests do
    not count, otherwise who hammers would never be served again.
    """

    def __init__(self, span: float) -> None:
        self.span = span
        self.times: deque[float] = deque()

    def admit(self, now: float, limit: int) -> bool:
        """Let one in if fewer than `limit` were in the window; limit 0 = none."""
        if not self.full(now, limit):
            self.times.append(now)
            return True
        return False

    def full(self, now: float, limit: int) -> bool:
        self._forget(now)
        return 0 < limit <= len(self.times)

    def _forget(self, now: float) -> None:
        """What has left the window, and what lies ahead of a clock that was put back."""
        while self.times and self.times[0] <= now - self.span:
            self.times.popleft()
        while self.times and self.times[-1] > now:
            self.times.pop()


class WindowPerCaller:
    """One window for each token or address (kommo-api.md 3: "per IP" and "per integration")."""

    def __init__(self, span: float) -> None:
        self.span = span
        self.windows: dict[str, Window] = {}

    def admit(self, callers: tuple[str, ...], now: float, limit: int) -> bool:
        """Let one in only if every window has room."""
        windows = [self.windows.setdefault(c, Window(self.span)) for c in callers]
        if any(window.full(now, limit) for window in windows):
            return False
        for window in windows:
            window.times.append(now)
        return True


class Ban:
    """kommo-api.md 3.1: going on after 429s blocks the address, HTML 403 for everything."""

    def __init__(self) -> None:
        self.refusals: dict[str, deque[float]] = {}
        self.until: dict[str, float] = {}

    def refused(self, address: str, now: float, after: int, window: float, seconds: float) -> None:
        """Note a 429; `after` of them within `window` start a ban of `seconds`."""
        times = self.refusals.setdefault(address, deque())
        times.append(now)
        while times[0] <= now - window:
            times.popleft()
        if 0 < after <= len(times):
            self.until[address] = now + seconds
            times.clear()

    def holds(self, address: str, now: float) -> bool:
        return self.until.get(address, 0.0) > now
