"""What is done with a page while the one before it is written: fetched, sighted, read, staged.

The threads that fetch do it, each page on a connection of its own, so that a process and PostgreSQL use two cores.
Only what will be wanted is done: of a list on which nothing changes rows are neither read nor staged.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue

from sqlalchemy import Connection, Engine

from shared.resources.columns import Context
from shared.runs import Run
from worker.reach import Reach
from worker.sources.protocol import Ask, Met, Page
from worker.sync import rows, walk
from worker.sync.upsert import Written, stage


@dataclass(frozen=True)
class SightedPage(Page):
    """A page whose records are known by key and hash. staged: the connection in whose transaction its rows lie
    in the stage already."""

    sighted: rows.Sighted
    staged: Connection | None = None


def is_whole(ask: Ask) -> bool:
    """Of a list that is asked for as a whole nothing has to be proved, so what is known is not read."""
    return not ask.slice and ask.since is None


class Ahead:
    """Of one run."""

    def __init__(self, reach: Reach, met: Met, run: Run) -> None:
        self._met, self._run = met, run
        self._stages = _Stages(reach.engine)
        self._engine = reach.engine
        self._changing = False

    def pages(self, ask: Ask, first: int) -> Generator[tuple[int, SightedPage]]:
        """As walk.pages; to be closed: what was staged in vain is dropped then."""
        try:
            yield from walk.pages(partial(self._fetch, ask), first)
        finally:
            self._stages.close()

    def _fetch(self, ask: Ask, number: int) -> SightedPage:
        page = self._met.source.page(ask, number)
        context = Context(ask.slice, self._met.account.country)
        sighted = rows.Sighted(self._run.resource, page.records, context)
        staged = None
        if self._is_wanted(ask):
            sighted.read_ahead()
            staged = self._stage(page, sighted) if is_whole(ask) else None
        return SightedPage(**vars(page), sighted=sighted, staged=staged)

    def _is_wanted(self, ask: Ask) -> bool:
        """After a death every record is read when its own page's turn has come, which then tells at which one the
        next worker dies."""
        return not self._run.deaths and (self._changing or not is_whole(ask))

    def _stage(self, page: Page, sighted: rows.Sighted) -> Connection | None:
        found = sighted.read().rows
        if not found:
            return None
        connection = self._stages.take()
        integration_id = self._met.integration.id
        stage(connection, integration_id, self._run.resource, found, page.observed_at)
        return connection

    @contextmanager
    def transaction(self, page: SightedPage) -> Iterator[Connection]:
        """In which the page is written, where it is staged if it is."""
        if page.staged is None:
            with self._engine.begin() as connection:
                yield connection
            return
        yield page.staged
        page.staged.commit()
        self._stages.give_back(page.staged)

    def note(self, written: Written) -> None:
        """While most of a page has changed, so will the next ones have."""
        self._changing = written.written * 2 > written.seen


class _Stages:
    """Connections for pages on their way, used again and again. A transaction on one of them holds no lock and waits
    for its page's turn: for as long as the pages before it take, however often these are asked for again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._free: SimpleQueue[Connection] = SimpleQueue()
        self._opened = ExitStack()

    def take(self) -> Connection:
        """One with a transaction begun."""
        try:
            connection = self._free.get_nowait()
        except Empty:
            connection = self._opened.enter_context(self._engine.connect())
        connection.exec_driver_sql("set local idle_in_transaction_session_timeout = 0")
        return connection

    def give_back(self, connection: Connection) -> None:
        self._free.put(connection)

    def close(self) -> None:
        """All of them, also when PostgreSQL has gone away with one."""
        self._free = SimpleQueue()
        self._opened.close()
