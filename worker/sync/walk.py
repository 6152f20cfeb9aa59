"""Walking one slice: pages in order, up to three on their way at once, and a proven end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from shared.errors import WalkBroken
from worker.sources.protocol import Ask, Page, Source

WIDTH = 3
"""Pages on their way at once: enough to use the quota whatever the vendor's latency is."""


def pages(source: Source, ask: Ask, first: int) -> Iterator[tuple[int, Page]]:
    """(number, page) from page `first` to the end; empty ones are left out, unless they tell a total.

    The end is proven: the vendor says that nothing follows, or two pages in a row are empty. Raises
    WalkBroken when records follow an empty page: it will be read again.
    """
    empty = None
    for number, page in _ahead(source, ask, first):
        if page.records and empty:
            raise WalkBroken(f"page {empty} came empty, but page {number} has records")
        if page.records or page.total is not None:
            yield number, page
        if page.more is False or (not page.records and empty):
            return
        empty = None if page.records else number


def _ahead(source: Source, ask: Ask, first: int) -> Iterator[tuple[int, Page]]:
    """Every page in order. The first is waited for: most lists end with it."""
    page = source.page(ask, first)
    yield first, page
    pool = ThreadPoolExecutor(WIDTH, thread_name_prefix="page")
    under_way: deque[Future[Page]] = deque()
    try:
        asked = number = first
        last = _last_page(page, first)
        while True:
            # behind an empty page only its proof is asked for
            wide = WIDTH if page.records else 1
            while len(under_way) < wide and (asked < last or not under_way):
                asked += 1
                under_way.append(pool.submit(source.page, ask, asked))
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
