"""Which windows are read now: around today, where rows are open, what lies ahead, and a piece of history."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.agenda import Tier, books
from shared.availability import name_of
from shared.resources import BY_NAME
from shared.resources.grammar import Horizon
from tests.ground import Ground
from worker.sync import windows
from worker.sync.windows import Day, cover

RECEBIMENTOS, LOJAS = BY_NAME["gestao_click.recebimentos"], BY_NAME["gestao_click.lojas"]
TODAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY, HOUR, QUARTER = timedelta(days=1), timedelta(hours=1), timedelta(minutes=15)
STORES = {"gestao_click.lojas": ["1", "2"]}
AROUND = Horizon(TODAY, date(2025, 12, 1), full=False, rows=STORES)
HUNDRED = 100


def days_of(*rows: tuple[int, int, int]) -> list[Day]:
    """(days after 1 January, rows, open)."""
    return [Day(date(2026, 1, 1) + timedelta(days=n), all_, open_) for n, all_, open_ in rows]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], []),
        ([(0, 50, 0), (1, 10, 0)], []),
        ([(3, 50, 1)], [(3, 3, 50)]),
        # the day between costs no further page
        ([(0, 40, 1), (1, 60, 0), (2, 90, 2)], [(0, 2, 190)]),
        # and here it would
        ([(0, 90, 1), (1, 300, 0), (2, 90, 2)], [(0, 0, 90), (2, 2, 90)]),
        ([(5, 10, 1), (0, 10, 1)], [(0, 5, 20)]),
    ],
)
def test_days_with_open_rows_share_a_window_when_that_costs_no_more_pages(
    days: list[tuple[int, int, int]], expected: list[tuple[int, int, int]]
) -> None:
    first = date(2026, 1, 1)
    found = [
        ((a - first).days, (b - first).days, rows) for a, b, rows in cover(days_of(*days), HUNDRED)
    ]
    assert found == expected


a_day = st.tuples(st.integers(0, 400), st.integers(0, 250)).flatmap(
    lambda at: st.tuples(st.just(at[0]), st.just(at[1]), st.integers(0, at[1]))
)


@given(st.lists(a_day, unique_by=lambda day: day[0]))
def test_every_day_with_open_rows_is_in_one_window_and_the_windows_cost_least(
    rows: list[tuple[int, int, int]],
) -> None:
    days = days_of(*rows)
    found = cover(days, HUNDRED)
    assert all(before[1] < after[0] for before, after in pairwise(found))
    for day in days:
        inside = sum(first <= day.at <= last for first, last, _ in found)
        assert inside == 1 if day.still_open else inside <= 1
    for first, last, held in found:
        assert held == sum(day.rows for day in days if first <= day.at <= last)
    apart = sum(max(1, -(-day.rows // HUNDRED)) for day in days if day.still_open)
    assert sum(max(1, -(-held // HUNDRED)) for _, _, held in found) <= apart


def test_near_is_one_window_for_each_store_and_ahead_all_that_follows_it() -> None:
    known = {
        name_of({"loja_id": "1"}): [Day(TODAY, 40, 1), Day(TODAY + 32 * DAY, 7, 7)],
        name_of({"loja_id": "2"}): [Day(TODAY - 31 * DAY, 9, 9)],
    }
    near = windows.near(RECEBIMENTOS, AROUND, known)
    assert [(part.ask["loja_id"], part.rows) for part in near] == [("1", 40), ("2", 0)]
    assert {(part.ask["data_inicio"], part.ask["data_fim"]) for part in near} == {
        ("2026-10-25", "2026-12-25")
    }
    ahead = windows.ahead(RECEBIMENTOS, AROUND, known)
    assert [(part.ask["loja_id"], part.rows) for part in ahead] == [("1", 7), ("2", 0)]
    assert {(part.ask["data_inicio"], part.ask["data_fim"]) for part in ahead} == {
        ("2026-12-26", "2028-11-30")
    }
    older = windows.still_open(RECEBIMENTOS, AROUND, known)
    assert [part.ask for part in older] == [
        {"loja_id": "2", "data_inicio": "2026-10-24", "data_fim": "2026-10-24"}
    ]


def test_near_open_ahead_and_history_leave_no_day_out() -> None:
    months = windows.all_history(RECEBIMENTOS, replace(AROUND, full=True))
    of_one = sorted(ask["data_inicio"] for ask in months if ask["loja_id"] == "1")
    assert of_one[0] == "2025-12-01"
    assert of_one[-1] == "2026-11-01", "what lies ahead is read by near and by ahead"
    assert len(of_one) == 12


def history(
    walked: dict[str, datetime],
    now: datetime,
    last: datetime | None,
    whole: datetime | None = None,
) -> list[str]:
    around = replace(AROUND, full=True)
    parts = windows.history(RECEBIMENTOS, around, walked, whole, 7 * DAY, now, last)
    return [name_of(part.ask) for part in parts]


def test_history_is_read_piece_by_piece_and_all_of_it_in_its_turn() -> None:
    walked: dict[str, datetime] = {}
    times: Counter[str] = Counter()
    oldest = timedelta(0)
    for turn in range(3 * 7 * 96):
        now = NOON + turn * QUARTER
        for name in history(walked, now, now - QUARTER):
            if name in walked:
                oldest = max(oldest, now - walked[name])
            walked[name] = now
            times[name] += 1
    assert len(times) == 24
    assert set(times.values()) <= {3, 4}, "each month of each store once a week"
    assert oldest <= 7 * DAY + 12 * HOUR


def test_what_was_never_read_comes_first_then_what_was_read_longest_ago() -> None:
    names = [name_of(ask) for ask in windows.all_history(RECEBIMENTOS, replace(AROUND, full=True))]
    walked = {name: NOON - 30 * DAY + n * HOUR for n, name in enumerate(names)}
    assert history(walked, NOON, NOON - QUARTER) == names[:1]
    del walked[names[5]]
    assert history(walked, NOON, NOON - QUARTER) == [names[5]]


def test_what_was_just_read_at_once_is_not_read_again_in_pieces() -> None:
    assert history({}, NOON, NOON - QUARTER, whole=NOON - HOUR) == []
    later = NOON + 8 * HOUR
    names = [name_of(ask) for ask in windows.all_history(RECEBIMENTOS, replace(AROUND, full=True))]
    assert history({}, later, later - QUARTER, whole=NOON) == names[:1]
    assert history({names[0]: later}, later, later - QUARTER, whole=NOON) == []


def test_after_a_pause_the_share_of_all_that_time_is_read() -> None:
    names = [name_of(ask) for ask in windows.all_history(RECEBIMENTOS, replace(AROUND, full=True))]
    walked = dict.fromkeys(names, NOON - 30 * DAY)
    assert len(history(walked, NOON, NOON - 3.5 * DAY)) == len(names) // 2
    assert len(history(walked, NOON, NOON - 60 * DAY)) == len(names)


def test_the_mirror_says_on_which_days_rows_are_still_open(ground: Ground) -> None:
    ground.sync(RECEBIMENTOS)
    stores = [row["id"] for row in ground.rows(LOJAS)]
    around = replace(AROUND, rows={"gestao_click.lojas": stores})
    account = ground.integration("gestao-click").id
    found = ground.run(windows.days, account, RECEBIMENTOS, around)
    rows = ground.rows(RECEBIMENTOS)
    assert rows
    for store in stores:
        days = found.get(name_of({"loja_id": store}), [])
        mine = [row for row in rows if row["loja_id"] == store]
        assert sum(day.rows for day in days) == len(mine)
        assert sum(day.still_open for day in days) == sum(not row["liquidado"] for row in mine)
        effective = Counter(row["data_liquidacao"] or row["data_vencimento"] for row in mine)
        assert {day.at: day.rows for day in days} == effective


def test_what_was_read_is_noted_window_by_window(ground: Ground) -> None:
    account, name = ground.integration("gestao-click").id, RECEBIMENTOS.full_name
    early, late = NOON - DAY, NOON - HOUR
    for window, at in (("2026-10", early), ("2026-11", late)):
        ground.run(books.note, account, RECEBIMENTOS, Tier.HISTORY, window, at, 7, 650)
    found = ground.run(books.read, account)[name, Tier.HISTORY]
    assert (found.walked_at, found.requests, found.rows, found.windows) == (early, 14, 1300, 2)
    ground.run(books.note, account, RECEBIMENTOS, Tier.HISTORY, "2026-10", NOON, 5, 420)
    assert ground.run(books.history, account, name) == {"2026-10": NOON, "2026-11": late}
    ground.run(books.forget_history, account, RECEBIMENTOS, ["2026-11"])
    assert ground.run(books.history, account, name) == {"2026-11": late}
