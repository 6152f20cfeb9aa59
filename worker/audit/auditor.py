"""One audit of one list: walk it again, compare, doubt, let the ordinary sync have its chance, look again.

A difference is drift only if the ordinary way does not mend it: it is there at a look by id, an ordinary
sync of the list begins after that look and ends, and at the next look the vendor says the same and the
mirror still does not. What changed meanwhile is never drift. Nothing is stamped.

Of lists whose ordinary sync reads a window only, what changed outside of it waits until its turn comes in
history: it is late, and no drift, while history is read in its turn.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from shared import availability
from shared.agenda import books as agenda_books
from shared.availability import WHOLE, name_of, place_of
from shared.db.bookkeeping import audits as table
from shared.db.engine import clock
from shared.errors import NotAvailable, NotBelievable, SyncNeeded, WalkBroken
from shared.logs import logger
from shared.resources.grammar import Asked
from shared.runs import PROGRESS
from worker.audit import books, comparing, mending, ordinary
from worker.audit.books import Audit
from worker.audit.comparing import DIFFERENT, KINDS, ONLY_HERE, ONLY_THERE
from worker.audit.looking import Looker, Seen, by_slice, hashes, is_newer
from worker.audit.notes import DOUBTED, DRIFT, LATE, REPAIRED, Doubt, Notes
from worker.audit.progress import BY_ID, IN_FULL, LATELY, Progress
from worker.reach import Reach
from worker.sources.protocol import Ask, Met, Page
from worker.sync import checkpoint, plan, rows, sweep, walk
from worker.sync.checkpoint import Position
from worker.sync.engine import TRIES
from worker.sync.rows import Key

ROUNDS = 4
"""Looks at what differed before it is left as being in motion."""
MOMENT = 5.0
"""Seconds between two looks at what no ordinary sync reads."""
RECENT = timedelta(days=7)
"""How far back a list is compared of which what is there stays as it is."""

IN_ITS_TURN = 2
"""All of history was read within so many times GESTAO_CLICK_HISTORY_DAYS where that is as it should be."""

log = logger(__name__)


class _TimeIsUp(Exception):
    """The audit goes on from its position, in another task."""


class Auditor:
    """Carries out one claimed audit. `deadline` (monotonic seconds): when to stop at the next page."""

    def __init__(self, reach: Reach, met: Met, audit: Audit, deadline: float) -> None:
        self._reach, self._audit, self._deadline = reach, audit, deadline
        self._integration, self._account, self._source = met.integration, met.account, met.source
        self._resource = audit.resource
        self._looker = Looker(met.source, met.integration.id, audit.resource, met.account.country)
        self._progress = Progress.load(audit.position) if audit.position else self._begin()
        self._position = self._progress.walk

    def carry_out(self) -> bool:
        """True when the audit is done; False when time is up: it goes on from its position."""
        try:
            while not self._position.walked:
                self._walk_slice()
            self._look_at_the_unmet()
            self._look_again()
            self._repair()
        except _TimeIsUp:
            return False
        self._finish()
        return True

    def _begin(self) -> Progress:
        """Raises SyncNeeded for a list that was never read: all of it would be a difference."""
        resource, integration_id = self._resource, self._integration.id
        with self._reach.engine.begin() as connection:
            now = clock(connection)
            if resource.unlisted:
                return Progress(Position.start([], now, None), BY_ID, False)
            if not plan.was_read(connection, integration_id, resource):
                raise SyncNeeded(resource.full_name)
            today = now.astimezone(ZoneInfo(self._account.timezone)).date()
            settings = self._reach.settings
            in_turn = self._history_is_read(
                connection, now - IN_ITS_TURN * timedelta(days=settings.gestao_click_history_days)
            )
            around = plan.horizon(
                connection, settings, self._integration, resource, today, full=True
            )
            # where dates may be left out, they are: nothing can hide beyond them
            asks = resource.asks(around if around.chosen else replace(around, span=None))
            refused = availability.refused_lately(connection, integration_id, resource) - {WHOLE}
        since = now - RECENT if resource.append_only else None
        begun = Position.start(
            [dict(ask) for ask in asks if place_of(resource, ask) not in refused], now, since
        )
        begun.left_out = sorted(refused)
        return Progress(begun, LATELY if since else IN_FULL, in_turn)

    def _history_is_read(self, connection: Connection, since: datetime) -> bool:
        """Of a list that is read in windows: was all of it read since then, at once or piece by piece?"""
        resource, integration_id = self._resource, self._integration.id
        if resource.windows is None:
            return False
        walked = checkpoint.walked_at(connection, integration_id, resource.full_name)
        pieces = agenda_books.history(connection, integration_id, resource.full_name).values()
        return any(at > since for at in (walked, min(pieces, default=None)) if at)

    # --- the walk ---

    def _walk_slice(self) -> None:
        """Compares the current slice, page by page, to its proven end."""
        position = self._position
        ask = Ask(self._resource, position.asks[position.slice], position.since)
        try:
            for number, page in walk.pages(partial(self._source.page, ask), position.page):
                position.note_total(page.total)
                if not page.records:
                    continue
                if not self._compare(ask, number, page) and len(page.records) > 1:
                    if page.more or not position.complete:
                        raise WalkBroken(f"page {number} repeats what was met before it")
                    break  # the vendor does not page this list
                if page.more is False:
                    break
                self._watch_the_time()
        except NotAvailable as error:
            self._leave_out(error)
        else:
            self._close_slice()
        self._watch_the_time()

    def _compare(self, ask: Ask, number: int, page: Page) -> int:
        """Notes, differences and the position, in one transaction; returns how many records were new."""
        position = self._position
        batch = rows.batch(self._resource, page.records, self._looker.context(ask.slice))
        with self._reach.engine.begin() as connection:
            notes = Notes(connection, self._audit)
            differing = comparing.with_rows(connection, self._integration.id, self._resource, batch)
            notes.doubt(differing, ask.slice, hashes(batch))
            new = notes.met([row.key for row in batch.rows], self._progress.walks)
            new += len(batch.rejects) + len(batch.deleted)
            position.page = number + 1
            position.distinct += new
            self._save(
                connection,
                pages=table.c.pages + 1,
                compared=table.c.compared + len(batch.rows),
                **PROGRESS,
            )
        return new

    def _close_slice(self) -> None:
        """Goes on to the next slice, or reads this one again when pages shifted under it.

        What a list in motion hid to the end is asked for by id; without a way to do so it is not judged.
        """
        position = self._position
        again = not position.complete and position.tries < TRIES
        if not position.complete and not again and not self._resource.by_id:
            raise NotBelievable(self._integration.provider, f"{position.distinct} records met")
        with self._reach.engine.begin() as connection:
            now = clock(connection)
            if again:
                position.begin_slice(position.slice, now, tries=position.tries + 1)
            else:
                position.begin_slice(position.slice + 1, now)
            self._progress.walks += 1
            self._save(connection)

    def _leave_out(self, error: NotAvailable) -> None:
        """One slice that the account does not get stops no other; a list without any is not available."""
        position = self._position
        position.refused[place_of(self._resource, position.asks[position.slice])] = str(error)
        if position.refused.keys() >= {place_of(self._resource, ask) for ask in position.asks}:
            raise error
        with self._reach.engine.begin() as connection:
            position.begin_slice(position.slice + 1, clock(connection))
            self._save(connection)

    # --- what the walk did not meet ---

    def _look_at_the_unmet(self) -> None:
        """Rows that live here and stood on no page: by id they are there all the same, or they are not."""
        if self._progress.unmet_looked_at or self._resource.append_only:
            return
        with self._reach.engine.begin() as connection:
            unmet = Notes(connection, self._audit).unmet()
        judged = [Doubt(key, asked, None) for key, asked in unmet if self._was_given(key)]
        for asked, keys in by_slice(judged):
            self._look_at(asked, keys)
        with self._reach.engine.begin() as connection:
            self._progress.unmet_looked_at = True
            self._save(connection)

    def _was_given(self, key: Key) -> bool:
        """Does it stand in a slice that the vendor gave?"""
        unread = {*self._position.refused, *self._position.left_out}
        (slice_,) = sweep.by_slice(self._resource, [key])
        return name_of(dict(slice_)) not in unread

    def _look_at(self, asked: Asked, keys: Sequence[Key]) -> None:
        for seen in self._looker.looks(asked, keys):
            with self._reach.engine.begin() as connection:
                notes = Notes(connection, self._audit)
                notes.doubt(self._looker.differences(connection, seen), asked, seen.hashes)
                notes.met(seen.keys, self._progress.walks)
                there = len(seen.batch.rows)
                self._save(connection, compared=table.c.compared + there, **PROGRESS)
            self._watch_the_time()

    # --- is it drift? ---

    def _look_again(self) -> None:
        """Until nothing is in doubt; what is different at each look is in motion, and no drift."""
        while self._progress.rounds < ROUNDS and self._doubts():
            if self._progress.rounds:
                self._let_it_be_brought()
            for asked, keys in by_slice(self._doubts(self._progress.rounds)):
                self._judge(asked, keys)
            with self._reach.engine.begin() as connection:
                self._progress.rounds += 1
                self._progress.run = self._progress.run_wanted_at = None
                self._save(connection)

    def _doubts(self, looks: int | None = None) -> list[Doubt]:
        with self._reach.engine.begin() as connection:
            return Notes(connection, self._audit).kept(DOUBTED, looks)

    def _judge(self, asked: Asked, keys: Sequence[Key]) -> None:
        rounds, before = self._progress.rounds, {one.key: one.hash for one in self._doubts()}
        for seen in self._looker.looks(asked, keys):
            with self._reach.engine.begin() as connection:
                notes = Notes(connection, self._audit)
                differing = self._looker.differences(connection, seen)
                notes.drop([key for key in seen.keys if key not in differing])
                notes.doubt(differing, asked, seen.hashes)
                notes.looked(list(differing), rounds + 1)
                for key, difference in differing.items():
                    same = rounds > 0 and seen.hashes.get(key) == before[key]
                    if same and not is_newer(difference, seen.found):
                        late = difference.mendable and self._progress.history_in_turn
                        notes.settle([key], LATE if late else DRIFT)
                self._save(connection, **PROGRESS)
            self._watch_the_time()

    def _let_it_be_brought(self) -> None:
        """An ordinary sync of the list that begins after the last look; what it mends was no drift."""
        if self._resource.unlisted:
            time.sleep(MOMENT)  # webhooks alone bring these
            return
        while not ordinary.has_brought(self._reach, self._audit, self._progress, self._save):
            self._watch_the_time()
            time.sleep(0.2)

    # --- mending ---

    def _repair(self) -> None:
        """Writes and marks as any look does; what is the same afterwards counts as repaired."""
        with self._reach.engine.begin() as connection:
            if not books.is_to_repair(connection, self._audit):
                return
            notes = Notes(connection, self._audit)
            left = notes.kept(DRIFT) + notes.kept(LATE)
        for asked, keys in by_slice(left):
            for seen in self._looker.looks(asked, keys):
                self._mend(seen)
                self._watch_the_time()

    def _mend(self, seen: Seen) -> None:
        with self._reach.engine.begin() as connection:
            mending.mend(connection, self._audit, seen)
        with self._reach.engine.begin() as connection:
            left = self._looker.differences(connection, seen)
            judged = [*seen.hashes, *seen.absent]
            mended = [key for key in judged if key not in left]
            Notes(connection, self._audit).settle(mended, REPAIRED)
            self._save(connection, **PROGRESS)

    # --- the books ---

    def _watch_the_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise _TimeIsUp

    def _save(self, connection: Connection, **changes: Any) -> None:
        lease = self._reach.settings.run_lease_seconds
        said = {"position": self._progress.dump(), "scope": self._progress.scope}
        books.renew(connection, self._audit, lease, **said, **changes)

    def _finish(self) -> None:
        with self._reach.engine.begin() as connection:
            counts = Notes(connection, self._audit).counts()

            def found(*states: str, kinds: Iterable[str] = KINDS) -> int:
                return sum(counts.get((kind, state), 0) for kind in kinds for state in states)

            said = [*self._not_given(), *_in_motion(found(DOUBTED))]
            books.finish(
                connection,
                self._audit,
                "done",
                only_there=found(DRIFT, REPAIRED, kinds=[ONLY_THERE]),
                only_here=found(DRIFT, REPAIRED, kinds=[ONLY_HERE]),
                different=found(DRIFT, REPAIRED, kinds=[DIFFERENT]),
                repaired=found(REPAIRED),
                verified_through=None if found(DRIFT) else self._audit.started_at,
                reason="; ".join(said) or None,
            )
        log.info("audit_done", left=found(DRIFT), late=found(LATE), repaired=found(REPAIRED))

    def _not_given(self) -> list[str]:
        """Slices that the account does not get: nothing is said of them."""
        lately = dict.fromkeys(self._position.left_out, "refused within the last day")
        refused = {**lately, **self._position.refused}
        return [f"not given: {name} ({why})" for name, why in refused.items()]


def _in_motion(count: int) -> list[str]:
    return [f"{count} changed at every look and were not judged"] if count else []
