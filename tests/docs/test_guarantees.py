"""docs/guarantees.md names tests that exist."""

import ast
import re
from functools import cache

import pytest

from tests.docs.declared_settings import ROOT

PAGE = (ROOT / "docs" / "guarantees.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@cache
def _tests_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_what_shows_a_promise_exists(path: str, name: str) -> None:
    assert name in _tests_of(path)


def test_every_promise_is_shown_by_something() -> None:
    promises = re.findall(r"^\| (?!promise|---)(.+?) \|.*\| (.+) \|$", PAGE, re.MULTILINE)
    assert promises
    assert [promise for promise, shown in promises if "`" not in shown] == []
