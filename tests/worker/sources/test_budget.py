"""The quota, on a real Redis: never more than N in any second, by any number of threads and processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import event, text

from shared.db.engine import clock
from shared.errors import BudgetSpent, Paused, VendorUnavailable
from tests.ground import reaching, settings_for
from tests.servers import copy_of
from worker.reach import Reach
from worker.sources.budget import CALM, EXHAUSTED, SYNC, WEBHOOKS, Book, Budget

NUMBERS = count(1)


@pytest.fixture(scope="module")
def base(postgres_url: str, template_url: str, redis_url: str) -> Iterator[Reach]:
    with (
        copy_of(postgres_url, template_url) as url,
        reaching(settings_for(url, redis_url)) as (reach, _),
    ):
        yield reach


@pytest.fixture
def name() -> str:
    """An account that nobody has asked before, on an address that nobody has asked from."""
    return f"vendor{os.getpid()}x{next(NUMBERS)}:1"


def budget(
    base: Reach, name: str, rate: float = 20, *, daily: int | None = None, redis: Any = None
) -> Budget:
    return Budget(redis or base.redis, base.engine, [Book(name, rate)], name, daily)


def opened(base: Reach, name: str) -> None:
    """Books that were kept for long already: they do not start a second ahead."""
    base.redis.zadd(Book(name, 1).key, {"opened": 0})


def nothing() -> None:
    return None


def most_in_a_second(times: list[float]) -> int:
    times = sorted(times)
    return max(sum(start <= t < start + 1 for t in times) for start in times)


def in_threads(work: Callable[[], None], threads: int) -> None:
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=guarded) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []


PROCESS = """
import sys, time, threading
from redis import Redis
from shared.db.engine import connect
from worker.sources.budget import Book, Budget, SYNC
database, redis, name, seconds = sys.argv[1:]
until = time.time() + float(seconds)
engine, redis = connect(database), Redis.from_url(redis)
def work():
    budget = Budget(redis, engine, [Book(name, 20)], name, None)
    while True:
        budget.slot(SYNC, lambda: None)
        now = time.time()
        if now > until: return
        print(now, flush=True)
threads = [threading.Thread(target=work) for _ in range(2)]
[t.start() for t in threads]; [t.join() for t in threads]
"""


def test_threads_of_several_processes_never_pass_the_limit_and_use_it(
    base: Reach, name: str, redis_url: str
) -> None:
    assert base.settings.database_url
    url = base.settings.database_url.get_secret_value()
    command = [sys.executable, "-c", PROCESS, url, redis_url, name, "3"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    times = [float(line) for one in started for line in one.communicate(timeout=60)[0].split()]
    assert all(one.returncode == 0 for one in started)
    assert most_in_a_second(times) <= 20
    busy = max(times) - min(times)
    assert len(times) >= 0.75 * 20 * busy, "it is used while there is work"


def test_a_new_budget_starts_a_second_ahead(base: Reach, name: str) -> None:
    """What was sent in the last second is not known when Redis has lost its books."""
    started = time.monotonic()
    budget(base, name).slot(SYNC, nothing)
    assert time.monotonic() - started >= 0.98


def test_books_that_are_lost_in_mid_work_are_opened_a_second_ahead(base: Reach, name: str) -> None:
    made, times = budget(base, name), []
    opened(base, name)
    for turn in range(24):
        if turn == 12:
            base.redis.delete(*base.redis.keys(f"ponte:budget:*{name}*"))
        made.slot(SYNC, nothing)
        times.append(time.monotonic())
    assert times[12] - times[11] >= 0.98
    assert most_in_a_second(times) <= 20


def test_both_books_are_kept_by_two_accounts_that_share_an_address(base: Reach, name: str) -> None:
    times: dict[str, list[float]] = {"one": [], "two": []}
    address = Book(f"{name.split(':', maxsplit=1)[0]}:address", 20)
    opened(base, address.name)
    for which in times:
        opened(base, f"{name}{which}")
    until = time.monotonic() + 2.2

    def work(which: str) -> Callable[[], None]:
        account = f"{name}{which}"
        made = Budget(base.redis, base.engine, [Book(account, 20), address], account, None)

        def loop() -> None:
            while time.monotonic() < until:
                made.slot(SYNC, nothing)
                times[which].append(time.monotonic())

        return loop

    threads = [threading.Thread(target=work(which)) for which in times]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most_in_a_second(times["one"] + times["two"]) <= 20
    assert min(len(mine) for mine in times.values()) >= 10


def test_who_wakes_late_takes_another_slot(base: Reach, name: str, redis_url: str) -> None:
    """A process that stood still (laptop, hypervisor) must not send in a slot that is over."""
    code = PROCESS.replace("print(now, flush=True)", "print(now, flush=True); time.sleep(0.2)")
    assert base.settings.database_url
    command = [
        sys.executable,
        "-c",
        code,
        base.settings.database_url.get_secret_value(),
        redis_url,
        name,
        "5",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sleeper:
        assert sleeper.stdout
        sleeper.stdout.readline()
        os.kill(sleeper.pid, signal.SIGSTOP)
        mine, made = [], budget(base, name)
        for _ in range(18):
            made.slot(SYNC, nothing)
            mine.append(time.time())
        os.kill(sleeper.pid, signal.SIGCONT)
        for _ in range(12):
            made.slot(SYNC, nothing)
            mine.append(time.time())
        theirs = [float(line) for line in sleeper.stdout.read().split()]
    assert most_in_a_second(mine + theirs) <= 20


def test_a_slot_that_is_held_is_used_at_once_or_not_at_all(base: Reach, name: str) -> None:
    made = budget(base, name, rate=2)
    opened(base, name)
    made.hold(SYNC, nothing)
    started = time.monotonic()
    made.slot(SYNC, nothing)
    assert time.monotonic() - started < 0.1, "the held one"
    made.hold(SYNC, nothing)
    time.sleep(0.05)
    started = time.monotonic()
    made.slot(SYNC, nothing)
    assert time.monotonic() - started > 0.3, "too old: another one"


def test_a_held_slot_is_not_used_when_postgresql_takes_too_long_to_tell_the_time(
    base: Reach, name: str
) -> None:
    """Else the request would be sent late, too near to the next one."""
    made = budget(base, name, rate=2)
    opened(base, name)
    made.hold(SYNC, nothing)
    event.listen(base.engine, "before_cursor_execute", lambda *_: time.sleep(0.05), once=True)
    started = time.monotonic()
    made.slot(SYNC, nothing)
    assert time.monotonic() - started > 0.3, "another one"


@pytest.mark.parametrize("rate", [0, 50])
def test_what_was_done_since_a_slot_was_held_is_older_than_its_moment(
    base: Reach, name: str, rate: int
) -> None:
    """Deliveries are claimed after it: what they lead to must win over pages asked for before them."""
    books = [Book(name, rate)] if rate else []
    made = Budget(base.redis, base.engine, books, name, None)
    opened(base, name)
    made.hold(WEBHOOKS, nothing)
    with base.engine.begin() as connection:
        claimed_at = clock(connection)
    assert made.slot(WEBHOOKS, nothing) > claimed_at


@pytest.mark.parametrize("webhooks", [1, 3])
def test_webhooks_and_a_backfill_that_both_never_rest_each_get_their_share(
    base: Reach, name: str, webhooks: int
) -> None:
    counted = {WEBHOOKS: 0, SYNC: 0}
    opened(base, name)
    until = time.monotonic() + 2.5

    def work(priority: str) -> Callable[[], None]:
        def loop() -> None:
            made = budget(base, name)
            while time.monotonic() < until:
                made.slot(priority, nothing)
                counted[priority] += 1

        return loop

    works = [work(priority) for priority in (SYNC, SYNC, SYNC, *[WEBHOOKS] * webhooks)]
    threads = [threading.Thread(target=each) for each in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = sum(counted.values())
    assert counted[SYNC] >= 0.15 * whole, counted
    assert counted[WEBHOOKS] >= 0.4 * whole, counted


def test_one_webhook_among_a_backfill_waits_for_a_few_slots_only(base: Reach, name: str) -> None:
    made, stop = budget(base, name, rate=10), threading.Event()
    opened(base, name)

    def backfill() -> None:
        mine = budget(base, name, rate=10)
        while not stop.is_set():
            mine.slot(SYNC, nothing)

    threads = [threading.Thread(target=backfill) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    started = time.monotonic()
    made.slot(WEBHOOKS, nothing)
    waited = time.monotonic() - started
    stop.set()
    for thread in threads:
        thread.join()
    assert waited < 0.6


# --- pauses


def pauses(base: Reach, name: str) -> Any:
    with base.engine.begin() as connection:
        asked = text(
            "select strikes, extract(epoch from until - announced_at) as seconds"
            " from sync.pauses where budget = :name"
        )
        return connection.execute(asked, {"name": name}).one()


def age(base: Reach, name: str, interval: str) -> None:
    """Moves a pause into the past."""
    with base.engine.begin() as connection:
        moved = text(
            f"update sync.pauses set until = clock_timestamp() - interval '{interval}' where budget = :name"
        )
        connection.execute(moved, {"name": name})


def test_a_pause_holds_for_everybody_and_survives_the_loss_of_redis(base: Reach, name: str) -> None:
    budget(base, name).pause(60, "429")
    with pytest.raises(Paused) as raised:
        budget(base, name).slot(SYNC, nothing)
    assert 50 < raised.value.seconds <= 60
    base.redis.delete(*base.redis.keys(f"ponte:budget:*{name}*"))
    with pytest.raises(Paused):
        budget(base, name).slot(WEBHOOKS, nothing)


def test_a_short_pause_is_waited_for(base: Reach, name: str) -> None:
    budget(base, name).pause(1.5, "429")
    started = time.monotonic()
    budget(base, name).slot(SYNC, nothing)
    assert time.monotonic() - started >= 1.4


def test_a_pause_that_comes_while_somebody_sleeps_for_a_slot_is_seen_on_waking(
    base: Reach, name: str
) -> None:
    slow = Book(name, 1.2)
    made = Budget(base.redis, base.engine, [slow], name, None)
    opened(base, name)
    made.slot(SYNC, nothing)
    threading.Timer(0.2, lambda: budget(base, name).pause(60, "429")).start()
    with pytest.raises(Paused):
        made.slot(SYNC, nothing)


def test_without_limits_a_pause_holds_all_the_same(base: Reach, name: str) -> None:
    made = Budget(base.redis, base.engine, [], name, None)
    made.slot(SYNC, nothing)
    made.pause(60, "429")
    with pytest.raises(Paused):
        made.slot(SYNC, nothing)


def test_refusals_soon_after_a_pause_double_it_up_to_a_quarter_of_an_hour(
    base: Reach, name: str
) -> None:
    made, lengths = budget(base, name), []
    for _ in range(13):
        made.pause(1, "429")
        lengths.append(round(pauses(base, name).seconds))
        age(base, name, "1 second")
    assert lengths == sorted(lengths)
    assert lengths[:5] == [1, 2, 4, 8, 16]
    assert lengths[-1] == 900


def test_refusals_of_requests_that_were_under_way_are_one_strike(base: Reach, name: str) -> None:
    made = budget(base, name)
    for _ in range(3):
        made.pause(30, "429")
    assert pauses(base, name).strikes == 1
    assert round(pauses(base, name).seconds) <= 31


def test_after_ten_quiet_minutes_a_refusal_is_a_first_one_again(base: Reach, name: str) -> None:
    made = budget(base, name)
    made.pause(1, "429")
    age(base, name, "1 second")
    made.pause(1, "429")
    age(base, name, "11 minutes")
    made.pause(1, "429")
    found = pauses(base, name)
    assert (found.strikes, round(found.seconds)) == (1, 1)


def test_a_shorter_pause_never_ends_a_longer_one(base: Reach, name: str) -> None:
    made = budget(base, name)
    made.pause(600, "blocked", limited=False)
    made.pause(1, "429")
    with pytest.raises(Paused) as raised:
        made.slot(SYNC, nothing)
    assert raised.value.seconds > 500


# --- the day


def test_the_requests_of_a_day_are_counted_in_postgresql_and_end_at_the_limit(
    base: Reach, name: str
) -> None:
    unlimited = Budget(base.redis, base.engine, [], name, 5)
    for _ in range(5):
        unlimited.slot(SYNC, nothing)
    for _ in range(2):
        with pytest.raises(BudgetSpent, match="5 requests"):
            unlimited.slot(SYNC, nothing)
    assert used(base, name) == 5


def test_requests_of_more_than_a_day_ago_are_forgotten(base: Reach, name: str) -> None:
    unlimited = Budget(base.redis, base.engine, [], name, 2)
    for _ in range(2):
        unlimited.slot(SYNC, nothing)
    with base.engine.begin() as connection:
        moved = text("update sync.usage set hour = hour - interval '26 hours' where budget = :name")
        connection.execute(moved, {"name": name})
    unlimited.slot(SYNC, nothing)


def test_answers_between_two_refusals_make_the_second_a_new_one_of_a_shared_quota(
    base: Reach, name: str
) -> None:
    shared = Budget(base.redis, base.engine, [], name, 1000)
    shared.pause(1, "429")
    age(base, name, "1 second")
    for _ in range(CALM):
        shared.slot(SYNC, nothing)
    shared.pause(1, "429")
    assert pauses(base, name).strikes == 1
    age(base, name, "2 seconds")
    shared.slot(SYNC, nothing)
    shared.pause(1, "429")
    assert pauses(base, name).strikes == 2


def test_refusals_without_end_tell_what_other_tools_have_used(base: Reach, name: str) -> None:
    shared = Budget(base.redis, base.engine, [], name, 1000)
    for _ in range(40):
        shared.slot(SYNC, nothing)
    for strike in range(1, EXHAUSTED + 1):
        assert others(base, name) == 0, strike
        shared.pause(1, "429")
        age(base, name, "1 second")
    assert others(base, name) == 1000 - 40


def others(base: Reach, name: str) -> int:
    found = text("select coalesce(max(others), 0) from sync.usage where budget = :name")
    with base.engine.begin() as connection:
        return int(connection.execute(found, {"name": name}).scalar_one())


def test_many_at_once_do_not_pass_the_daily_limit_by_much(base: Reach, name: str) -> None:
    sent = []

    def work() -> None:
        made = Budget(base.redis, base.engine, [], name, 40)
        for _ in range(20):
            try:
                made.slot(SYNC, nothing)
            except BudgetSpent:
                return
            sent.append(1)

    in_threads(work, 6)
    assert 40 <= len(sent) <= 46, "at most one more for each that asked at the same moment"


def used(base: Reach, name: str) -> int:
    with base.engine.begin() as connection:
        asked = text("select coalesce(sum(requests), 0) from sync.usage where budget = :name")
        return int(connection.execute(asked, {"name": name}).scalar_one())


# --- no Redis


def test_without_redis_no_request_is_sent(base: Reach, name: str) -> None:
    nobody = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    made = budget(base, name, redis=nobody)
    with pytest.raises(VendorUnavailable, match="the budget in Redis"):
        made.slot(SYNC, nothing)
    assert used(base, name) == 0
    made.pause(60, "429")  # kept all the same
    with pytest.raises(Paused):
        budget(base, name).slot(SYNC, nothing)
    nobody.close()


def test_while_it_waits_it_tells_who_asks(base: Reach, name: str) -> None:
    told: list[float] = []
    budget(base, name, rate=1).slot(SYNC, lambda: told.append(time.monotonic()))
    assert len(told) >= 2
