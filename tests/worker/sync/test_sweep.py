"""How much may be absent before the walk is doubted, and how many ids go into one look."""

import pytest

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


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (250, [250]), (251, [250, 1]), (600, [250, 250, 100])]
)
def test_ids_go_in_batches_of_the_sources_size(count: int, sizes: list[int]) -> None:
    ids = [str(number) for number in range(count)]
    batches = list(sweep.batches(ids, 250))
    assert [len(batch) for batch in batches] == sizes
    assert [id_ for batch in batches for id_ in batch] == ids
