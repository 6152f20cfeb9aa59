"""One sync of one resource, from its position to the end: walk, hear the news, sweep, move the cursor.

The engine knows the Source protocol and the grammar; no vendor's and no resource's name occurs here.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, func, select

from shared import availability, runs
from shared.agenda import Tier, books
from shared.availability import name_of, place_of
from shared.db.bookkeeping import runs as runs_table
from shared.db.engine import clock
from shared.db.mirror import stamps_table
from shared.errors import FilterIgnored, NotAvailable, NotBelievable, SliceIgnored, WalkBroken
from shared.logs import logger
from shared.runs import Run
from worker.reach import Reach
from worker.sources.protocol import Ask, Met, News, Page
from worker.sync import checkpoint, plan, proof, rows, sweep, walk, windows
from worker.sync.ahead import Ahead, SightedPage, is_whole
from worker.sync.checkpoint import OVERLAP, Position
from worker.sync.sweep import Slice
from worker.sync.upsert import Mirror, Stamped

TRIES = 3
"""How often a slice or a walk is begun again when pages shifted under it."""
SKEW = timedelta(seconds=5)
"""How far the vendor's clock may be from ours when a deletion is placed before or after a page."""

log = logger(__name__)


class _TimeIsUp(Exception):
    """The run goes on from its position, in another task."""


class Engine:
    """Carries out one claimed run. `deadline` (monotonic seconds): when to stop at the next page."""

    def __init__(self, reach: Reach, met: Met, run: Run, deadline: float) -> None:
        self._reach, self._run, self._deadline = reach, run, deadline
        self._integration, self._account, self._source = met.integration, met.account, met.source
        self._resource, self._cause = run.resource, f"run {run.id}"
        self._position = self._load()
        self._whole = plan.covers_all(run.resource, self._position)
        self._ahead, self._kept = Ahead(reach, met, run), 0

    def carry_out(self) -> bool:
        """True when the run is done; False when time is up: it goes on from its position."""
        try:
            self._walk_to_the_end()
            while self._whole and not self._sweep():
                self._begin_pass("much was absent: nothing is marked, the walk is repeated")
                self._walk_to_the_end()
        except _TimeIsUp:
            return False
        self._finish()
        return True

    def _walk_to_the_end(self) -> None:
        while not self._done_walking():
            try:
                self._walk_slice()
            except NotAvailable as error:
                self._leave_out(error)
            except FilterIgnored as error:
                self._read_without_dates(error)

    def _watch_the_time(self) -> None:
        """Called when everything so far is in the books."""
        if time.monotonic() > self._deadline:
            raise _TimeIsUp

    def _load(self) -> Position:
        if self._run.position:
            return Position.load(dict(self._run.position))
        with self._reach.engine.begin() as connection:
            return plan.position(
                connection,
                self._reach.settings,
                self._integration,
                self._run,
                clock(connection),
                self._account.timezone,
            )

    # --- the walk ---

    def _walk_slice(self) -> None:
        """Reads the current slice to its proven end."""
        position = self._position
        slice_ = position.asks[position.slice]
        ask = Ask(self._resource, slice_, position.since_in(place_of(self._resource, slice_)))
        with closing(self._ahead.pages(ask, position.page)) as pages:
            ended = self._keep_pages(ask, pages)
        if ended:
            self._close_slice()
            self._watch_the_time()

    def _keep_pages(self, ask: Ask, pages: Iterable[tuple[int, SightedPage]]) -> bool:
        """True at the end of the slice, False when it is to be read again."""
        position = self._position
        for number, page in pages:
            if not page.records:
                position.note_total(page.total)
                continue
            if self._repeats(page):
                if page.more or not position.complete:
                    self._read_again(f"page {number} repeats the page before it")
                    return False
                break  # the vendor does not page this list
            if number == 1 and self._is_all_known(ask, page):
                position.note_all_known(page.total)
                break
            self._keep(ask, number, page)
            if page.more is False:
                break  # time may be up: the slice is closed all the same
            self._watch_the_time()
        return True

    def _leave_out(self, error: NotAvailable) -> None:
        """One slice that the account does not get stops no other; a list without any is not available."""
        position = self._position
        if isinstance(error, SliceIgnored) and self._resource.asks_alone(
            position.asks[position.slice]
        ):
            self._read_open_by_windows(str(error))
            return
        places = [place_of(self._resource, ask) for ask in position.asks]
        position.refused[places[position.slice]] = str(error)
        if position.refused.keys() >= set(places):
            raise error
        after = range(position.slice + 1, len(places))
        follows = next((n for n in after if places[n] not in position.refused), len(places))
        with self._reach.engine.begin() as connection:
            position.begin_slice(follows, clock(connection))
            self._save(connection)

    def _read_open_by_windows(self, why: str) -> None:
        """Open rows cannot be asked for alone: the days on which they lie are read in place of that."""
        position = self._position
        for ask in filter(self._resource.asks_alone, position.asks):
            position.refused[place_of(self._resource, ask)] = why
        kept = [n for n, ask in enumerate(position.asks) if not self._resource.asks_alone(ask)]
        done = sum(n < position.slice for n in kept)
        with self._reach.engine.begin() as connection:
            found = plan.open_by_windows(
                connection,
                self._reach.settings,
                self._integration,
                self._resource,
                clock(connection),
                self._account.timezone,
            )
            position.asks = [position.asks[n] for n in kept] + [dict(part.ask) for part in found]
            position.tiers = [position.tiers[n] for n in kept] + [part.tier.value for part in found]
            position.begin_slice(done, clock(connection))
            self._save(connection)

    def _read_without_dates(self, error: FilterIgnored) -> None:
        """A list whose dates are ignored comes whole anyway, so it is read whole (gestaoclick-api.md 11, 11)."""
        cut, position = self._resource.windows, self._position
        dated = [ask for ask in position.asks if cut and cut.start in ask]
        if cut is None or cut.bounded or not dated:
            raise error
        dates = (cut.start, cut.end)
        undated = [{name: ask[name] for name in ask if name not in dates} for ask in position.asks]
        position.asks = [ask for n, ask in enumerate(undated) if ask not in undated[:n]]
        position.tiers = [Tier.NEAR.value] * len(position.asks)
        self._begin_pass(str(error))

    def _repeats(self, page: Page) -> bool:
        ends = proof.ends(page)
        repeated = ends == self._position.last and len(page.records) > 1
        self._position.last = ends
        return repeated

    def _read(
        self, connection: Connection, mirror: Mirror, ask: Ask, page: SightedPage
    ) -> tuple[rows.Batch, Stamped | None, Mapping[rows.Key, dict[str, str]]]:
        """The rows of a page, proved to be what was asked for; what is stamped already; and those rows that
        another slice brought before."""
        if is_whole(ask):
            since = self._position.slice_started_at
            stamped = mirror.stamp(page.sighted.hashes, page.observed_at, since)
            return page.sighted.read(stamped.same), stamped, {}
        batch = page.sighted.read()
        if not proof.acted(ask, batch):
            raise FilterIgnored(self._integration.provider, f"{dict(ask.slice)} since {ask.since}")
        met = self._met_before(connection, ask, batch)
        if other := proof.settled(ask, batch) or self._another(ask, batch, met):
            raise SliceIgnored(self._integration.provider, ask.resource.path, ask.slice, other)
        # one record in two slices stays in the first: a walk does not say of it now this, now that
        kept = tuple(row for row in batch.rows if row.key not in met)
        return replace(batch, rows=kept), None, met

    def _keep(self, ask: Ask, number: int, page: SightedPage) -> None:
        """Rows, stamps, rejects and the position, in one transaction."""
        position, at = self._position, page.observed_at
        with self._ahead.transaction(page) as connection:
            mirror = Mirror(connection, self._integration.id, self._resource, self._cause)
            batch, stamped, met = self._read(connection, mirror, ask, page)
            written = mirror.put(
                batch,
                at,
                position.slice_started_at,
                self._run.id,
                stamped,
                staged=page.staged is not None,
            )
            gone = mirror.gone(batch.deleted, at, told=True, how=sweep.TOMBSTONE)
            position.page = number + 1
            position.distinct += written.first + len(met)
            position.note_total(page.total)
            if batch.rejects:
                place = place_of(self._resource, ask.slice)
                rejected = position.rejected.get(place, 0) + len(batch.rejects)
                position.rejected[place] = rejected
            self._save(
                connection,
                pages=runs_table.c.pages + 1,
                seen=runs_table.c.seen + written.seen + len(met),
                written=runs_table.c.written + written.written,
                gone=runs_table.c.gone + gone,
                rejected=runs_table.c.rejected + len(batch.rejects),
                **self._progress(),
            )
        self._ahead.note(written)

    def _progress(self) -> Mapping[str, int]:
        """A death is forgotten behind the pages that may have been read ahead when it came: one of them killed."""
        self._kept += 1
        forgotten = not self._run.deaths or self._kept > walk.WIDTH
        return runs.PROGRESS if forgotten else {"attempts": 0}

    def _met_before(
        self, connection: Connection, ask: Ask, batch: rows.Batch
    ) -> dict[rows.Key, dict[str, str]]:
        """What the first slice brings is taken as it comes: of a list something is always read."""
        position = self._position
        if place_of(self._resource, ask.slice) == place_of(self._resource, position.asks[0]):
            return {}
        since = position.pass_started_at
        return proof.met_before(connection, self._integration.id, ask, batch, since)

    def _another(
        self, ask: Ask, batch: rows.Batch, met: Mapping[rows.Key, dict[str, str]]
    ) -> dict[str, str] | None:
        """The slice to which a first page belongs, when it is not the one that was asked for."""
        position = self._position
        first = place_of(self._resource, position.asks[0])
        if position.page > 1 or place_of(self._resource, ask.slice) == first:
            return None
        wholly = len(met) == len(batch.rows) > 1
        return proof.carried(ask, batch) or (next(iter(met.values())) if wholly else None)

    def _is_all_known(self, ask: Ask, page: Page) -> bool:
        """Does the vendor count, without dates, as many as the windows have met? Then nothing lies outside."""
        resource = self._resource
        if page.total is None or resource.windows is None or resource.windows.start in ask.slice:
            return False
        with self._reach.engine.begin() as connection:
            met = windows.met(
                connection, self._integration.id, resource, ask.slice, self._position.started_at
            )
        rejected = self._position.rejected.get(place_of(resource, ask.slice), 0)
        return met + rejected == page.total

    def _close_slice(self) -> None:
        """Goes on to the next slice, or reads this one again when pages shifted under it."""
        position = self._position
        if not position.complete and position.tries >= TRIES:
            raise NotBelievable(
                self._integration.provider,
                f"{position.distinct} records of {position.asks[position.slice]} were met, "
                f"{position.total} are counted, in {TRIES} walks",
            )
        with self._reach.engine.begin() as connection:
            now = clock(connection)
            if position.complete:
                self._note_slice(connection)
                position.begin_slice(position.slice + 1, now)
            else:
                position.begin_slice(position.slice, now, tries=position.tries + 1)
            self._save(connection)

    def _read_again(self, why: str) -> None:
        """Begins the slice anew: rows that came in front may have shifted a page onto the one before it.

        Raises WalkBroken after some tries; the run that is put back begins the slice anew, too.
        """
        position = self._position
        tries = position.tries + 1 if position.tries < TRIES else 1
        with self._reach.engine.begin() as connection:
            position.begin_slice(position.slice, clock(connection), tries=tries)
            self._save(connection)
        if tries == 1:
            raise WalkBroken(why)

    def _note_slice(self, connection: Connection) -> None:
        """What was read of history is in the books at once: a run that dies has not read it in vain."""
        position = self._position
        requests = position.count_slice()
        ask, cut = position.asks[position.slice], self._resource.windows
        if cut and position.tiers[position.slice] == Tier.HISTORY and cut.start in ask:
            name = name_of(ask)
            walked = (position.slice_started_at, requests, position.distinct)
            integration_id = self._integration.id
            books.note(connection, integration_id, self._resource, Tier.HISTORY, name, *walked)

    def _begin_pass(self, why: str, page: int = 1) -> None:
        """Starts the walk again, from `page` on."""
        log.info("walk_repeated", why=why, page=page)
        with self._reach.engine.begin() as connection:
            self._position.begin_pass(clock(connection), page=page)
            self._save(connection, reason=why)

    # --- what the walk cannot see ---

    def _done_walking(self) -> bool:
        """The slices are read, and nothing was deleted meanwhile that could have shifted a page."""
        if not self._position.walked:
            return False
        shifted = self._hear_news()
        if shifted and self._position.passes < TRIES:
            page = self._first_shifted_page(shifted)
            self._begin_pass("deletions shifted its pages", page)
            return False
        return True

    def _hear_news(self) -> list[News]:
        """Looks at what the vendor's audit log names; returns the deletions of this pass."""
        position = self._position
        if not self._resource.news:
            return []
        with self._reach.engine.begin() as connection:
            cursor = checkpoint.cursor(connection, self._integration.id, self._resource.full_name)
        since = min(cursor - OVERLAP, position.started_at) if cursor else position.started_at - SKEW
        news = self._source.news(self._resource, since)
        named: dict[Slice, dict[str, str | None]] = defaultdict(dict)
        for item in news:
            said = named[tuple(item.slice.items())]
            said[item.id] = item.how if item.deleted else said.get(item.id)
        for slice_, ids in named.items():
            self._look(slice_, ids)
        return [
            item for item in news if item.deleted and item.at >= position.pass_started_at - SKEW
        ]

    def _first_shifted_page(self, deleted: list[News]) -> int:
        """Rows behind the lowest deleted id may have moved a page forward, unseen."""
        if not self._whole or len(self._position.asks) > 1:
            return 1
        lowest = min(int(item.id) for item in deleted)
        stamps = stamps_table(self._resource)
        with self._reach.engine.begin() as connection:
            before = connection.scalar(
                select(func.count()).where(
                    stamps.c.integration_id == self._integration.id,
                    stamps.c[self._resource.key[0]] < lowest,
                    ~stamps.c.gone,
                )
            )
        return max(1, int(before or 0) // self._resource.page_size)

    def _look(self, slice_: Slice, said: Mapping[str, str | None]) -> None:
        """said: the ids to look at, and in what words each was said to be deleted."""
        ask = Ask(self._resource, dict(slice_))
        told = {id_: how for id_, how in said.items() if how}
        for asked, found in sweep.look_at(self._source, ask, list(said)):
            with self._reach.engine.begin() as connection:
                written, gone = sweep.keep_look(
                    connection,
                    self._integration.id,
                    ask,
                    asked,
                    found,
                    self._account.country,
                    self._cause,
                    told,
                )
                self._save(
                    connection,
                    written=runs_table.c.written + written,
                    gone=runs_table.c.gone + gone,
                )
            self._watch_the_time()

    def _sweep(self) -> bool:
        """Marks what has vanished; False when so much is absent that the walk has to be repeated."""
        position, resource = self._position, self._resource
        unread = {*position.refused, *position.left_out}
        read = [ask for ask in position.asks if place_of(resource, ask) not in unread]
        unmet = sweep.unmet(
            self._reach.engine, self._integration.id, resource, position.started_at, read
        )
        absent = [key for key in unmet if name_of(sweep.slice_of(resource, key)) not in unread]
        if not absent or position.counted:
            return True
        live = position.met if resource.windows else self._live()
        if sweep.suspicious(len(absent), live):
            if any(map(self._resource.asks_alone, position.asks)):
                self._read_open_by_windows(f"{len(absent)} open rows did not come")
                return False
            if not position.doubted:
                position.doubted = True
                return False
        if resource.by_id:
            for slice_, ids in sweep.by_slice(resource, absent).items():
                self._look(slice_, dict.fromkeys(ids))
            return True
        with self._reach.engine.begin() as connection:
            gone = sweep.mark_twice_missed(
                connection,
                self._integration.id,
                resource,
                absent,
                position.started_at,
                clock(connection),
                self._cause,
            )
            position.counted = True
            self._save(connection, gone=runs_table.c.gone + gone)
        return True

    def _live(self) -> int:
        stamps = stamps_table(self._resource)
        with self._reach.engine.begin() as connection:
            counted = select(func.count()).where(
                stamps.c.integration_id == self._integration.id, ~stamps.c.gone
            )
            return int(connection.scalar(counted) or 0)

    # --- the books ---

    def _save(self, connection: Connection, **changes: object) -> None:
        runs.renew(
            connection,
            self._run,
            self._reach.settings.run_lease_seconds,
            position=self._position.dump(),
            **changes,
        )

    def _finish(self) -> None:
        with self._reach.engine.begin() as connection:
            position = self._position
            integration_id = self._integration.id
            whole = self._run.full if self._resource.windows else self._whole
            checkpoint.save(connection, self._run, position.started_at, whole=whole)
            for tier, walked in position.spent.items():
                if tier != Tier.HISTORY:
                    at = (books.ALL, position.started_at)
                    books.note(connection, integration_id, self._resource, Tier(tier), *at, *walked)
            availability.note(connection, integration_id, self._resource, position.refused)
            unread = {*position.refused, *position.left_out}
            availability.forget(connection, integration_id, self._resource, unread)
            runs.finish(connection, self._run)
