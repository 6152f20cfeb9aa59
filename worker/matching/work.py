"""Matching, carried out: parties first, then the pairs of those that are dirty; each batch is a transaction.

A business is a user of `ponte.integration_settings`: its accounts at Kommo are matched with its own at the ERP.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, text

from shared import integrations
from shared.db.matching import client_money, stage_weights
from shared.logs import logger
from worker.matching import pairs, parties, paths, sales, sums, titles
from worker.reach import Reach

P = ParamSpec("P")
T = TypeVar("T")
LOCK = 0x77686F  # "who"

log = logger(__name__)


@dataclass
class Business:
    """Ids of its integrations."""

    kommo: list[int] = field(default_factory=list)
    erp: list[int] = field(default_factory=list)


def carry_out(reach: Reach, seconds: float) -> bool:
    """Goes on for about `seconds`; True when there is more to do. One at a time: whoever comes second does nothing."""
    deadline, judged = time.monotonic() + seconds, 0
    with _alone(reach.engine) as ours:
        for business in _businesses(reach.engine) if ours else ():
            for count in _steps(reach, business):
                judged += count
                if time.monotonic() > deadline:
                    return True
    if judged:
        log.info("matched", parties=judged)
    return False


def _steps(reach: Reach, business: Business) -> Iterator[int]:
    """Each with how many parties it has judged. Of one system alone money and stages are told, and people found."""
    engine, both = reach.engine, business.kommo and business.erp
    yield from _parties_read(engine, business)
    if both:
        yield from _pairs_judged(engine, business)
    yield from _titles_read(engine, business)
    yield from _paths_read(engine, business)
    for kept, ids in ((client_money, business.erp), (stage_weights, business.kommo)):
        for id_ in ids:
            _committed(engine, sums.refresh, id_, kept)
    number = reach.settings.kommo_sale_number_field
    for id_ in business.kommo if both else ():
        _committed(engine, sales.refresh, id_, business.erp, number)


def _parties_read(engine: Engine, business: Business) -> Iterator[int]:
    """A step for each full batch: what is less does not end a stretch, or none of them would come to the pairs."""
    sides = ((business.kommo, parties.KOMMO), (business.erp, parties.ERP))
    for ids, names in sides:
        for id_ in ids:
            for name in names:
                while _committed(engine, parties.refresh, id_, name):
                    yield 0


def _pairs_judged(engine: Engine, business: Business) -> Iterator[int]:
    while judged := _committed(engine, pairs.refresh, business.kommo, business.erp):
        yield judged


def _titles_read(engine: Engine, business: Business) -> Iterator[int]:
    """A step for each full batch."""
    for id_ in business.erp:
        for list_ in titles.LISTS:
            while _committed(engine, titles.refresh, id_, list_):
                yield 0


def _paths_read(engine: Engine, business: Business) -> Iterator[int]:
    """A step for each full batch."""
    for id_ in business.kommo:
        _committed(engine, paths.follow_statuses, id_)
        for list_ in paths.LISTS:
            while _committed(engine, paths.refresh, id_, list_):
                yield 0


def _committed(
    engine: Engine, work: Callable[Concatenate[Connection, P], T], *args: P.args, **more: P.kwargs
) -> T:
    with engine.begin() as connection:
        return work(connection, *args, **more)


def _businesses(engine: Engine) -> list[Business]:
    found: dict[str, Business] = defaultdict(Business)
    with engine.begin() as connection:
        for one in integrations.all_of(connection):
            side = found[one.user_id].kommo if one.provider == "kommo" else found[one.user_id].erp
            side.append(one.id)
    return list(found.values())


@contextmanager
def _alone(engine: Engine) -> Iterator[bool]:
    """Is nobody else at it? The lock goes with the connection, whatever becomes of the process."""
    with engine.connect() as connection:
        try:
            yield _locks(connection)
        finally:
            connection.execute(text("select pg_advisory_unlock_all()"))


def _locks(connection: Connection) -> bool:
    got: bool = connection.execute(
        text("select pg_try_advisory_lock(:key)"), {"key": LOCK}
    ).scalar_one()
    connection.commit()  # no transaction stays open meanwhile
    return got
