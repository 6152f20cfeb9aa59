"""Every trap of kommo-api.md 9 has a test named after it, or a reason here."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
WORKER = HERE.parents[1] / "worker"
ALL = set(range(1, 49))
WHY_NOT = {
    32: "Ponte writes no record to Kommo: there is no echo of its own writes to tell from others'",
    47: "Ponte writes no record to Kommo: it never reads the answer of a PATCH",
}
"""If Ponte is to write records one day, these come first."""


def covered() -> set[int]:
    found = (re.findall(r"def test_trap_(\d\d)_", path.read_text()) for path in HERE.glob("*.py"))
    return {int(number) for numbers in found for number in numbers}


def test_every_trap_has_its_test_or_its_reason() -> None:
    assert covered() | set(WHY_NOT) == ALL
    assert not covered() & set(WHY_NOT)


def test_ponte_writes_no_record_to_kommo() -> None:
    """What it does send: its webhook's subscription, and the question for a token."""
    writers = {
        path.relative_to(WORKER).as_posix()
        for path in WORKER.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "send"
    }
    assert writers <= {"sources/kommo_hooks.py", "sources/oauth.py"}
