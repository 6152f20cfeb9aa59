"""Whatever stands in the environment: settings, or every problem by its name."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.db.engine import place
from shared.errors import SettingsError
from shared.settings import SECRETS, Settings, all_on_loopback, load
from tests.docs.declared_settings import declared
from tests.fuzz.strange import effort

NAMES = [name for one in declared() for name in one.names]
WORDS = st.one_of(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(
        [
            *("", "0", "-1", "true", "many", "9" * 30, "9" * 5000, "nan", "inf", "1e999", "²"),
            *("https://a.example.com", "http://[", "https://[::1]:x", "postgresql://[", "redis://"),
            *("2026-01-01", "0000-00-00", "22-6", "América", "America/Sao_Paulo", "{", "[1,", "/"),
        ]
    ),
)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's."""
    ours = {*NAMES, *(f"{name}_FILE" for name in SECRETS)}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    monkeypatch.setattr(os, "environ", kept)
    monkeypatch.chdir(tmp_path)


@effort(80)
@given(st.dictionaries(st.sampled_from(NAMES), WORDS, max_size=6))
@example({"KOMMO_API_URL": "http://["})
@example({"DATABASE_URL": "postgresql://["})
@example({"PONTE_PUBLIC_URL": "https://["})
@example({"PONTE_TIMEZONE": "América"})
@example({"REDIS_URL": "redis://host:x"})
def test_any_values_are_settings_or_problems_with_names(given: dict[str, str]) -> None:
    os.environ.update(given)
    try:
        with suppress(SettingsError):
            _use(load(_env_file=None))
    finally:
        for name in given:
            del os.environ[name]


def _use(made: Settings) -> None:
    """What the rest of Ponte does with them unasked."""
    all_on_loopback(made)
    ZoneInfo(made.ponte_timezone)
    assert len(made.audit_hours) == 2
    for url in filter(None, (made.database_url, made.redis_url)):
        place(url.get_secret_value())


@effort(20)
@given(st.sampled_from(SECRETS), st.binary(max_size=20))
@example("KOMMO_JWT_TOKEN", b"\xff\xfe")
@example("KOMMO_JWT_TOKEN", b"a\x00")
def test_any_file_gives_a_secret_or_a_problem(name: str, content: bytes) -> None:
    file = Path("secret")
    file.write_bytes(content)
    os.environ[f"{name}_FILE"] = str(file)
    try:
        with suppress(SettingsError):
            load(_env_file=None)
    finally:
        os.environ.pop(name, None)
        del os.environ[f"{name}_FILE"]


@effort(20)
@given(WORDS)
def test_any_path_of_a_file_gives_a_secret_or_a_problem(path: str) -> None:
    os.environ["KOMMO_JWT_TOKEN_FILE"] = path
    try:
        with suppress(SettingsError):
            load(_env_file=None)
    finally:
        os.environ.pop("KOMMO_JWT_TOKEN", None)
        del os.environ["KOMMO_JWT_TOKEN_FILE"]
