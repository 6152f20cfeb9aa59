"""Whatever the mirror slept through: once all events are there, the history is what happened."""

from collections.abc import Iterator
from itertools import count, groupby
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.db.engine import connect
from tests.servers import copy_of
from tests.worker.reports.accounts import Shop, open_shop
from tests.worker.reports.test_stages import Deal, Stage

STAGES: list[Stage] = [(5, 51), (5, 52), (5, 142), (6, 61), (6, 142)]
NUMBERS = count(1)


@pytest.fixture(scope="module")
def shop(postgres_url: str, template_url: str) -> Iterator[Shop]:
    with copy_of(postgres_url, template_url) as url:
        engine = connect(url)
        yield open_shop(engine)
        engine.dispose()


Move = tuple[int, int, bool, bool]
MOVES = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, len(STAGES) - 1), st.booleans(), st.booleans()),
    max_size=8,
)
"""(seconds since the move before, how many stages further, is it looked at, is its event late)"""


def timeline(moves: list[Move]) -> list[tuple[int, Stage]]:
    """(second, stage) from the first stage on; no stage comes twice within one second, nor does the one in
    which it began: of such moves nothing tells the order."""
    truth = [(0, 0)]
    begun_in = 0
    for gap, step, *_ in moves:
        second, stage = truth[-1]
        there = (stage + step) % len(STAGES)
        crowded = second == 0 or there == begun_in or (second, there) in truth
        seconds = max(gap, int(crowded))
        begun_in = stage if seconds else begun_in
        truth.append((second + seconds, there))
    return [(second, STAGES[stage]) for second, stage in truth]


QUIET = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUIET
@given(MOVES, st.randoms(use_true_random=False))
def test_with_all_events_the_history_is_what_happened(
    shop: Shop, moves: list[Move], random: Random
) -> None:
    deal, truth = Deal(shop, next(NUMBERS)), timeline(moves)
    deal.look(0, truth[0][1])
    late = []
    for number, (_, _, looked, is_late) in enumerate(moves, start=1):
        second, stage = truth[number]
        told = (second / 60, truth[number - 1][1], stage, f"{random.random()}-{deal.id}-{number}")
        late.append(told) if is_late else deal.event(*told)
        if looked:
            deal.look(second / 60, stage)
    deal.look(truth[-1][0] / 60, truth[-1][1])
    random.shuffle(late)
    for told in late:
        deal.event(*told)
    assert [(round(entered * 60), stage) for stage, entered, _ in deal.history()] == truth


@QUIET
@given(MOVES)
def test_without_events_the_history_is_what_was_seen(shop: Shop, moves: list[Move]) -> None:
    deal, truth = Deal(shop, next(NUMBERS)), timeline(moves)
    seen = [truth[0]] + [truth[n] for n, move in enumerate(moves, start=1) if move[2]]
    for tick, (second, stage) in enumerate(seen):
        deal.look(second / 60, stage, observed=second / 60 + tick / 1000)
    stages = [stage for stage, _ in groupby(stage for _, stage in seen)]
    assert [stay[0] for stay in deal.history()] == stages
