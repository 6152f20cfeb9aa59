"""A child process that does not outlive us, under a user that may run it.

PostgreSQL refuses to run as root, so root's servers run as the owner of their data, at first
`nobody`; anybody else's run as themselves. On Linux the kernel tells a server to stop when the
thread that started it ends (PDEATHSIG), so start servers from a thread that stays.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: nothing may be imported between fork and exec.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ServerError(RuntimeError):
    """An embedded server cannot do its work: says what, where, and what to do about it."""


@dataclass(frozen=True)
class Account:
    """The user a server runs as."""

    uid: int
    gid: int

    @property
    def is_another(self) -> bool:
        return self.uid != os.geteuid()

    def change(self, to: T) -> T | None:
        """What Popen shall change to; nothing when the account is ours already."""
        return to if self.is_another else None

    def give(self, path: Path) -> None:
        """Make the account the owner of a file or folder that we made."""
        if self.is_another:
            os.chown(path, self.uid, self.gid)


def account_for(data: Path) -> Account:
    """Ourselves; for root: whom the data belongs to already, else nobody."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerError(
            "PostgreSQL does not run as root, and this machine has no user `nobody` to run it as. "
            "Run as another user, or set DATABASE_URL and REDIS_URL."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def spawn(
    command: Sequence[str | Path], account: Account, log: IO[bytes], death_signal: signal.Signals
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own (a Ctrl-C at the terminal is not for it)."""
    return subprocess.Popen(  # noqa: S603 - our own argv, no shell
        command,
        user=account.change(account.uid),
        group=account.change(account.gid),
        extra_groups=account.change([]),
        cwd="/",
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        umask=0o077,
        preexec_fn=follow_parent(death_signal),  # noqa: PLW1509 - one prepared system call
    )


def run(command: Sequence[str | Path], account: Account, stdin: bytes = b"") -> str:
    """Run a short command as the account; its output, or ServerError with what it said."""
    done = subprocess.run(  # noqa: S603 - our own argv, no shell
        command,
        user=account.change(account.uid),
        group=account.change(account.gid),
        extra_groups=account.change([]),
        cwd="/",
        env=environment(),
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode:
        raise ServerError(f"{command[0]} ended with {done.returncode}: {said}")
    return said


def environment() -> dict[str, str]:
    """Ours without what would change a server, and in English: its messages are compared."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def follow_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What the child does between fork and exec so that our death is its signal to stop."""
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def follow() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # we died in between: the kernel has nothing to tell any more
            os._exit(1)

    return follow


def is_running(pid: int, data: Path, program: str) -> bool:
    """Whether that process is the server of that data, and not a later one with the same pid.

    Both servers change into their data folder, and Linux tells which folder that is; a zombie has
    none. Elsewhere the program's name has to do.
    """
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == data
        except OSError:
            return False
    shown = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return program in shown.stdout


def end(pid: int, alive: Callable[[], bool], steps: Iterable[tuple[signal.Signals, float]]) -> None:
    """Ask a process to stop, each signal with its seconds of patience; at last, kill it."""
    for number, patience in (*steps, (signal.SIGKILL, 10.0)):
        if not alive():
            return
        _send(pid, number)
        _send(pid, signal.SIGCONT)  # a stopped process hears nothing else
        wait_until(lambda: not alive(), patience)


def wait_until(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
