"""The drain: deliveries → distinct ids → looks → rows, marks, settled. One per integration at a time.

The first event after quiet is looked at at once. While events keep coming, a batch waits until it is as
old as the load asks for, so that a storm of thousands costs a few dozen requests.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection, text

from shared import availability, deaths, deliveries, integrations
from shared.availability import name_of
from shared.db.engine import AWAY
from shared.deliveries import Delivery
from shared.errors import Fatal, NotAvailable, RequestRefused, Retryable
from shared.logs import logger
from shared.resources.grammar import Resource
from worker import strangers
from worker.reach import Reach
from worker.sources import identity
from worker.sources.budget import WEBHOOKS
from worker.sources.kommo_webhooks import Undecodable, decode
from worker.sources.protocol import Ask, Found, Met
from worker.sync import sweep
from worker.sync.sweep import Slice

MOST_DELIVERIES = deliveries.TOGETHER[0]
ENOUGH, ENOUGH_IN_A_STORM = 250, MOST_DELIVERIES
"""Deliveries that a batch waits for no longer, however young: a full request; while it storms, several."""
LONGEST_AGE = 2.5
AGE_PER_EVENT_A_SECOND = 0.1
"""At 10 events a second a batch waits 1 s; from 25 on, 2.5 s."""
LONGEST_WAIT = 300.0
TICK = 0.02

log = logger(__name__)


@dataclass
class Pace:
    """When the next batch may be closed. least: seconds, never applied to the first after quiet; enough: deliveries,
    twice as many after each batch that had so many: the more come together, the more name the same."""

    least: float
    closed_at: float | None = None
    rate: float = 0.0
    enough: int = ENOUGH

    def age(self) -> float:
        """How old the oldest waiting delivery has to be."""
        if self.closed_at is None:
            return 0.0
        return min(LONGEST_AGE, max(self.least, self.rate * AGE_PER_EVENT_A_SECOND))

    def close(self, events: int, now: float) -> None:
        """Notes a batch; the rate is that of the events since the one before."""
        elapsed = now - self.closed_at if self.closed_at is not None else 1.0
        self.rate, self.closed_at = events / max(elapsed, 0.05), now
        is_full = events >= self.enough
        self.enough = min(2 * self.enough, ENOUGH_IN_A_STORM) if is_full else ENOUGH

    def quiet(self, now: float) -> bool:
        """Nothing came for so long that the next event is a first one again."""
        return self.closed_at is None or now - self.closed_at > max(self.least, TICK)


@dataclass
class Folded:
    """Claimed deliveries, folded: what to look at, and what is settled without a look.

    about: delivery → the rows that it names, `kommo.leads:123`; again: ids that only deliveries
    name whose turn was not yet, and since when; late: those whose turn is not yet
    (strangers.py), and after how many seconds it is.
    """

    looks: dict[tuple[Resource, Slice], dict[str, bool]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    outcomes: dict[tuple[str, str | None], list[int]] = field(
        default_factory=lambda: defaultdict(list)
    )
    about: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    again: strangers.Named = field(default_factory=lambda: defaultdict(dict))
    late: tuple[list[int], float] = field(default_factory=lambda: ([], 0.0))


@dataclass(frozen=True)
class Looked:
    """One look and what it brought. told: which ids a delivery said were deleted."""

    ask: Ask
    ids: Sequence[str]
    found: Found
    told: Mapping[str, str]


def fold(claimed: Iterable[tuple[Delivery, bytes]], account_id: str | None) -> Folded:
    """Distinct ids per resource and slice (True: somebody said that it was deleted) and each delivery's outcome."""
    folded = Folded()
    for delivery, body in claimed:
        try:
            heard = decode(body)
        except Undecodable as error:
            folded.outcomes["undecodable", str(error)].append(delivery.id)
            continue
        if account_id and heard.account and heard.account != account_id:
            folded.outcomes["other account", f"sent by account {heard.account[:40]}"].append(
                delivery.id
            )
            continue
        for look in heard.looks:
            said = folded.looks[look.resource, look.slice]
            strangers.note_again(folded.again[look.resource, look.slice], delivery, look.id, said)
            said[look.id] = said.get(look.id, False) or look.deleted
            folded.about[delivery.id].append(_named(look.resource, look.slice, look.id))
        outcome = (
            ("done", None) if heard.looks else ("not mirrored yet", ", ".join(heard.other)[:200])
        )
        folded.outcomes[outcome].append(delivery.id)
    return folded


def _named(resource: Resource, slice_: Slice, id_: str) -> str:
    key = "/".join([*(value for _, value in slice_), id_])
    return f"{resource.full_name}:{key}"


def put_off(folded: Folded, waiting: strangers.Waiting) -> None:
    """Deliveries that name what has to wait are not settled; their other looks are made all the same."""
    names = {_named(*group, id_) for group, ids in waiting.ids.items() for id_ in ids}
    late = {id_ for id_, about in folded.about.items() if not names.isdisjoint(about)}
    folded.late = sorted(late), waiting.seconds
    for outcome, ids in folded.outcomes.items():
        folded.outcomes[outcome] = [id_ for id_ in ids if id_ not in late]


def _cause(ids: Sequence[int]) -> str:
    """For the journal; which of them named a row, stands with the deliveries themselves."""
    first, last = min(ids, default=0), max(ids, default=0)
    return f"deliveries {first} to {last}" if last > first else f"delivery {first}"


def drain(reach: Reach, integration_id: int, seconds: float) -> bool:
    """Works off what waits, for about `seconds`; True when something still waits."""
    deadline = time.monotonic() + seconds
    with reach.engine.begin() as connection:
        integration = integrations.by_id(connection, integration_id)
    if not integration.active:  # what it is sent is kept until it is resumed
        return False
    # asked again each time: a bell that rang while the lock was held was answered by nobody
    while _waiting(reach, integration_id):
        if time.monotonic() >= deadline:
            return True
        with alone(reach, integration_id) as ours:
            if not ours:
                return False
            # one source for all batches: its connection to the vendor stays open
            with identity.meeting(reach, integration, priority=WEBHOOKS) as met:
                Drain(reach, met).work(deadline)
    return False


@contextmanager
def alone(reach: Reach, integration_id: int) -> Iterator[bool]:
    """One drain per integration: a lock of the session, so that a killed worker gives it back at once."""
    with reach.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        key = {"integration": integration_id}
        locked = connection.scalar(text("select pg_try_advisory_lock(7221, :integration)"), key)
        try:
            yield bool(locked)
        finally:
            if locked:
                connection.execute(text("select pg_advisory_unlock(7221, :integration)"), key)


def _waiting(reach: Reach, integration_id: int) -> int:
    with reach.engine.begin() as connection:
        return deliveries.waiting(connection, integration_id).count


class Drain:
    """Drains one integration while it holds the lock."""

    def __init__(self, reach: Reach, met: Met) -> None:
        self._reach = reach
        self._integration, self._account, self._source = met.integration, met.account, met.source
        self._pace = Pace(reach.settings.kommo_webhook_delay_ms / 1000)
        self._most = MOST_DELIVERIES

    def work(self, deadline: float) -> None:
        """Batch after batch, until it has been quiet for a moment or time is up."""
        while time.monotonic() < deadline:
            with self._reach.engine.begin() as connection:
                waiting = deliveries.waiting(connection, self._integration.id)
            if not waiting.count and self._pace.quiet(time.monotonic()):
                return
            if not waiting.count or (
                waiting.oldest < self._pace.age() and waiting.count < self._pace.enough
            ):
                time.sleep(TICK)
                continue
            self._pace.close(self._batch(), time.monotonic())

    def _batch(self) -> int:
        """Takes a slot, then what waits; returns how many deliveries were taken."""
        owner = uuid4()
        claimed: list[Delivery] = []
        try:
            self._source.hold()
            claimed = self._claim(owner)
            with self._reach.engine.begin() as connection:
                sent = deliveries.bodies(connection, claimed)
                folded = fold(sent, self._integration.account_id)
            put_off(
                folded,
                strangers.hold_back(self._reach, self._integration.id, folded.looks, folded.again),
            )
            found = list(self._look(folded))
            with self._reach.engine.begin() as connection:
                self._settle(connection, owner, folded, found)
        except (Retryable, Fatal, SoftTimeLimitExceeded) as error:
            if claimed and isinstance(error, RequestRefused):  # it will not get better
                self._isolate(owner, claimed, error)
                return len(claimed)
            self._put_back(owner, claimed, error)
            raise
        except AWAY:
            # without a database nothing can be put back: the lease does it
            deaths.note_survivor(self._reach.redis, owner)
            raise
        except Exception as error:
            self._isolate(owner, claimed, error)
            return len(claimed)
        log.info("batch_settled", deliveries=len(claimed), looks=len(found))
        self._most = MOST_DELIVERIES
        return len(claimed)

    def _claim(self, owner: UUID) -> list[Delivery]:
        id_ = self._integration.id
        with self._reach.engine.begin() as connection:
            late = deliveries.late_owners(connection, id_)
            survivors = deaths.survivors(self._reach.redis, late)
            if deadly := deliveries.park_deadly(connection, id_, survivors):
                log.error("deliveries_parked", deliveries=deadly, why="they killed workers")
            lease = self._reach.settings.delivery_lease_seconds
            return deliveries.claim(connection, id_, owner, lease, self._most, survivors)

    def _isolate(self, owner: UUID, claimed: Sequence[Delivery], error: Exception) -> None:
        """Something nobody foresaw: batches are halved until the delivery that causes it stands alone."""
        log.exception("batch_crashed", deliveries=len(claimed))
        reason = f"{type(error).__name__}: {error}"[:500]
        ids = [delivery.id for delivery in claimed]
        with self._reach.engine.begin() as connection:
            if len(ids) == 1:
                deliveries.settle(connection, owner, ids, deliveries.FAILED, reason)
            else:
                deliveries.put_back(connection, owner, ids, reason)
        self._most = max(1, len(ids) // 2)

    def _look(self, folded: Folded) -> Iterator[Looked]:
        for resource, slice_ in sorted(folded.looks, key=lambda each: (each[0].full_name, each[1])):
            said = folded.looks[resource, slice_]
            told = {id_: "webhook" for id_, deleted in said.items() if deleted}
            ask = Ask(resource, dict(slice_))
            try:
                for ids, found in sweep.look_at(self._source, ask, sorted(said)):
                    yield Looked(ask, ids, found, told)
            except NotAvailable as error:
                self._note_unavailable(ask, error)

    def _note_unavailable(self, ask: Ask, error: NotAvailable) -> None:
        """What the account does not get stops nothing else."""
        with self._reach.engine.begin() as connection:
            reasons = {name_of(ask.slice): str(error)}
            availability.note(connection, self._integration.id, ask.resource, reasons)

    def _settle(
        self,
        connection: Connection,
        owner: UUID,
        folded: Folded,
        looked: Sequence[Looked],
    ) -> None:
        """Rows, marks and outcomes, in one transaction."""
        cause = _cause([id_ for ids in folded.outcomes.values() for id_ in ids])
        for look in looked:
            sweep.keep_look(
                connection,
                self._integration.id,
                look.ask,
                look.ids,
                look.found,
                self._account.country,
                cause,
                look.told,
            )
        for (outcome, reason), ids in folded.outcomes.items():
            deliveries.settle(connection, owner, ids, outcome, reason, folded.about)
        late, seconds = folded.late
        if late:
            deliveries.wait_for_turn(connection, owner, late, seconds, strangers.WHY)
            log.warning("strangers_wait", deliveries=len(late), seconds=round(seconds))

    def _put_back(self, owner: UUID, claimed: Sequence[Delivery], error: Exception) -> None:
        """They are looked at again later; how much later grows with how often each was tried."""
        if not claimed:
            return
        with self._reach.engine.begin() as connection:
            ids = [delivery.id for delivery in claimed]
            deliveries.put_off(connection, owner, ids, LONGEST_WAIT, str(error))
        log.warning("deliveries_put_back", deliveries=len(claimed), why=str(error))
