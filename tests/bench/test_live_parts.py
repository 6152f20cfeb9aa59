"""What the parts with a whole deployment make of what was counted."""

import pytest

from bench import quota
from bench.figures import percentile
from bench.quota import Case, used_of


def test_a_percentile_is_a_value_that_so_many_do_not_exceed() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    shares = (0.5, 0.95, 0.99, 1.0)
    assert [percentile(values, share) for share in shares] == [50.0, 95.0, 99.0, 100.0]
    assert percentile([7.0], 0.99) == 7.0


def test_between_eight_requests_lie_seven_intervals() -> None:
    counted = {"requests": 8, "first_at": 100.0, "last_at": 101.0}
    assert used_of(counted, Case(7, 30, 1.0)) == pytest.approx(100)


def test_a_full_run_makes_ten_thousand_requests_at_both_limits_and_all_latencies() -> None:
    cases = quota.FULL.cases
    assert {(case.rate, case.latency) for case in cases} == {
        (rate, latency) for rate in (7, 3) for latency in (30, 300, 800)
    }
    assert sum(case.rate * case.seconds for case in cases) >= 10_000
