"""PostgreSQL with a deadline: no request waits for it longer than it can afford.

libpq cannot promise that (its connect_timeout has a minimum of 2 s, and a frozen server answers
nothing at all), so the work is done in a few threads and the request gives up on them in time.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from psycopg.errors import QueryCanceled, UndefinedTable
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from shared.db.engine import connect

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseAway(Exception):
    """PostgreSQL did not do the work; the message says why, without address or credentials."""


class Database:
    """A pool of connections, each with its thread, and `seconds` for every piece of work."""

    def __init__(
        self, url: str, *, seconds: float, connections: int, name: str, ping: bool = True
    ) -> None:
        self.seconds = seconds
        self.engine = connect(
            url,
            pool_size=connections,
            patience=seconds,
            name=name,
            statement_seconds=seconds,
            ping=ping,
        )
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix=name)

    def run(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **options: P.kwargs
    ) -> T:
        """`work(connection, …)` in one transaction, committed; raises DatabaseAway.

        Work that is given up while PostgreSQL has it may still be committed later.
        """
        return self.run_within(self.seconds, work, *args, **options)

    def run_within(
        self,
        seconds: float,
        work: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **options: P.kwargs,
    ) -> T:
        """As `run`, in what is left of a request's time."""
        future = self.start(lambda: self.transaction(work, *args, **options))
        return self.wait(future, seconds)

    def start(self, work: Callable[P, T], *args: P.args, **options: P.kwargs) -> Future[T]:
        """`work(…)` in one of the threads, which is not waited for."""
        return self._threads.submit(work, *args, **options)

    def wait(self, future: Future[T], seconds: float) -> T:
        """What comes of work that was started, within `seconds`; raises DatabaseAway."""
        try:
            return future.result(max(0.0, seconds))
        except TimeoutError:
            future.cancel()
            raise DatabaseAway(
                f"PostgreSQL did not answer within {self.seconds:g} seconds"
            ) from None
        except (OperationalError, InterfaceError, NoConnectionFree, ProgrammingError) as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> Exception:
        """What the failure means to a user; a mistake in our SQL stays what it is."""
        original = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(original, QueryCanceled):
            return DatabaseAway(f"the query took longer than {self.seconds:g} seconds")
        if isinstance(original, UndefinedTable):
            return DatabaseAway("the database is not up to date: run `ponte db upgrade`")
        if isinstance(error, ProgrammingError):
            return error
        return DatabaseAway("PostgreSQL does not answer")

    def close(self) -> None:
        """Lets the work in hand end, and disconnects."""
        self._threads.shutdown(cancel_futures=True)
        self.engine.dispose()

    def transaction(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **options: P.kwargs
    ) -> T:
        """`work(connection, …)`, committed, in the thread that calls and without a deadline."""
        with self.engine.begin() as connection:
            return work(connection, *args, **options)
