"""How long a sync still takes: what is not known yet is never passed over."""

from typing import Any

import pytest

from shared.resources import BY_NAME
from tests.ground import Ground
from worker.commands import forecast, progress
from worker.commands.forecast import Forecast, Left

VENDAS, CLIENTES = BY_NAME["gestao_click.vendas"], BY_NAME["gestao_click.clientes"]


def run(state: str = "running", **position: Any) -> dict[str, Any]:
    usual = {"asks": [{}], "slice": 0, "total": None, "distinct": 0}
    stands = {**usual, **position} if position or state == "running" else None
    return {"state": state, "position": stands, "seen": 300, "requests": 30}


@pytest.mark.parametrize(
    ("given", "expected", "left"),
    [
        (run("done"), None, Left(0, True)),
        (run("failed"), 5000, Left(0, True)),
        # never read: nobody knows
        (run("queued"), None, Left(1, False)),
        (run("queued"), 5000, Left(51, True)),
        (run(), None, Left(1, False)),
        (run(total=1000, distinct=300), None, Left(7, True)),
        (run(total=1000, distinct=1000), None, Left(0, True)),
        # three of four slices are to come, of which nothing is known
        (run(asks=[{}] * 4, total=1000, distinct=300), None, Left(7 + 3, False)),
        # eight of nine are done, in 27 requests: they go on as they began
        (run(asks=[{}] * 9, slice=5, total=250, distinct=50), None, Left(2 + 3 * 5, True)),
        # read before: the mirror knows
        (run(asks=[{}] * 9, slice=5, total=250, distinct=50), 5300, Left(50 + 3, True)),
        (run(asks=[{}] * 9, slice=8, total=900, distinct=0), 300, Left(9, True)),
    ],
)
def test_what_is_left_is_told_as_the_least_until_it_is_known(
    given: dict[str, Any], expected: int | None, left: Left
) -> None:
    assert forecast.of(given, 100, expected) == left


def test_a_first_import_says_at_least_and_one_that_knows_says_about(ground: Ground) -> None:
    first = ground.order(CLIENTES, full=True)
    runs = progress.read(ground.reach, [first])
    assert Forecast(ground.reach, runs).tell(runs).startswith("at least ")
    ground.carry(first)
    runs = progress.read(ground.reach, [first])
    assert Forecast(ground.reach, runs).tell(runs) == ""
    again = progress.read(ground.reach, [ground.order(CLIENTES, full=True)])
    assert Forecast(ground.reach, again).tell(again).startswith("about ")


def test_the_time_is_that_of_the_limit_until_the_pace_is_known(ground: Ground) -> None:
    ground.sync(CLIENTES)
    again = progress.read(ground.reach, [ground.order(CLIENTES, full=True)])
    told = Forecast(ground.reach, again)
    told._quickest = dict.fromkeys(told._quickest, 60.0)
    told._expected = {again[0]["id"]: 950}
    assert told.tell(again) == "about 10 min left"
    told._started -= 1200
    assert told.tell([{**again[0], "requests": 10}]) == "about 20 min left"
