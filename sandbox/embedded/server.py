"""The life of one embedded server, whatever its kind.

The first process to start a server on a data folder owns it, and its `stop` stops it; one that
comes later, or at the same moment, gets the same URL and stops nothing. A server whose owner is
gone (kill -9 of everything, where the system did not take it along) is stopped cleanly and started
anew on the same port: a process that was never our child could not be watched.

Files in the home (see `home`): data/, server.json, log, lock.
"""

import os
import secrets
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO, ClassVar

import structlog

from sandbox.embedded import home as homes
from sandbox.embedded.process import (
    Account,
    ServerError,
    account_for,
    end,
    is_running,
    spawn,
    wait_until,
)
from sandbox.embedded.state import Lock, State, free_port, read_state, write_state

log = structlog.get_logger(__name__)

PATIENCE = 60.0  # seconds; replaying what a crash left may take long
_LOG_CAP = 5_000_000


class Server(ABC):
    """A server on 127.0.0.1 with a password, its data kept (or not) in a folder.

    Call `start` and `ensure` from a thread that lives as long as the server shall.
    """

    name: ClassVar[str]
    pid_file: ClassVar[str]
    stop_steps: ClassVar[tuple[tuple[signal.Signals, float], ...]]

    def __init__(self, data_dir: Path, *, keep: bool) -> None:
        self.data_dir = data_dir
        self.keep = keep
        self.home = data_dir
        self.account = Account(os.geteuid(), os.getegid())
        self._lock: Lock | None = None
        self._state: State | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log_begins = 0

    @abstractmethod
    def url_of(self, port: int, password: str) -> str: ...

    @abstractmethod
    def find_program(self) -> Path: ...

    @abstractmethod
    def prepare(self, program: Path, password: str, *, known: bool) -> None:
        """Make the data, if there is none, with that password.

        When the password is not `known`, data that exists already has another one.
        """

    @abstractmethod
    def command(self, program: Path, port: int, password: str) -> list[str | Path]: ...

    @abstractmethod
    def answers(self, url: str) -> bool:
        """Whether the server lets us in and can work."""

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def url(self) -> str:
        if self._state is None:
            raise ServerError(f"{self.name} in {self.data_dir} is not started: call start() first.")
        return self._state.url

    def start(self) -> str:
        """Start the server, or find it started; its URL once it answers."""
        if self._state is None:
            try:
                self._settle()
                self._own_or_borrow()
            except PermissionError as error:
                raise ServerError(
                    f"{error.filename} belongs to another user. Run as that user, or choose "
                    f"another folder than {self.data_dir}."
                ) from error
        return self.url

    def stop(self) -> None:
        """Stop the server if it is ours; what is not to be kept is then gone."""
        if self._lock is None:
            self._state = None
            return
        self._end_process()
        if self._state is not None:
            write_state(self.home, State(self._state.url))
        self._dismiss()

    def ensure(self) -> None:
        """Start our server again if it has died; call this now and then."""
        if (
            self._lock is not None
            and self._process is not None
            and self._process.poll() is not None
        ):
            log.warning("embedded.died", server=self.name, exit_code=self._process.returncode)
            self._launch()

    def erase(self) -> None:
        """Stop a leftover, and remove the data for good, wherever it is."""
        if not self.data_dir.exists():
            return
        self._settle()
        self._lock = Lock.attempt(self.home / "lock")
        if self._lock is None:
            raise ServerError(f"{self.name} in {self.data_dir} is in use: stop what runs it first.")
        self._end_leftover()
        homes.erase(self.home, self.data_dir)
        self._release()

    def _settle(self) -> None:
        """Find the home and the account: whoever owns the data, once there is data."""
        account = account_for(self.data_dir / "data")
        self.home = homes.find_home(self.data_dir, account, keep=self.keep)
        self.account = account_for(self.data)

    def _own_or_borrow(self) -> None:
        deadline = time.monotonic() + PATIENCE + 10
        while not self._try_to_own() and not self._try_to_borrow():
            if time.monotonic() > deadline:
                raise ServerError(
                    f"Another process holds {self.home}/lock, but its {self.name} does not answer. "
                    f"Stop that process, then start again."
                )
            time.sleep(0.05)

    def _try_to_own(self) -> bool:
        self._lock = Lock.attempt(self.home / "lock")
        if self._lock is None:
            return False
        try:
            self._end_leftover()
            self._launch()
        except BaseException:
            self._end_process()
            self._dismiss()
            raise
        return True

    def _try_to_borrow(self) -> bool:
        state = read_state(self.home)
        if state is None or state.pid is None or not self.answers(state.url):
            return False
        self._state = state
        return True

    def _launch(self) -> None:
        """Start the process; again while something that a dying server held is in use."""
        remembered = read_state(self.home)
        password = remembered.password if remembered else secrets.token_hex(24)
        program = self.find_program()
        self.prepare(program, password, known=remembered is not None)
        port = remembered.port if remembered else 0
        deadline = time.monotonic() + PATIENCE
        while not self._comes_up(program, port := free_port(port), password, deadline):
            said = self._last_words()
            if "in use" not in said or time.monotonic() > deadline:
                raise ServerError(f"{self.name} did not start in {self.home}. It said:\n{said}")
            time.sleep(0.2)

    def _comes_up(self, program: Path, port: int, password: str, deadline: float) -> bool:
        """Whether a new process gets ready in time; if not, it is ended."""
        command = self.command(program, port, password)
        with self._open_log() as output:
            process = spawn(command, self.account, output, self.stop_steps[0][0])
        self._process = process
        self._state = State(self.url_of(port, password), process.pid)
        write_state(self.home, self._state)
        url = self.url
        wait_until(
            lambda: process.poll() is not None or self.answers(url), deadline - time.monotonic()
        )
        if process.poll() is None and self.answers(url):
            return True
        self._end_process()
        return False

    def _end_process(self) -> None:
        process = self._process
        if process is not None:
            end(process.pid, lambda: process.poll() is None, self.stop_steps)

    def _end_leftover(self) -> None:
        """Stop the server that an owner who is gone left running; clear its pid file if none is.

        A stale pid file with the pid of another process of ours would keep PostgreSQL from
        starting: small pids come again in every container.
        """
        data, pid_file = self.data.resolve(), self.data / self.pid_file
        if not pid_file.exists():
            return
        pid = _first_number(pid_file.read_text())
        if pid and is_running(pid, data, self.name):
            log.warning("embedded.leftover", server=self.name, pid=pid, home=str(self.home))
            end(pid, lambda: is_running(pid, data, self.name), self.stop_steps)
        pid_file.unlink(missing_ok=True)

    def _dismiss(self) -> None:
        if not self.keep:
            homes.erase(self.home, self.data_dir)
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
        self._lock = self._process = self._state = None

    def _open_log(self) -> IO[bytes]:
        """For our eyes only: PostgreSQL quotes the statements that failed, values and all."""
        path = self.home / "log"
        if path.exists() and path.stat().st_size > _LOG_CAP:
            path.replace(self.home / "log.1")
        output = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
        self._log_begins = output.tell()
        return output

    def _last_words(self) -> str:
        """The end of what this process, not one before it, wrote."""
        with (self.home / "log").open("rb") as file:
            file.seek(self._log_begins)
            said = file.read().decode(errors="replace")
        return "\n".join(said.splitlines()[-15:]) or "(nothing)"


def _first_number(text: str) -> int:
    first = text.split("\n", 1)[0].strip()
    return int(first) if first.isdigit() else 0
