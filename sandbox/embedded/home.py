"""Where a server's files are: its home.

Usually that is the data folder asked for. Two reasons to be elsewhere, remembered in the file
`place` in the data folder:

- We are root, the server runs as `nobody`, and `nobody` cannot get there (/root is 0700). Then the
  home is a new folder in /var/lib, or in /var/tmp where that is not to be written.
- The data is not to be kept. Then the home is in memory (/dev/shm) if there is room, and goes away
  with the server; what a killed process left there is removed at the next start of any such server.

Removing the data folder therefore need not remove the data: `erase` does, and so does
`make clean-data`.
"""

import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import structlog

from sandbox.embedded.process import Account, ServerError
from sandbox.embedded.state import Lock, locked

log = structlog.get_logger(__name__)

_MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of our own in it
_ROOM_WANTED = 1 << 30
_PASSING = "ponte-passing-"
_SETTLED = 60.0  # seconds: a younger one may not have its lock yet


def find_home(data_dir: Path, account: Account, *, keep: bool) -> Path:
    """The home that belongs to a data folder, made if there is none. Absolute, no links."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=_mode(account))
    with locked(data_dir / "place.lock"):
        return remembered(data_dir) or _choose(data_dir.resolve(), account, keep=keep)


def remembered(data_dir: Path) -> Path | None:
    """The home chosen earlier, if it is still there."""
    place = data_dir / "place"
    if not place.exists():
        return None
    home = Path(place.read_text())
    if home.is_dir():
        return home
    log.warning("embedded.home_gone", home=str(home), data_dir=str(data_dir))
    return None


def erase(home: Path, data_dir: Path) -> None:
    """Remove a home, and the memory of it. A data folder that holds more than that stays."""
    shutil.rmtree(home)
    for name in ("place", "place.lock"):
        (data_dir / name).unlink(missing_ok=True)
    if data_dir.is_dir() and not any(data_dir.iterdir()):
        data_dir.rmdir()


def reachable(path: Path, account: Account) -> bool:
    """Whether the account may enter a folder, and every folder above it."""
    return all(_may_enter(folder.stat(), account) for folder in (path, *path.parents))


def _choose(data_dir: Path, account: Account, *, keep: bool) -> Path:
    if keep and reachable(data_dir, account):
        return data_dir
    if (data_dir / "data").exists():
        raise ServerError(
            f"{data_dir}/data holds data that user {account.uid} can no longer reach. "
            f"Let others enter the folders above it (chmod o+x), or move it."
        )
    home = _make(_kept() if keep else _passing(), account)
    (data_dir / "place").write_text(str(home))
    log.info("embedded.placed", home=str(home), data_dir=str(data_dir))
    return home


def _kept() -> str:
    """What begins the name of a home to be kept: /var/tmp may be swept after thirty days."""
    folder = next(base for base in ("/var/lib", "/var/tmp") if os.access(base, os.W_OK))  # noqa: S108
    return f"{folder}/ponte-"


def _passing() -> str:
    """What begins the name of a home to be thrown away."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_WANTED
    folder = _MEMORY if roomy and os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _sweep(folder)
    return f"{folder}/{_PASSING}"


def _make(beginning: str, account: Account) -> Path:
    folder, prefix = os.path.split(beginning)
    home = Path(tempfile.mkdtemp(prefix=prefix, dir=folder)).resolve()
    home.chmod(_mode(account))
    return home


def _mode(account: Account) -> int:
    """The home is ours; the server's account, when another, may pass through to its data."""
    return 0o711 if account.is_another else 0o700


def _sweep(folder: Path) -> None:
    """Remove the passing homes of processes that are no more; others may be about it as well."""
    for home in folder.glob(f"{_PASSING}*"):
        with suppress(FileNotFoundError):
            info = home.lstat()
            if info.st_uid != os.geteuid() or time.time() - info.st_mtime < _SETTLED:
                continue
            if lock := Lock.attempt(home / "lock"):
                shutil.rmtree(home, ignore_errors=True)
                lock.release()


def _may_enter(folder: os.stat_result, account: Account) -> bool:
    if account.uid == 0:
        return True
    if folder.st_uid == account.uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == account.gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)
