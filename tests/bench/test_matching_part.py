"""Who is who in the bench's invented world: right, and nobody taken for somebody else."""

from collections.abc import Iterator

import psycopg
import pytest

from bench.matching import FOUND, KINDS, SAME, fill, kind_of
from tests.ground import reaching, settings_for
from worker.matching import work

MANY = 20 * len(KINDS)


@pytest.fixture
def filled(database_url: str) -> Iterator[str]:
    fill(database_url, MANY)
    with reaching(settings_for(database_url)) as (reach, _):
        assert not work.carry_out(reach, 60.0)
    yield database_url


def test_precision_and_recall(filled: str) -> None:
    with psycopg.connect(filled) as connection:
        found = {(int(ours), int(theirs)) for _, ours, theirs in connection.execute(FOUND)}
    truth = {(number, number) for number in range(1, MANY + 1) if kind_of(number) in SAME}
    assert found - truth == set()
    assert len(found & truth) >= 0.95 * len(truth)
