"""Questions that the web process asks a worker: only workers talk to vendors, with their budget.

The row is the letter, encrypted because it may hold credentials; the answer is JSON in the same row.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Engine, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.bookkeeping import questions as table
from shared.secrets import Keyring

TEST_CONNECTION = "test-connection"
LOOK_LIVE = "look-live"
CONSENT = "consent"
REGISTER_WEBHOOK = "register-webhook"
ROTATE_WEBHOOK = "rotate-webhook"
TEST_CHANNEL = "test-channel"


def ask(engine: Engine, keys: Keyring, kind: str, question: Mapping[str, Any]) -> UUID:
    """Commits a question; the caller rings ANSWER with its id."""
    id_ = uuid4()
    sealed = keys.encrypt(orjson.dumps(question).decode())
    with engine.begin() as connection:
        connection.execute(insert(table).values(id=id_, kind=kind, question=sealed))
    return id_


def wait(engine: Engine, id_: UUID, seconds: float) -> dict[str, Any] | None:
    """The answer, or None when no worker gave one in time; the question is then withdrawn."""
    deadline = time.monotonic() + seconds
    while True:
        with engine.begin() as connection:
            answer = connection.scalar(select(table.c.answer).where(table.c.id == id_))
            late = time.monotonic() > deadline
            if answer is not None or late:
                connection.execute(delete(table).where(table.c.id == id_))
                return answer
        time.sleep(0.05)


def take(engine: Engine, keys: Keyring, id_: UUID) -> tuple[str, dict[str, Any]] | None:
    """Claims a question once: (kind, question), None when it was taken or withdrawn."""
    with engine.begin() as connection:
        row = connection.execute(
            update(table)
            .where(table.c.id == id_, table.c.claimed_at.is_(None))
            .values(claimed_at=func.clock_timestamp())
            .returning(table.c.kind, table.c.question)
        ).first()
    return (row.kind, orjson.loads(keys.decrypt(row.question))) if row else None


def answer(engine: Engine, id_: UUID, given: Mapping[str, Any]) -> None:
    with engine.begin() as connection:
        connection.execute(update(table).where(table.c.id == id_).values(answer=dict(given)))


def forget(engine: Engine) -> None:
    """Removes questions that nobody waits for any more."""
    with engine.begin() as connection:
        old = func.clock_timestamp() - text("interval '10 minutes'")
        connection.execute(delete(table).where(table.c.asked_at < old))
