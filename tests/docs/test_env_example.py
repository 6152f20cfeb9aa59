""".env.example lists the settings, all of them, with their true defaults."""

import re
from pathlib import Path

import pytest

from shared.settings import SECRETS, Settings
from tests.docs.declared_settings import Declared, declared

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / ".env.example").read_text()
LINES = re.findall(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", EXAMPLE, re.MULTILINE)
ADDRESSES = ("DATABASE_URL", "REDIS_URL")
"""Absent by default; their lines show the form."""


def compose_only() -> set[str]:
    """Names that docker-compose.yml wants and Ponte itself does not read."""
    wanted = set(re.findall(r"\$\{([A-Z_]+)[:}]", (ROOT / "docker-compose.yml").read_text()))
    return wanted - {name for one in declared() for name in one.names}


def test_every_setting_is_there_once_and_nothing_else() -> None:
    names = [name for name, _ in LINES]
    known = [name for one in declared() for name in one.names]
    assert sorted(names) == sorted([*known, *compose_only()])


def test_the_original_names_are_still_read() -> None:
    assert ("KOMMO_JWT_TOKEN", "KOMMO_LONG_LIVED_TOKEN") in [one.names for one in declared()]


@pytest.mark.parametrize("one", declared(), ids=lambda one: one.names[0])
def test_it_shows_the_true_default_and_every_setting_says_what_it_is(one: Declared) -> None:
    shown = dict(LINES)[one.names[0]]
    assert one.description
    assert shown == one.default or one.names[0] in ADDRESSES


def test_nothing_is_set_by_copying_it(tmp_path: Path) -> None:
    copied = tmp_path / ".env"
    copied.write_text(EXAMPLE)
    given = {name.lower() for name in SECRETS}
    copy = Settings(_env_file=copied, ponte_sandbox="")  # type: ignore[call-arg]
    plain = Settings(_env_file=None, ponte_sandbox="")  # type: ignore[call-arg]
    assert copy.model_dump(exclude=given) == plain.model_dump(exclude=given)


def test_what_is_uncommented_is_accepted(tmp_path: Path) -> None:
    filled = tmp_path / ".env"
    uncommented = re.sub(r"^# ([A-Z][A-Z0-9_]+=.*)$", r"\1", EXAMPLE, flags=re.MULTILINE)
    filled.write_text(uncommented)
    settings = Settings(_env_file=filled)  # type: ignore[call-arg]
    assert settings.database_url is not None
    assert settings.kommo_retry_attempts == Settings.model_fields["kommo_retry_attempts"].default
