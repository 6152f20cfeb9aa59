"""The vendor's quota, shared by every process and host: no request is sent without a slot from here.

Slots are moments reserved in Redis, one Lua call each, in two books: the vendor's account and the egress
address. Pauses (429, a blocked address) live in PostgreSQL and are mirrored in Redis. Without Redis
there are no slots, and without slots no requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, Engine, text

from shared.db.engine import clock
from shared.errors import BudgetSpent, Paused, VendorUnavailable
from shared.logs import logger

SPACING = 1.04
"""Slots are 1/N s times this apart: N + 1 requests span more than a second although each may be late."""
LATE = 0.020
"""Who wakes later than this (seconds) has lost its slot: the next one may be too near."""
LEAD = 0.008
"""What has to be asked between waking and sending is asked this long (seconds) before the slot."""
WEBHOOKS, SYNC, AUDIT = "webhooks", "sync", "audit"
"""An audit has a book of its own besides, which holds its share; it waits without holding others up."""
AHEAD = 0.75
"""So many intervals ahead a backfill reserves its next slot: a webhook that comes meanwhile waits for 1.75 at most,
260 ms at 7 a second."""
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 900.0
LONGEST_ASKED = 3600.0
"""However long the vendor asks for silence (seconds), it is asked again after this."""
PATIENCE = 10.0
"""A longer pause than this (seconds) is not waited for: the run goes back into the queue."""

CALM, NEVER_CALM = 20, 2**31 - 1
"""Of a quota that other tools of the company share, a refusal after so many answers is a new one, not a
repeated one: two tools met in one second."""
EXHAUSTED = 6
"""After so many refusals in a row, a minute, it is not the second that is full but the day."""

_HERE = Path(__file__).parent
log = logger(__name__)


@dataclass(frozen=True)
class Book:
    """One limit: its name in Redis and PostgreSQL, and its requests a second."""

    name: str
    rate: float

    @property
    def key(self) -> str:
        return f"ponte:budget:{{{self.name.split(':')[0]}}}:{self.name}"

    @property
    def interval(self) -> int:
        """Microseconds between two slots."""
        return round(SPACING * 1_000_000 / self.rate)


class Budget:
    """Slots for one integration's requests. `books`: the account's first; empty: no limit (loopback)."""

    def __init__(
        self, redis: Redis, engine: Engine, books: Sequence[Book], account: str, daily: int | None
    ) -> None:
        self._redis, self._engine = redis, engine
        self._books, self._account, self._daily = tuple(books), account, daily
        self._take = redis.register_script((_HERE / "take.lua").read_text())
        self._open = redis.register_script((_HERE / "open.lua").read_text())
        self._held: float | None = None

    def slot(self, priority: str, waiting: Callable[[], None]) -> datetime:
        """Returns when a request may be sent, at once; the moment is PostgreSQL's clock, just before it.

        `waiting` is called now and then meanwhile. Raises Paused when the vendor has asked for a long
        silence, BudgetSpent when the day's requests are used up, VendorUnavailable without Redis.
        """
        if observed_at := self._use_held():
            return observed_at
        try:
            while True:
                waiting()
                observed_at = self._try_slot(priority) if self._books else self._wait_for_pause()
                if observed_at:
                    return observed_at
        except RedisError as error:
            raise VendorUnavailable("the budget in Redis", type(error).__name__) from error

    def hold(self, priority: str, waiting: Callable[[], None]) -> None:
        """Takes the next request's slot now: what is decided after it, is decided as late as can be."""
        self.slot(priority, waiting)
        self._held = time.monotonic()

    def _use_held(self) -> datetime | None:
        """The moment of a slot that was held, if it is not too late for it, nor has become so meanwhile."""
        held, self._held = self._held, None
        if held is None or time.monotonic() - held > LATE:
            return None
        # what was decided since then must be older than the request
        with self._engine.begin() as connection:
            observed_at = clock(connection)
        return observed_at if time.monotonic() - held <= LATE else None

    def _try_slot(self, priority: str) -> datetime | None:
        """Reserves a slot, sleeps until it comes and counts the request; None: ask again."""
        asked = time.monotonic()
        status, *rest = self._take(
            keys=[book.key for book in self._books],
            args=[priority, self._horizon(priority), *(book.interval for book in self._books)],
        )
        took = time.monotonic() - asked
        if status == -1:
            self._open_books()
            return None
        wait = int(rest[0]) / 1e6
        if status == 0:
            self._sleep_a_while(wait)
            return None
        # Redis read its clock somewhere between the question and the answer
        slot = asked + took / 2 + wait
        _sleep_until(slot - LEAD)
        if self._paused_after(int(rest[1])):
            return None
        with self._engine.begin() as connection:
            observed_at = self._count(connection)
        _sleep_until(slot)
        punctual = time.monotonic() - slot <= LATE and took <= 2 * LATE
        return observed_at if punctual else None

    def _paused_after(self, moment: int) -> bool:
        pauses = self._redis.mget([f"{book.key}:pause" for book in self._books])
        return any(pause and int(pause) > moment for pause in pauses)

    def _horizon(self, priority: str) -> int:
        """How far ahead a slot may be: a second; backfills and audits leave what is further to webhooks."""
        if priority == AUDIT:
            return round(1.5 * min(book.interval for book in self._books))
        slowest = max(book.interval for book in self._books)
        return 1_000_000 if priority == WEBHOOKS else round(AHEAD * slowest)

    def _sleep_a_while(self, wait: float) -> None:
        if wait > PATIENCE:
            raise Paused(self._account, wait)
        time.sleep(min(wait, 1.0))

    def _wait_for_pause(self) -> datetime | None:
        with self._engine.begin() as connection:
            remaining = max(self._pauses(connection).values(), default=0.0)
            if remaining <= 0:
                return self._count(connection)
        self._sleep_a_while(remaining)
        return None

    def _open_books(self) -> None:
        with self._engine.begin() as connection:
            pauses = self._pauses(connection)
        self._open(
            keys=[book.key for book in self._books],
            args=[round(pauses.get(book.name, 0.0) * 1e6) for book in self._books],
        )

    def _names(self) -> list[str]:
        return [book.name for book in self._books] or [self._account]

    def _pauses(self, connection: Connection) -> dict[str, float]:
        """Seconds that each of the budgets is still paused, from PostgreSQL."""
        rows = connection.execute(_PAUSES, {"names": self._names()})
        return {row.budget: float(row.seconds) for row in rows}

    def _count(self, connection: Connection) -> datetime:
        """Counts a request that is about to be sent and tells the time.

        Raises BudgetSpent, and counts nothing, when the day's requests are used up. A slot lost
        afterwards stays counted: the count errs on the vendor's side.
        """
        row = connection.execute(
            _COUNT, {"budget": self._account, "daily": self._daily or 2**31 - 1}
        ).one()
        if self._daily and row.used >= self._daily:
            raise BudgetSpent(self._account, self._daily)
        now: datetime = row.now
        return now

    def pause(self, seconds: float | None, reason: str, *, limited: bool = True) -> None:
        """Silences everybody who shares one of the budgets; repeated pauses grow longer."""
        names = self._names()
        with self._engine.begin() as connection:
            if limited:
                connection.execute(_LIMITED, {"budget": self._account})
            for name in names:
                asked = min(seconds or SHORTEST_PAUSE, LONGEST_ASKED)
                values = {"budget": name, "seconds": asked, "reason": reason}
                calm = {"calm": CALM if self._daily else NEVER_CALM}
                connection.execute(_PAUSE, {**values, **calm, "longest": LONGEST_PAUSE})
            if limited and self._daily:
                told = {"budget": self._account, "daily": self._daily, "strikes": EXHAUSTED}
                connection.execute(_OTHERS, told)
        log.warning("vendor_paused", budgets=names, reason=reason)
        try:
            self._open_books()
        except RedisError:
            log.warning("pause_not_mirrored", budgets=names)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


_PAUSES = text(
    """
    select budget, extract(epoch from until - clock_timestamp()) as seconds
    from sync.pauses where budget = any(:names) and until > clock_timestamp()
    """
)

_COUNT = text(
    """
    with before as (
        select coalesce(sum(requests), 0) as used from sync.usage
        where budget = :budget and hour > clock_timestamp() - interval '25 hours'
    ), counted as (
        insert into sync.usage (budget, hour, requests)
        select :budget, date_trunc('hour', clock_timestamp()), 1 from before where used < :daily
        on conflict (budget, hour) do update set requests = usage.requests + 1
    )
    select used, clock_timestamp() as now from before
    """
)

_LIMITED = text(
    """
    insert into sync.usage (budget, hour, limited)
    values (:budget, date_trunc('hour', clock_timestamp()), 1)
    on conflict (budget, hour) do update set limited = usage.limited + 1
    """
)

# The day is used up: what we have not used ourselves, other tools have.
_OTHERS = text(
    """
    update sync.usage u set others = greatest(u.others, :daily - (
        select coalesce(sum(requests), 0) from sync.usage
        where budget = :budget and hour > clock_timestamp() - interval '24 hours'))
    where budget = :budget and hour = date_trunc('hour', clock_timestamp())
    and (select strikes from sync.pauses where budget = :budget) >= :strikes
    """
)

# A refusal during a pause belongs to a request that was on its way: it lengthens nothing.
# One soon after a pause, with few answers between, is another strike: the pause doubles.
_PAUSE = text(
    """
    with asked as (
        select coalesce(sum(requests), 0) as requests from sync.usage
        where budget = :budget and hour > clock_timestamp() - interval '25 hours')
    insert into sync.pauses as p (budget, until, reason, asked)
    select :budget, clock_timestamp() + make_interval(secs => :seconds), :reason, requests from asked
    on conflict (budget) do update set
        announced_at = clock_timestamp(),
        reason = excluded.reason,
        asked = case when p.until > clock_timestamp() then p.asked else excluded.asked end,
        strikes = case
            when p.until > clock_timestamp() then p.strikes
            when p.until > clock_timestamp() - interval '10 minutes'
                and excluded.asked - p.asked < :calm then least(p.strikes + 1, 12)
            else 1 end,
        until = greatest(p.until, clock_timestamp() + make_interval(secs => greatest(:seconds, case
            when p.until <= clock_timestamp() and p.until > clock_timestamp() - interval '10 minutes'
                and excluded.asked - p.asked < :calm
            then least(:longest, power(2, least(p.strikes, 12))) else 0 end)))
    """
)
