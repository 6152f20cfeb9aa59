"""Dead letters: deliveries and rejects that failed for good. Which are meant, and their way back.

A delivery that is replayed waits again, as if it had just come. A reject is looked up again (shared/rejects.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, func, not_, or_, select, true, update

from shared.db.bookkeeping import DEAD, deliveries, integration_settings, rejects
from shared.errors import Misuse

NOW = func.clock_timestamp()
DONE = "done"


@dataclass(frozen=True)
class Chosen:
    """Which letters: everything that is given must hold.

    reason: words out of the reason, or a delivery's outcome, in any case; since: settled, or last seen, not
    before; resource and key: of rejects; everything: it is meant when nothing else is given.
    """

    ids: Sequence[int] = ()
    reason: str | None = None
    since: datetime | None = None
    integration_id: int | None = None
    resource: str | None = None
    key: str | None = None
    everything: bool = False

    def ensure_meant(self) -> None:
        """Raises Misuse when nothing says which letters are meant."""
        said = (self.ids, self.reason, self.since, self.integration_id, self.resource, self.key)
        if not self.everything and not any(said):
            raise Misuse("say which letters: by id, reason, age, or all of them")


def among_deliveries(chosen: Chosen) -> ColumnElement[bool]:
    """Ids pick whatever is settled; words whatever is not done; else it is those that failed for good."""
    table = deliveries.c
    tests: list[ColumnElement[bool]] = [table.settled_at.is_not(None)]
    if chosen.ids:
        tests.append(table.id.in_(chosen.ids))
    elif chosen.reason:
        tests.append(table.outcome != DONE)
    else:
        tests.append(DEAD)
    if chosen.reason:
        tests.append(_says(chosen.reason, table.outcome, table.reason))
    if chosen.since:
        tests.append(table.settled_at >= chosen.since)
    return and_(*tests, _of_integration(chosen, deliveries))


def among_rejects(chosen: Chosen) -> ColumnElement[bool]:
    table = rejects.c
    tests: list[ColumnElement[bool]] = [true()]
    if chosen.ids:
        tests.append(table.id.in_(chosen.ids))
    if chosen.reason:
        tests.append(_says(chosen.reason, table.reason))
    if chosen.since:
        tests.append(table.seen_at >= chosen.since)
    if chosen.resource:
        tests.append(table.resource == chosen.resource)
    if chosen.key:
        tests.append(table.key == chosen.key)
    return and_(*tests, _of_integration(chosen, rejects))


def _says(words: str, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(*(column.icontains(words, autoescape=True) for column in columns))


def _of_integration(chosen: Chosen, table: Table) -> ColumnElement[bool]:
    if chosen.integration_id is None:
        return true()
    mine: ColumnElement[bool] = table.c.integration_id == chosen.integration_id
    return mine


def of_those_that_stay(table: Table) -> ColumnElement[bool]:
    """Nobody reads what belongs to an integration that was removed."""
    removed = integration_settings.c.metadata.has_key("removed_at")
    there = select(integration_settings.c.id).where(not_(removed))
    return table.c.integration_id.in_(there)


def replay_deliveries(connection: Connection, chosen: Chosen) -> Counter[int]:
    """They wait again, as if they had just come; returns how many, by integration. Commit, then ring.

    Raises Misuse when nothing says which are meant.
    """
    chosen.ensure_meant()
    again = connection.scalars(
        update(deliveries)
        .where(among_deliveries(chosen), of_those_that_stay(deliveries))
        .values(
            settled_at=None,
            outcome=None,
            reason=None,
            about=None,
            owner=None,
            next_at=NOW,
            attempts=0,
            deaths=0,
        )
        .returning(deliveries.c.integration_id)
    )
    return Counter(again)
