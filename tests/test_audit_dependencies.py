"""The audit of what is pinned: a vulnerability fails it, silence of its service is told loudly and fails nothing."""

import importlib.util
from types import ModuleType
from typing import Any

import pytest

from tests.test_architecture import ROOT


@pytest.fixture
def audit() -> ModuleType:
    place = ROOT / ".ci" / "audit_dependencies.py"
    spec = importlib.util.spec_from_file_location("audit_dependencies", place)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def one(*ids: str) -> dict[str, Any]:
    vulns = [{"id": id_, "fix_versions": ["9.9"]} for id_ in ids]
    return {"name": "somebody", "version": "1.0", "vulns": vulns}


SKIPPED = {"name": "ours", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("dependencies", "code", "said"),
    [
        ([one(), SKIPPED], 0, "1 packages audited, 1 not known"),
        ([one(), one("CVE-1", "CVE-2")], 1, "somebody 1.0: CVE-2, mended in 9.9"),
        ([SKIPPED], 0, "DEPENDENCIES WERE NOT AUDITED"),
    ],
)
def test_its_report_is_judged(
    audit: ModuleType, capsys: pytest.CaptureFixture[str], dependencies: Any, code: int, said: str
) -> None:
    assert audit.judge({"dependencies": dependencies}) == code
    assert said in capsys.readouterr().err


def test_where_nobody_answers_it_says_so_and_fails_nothing(
    audit: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "UVX", ("false",))
    assert audit.main() == 0
    assert "DEPENDENCIES WERE NOT AUDITED" in capsys.readouterr().err


def test_everything_that_is_pinned_is_pinned_with_its_hash() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith((" ", "#")):
            assert "==" in line, line
            assert lines[number + 1].lstrip().startswith("--hash=sha256:"), line
