"""`make bench [QUICK=1] [PARTS="load quota"] [REPORT=docs/benchmarks.md]`: plays parts, says what came out.

A full run writes docs/benchmarks.md, a quick one only what it is told to: its figures show that the bench works.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from rich.console import Console

from bench import report
from bench.figures import Figure
from bench.ground import ROOT, Ground

PARTS = ("load", "quota", "webhooks", "latency", "memory", "growth", "hosts", "matching", "pages")
"""Modules of this package, in the order in which they are played."""
REPORT = ROOT / "docs" / "benchmarks.md"


class Part(Protocol):
    """What a module of a part has."""

    def play(self, ground: Ground, quick: bool) -> Iterator[Figure]:
        """Measures; what it yields is final."""


def main() -> int:
    options = _options()
    # whoever stops us: the servers and processes that were started are stopped with us
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    document = options.report or (None if options.quick else REPORT)
    with Ground() as ground:
        described = ground.described()  # before: a commit may be made meanwhile
        for name in options.parts:
            began = time.monotonic()
            part: Part = importlib.import_module(f"bench.{name}")
            figures = list(part.play(ground, options.quick))
            report.show(name, figures, console)
            console.print(f"{name} took {time.monotonic() - began:.0f} s.\n")
            if document:
                report.write(document, name, figures, described)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, once each")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--report", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
