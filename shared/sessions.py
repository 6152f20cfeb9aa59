"""Sessions of the dashboard: the cookie holds a random word, its hash stands here while the session lives.

So that logging out ends a session wherever its cookie has got to.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import Connection, delete, func, insert, select

from shared.db.bookkeeping import sessions as table

LIVES = timedelta(days=7)
"""From its opening, however much it is used."""
NOW = func.clock_timestamp()


def begin(connection: Connection) -> str:
    """Opens a session and returns its word: it is not kept."""
    word = secrets.token_urlsafe(32)
    connection.execute(delete(table).where(table.c.expires_at < NOW))
    connection.execute(insert(table).values(digest=_digest(word), expires_at=NOW + LIVES))
    return word


def alive(connection: Connection, word: str) -> bool:
    living = select(table.c.digest).where(table.c.digest == _digest(word), table.c.expires_at > NOW)
    return connection.scalar(living) is not None


def end(connection: Connection, word: str) -> None:
    connection.execute(delete(table).where(table.c.digest == _digest(word)))


def end_all(connection: Connection) -> int:
    """Whoever is logged in has to log in again; returns how many there were."""
    return connection.execute(delete(table)).rowcount


def _digest(word: str) -> bytes:
    return hashlib.sha256(word.encode()).digest()
