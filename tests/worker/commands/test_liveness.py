"""A pool that lives without working is told from one that has nothing to do."""

from tests.ground import settings_for
from worker.commands.liveness import Liveness


def looked(*looks: tuple[int, float | None, float]) -> Liveness:
    """After looks at (bells that hang, seconds since its last sign of work, the moment)."""
    liveness = Liveness(settings_for("postgresql://h/x"), "sync@host", "beat,sync")
    for look in looks:
        liveness.note(*look)
    return liveness


def test_a_pool_is_deaf_when_bells_hang_and_for_long_it_has_not_worked() -> None:
    assert looked((1, 20.0, 100.0), (1, 23.0, 103.0)).deaf(131.0)


def test_a_pool_without_a_sign_of_work_yet_is_judged_too() -> None:
    assert looked((1, None, 100.0)).deaf(131.0)


def test_an_idle_pool_is_not_deaf() -> None:
    assert not looked((1, 900.0, 100.0), (0, 903.0, 103.0)).deaf(140.0)


def test_a_busy_pool_is_not_deaf_however_much_hangs() -> None:
    assert not looked((500, 2.0, 100.0), (500, 4.0, 103.0)).deaf(140.0)


def test_a_pool_is_given_time_to_come_back_by_itself() -> None:
    assert not looked((1, 20.0, 100.0)).deaf(120.0)
