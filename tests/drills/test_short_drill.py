"""One short drill of `make drills` (docs/drills.md), and that a seed names its schedule."""

from pathlib import Path

import pytest

from tests.drills.drill import play
from tests.drills.report import BEGIN, END
from tests.drills.schedule import draw
from tests.drills.stage import WORLD
from tests.drills.troubles import TROUBLES

SEED, SECONDS, COUNT = 161, 8.0, 5
SMALL = {**WORLD, "leads": 12, "months": 1}


@pytest.mark.timeout(240)
@pytest.mark.xdist_group("drills")
def test_whatever_happens_the_books_balance_in_the_end(tmp_path: Path) -> None:
    report = play(SEED, SECONDS, COUNT, tmp_path, whole=False, world=SMALL)
    assert report.findings == {}, "\n".join(report.told)


@pytest.mark.parametrize("seed", range(1, 30))
def test_a_seed_names_its_schedule(seed: int) -> None:
    once, again = draw(seed, 45.0, 12), draw(seed, 45.0, 12)
    assert once == again
    assert all(0 <= planned.at <= planned.until <= 45.0 for planned in once)
    for planned in once:
        assert not any(planned.meets(other) for other in once if other is not planned)


def test_every_trouble_has_its_turn_within_a_hundred_seeds() -> None:
    drawn = {planned.trouble.name for seed in range(1, 101) for planned in draw(seed, 45.0, 12)}
    assert drawn == {trouble.name for trouble in TROUBLES}
    assert len(drawn) == len(TROUBLES), "each has a name of its own"


def test_the_table_of_results_has_its_place() -> None:
    page = (Path(__file__).parents[2] / "docs" / "drills.md").read_text()
    assert page.index(BEGIN) < page.index(END)
