"""What one server tells another process about itself: server.json, a lock, a port.

`server.json` (0600) holds the URL, password and all, and the pid while the server runs. The lock
belongs to the process that started the server, for as long as that process lives; the kernel lets
go of it at any kind of death, so a free lock beside a running server means a leftover.
"""

import fcntl
import json
import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

# Below every system's ephemeral ports. A port from among those may be lent to an outgoing
# connection before the server has it again; a client that tries one may even reach itself.
_PORTS = range(20_000, 32_000)


@dataclass(frozen=True)
class State:
    """A server as its data remembers it. Without a pid it is stopped."""

    url: str
    pid: int | None = None

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def password(self) -> str:
        return urlsplit(self.url).password or ""


def read_state(home: Path) -> State | None:
    """What is remembered; nothing when there is nothing, or nothing readable."""
    try:
        return State(**json.loads((home / "server.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_state(home: Path, state: State) -> None:
    """Replace server.json in one step, for the eyes of the home's owner only."""
    fresh = home / "server.json.new"
    write_secret(fresh, json.dumps(asdict(state)))
    owner = home.stat()
    if owner.st_uid != os.geteuid():
        os.chown(fresh, owner.st_uid, owner.st_gid)
    fresh.replace(home / "server.json")


def write_secret(path: Path, text: str) -> None:
    """Write a file that was never readable to others, not even for a moment."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


class Lock:
    """An exclusive lock on a file, held until released or until this process ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def attempt(cls, path: Path) -> "Lock | None":
        """The lock, or nothing when another holds it."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(descriptor)

    def release(self) -> None:
        os.close(self._descriptor)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock for a moment, waiting for it."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def free_port(former: int = 0) -> int:
    """The former port if nothing listens there, else one that is free now."""
    candidates = [former] if former else []
    candidates += random.sample(_PORTS, 100)
    return next(port for port in candidates if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as both servers do
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
