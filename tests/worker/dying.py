"""Workers that die as by a segfault: the work is done in a forked process, whose end no exception tells."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text

from tests.ground import Ground, reaching
from worker.reach import Reach
from worker.sync import rows

POISON = "veneno"
TABLES = ("deliveries", "runs", "audits")


@contextmanager
def poisonous_records() -> Iterator[None]:
    """Meanwhile a record of this name kills the process that makes a row of it."""
    really = rows.to_row

    def to_row(resource: Any, sighting: Any, context: Any) -> rows.Row:
        if sighting.record.get("name") == POISON:
            die()
        return really(resource, sighting, context)

    rows.to_row = to_row
    try:
        yield
    finally:
        rows.to_row = really


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dies(ground: Ground, work: Callable[[Reach], Any]) -> bool:
    """Does `work` in a process of its own, with connections of its own; did it kill that process?"""
    child = os.fork()
    if not child:
        status = 1
        try:
            with poisonous_records(), reaching(ground.reach.settings) as (reach, _):
                work(reach)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), "neither done nor killed: see its traceback"
    return os.WIFSIGNALED(status)


def end_leases(ground: Ground) -> None:
    """Time passes until what dead workers held is free."""

    def end(connection: Any) -> None:
        for table in TABLES:
            over = f"update sync.{table} set lease_until = clock_timestamp() where lease_until is not null"
            connection.execute(text(over))

    ground.run(end)
