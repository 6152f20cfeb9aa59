"""What arrived at each vendor, counted at the door: the limits are proven from here."""

import math
import re
from collections import Counter, deque
from threading import Lock
from typing import Any

IDS = re.compile(r"/\d+(?=/|$)")


class Meter:
    """The most arrivals in any window (t - span, t]."""

    def __init__(self, span: float) -> None:
        self.span = span
        self.times: deque[float] = deque()
        self.most = 0

    def note(self, now: float) -> None:
        self.times.append(now)
        while self.times[0] <= now - self.span:
            self.times.popleft()
        self.most = max(self.most, len(self.times))


class VendorStats:
    """Counts of one vendor. Refused requests count too: the vendor sees them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        self.requests = 0
        self.by_status: Counter[str] = Counter()
        self.by_path: Counter[str] = Counter()
        self.per_second: dict[int, int] = {}
        self.second = Meter(1.0)
        self.most_of_second = Meter(0.95)
        self.first_at: float | None = None
        self.last_at: float | None = None

    def arrived(self, path: str, wall: float, mono: float) -> None:
        with self._lock:
            self.requests += 1
            self.by_path[IDS.sub("/{id}", path)] += 1
            second = math.floor(wall)
            self.per_second[second] = self.per_second.get(second, 0) + 1
            if len(self.per_second) > 3600:
                del self.per_second[next(iter(self.per_second))]
            self.second.note(mono)
            self.most_of_second.note(mono)
            self.first_at = self.first_at or wall
            self.last_at = wall

    def answered(self, status: int | str) -> None:
        with self._lock:
            self.by_status[str(status)] += 1

    def public(self) -> dict[str, Any]:
        """`busy_seconds`: clock seconds in which anything came (of the last 3,600)."""
        with self._lock:
            return {
                "requests": self.requests,
                "by_status": dict(self.by_status),
                "by_path": dict(self.by_path),
                "max_in_any_second": self.second.most,
                "max_in_950ms": self.most_of_second.most,
                "first_at": self.first_at,
                "last_at": self.last_at,
                "busy_seconds": len(self.per_second),
                "per_second": {str(k): v for k, v in list(self.per_second.items())[-300:]},
            }
