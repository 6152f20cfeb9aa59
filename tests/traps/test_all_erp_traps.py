"""Every trap of gestaoclick-api.md 10 has a test named after it."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_trap_of_the_erp_has_its_test() -> None:
    found = (
        re.findall(r"def test_erp_trap_(\d\d)_", path.read_text())
        for path in TESTS.rglob("test_*.py")
    )
    assert {int(number) for numbers in found for number in numbers} == set(range(1, 17))
