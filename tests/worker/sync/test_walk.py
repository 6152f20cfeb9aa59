"""A walk ends only where its end is proven."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from shared.errors import VendorUnavailable, WalkBroken
from shared.resources import BY_NAME
from worker.sources.protocol import Ask, Page
from worker.sync import walk

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ASK = Ask(BY_NAME["kommo.leads"], {})
EMPTY: tuple[int, bool | None] = (0, None)


class Pages:
    """Answers pages by number: (how many records, does it say that more follow); then empty ones."""

    def __init__(self, *pages: tuple[int, bool | None], total: int | None = None) -> None:
        self.pages, self.total = pages, total
        self.asked: list[int] = []
        self.fails_at: int | None = None

    def page(self, ask: Ask, number: int) -> Page:
        self.asked.append(number)
        if number == self.fails_at:
            raise VendorUnavailable("x", "y")
        count, more = self.pages[number - 1] if number <= len(self.pages) else EMPTY
        records: Sequence[Any] = [{"id": number * 1000 + n} for n in range(count)]
        return Page(records, self.total, more, NOW)


def read(pages: Pages, first: int = 1) -> list[tuple[int, int]]:
    source: Any = pages
    return [
        (number, len(page.records)) for number, page in walk.pages(partial(source.page, ASK), first)
    ]


def test_a_page_that_says_it_is_the_last_is_the_last() -> None:
    pages = Pages((3, False))
    assert read(pages) == [(1, 3)]
    assert pages.asked == [1]


def test_an_empty_list_is_believed_at_its_second_empty_page() -> None:
    pages = Pages()
    assert read(pages) == []
    assert sorted(pages.asked)[:2] == [1, 2]


def test_pages_come_in_order_up_to_a_short_one_without_next() -> None:
    assert read(Pages((3, True), (3, True), (3, True), (1, False))) == [
        (1, 3),
        (2, 3),
        (3, 3),
        (4, 1),
    ]


def test_a_next_on_the_last_page_is_followed_into_two_empty_pages() -> None:
    pages = Pages((3, True), (3, True))
    assert read(pages) == [(1, 3), (2, 3)]
    assert {3, 4} <= set(pages.asked)


def test_a_full_page_without_next_is_followed_all_the_same() -> None:
    assert read(Pages((3, None), (2, None))) == [(1, 3), (2, 2)]


@pytest.mark.parametrize("hole", [1, 2, 3])
def test_records_behind_an_empty_page_break_the_walk(hole: int) -> None:
    pages = [(3, True)] * 5
    pages[hole - 1] = EMPTY  # type: ignore[call-overload]
    with pytest.raises(WalkBroken, match=f"page {hole} came empty"):
        read(Pages(*pages))


def test_what_was_read_before_the_hole_is_kept() -> None:
    pages: Any = Pages((3, True), EMPTY, (3, True))
    got = []
    with pytest.raises(WalkBroken):
        got.extend(walk.pages(partial(pages.page, ASK), 1))
    found = []
    with pytest.raises(WalkBroken):
        for number, _ in walk.pages(partial(pages.page, ASK), 1):
            found.append(number)
    assert found == [1]


def test_it_starts_at_the_page_where_it_was_interrupted() -> None:
    pages = Pages((3, True), (3, True), (3, True), (1, False))
    assert read(pages, first=3) == [(3, 3), (4, 1)]
    assert min(pages.asked) == 3


def test_no_more_than_three_pages_are_on_their_way_beyond_what_was_read() -> None:
    pages: Any = Pages(*[(3, True)] * 50)
    for number, _ in walk.pages(partial(pages.page, ASK), 1):
        assert max(pages.asked) <= number + walk.WIDTH
        if number == 20:
            break
    assert len(pages.asked) == len(set(pages.asked)) <= 20 + walk.WIDTH


def test_a_total_keeps_it_from_asking_past_the_end() -> None:
    pages = Pages((3, True), (3, True), (1, False), total=7)
    assert read(pages) == [(1, 3), (2, 3), (3, 1)]
    assert sorted(pages.asked) == [1, 2, 3]


def test_a_total_that_is_too_small_does_not_end_it() -> None:
    pages = Pages((3, True), (3, True), (3, True), (1, False), total=5)
    assert read(pages)[-1] == (4, 1)


def test_an_empty_page_that_tells_a_total_is_told_too() -> None:
    assert read(Pages((0, False), total=0)) == [(1, 0)]


def test_a_page_that_fails_ends_it_with_the_error_after_the_pages_before_it() -> None:
    pages: Any = Pages(*[(3, True)] * 5)
    pages.fails_at = 3
    found = []
    with pytest.raises(VendorUnavailable):
        for number, _ in walk.pages(partial(pages.page, ASK), 1):
            found.append(number)
    assert found == [1, 2]
