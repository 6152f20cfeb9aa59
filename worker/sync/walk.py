"""Walking one slice: pages in order, up to three on their way at once, and a proven end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from shared.errors import WalkBroken
from worker.sources.protocol import Page

WIDTH = 3
"""Pages on their way at once: enough to use the quota whatever the vendor's latency is."""


P = TypeVar("P", bound=Page)


def pages(fetch: Callable[[int], P], first: int) -> Iterator[tuple[int, P]]:
    """(number, page) from page `first` to the end; empty ones are left out, unless they tell a total.

    fetch: gives a page by its number; called by threads of their own, but for the first.
    The end is proven: the vendor says that nothing follows, or two pages in a row are empty. Raises
    WalkBroken when records follow an empty page: it will be read again.
    """
    empty = None
    for number, page in _ahead(fetch, first):
        if page.records and empty:
            raise WalkBroken(f"page {empty} came empty, but page {number} has records")
        if page.records or page.total is not None:
            yield number, page
        if page.more is False or (not page.records and empty):
            return
        empty = None if page.records else number


def _ahead(fetch: Callable[[int], P], first: int) -> Iterator[tuple[int, P]]:
    """Every page in order. The first is waited for: most lists end with it."""
    page = fetch(first)
    yield first, page
    pool = ThreadPoolExecutor(WIDTH, thread_name_prefix="page")
    under_way: deque[Future[P]] = deque()
    try:
        asked = number = first
        last = _last_page(page, first)
        while True:
            # behind an empty page only its proof is asked for
            wide = WIDTH if page.records else 1
            while len(under_way) < wide and (asked < last or not under_way):
                asked += 1
                under_way.append(pool.submit(fetch, asked))
            number += 1
            page = under_way.popleft().result()
            yield number, page
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _last_page(page: Page, number: int) -> float:
    """The number of the last page, as far as the vendor's total tells it."""
    if page.total is None or not page.records:
        return float("inf")
    return max(number, -(-page.total // len(page.records)))
