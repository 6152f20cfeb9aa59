"""A passed limit is told from requests that were held up and came in a bunch."""

from tests.drills.punctual import Watch


def arrivals(*moments: float) -> Watch:
    watch = Watch(10)
    for moment in moments:
        watch.note(moment)
    return watch


def steadily(until: float, every: float = 0.104) -> list[float]:
    return [number * every for number in range(int(until / every))]


def test_two_who_keep_to_the_limit_each_by_himself_pass_it_together() -> None:
    both = sorted([*steadily(4), *(moment + 0.03 for moment in steadily(4))])
    assert arrivals(*both).passed


def test_who_keeps_to_the_limit_is_not_blamed() -> None:
    watch = arrivals(*steadily(20))
    assert (watch.passed, watch.bunches) == ([], 0)


def test_requests_that_were_held_up_come_in_a_bunch_and_pass_no_limit() -> None:
    on_time = steadily(20)
    held_up = [moment if not 5.0 <= moment < 5.3 else 5.3 for moment in on_time]
    watch = arrivals(*held_up)
    assert watch.passed == []
    assert watch.bunches > 0


def test_a_burst_after_quiet_is_seen_once_it_goes_on() -> None:
    assert arrivals(*steadily(3, every=0.05)).passed
