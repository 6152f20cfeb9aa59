"""More than a second's requests are noticed, but for those that a standstill of our own held back."""

from tests.drills.punctual import Pulse, Watch


def arrivals(rate: int, *moments: float) -> Watch:
    watch = Watch(rate)
    for moment in moments:
        watch.note(moment)
    return watch


def test_more_than_a_second_allows_is_noticed() -> None:
    assert arrivals(3, 0.0, 0.3, 0.6, 0.9).beyond(Pulse()) == [(0.0, 0.3, 0.6, 0.9)]
    assert arrivals(3, 0.0, 0.3, 0.6, 0.96).beyond(Pulse()) == []


def test_what_our_own_standstill_held_back_is_allowed_for() -> None:
    late = arrivals(3, 0.0, 0.9, 0.9, 0.9)
    assert late.beyond(Pulse([(0.5, 0.8)])) == []
    assert arrivals(3, 0.0, 0.9, 0.9, 0.9, 0.9).beyond(Pulse([(0.5, 0.8)]))
    assert late.beyond(Pulse([(-5.0, -4.0)])), "long before"
