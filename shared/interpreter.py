"""How Python runs our processes: what is measured stands in docs/benchmarks.md."""

from __future__ import annotations

import gc
import sys

YOUNG, MIDDLE, OLD = 20_000, 20, 20
"""A page of 250 records is some 15,000 objects. They are trees, and go without a collector as soon as nobody holds
them; but it is called by the number of objects that are made."""
TURN = 0.0003
"""Seconds that a thread computes while another waits. A transaction waits for the interpreter after each of its
statements, beside threads that read pages; PostgreSQL waits with it."""


def start() -> None:
    """Called before most is imported: modules, classes and models are made by the ten thousand and stay. To look
    through them for garbage meanwhile takes a sixth of a start."""
    gc.set_threshold(YOUNG, MIDDLE, OLD)


def settle() -> None:
    """Called when a process is about to begin its work.

    What it has imported stays, and is not looked through for garbage: that took more than a third of a first load's CPU,
    made pauses in answers, and copied, page by page, what forked processes share.
    """
    gc.freeze()
    sys.setswitchinterval(TURN)
