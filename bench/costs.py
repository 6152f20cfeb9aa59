"""What a piece of work costs where: CPU of the workers, of PostgreSQL and of Redis, operations of Redis, WAL."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from bench.ground import Ground
from bench.measure import below

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Costs:
    """worker, postgres, redis: seconds of CPU; operations: of Redis; wal: bytes."""

    worker: float
    postgres: float
    redis: float
    operations: float
    wal: float

    def per(self, pieces: int) -> Costs:
        return Costs(**{name: value / pieces for name, value in vars(self).items()})


class Meter:
    """Reads everything when it is made, and again when it is asked. pids: of the workers."""

    def __init__(self, ground: Ground, pids: Iterable[int]) -> None:
        self._ground, self._pids = ground, tuple(pids)
        self._postmaster = ground.postmaster()
        self._wal, self._before = ground.wal_position(), self._read()

    def spent(self) -> Costs:
        now = self._read()
        more = {name: value - self._before[name] for name, value in now.items()}
        return Costs(**more, wal=self._ground.wal_since(self._wal).bytes)

    def _read(self) -> dict[str, float]:
        with Redis.from_url(self._ground.redis_url) as redis:
            told: Any = redis.info()
        return {
            "worker": sum(map(cpu_of, self._pids)),
            "postgres": cpu_of(self._postmaster),
            "redis": float(told["used_cpu_user"]) + float(told["used_cpu_sys"]),
            "operations": float(told["total_commands_processed"]),
        }


def cpu_of(pid: int) -> float:
    """Seconds of a process, of those below it, and of those that these have waited for (Linux; else 0)."""
    return sum(map(_own, (pid, *below(pid)))) / TICKS


def _own(pid: int) -> int:
    """In ticks: its own, and those of its children that have ended."""
    with suppress(OSError):
        said = Path(f"/proc/{pid}/stat").read_text()
        # the name, in brackets, may hold anything: what counts stands behind it (proc_pid_stat(5), 14 to 17)
        return sum(map(int, said.rpartition(")")[2].split()[11:15]))
    return 0
