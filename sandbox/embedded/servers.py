"""Both servers together, below one data folder."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.embedded.postgres import Postgres
from sandbox.embedded.redis import Redis
from sandbox.embedded.server import Server


@dataclass(frozen=True)
class Urls:
    """Where the servers are; None for one that was not asked for."""

    database_url: str | None
    redis_url: str | None


class Servers:
    """A context manager: what was started is stopped on leaving, the last one first."""

    def __init__(self, data_dir: Path, *, keep: bool = True) -> None:
        self._postgres = Postgres(data_dir / "postgres", durable=keep)
        self._redis = Redis(data_dir / "redis", persist=keep)
        self._started: list[Server] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, postgres: bool = True, redis: bool = True) -> Urls:
        """Start those wanted. The thread that calls must live as long as the servers shall."""
        return Urls(
            database_url=self._start(self._postgres) if postgres else None,
            redis_url=self._start(self._redis) if redis else None,
        )

    def ensure(self) -> None:
        """Start again what has died; call this every second or so, from the starting thread."""
        for server in self._started:
            server.ensure()

    def stop(self) -> None:
        while self._started:
            self._started.pop().stop()

    def erase(self) -> None:
        """Remove both servers' data for good; ServerError if a living process uses it."""
        for server in (self._redis, self._postgres):
            server.erase()

    def _start(self, server: Server) -> str:
        url = server.start()
        if server not in self._started:
            self._started.append(server)
        return url
