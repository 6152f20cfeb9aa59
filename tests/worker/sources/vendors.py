"""A vendor of a few lines: it answers what a test says, over real sockets, and notes what was asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from sandbox.http import Request, Response, Server
from worker.sources.http import Dialect, Door

FIXTURES = Path(__file__).parents[2] / "fixtures"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Slots:
    """The budget's place: it gives slots at once and remembers who was silenced."""

    def __init__(self) -> None:
        self.taken = 0
        self.held = 0
        self.pauses: list[tuple[float | None, bool]] = []

    def slot(self, priority: str, waiting: Callable[[], None]) -> datetime:
        waiting()
        self.taken += 1
        return NOW

    def hold(self, priority: str, waiting: Callable[[], None]) -> None:
        self.held += 1

    def pause(self, seconds: float | None, reason: str, *, limited: bool = True) -> None:
        self.pauses.append((seconds, limited))


class Vendor:
    """`answers` in their order, the last one again and again."""

    def __init__(self, *answers: Response | Callable[[Request], Response]) -> None:
        self.answers = list(answers)
        self.heard: list[Request] = []
        self.slots = Slots()
        self.server = Server(self._answer)

    def _answer(self, request: Request) -> Response:
        self.heard.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(request) if callable(answer) else answer

    def door(self, dialect: Dialect, attempts: int = 3) -> Door:
        budget: Any = self.slots
        return Door(self.server.url, dialect, budget, timeout=2, attempts=attempts, delay=0.001)


@contextmanager
def vendor(*answers: Response | Callable[[Request], Response]) -> Iterator[Vendor]:
    made = Vendor(*answers)
    made.server.start()
    try:
        yield made
    finally:
        made.server.stop()


def reply(
    status: int = 200, body: Any = None, kind: str = "application/json", **headers: str
) -> Response:
    """JSON unless the body is text or bytes already."""
    if body is None:
        content = b""
    elif isinstance(body, bytes | str):
        content = body if isinstance(body, bytes) else body.encode()
    else:
        content = orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, content, kind, named)


def fixture(name: str) -> Any:
    """`kommo/leads__page1.json`: JSON parsed, everything else as bytes."""
    content = (FIXTURES / name).read_bytes()
    return orjson.loads(content) if name.endswith(".json") else content
