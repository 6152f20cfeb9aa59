"""How much may be absent before the walk is doubted, and how many ids go into one look."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from shared.resources import BY_NAME
from worker.sources.protocol import Ask, Found
from worker.sync import sweep


@pytest.mark.parametrize(
    ("absent", "live", "doubted"),
    [
        (0, 0, False),
        (100, 100, False),
        (101, 101, True),
        (101, 5049, True),
        (101, 5050, False),
        (200, 10_001, False),
        (201, 10_000, True),
    ],
)
def test_more_than_a_hundred_and_two_in_a_hundred_are_too_many(
    absent: int, live: int, doubted: bool
) -> None:
    assert sweep.suspicious(absent, live) is doubted


class Listener:
    """A source that only remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def look(self, _: Ask, ids: Sequence[str]) -> Found:
        self.asked.append(list(ids))
        return Found([], datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "count", "sizes"),
    [
        ("kommo.leads", 0, []),
        ("kommo.leads", 1, [1]),
        ("kommo.leads", 250, [250]),
        ("kommo.leads", 251, [250, 1]),
        ("kommo.unsorted", 100, [80, 20]),
        ("kommo.talks", 3, [1, 1, 1]),
        ("gestao_click.vendas", 2, [1, 1]),
    ],
)
def test_ids_go_as_many_at_once_as_the_list_allows(name: str, count: int, sizes: list[int]) -> None:
    ids = [str(number) for number in range(count)]
    source = Listener()
    list(sweep.look_at(source, Ask(BY_NAME[name]), ids))  # type: ignore[arg-type]
    assert [len(batch) for batch in source.asked] == sizes
    assert [id_ for batch in source.asked for id_ in batch] == ids
