"""The door to PostgreSQL: one engine a process, made after fork, with time-outs that suit its work."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from shared.errors import Unreachable

# A role named like one of our schemas must not make it the default one.
OPTIONS = "-c search_path=public -c timezone=UTC -c idle_in_transaction_session_timeout=60000"
# A server that vanished without a word (network cut, machine off) is noticed in 20 s, not in 15 minutes.
VANISHED = {
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 20000,
}
AWAY = (
    *(OperationalError, InterfaceError, InternalError, NoConnectionFree),
    # COPY is psycopg's own, and so are its errors
    *(psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError),
)
"""What PostgreSQL raises for reasons of its own, whatever is asked of it: away, full, read only, no connection
free. No record and no delivery can be the cause."""


def connect(
    url: str,
    *,
    pool_size: int = 5,
    patience: float = 10.0,
    name: str = "ponte",
    statement_seconds: float = 0,
    ping: bool = True,
) -> Engine:
    """An engine for `url` (postgres:// and postgresql:// both mean psycopg 3).

    patience: seconds that a checkout waits for a free connection; statement_seconds: when PostgreSQL
    gives up a statement, 0 for never; ping: each checkout asks whether the connection still lives.
    """
    return create_engine(
        normal(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=patience,
        pool_pre_ping=ping,
        pool_recycle=1800,
        # errors with their parameters end up in logs: secrets, and people's data
        hide_parameters=True,
        connect_args={
            "connect_timeout": max(1, round(patience)),
            "application_name": name,
            "options": f"{OPTIONS} -c statement_timeout={round(statement_seconds * 1000)}",
            **VANISHED,
        },
    )


def normal(url: str) -> str:
    """The same address with SQLAlchemy's name of the driver."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


def place(url: str, default: int = 5432) -> str:
    """Where a server is, without user and password: for messages."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'a local socket'}:{parts.port or default}"


def ensure_reachable(engine: Engine) -> None:
    """Raises Unreachable when PostgreSQL does not answer."""
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
    except OperationalError as error:
        why = str(error.orig).strip().splitlines()[0]
        raise Unreachable("PostgreSQL", place(str(engine.url)), why) from error


def driver_cursor(connection: Connection, *, binary: bool = False) -> psycopg.Cursor[Any]:
    """psycopg's own cursor in the connection's transaction, for COPY and for rows that come one at a time."""
    return cast("psycopg.Cursor[Any]", connection.connection.cursor(binary=binary))


def clock(connection: Connection) -> datetime:
    """The one clock that decides: PostgreSQL's, not the transaction's start."""
    now: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
    return now
