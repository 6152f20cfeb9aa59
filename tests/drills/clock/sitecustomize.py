"""Lets the clock of one Python process jump while it runs: the file named by DRILL_CLOCK holds by how many
seconds it is ahead. Only wall clocks move (time.time, datetime.now, …), as when somebody sets a machine's time.

On PYTHONPATH of a drilled worker; its children, forked or started, look at the same file.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import time_machine

LOOK_EVERY = 0.2
_really = time_machine.escape_hatch


def _follow(file: Path) -> None:
    ahead = 0.0
    while True:
        told = float(file.read_text() or 0) if file.exists() else 0.0
        if told != ahead:
            ahead = told
            time_machine.travel(_really.time.time() + ahead, tick=True).start()
        time.sleep(LOOK_EVERY)


def _begin() -> None:
    file = Path(os.environ["DRILL_CLOCK"])
    threading.Thread(target=_follow, args=(file,), name="drill-clock", daemon=True).start()


if "DRILL_CLOCK" in os.environ:
    os.register_at_fork(after_in_child=_begin)
    _begin()
