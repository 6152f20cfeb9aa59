"""What a child process takes: wall time, CPU seconds, the most memory that it and its children held at once."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.5
"""Seconds between two looks at the memory of a tree of processes: a look costs milliseconds where there is much.
Of one process alone the kernel tells the peak exactly."""


@dataclass(frozen=True)
class Spent:
    """seconds: from start to end; cpu: seconds of it and of all that it has waited for; memory: bytes."""

    seconds: float
    cpu: float
    memory: int


@dataclass(frozen=True)
class Done:
    """What a child said on standard output, and what it took."""

    output: str
    spent: Spent


class Failed(RuntimeError):
    """A measured program did not do its work; says which and its last words."""


def run(
    command: Sequence[str | Path], env: Mapping[str, str], folder: Path, timeout: float = 1800.0
) -> Done:
    """Runs a command to its end in a folder; raises Failed when it ends badly or takes longer than `timeout`.

    What it says on standard error goes to a file `last.log` there.
    """
    with tempfile.TemporaryFile("w+b") as said, (folder / "last.log").open("w+b") as log:
        process = subprocess.Popen(  # noqa: S603 - our own argv
            command, env=env, cwd=folder, stdout=said, stderr=log, start_new_session=True
        )
        with _killed_at_last(process):
            spent = _watch(process, timeout)
        said.seek(0)
        output = said.read().decode(errors="replace")
        if process.returncode:
            log.seek(0)
            words = (output + log.read().decode(errors="replace"))[-6000:]
            raise Failed(f"{_shown(command)} ended with {process.returncode}: {words}")
    return Done(output, spent)


def _watch(process: subprocess.Popen[bytes], timeout: float) -> Spent:
    """Waits as wait4 does, which alone tells CPU and memory; meanwhile somebody looks at the tree."""
    began, peak, over = time.monotonic(), Peak(process.pid), threading.Timer(timeout, process.kill)
    over.daemon = True
    over.start()
    try:
        with peak:
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.monotonic() - began
    finally:
        over.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    memory = max(peak.bytes, used.ru_maxrss * 1024)
    return Spent(seconds, used.ru_utime + used.ru_stime, memory)


class Peak:
    """Looks at the proportional memory of a process and its children now and then, in a thread."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid, self._over = pid, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            self.bytes = max(self.bytes, memory_of(self._pid))


def memory_of(pid: int) -> int:
    """Bytes of a process and everything below it, what they share counted once (Linux; else 0)."""
    return sum(_pss(each) for each in (pid, *below(pid)))


def below(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that these have."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from below(child)


def _pss(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


@contextmanager
def _killed_at_last(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens meanwhile, nothing of the child's session outlives the block."""
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _shown(command: Sequence[str | Path]) -> str:
    return " ".join(map(str, command[:4]))
