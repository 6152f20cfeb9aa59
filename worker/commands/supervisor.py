"""A small process supervisor: start in order, restart what dies, stop everything.

    with Supervisor(log_dir=Path(".data/logs"), watch=[servers.ensure]) as supervisor:
        supervisor.start(Program("web", [...], ready=web_answers), Program("worker", [...]))
        supervisor.run()            # until SIGINT, SIGTERM or SIGHUP

Leaving the block stops all, last started first: each gets its stop signal and its grace, then its
whole process group is killed. A second signal means hurry: all that is left is killed at once.

Each program has a session of its own, so a Ctrl-C at the terminal reaches only the supervisor, and
the order holds. On Linux the kernel passes the stop signal on when the supervisor itself is killed
(PDEATHSIG, bound to the thread that started the program: use a supervisor from one thread, the main
one). Nothing here knows what the programs are.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

import structlog

log = structlog.get_logger(__name__)

FIRST_DELAY = 0.5  # seconds before a restart; doubles with each,
LONGEST_DELAY = 15.0  # up to this,
SETTLED_AFTER = 60.0  # and begins anew after a program has run for so long
_TICK = 0.1
_WATCH_EVERY = 1.0
_TAIL_LINES = 20
_LOG_CAP = 10_000_000
_PR_SET_PDEATHSIG = 1
# Loaded before any fork: nothing may be imported between fork and exec.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class NotReady(RuntimeError):
    """A program did not become ready: says how it ended or how long it took, and its last lines."""

    def __init__(self, name: str, how: str, tail: str) -> None:
        said = f"Its last lines:\n{tail}" if tail else "It wrote no log."
        super().__init__(f"{name} {how}. {said}")


class Stopped(BaseException):
    """A stop signal came while programs were being started."""


@dataclass(frozen=True)
class Program:
    """What to run. `env` is added to our environment; `ready` says when it can be used.

    alive: asked now and then, with the seconds since its start; where it says no, the program is killed and
    started again.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    alive: Callable[[float], bool] | None = None
    restart: bool = True
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0
    ready_timeout: float = 60.0


class Supervisor:
    """Runs programs as long as its `with` block lasts; see the module's docstring.

    Output goes to LOG_DIR/NAME.log, or where ours goes when there is no folder. Each of `watch` is
    called about once a second; one that raises is logged and called again later.
    """

    def __init__(
        self, log_dir: Path | None = None, watch: Sequence[Callable[[], None]] = ()
    ) -> None:
        self._log_dir = log_dir
        self._watchers = [_Watcher(call) for call in watch]
        self._children: list[_Child] = []
        self._signals = 0
        self._undo = ExitStack()

    @property
    def stopping(self) -> bool:
        """Whether a stop signal has come."""
        return self._signals > 0

    @property
    def pids(self) -> dict[str, int]:
        """The running programs, by name."""
        return {child.program.name: child.pid for child in self._children if child.is_running()}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup: we are to outlive the terminal
            self._undo.callback(signal.signal, number, signal.signal(number, self._on_signal))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._undo:
            self.stop()

    def start(self, *programs: Program) -> None:
        """Start programs in order, each once the one before is ready.

        Raises NotReady, or Stopped when a stop signal comes meanwhile.
        """
        for program in programs:
            self._refuse_if_stopping()
            child = _Child(program, self._log_dir)
            self._children.append(child)
            child.start()
            self._await_ready(child)
            log.info("program.started", program=program.name, pid=child.pid)

    def run(self) -> None:
        """Watch over all until a stop signal comes, or until nothing is left to watch over."""
        while not self.stopping and any(child.is_wanted() for child in self._children):
            self._tend()
            time.sleep(_TICK)

    def tend(self) -> None:
        """Start again what has died; for callers that wait for something else. Raises Stopped."""
        self._refuse_if_stopping()
        self._tend()

    def _tend(self) -> None:
        for child in self._children:
            child.tend()
        for watcher in self._watchers:
            watcher.tend()

    def stop(self) -> None:
        """Stop all programs, the last one started first. Returns when no process is left."""
        while self._children:
            self._children.pop().stop(self._is_hurried)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _is_hurried(self) -> bool:
        return self._signals > 1

    def _refuse_if_stopping(self) -> None:
        if self.stopping:
            raise Stopped

    def _await_ready(self, child: "_Child") -> None:
        program, deadline = child.program, time.monotonic() + child.program.ready_timeout
        while program.ready is not None and not program.ready():
            self._refuse_if_stopping()
            if not child.is_running():
                raise NotReady(program.name, f"ended with {child.exit_code}", child.tail())
            if time.monotonic() > deadline:
                how = f"was not ready within {program.ready_timeout:g} s"
                raise NotReady(program.name, how, child.tail())
            time.sleep(_TICK)


class _Child:
    """One program and its present process."""

    def __init__(self, program: Program, log_dir: Path | None) -> None:
        self.program = program
        self._log = log_dir / f"{program.name}.log" if log_dir else None
        self._log_begins = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._delay = FIRST_DELAY
        self._due: float | None = None  # when to start again, once it has died

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode if self._process else None

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def is_wanted(self) -> bool:
        return self.program.restart or self.is_running()

    def start(self) -> None:
        self._due, self._started = None, time.monotonic()
        with self._open_log() as output:
            self._process = subprocess.Popen(  # noqa: S603 - the caller's argv, no shell
                self.program.argv,
                env=_environment(self.program.env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
                preexec_fn=_follow_parent(self.program.stop_signal),  # noqa: PLW1509 - one call
            )

    def tend(self) -> None:
        """Notice a death, or a life without work, and start again when it is time."""
        if self._process is None:
            return
        if self.is_running():
            self._end_if_stuck()
            return
        if self._due is None:
            self._after_death()
        elif self.program.restart and time.monotonic() >= self._due:
            self._try_again()

    def stop(self, hurried: Callable[[], bool]) -> None:
        """Signal, grace, kill: afterwards no process of the program's group is left."""
        if self._process is None or self._due is not None:
            return
        deadline = time.monotonic() + self.program.grace
        with suppress(ProcessLookupError):
            self._process.send_signal(self.program.stop_signal)
        while self.is_running() and time.monotonic() < deadline and not hurried():
            time.sleep(_TICK / 5)
        if self.is_running():
            log.warning("program.killed", program=self.program.name, pid=self.pid)
        self._kill_group()
        self._process.wait()

    def tail(self) -> str:
        """The last lines of the present process's output."""
        if self._log is None or not self._log.exists():
            return ""
        with self._log.open("rb") as file:
            file.seek(self._log_begins)
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def _end_if_stuck(self) -> None:
        if self.program.alive is None or self.program.alive(time.monotonic() - self._started):
            return
        log.error("program.stuck", program=self.program.name, pid=self.pid)
        self._kill_group()

    def _after_death(self) -> None:
        self._kill_group()  # at once: what a dead leader left behind would work on beside the next
        now = time.monotonic()
        if now - self._started >= SETTLED_AFTER:
            self._delay = FIRST_DELAY
        self._due = now + self._delay
        wait = self._delay if self.program.restart else None
        log.warning(
            "program.died", program=self.program.name, exit_code=self.exit_code, restart_in=wait
        )
        self._delay = min(self._delay * 2, LONGEST_DELAY)

    def _try_again(self) -> None:
        try:
            self.start()
        except OSError as error:  # no memory, no program: the next try may find it
            self._due = time.monotonic() + self._delay
            log.warning("program.not_restarted", program=self.program.name, error=str(error))
        else:
            log.info("program.restarted", program=self.program.name, pid=self.pid)

    def _kill_group(self) -> None:
        # Its own session, so the group has the leader's pid. macOS says EPERM of dead members.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _open_log(self) -> AbstractContextManager[IO[bytes] | None]:
        if self._log is None:
            return nullcontext()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if self._log.exists() and self._log.stat().st_size > _LOG_CAP:
            self._log.replace(self._log.with_suffix(".log.1"))
        output = self._log.open("ab")
        self._log_begins = output.tell()
        return output


class _Watcher:
    """Something to be called now and then, less often while it fails."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._due = 0.0
        self._delay = _WATCH_EVERY

    def tend(self) -> None:
        if time.monotonic() < self._due:
            return
        try:
            self._call()
        except Exception as error:
            self._delay = min(self._delay * 2, LONGEST_DELAY)
            log.exception("watch.failed", error=str(error), again_in=self._delay)
        else:
            self._delay = _WATCH_EVERY
        self._due = time.monotonic() + self._delay


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    """Ours and the program's. Children may write bytecode: without it every boot takes 9 s, not 3."""
    return {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    } | dict(added)


def _follow_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """What the child does between fork and exec so that our death is its signal to stop."""
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def follow() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # we died in between: the kernel has nothing to tell any more
            os._exit(1)

    return follow
