"""Where an audit stands; everything that one which is taken over has to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from worker.sync.checkpoint import Position

IN_FULL, LATELY, BY_ID = "in full", "recent", "by id"
"""What is compared: all of a list; its newest records; the rows that are here."""


@dataclass
class Progress:
    """walk: as a run's; history_in_turn: what changed outside of the windows is brought by history's turn;
    walks: how many walks of slices were begun; rounds: how often doubts were looked at; run, run_wanted_at:
    the ordinary sync that is waited for, and since when."""

    walk: Position
    scope: str
    history_in_turn: bool
    walks: int = 1
    unmet_looked_at: bool = False
    rounds: int = 0
    run: int | None = None
    run_wanted_at: datetime | None = None

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Progress:
        wanted = stored["run_wanted_at"]
        parsed = {
            "walk": Position.load(dict(stored["walk"])),
            "run_wanted_at": datetime.fromisoformat(wanted) if wanted else None,
        }
        return cls(**{**stored, **parsed})

    def dump(self) -> Any:
        return orjson.loads(orjson.dumps(self))
