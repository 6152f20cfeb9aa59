"""Environments of the rivals: `.bench/NAME`, from the pinned list `rivals/NAME.txt`, made again when that changes.

`NAME.txt` is written from `NAME.in`: `.uv/bin/uv pip compile bench/rivals/NAME.in --universal
--python-version 3.11 --generate-hashes --no-header --no-annotate --output-file bench/rivals/NAME.txt`.
"""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from bench.ground import PLACE, ROOT
from bench.measure import Failed

RIVALS = Path(__file__).with_name("rivals")
UV = ROOT / ".uv" / "bin" / "uv"


def python_of(name: str) -> str:
    """The interpreter of a rival's environment; raises Failed when that cannot be made."""
    wanted, folder = RIVALS / f"{name}.txt", PLACE / name
    digest, stamp = sha256(wanted.read_bytes()).hexdigest(), folder / ".installed"
    python = folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != digest:
        _say([sys.executable, "-m", "venv", "--clear", *_without_pip(), folder])
        _say([*_installer(python), "--require-hashes", "-r", wanted])
        stamp.write_text(digest)
    return str(python)


def version_of(name: str) -> str:
    """As the environment has it: `dlt 1.31.0`."""
    found = next(
        each.version
        for each in metadata.distributions(path=[str(*(PLACE / name).glob("lib/*/site-packages"))])
        if each.metadata["Name"] == name
    )
    return f"{name} {found}"


def _without_pip() -> list[str]:
    return ["--without-pip"] if UV.exists() else []


def _installer(python: Path) -> list[str | Path]:
    """uv, where the Makefile could get it, as for the project's own environment."""
    if UV.exists():
        return [UV, "pip", "install", "--quiet", "--python", python]
    return [python, "-m", "pip", "install", "--quiet"]


def _say(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Failed(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
