"""Bringing a database up to date: Alembic's `upgrade head` under an advisory lock."""

from __future__ import annotations

import re
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from shared.db.engine import connect
from shared.errors import Misuse

FOLDER = Path(__file__).resolve().parents[2] / "migrations"
OLDEST = 16
"""The first PostgreSQL that can say whether a text is a number without failing: the views need it."""
_LOCK = 0x506F6E7465  # "Ponte"


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(FOLDER))
    return found


def upgrade(url: str) -> None:
    """Runs every pending migration; several processes may call it at the same time.

    Raises Misuse when the server is older than OLDEST.
    """
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
    script = ScriptDirectory.from_config(config())
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    missing = [revision.revision for revision in script.iterate_revisions("head", current)]
    return missing[::-1]
