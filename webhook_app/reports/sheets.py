"""What a file of a report is made from, and what both kinds of files say alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webhook_app.reports.engine import Asked, Row
from webhook_app.reports.grammar import Said, Shown

PORTUGUESE = "pt-BR"


@dataclass(frozen=True)
class Sheet:
    """locale: None for a file that programs read; as_of: the oldest of the lists that the report follows; rows:
    to be read once."""

    asked: Asked
    locale: str | None
    totals: Row
    as_of: datetime | None
    rows: Iterator[Row]

    def say(self, both: Said) -> str:
        return both.pt if self.locale == PORTUGUESE else both.en

    def heading(self, one: Shown) -> str:
        return self.say(one.title) if self.locale else one.name

    def value(self, one: Shown, row: Row) -> Any:
        """Of a row, None where it has no such column; what the view says in Portuguese, in the file's language."""
        found = row.get(one.name)
        both = next((each for each in one.words if self.locale and each.pt == found), None)
        return self.say(both) if both else found
