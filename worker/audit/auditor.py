"""One audit of one list: walk it again, compare, doubt, let the ordinary sync have its chance, look again.

A difference is drift only if the ordinary way does not mend it: it is there at a look by id, an ordinary
sync of the list begins after that look and ends, and at the next look the vendor says the same and the
mirror still does not. What changed meanwhile is never drift. Nothing is stamped.

Of lists whose ordinary sync reads a window only, what changed outside of it waits for the nightly walk: it
is late, and no drift, while such walks happen.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from shared import availability, integrations, runs
from shared.availability import WHOLE, name_of
from shared.db.bookkeeping import audits as table
from shared.db.engine import clock
from shared.errors import NotAvailable, NotBelievable, SyncNeeded, WalkBroken
from shared.integrations import Integration
from shared.logs import logger
from shared.resources.grammar import Asked
from worker.audit import books, comparing
from worker.audit.books import Audit
from worker.audit.comparing import DIFFERENT, ONLY_HERE, ONLY_THERE
from worker.audit.looking import Looker, Seen, by_slice, hashes, is_newer
from worker.audit.notes import DOUBTED, DRIFT, LATE, REPAIRED, Doubt, Notes
from worker.audit.progress import BY_ID, IN_FULL, LATELY, Progress
from worker.reach import Reach
from worker.sources.protocol import Account, Ask, Page, Source
from worker.sync import checkpoint, plan, rows, statements, sweep, walk
from worker.sync.carry import carry_out
from worker.sync.checkpoint import Position
from worker.sync.engine import TRIES
from worker.sync.rows import Key
from worker.sync.upsert import Mirror

ROUNDS = 4
"""Looks at what differed before it is left as being in motion."""
STRETCH = 10.0
"""Seconds of an ordinary sync after which the audit's own lease is renewed."""
MOMENT = 5.0
"""Seconds between two looks at what no ordinary sync reads."""
RECENT = timedelta(days=7)
"""How far back a list is compared of which what is there stays as it is."""

NIGHTLY = timedelta(hours=48)
"""A full walk is younger than this where nights are as they should be."""

log = logger(__name__)


class _TimeIsUp(Exception):
    """The audit goes on from its position, in another task."""


class Auditor:
    """Carries out one claimed audit. `deadline` (monotonic seconds): when to stop at the next page."""

    def __init__(
        self,
        reach: Reach,
        integration: Integration,
        source: Source,
        account: Account,
        audit: Audit,
        deadline: float,
    ) -> None:
        self._reach, self._source, self._account = reach, source, account
        self._integration, self._audit, self._deadline = integration, audit, deadline
        self._resource = audit.resource
        self._looker = Looker(source, integration.id, audit.resource, account.country)
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
            history = self._reach.settings.history_from
            walked = checkpoint.walked_at(connection, integration_id, resource.full_name)
            asks = plan.slices(connection, integration_id, resource, today, history, full=True)
            refused = availability.refused_lately(connection, integration_id, resource) - {WHOLE}
        since = now - RECENT if resource.append_only else None
        begun = Position.start([ask for ask in asks if name_of(ask) not in refused], now, since)
        begun.left_out = sorted(refused)
        in_windows = resource.windowed and resource.since is None
        walked_tonight = in_windows and walked is not None and walked > now - NIGHTLY
        return Progress(begun, LATELY if since else IN_FULL, walked_tonight)

    # --- the walk ---

    def _walk_slice(self) -> None:
        """Compares the current slice, page by page, to its proven end."""
        position = self._position
        ask = Ask(self._resource, position.asks[position.slice], position.since)
        try:
            for number, page in walk.pages(self._source, ask, position.page):
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
                attempts=0,
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
        position.refused[name_of(position.asks[position.slice])] = str(error)
        if len(position.refused) >= len(position.asks):
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
                self._save(connection, compared=table.c.compared + there, attempts=0)
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
                        late = difference.mendable and self._progress.walked_tonight
                        notes.settle([key], LATE if late else DRIFT)
                self._save(connection, attempts=0)
            self._watch_the_time()

    def _let_it_be_brought(self) -> None:
        """An ordinary sync of the list that begins after the last look; what it mends was no drift."""
        if self._resource.unlisted:
            time.sleep(MOMENT)  # webhooks alone bring these
            return
        while not self._was_brought():
            self._watch_the_time()
            time.sleep(0.2)

    def _was_brought(self) -> bool:
        progress = self._progress
        with self._reach.engine.begin() as connection:
            if progress.run is None:
                progress.run_wanted_at = progress.run_wanted_at or clock(connection)
                progress.run = self._ordered(connection)
                self._save(connection)
        carry_out(self._reach, progress.run, STRETCH)
        with self._reach.engine.begin() as connection:
            self._save(connection)
            (run,) = runs.listed(connection, ids=[progress.run])
        if run["state"] == "failed":
            raise WalkBroken(f"the ordinary sync of the list failed: {run['reason']}")
        if run["state"] not in runs.OVER:
            return False
        assert progress.run_wanted_at  # noqa: S101  (set with the run)
        if run["started_at"] and run["started_at"] >= progress.run_wanted_at:
            return True
        progress.run = None  # it had begun before: what changed since may have escaped it
        return False

    def _ordered(self, connection: Connection) -> int:
        integration = integrations.by_id(connection, self._integration.id)
        wanted, trigger = [self._resource], self._audit.trigger
        return runs.request(connection, integration, wanted, full=False, trigger=trigger).run_ids[
            -1
        ]

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
        found = seen.found
        cause, how = f"audit {self._audit.id}", sweep.TOLD_BY_DETAIL if found.told else "audit"
        with self._reach.engine.begin() as connection:
            mirror = Mirror(connection, self._integration.id, self._resource, cause)
            self._distrust(connection, seen.keys)
            mirror.put(seen.batch, found.observed_at, found.observed_at)
            mirror.gone(seen.absent, found.observed_at, told=found.told, how=how)
        with self._reach.engine.begin() as connection:
            left = self._looker.differences(connection, seen)
            mended = [key for key in seen.keys if key not in left]
            Notes(connection, self._audit).settle(mended, REPAIRED)
            self._save(connection, attempts=0)

    def _distrust(self, connection: Connection, keys: Sequence[Key]) -> None:
        """A stamp that says that nothing changed would keep an altered row as it is."""
        resource = self._resource
        on_key = " and ".join(f"s.{name} = g.{name}" for name in resource.key)
        connection.exec_driver_sql(
            f"update {statements.stamps_name(resource)} s set hash = null "
            f"from {statements.given_keys(resource)} "
            f"where s.integration_id = %(integration)s and {on_key}",
            {
                "integration": self._integration.id,
                **{f"k{n}": [key[n] for key in keys] for n in range(len(resource.key))},
            },
        )

    # --- the books ---

    def _watch_the_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise _TimeIsUp

    def _save(self, connection: Connection, **changes: Any) -> None:
        lease = self._reach.settings.run_lease_seconds
        said = {"position": self._progress.dump(), "scope": self._progress.scope}
        books.renew(connection, self._audit, lease, **said, **changes)

    def _finish(self) -> None:
        refused = {**dict.fromkeys(self._position.left_out, "refused lately")}
        refused.update(self._position.refused)
        with self._reach.engine.begin() as connection:
            counts = Notes(connection, self._audit).counts()

            def found(kind: str) -> int:
                return counts.get((kind, DRIFT), 0) + counts.get((kind, REPAIRED), 0)

            left = sum(count for (_, state), count in counts.items() if state == DRIFT)
            books.finish(
                connection,
                self._audit,
                "done",
                only_there=found(ONLY_THERE),
                only_here=found(ONLY_HERE),
                different=found(DIFFERENT),
                repaired=sum(n for (_, state), n in counts.items() if state == REPAIRED),
                verified_through=None if left else self._audit.started_at,
                reason="; ".join(f"not given: {name} ({why})" for name, why in refused.items())
                or None,
            )
        log.info("audit_done", left=left, found=sum(counts.values()))
