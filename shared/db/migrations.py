"""Bringing a database up to date: Alembic's `upgrade head` under an advisory lock.

Every command asks whether something is pending, and hardly ever is: Alembic, which takes a third of a second to
import, is loaded only then.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, text

from shared.db.engine import connect
from shared.errors import Misuse

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).resolve().parents[2] / "migrations"
OLDEST = 16
"""The first PostgreSQL that can say whether a text is a number without failing: the views need it."""
_LOCK = 0x506F6E7465  # "Ponte"
_NAMED = re.compile(r"^(down_)?revision\b.*= *[\"'](\w+)[\"']", re.MULTILINE)
"""What a migration says that it is, and what it follows on."""


def config() -> Config:
    from alembic.config import Config

    found = Config()
    found.set_main_option("script_location", str(FOLDER))
    return found


def upgrade(url: str) -> None:
    """Runs every pending migration; several processes may call it at the same time.

    Raises Misuse when the server is older than OLDEST.
    """
    from alembic import command

    engine = connect(url)
    try:
        with engine.connect() as lock, engine.connect() as connection:
            ensure_new_enough(lock.scalar(text("show server_version")))
            lock.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
            settings = config()
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
    finally:
        engine.dispose()


def ensure_new_enough(version: str) -> None:
    """version: as the server says it, `15.10 (Debian …)`."""
    if int(re.split(r"\D", version)[0]) < OLDEST:
        raise Misuse(f"DATABASE_URL leads to PostgreSQL {version}: {OLDEST} or newer is needed")


def pending(engine: Engine) -> list[str]:
    """The revisions that the database lacks, oldest first; empty: it is up to date."""
    current = _current(engine)
    if current and [current] == _last():
        return []
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config())
    missing = [revision.revision for revision in script.iterate_revisions("head", current)]
    return missing[::-1]


def _current(engine: Engine) -> str | None:
    """The revision that the database is at, as Alembic keeps it."""
    with engine.connect() as connection:
        if connection.scalar(text("select to_regclass('alembic_version')")) is None:
            return None
        found: str | None = connection.scalar(text("select version_num from alembic_version"))
        return found


def _last() -> list[str]:
    """The revisions that none follows on, by the files' own words: where there are several, Alembic decides."""
    files = sorted((FOLDER / "versions").glob("*.py"))
    named = [said for path in files for said in _NAMED.findall(path.read_text())]
    followed = {name for follows, name in named if follows}
    return [name for follows, name in named if not follows and name not in followed]
