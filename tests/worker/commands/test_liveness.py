"""A pool that lives without working is told from one that has nothing to do."""

from tests.ground import settings_for
from worker.commands.liveness import Liveness

OLD = 3600.0


def looked(*looks: tuple[int, float | None, float]) -> Liveness:
    """After looks at (bells that hang, seconds since its last sign of work, the moment)."""
    liveness = Liveness(settings_for("postgresql://h/x"), "sync@host", "beat,sync")
    for look in looks:
        liveness.note(*look)
    return liveness


def test_a_pool_is_deaf_when_bells_hang_and_for_long_it_has_not_worked() -> None:
    assert looked((1, 20.0, 100.0), (1, 40.0, 120.0)).deaf(OLD, 131.0)


def test_an_idle_pool_is_not_deaf() -> None:
    assert not looked((1, 900.0, 100.0), (0, 903.0, 103.0)).deaf(OLD, 140.0)
    assert not looked((1, 900.0, 100.0)).deaf(OLD, 101.0), "the bell has only just rung"


def test_a_busy_pool_is_not_deaf_however_much_hangs() -> None:
    assert not looked((500, 2.0, 100.0), (500, 4.0, 140.0)).deaf(OLD, 141.0)


def test_a_process_that_is_coming_up_is_given_time() -> None:
    """What is known of the pool was told by the process before, or by none."""
    assert not looked((1, 500.0, 100.0)).deaf(50.0, 150.0)
    assert not looked((1, None, 100.0)).deaf(50.0, 150.0)


def test_a_process_that_never_comes_up_is_deaf_in_the_end() -> None:
    assert looked((1, None, 100.0)).deaf(121.0, 221.0)
