"""Trouble on demand: what to break, where, how often.

A fault is {"vendor", "kind", "path"?, "times"?, "probability"?, "after"?, "seconds"?}: it acts on
requests whose path (below the vendor's prefix) starts with `path`, skips the first `after` of them,
and ends after `times` (absent: never).
"""

import threading
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from sandbox.http import Response, html_response

MID_WALK = frozenset({"empty_page", "shift_delete", "shift_insert", "repeat_page"})
"""Only pages after the first can show these."""

HTML = {
    "429_html": html_response(429, "429 Too Many Requests"),
    "500_html": html_response(500, "500 Internal Server Error"),
    "504_html": html_response(504, "504 Gateway Time-out"),
    "403_html": html_response(403, "403 Forbidden"),
    "200_html": html_response(200, "Entrar (sandbox)"),
}

KINDS = MID_WALK | HTML.keys() | {
    "429", "401", "500_json", "hang", "drop", "truncate", "wrong_total", "php_notice",
    "controller_missing",
}  # fmt: skip


@dataclass
class Fault:
    vendor: str
    kind: str
    path: str = ""
    times: int | None = None
    probability: float = 1.0
    after: int = 0
    seconds: float = 3.0
    hits: int = 0

    def matches(self, vendor: str, path: str, page: int) -> bool:
        if self.vendor != vendor or not path.startswith(self.path):
            return False
        return self.times != 0 and (page > 1 or self.kind not in MID_WALK)


class Faults:
    """The list of faults in force; the first that matches acts."""

    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._rng = Random(seed)

    def add(self, wanted: dict[str, Any]) -> Fault:
        fault = Fault(**wanted)
        if fault.kind not in KINDS:
            raise ValueError(f"unknown fault {fault.kind!r}: one of {', '.join(sorted(KINDS))}")
        if fault.vendor not in ("kommo", "gestao-click"):
            raise ValueError(f"unknown vendor {fault.vendor!r}")
        if fault.path:
            fault.path = "/" + fault.path.lstrip("/")
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def public(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, vendor: str, path: str, page: int) -> Fault | None:
        if not self._faults:
            return None
        with self._lock:
            return next((f for f in self._faults if self._acts(f, vendor, path, page)), None)

    def _acts(self, fault: Fault, vendor: str, path: str, page: int) -> bool:
        if not fault.matches(vendor, path, page):
            return False
        if fault.after > 0:
            fault.after -= 1
            return False
        if self._rng.random() >= fault.probability:
            return False
        fault.hits += 1
        if fault.times is not None:
            fault.times -= 1
        return True


def truncated(response: Response) -> Response:
    return Response(
        response.status, response.body, response.content_type, response.headers, truncated=True
    )


def with_notice(response: Response) -> Response:
    """gestaoclick-api.md 3, errors: a PHP notice printed before the JSON."""
    notice = b"<br />\n<b>Notice</b>:  Undefined index: sandbox in <b>/app/x.php</b> on line 1\n"
    return Response(response.status, notice + response.body, response.content_type)
