"""What Python's garbage collector need not look at.

Records are trees: they go as soon as nobody holds them, without a collector. It is called by the number of objects
that are made, and looked through everything that a process had ever imported, time and again: half of the CPU of
a first load, and pauses in answers.
"""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 20_000, 20, 20
"""A page of 250 records is some 15,000 objects."""


def settle() -> None:
    """Called when a process is about to begin its work: what is there stays, and is left alone."""
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
