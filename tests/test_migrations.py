"""The migrated database is the declared one, and migrating is harmless to repeat."""

import ast
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from shared.db import alerting, bookkeeping, migrations, mirror, wallet
from shared.db.engine import connect
from shared.db.migrations import FOLDER, config, ensure_new_enough, pending, upgrade
from shared.errors import Misuse
from tests.servers import copy_of

SCHEMAS = {"kommo", "gestao_click", "sync", "ponte", "reports"}
REVISIONS = sorted((FOLDER / "versions").glob("*.py"))


@pytest.fixture
def migrated(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


def differences(engine: Engine) -> list[object]:
    for declared in (bookkeeping.runs, wallet.opening_balances, alerting.alert_rules):
        assert declared.metadata is mirror.metadata
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: kind != "schema" or name in SCHEMAS,
        "compare_type": True,
        "compare_server_default": False,
    }
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, mirror.metadata))


def test_the_migrated_database_is_the_declared_one(migrated: Engine) -> None:
    assert differences(migrated) == []


def test_a_difference_would_be_noticed(migrated: Engine) -> None:
    with migrated.begin() as connection:
        connection.execute(text("alter table kommo.leads drop column loss_reason_id cascade"))
        connection.execute(text("alter table kommo.users add column surprise text"))
        connection.execute(text("drop index sync.runs_one_active"))
    assert len(differences(migrated)) == 3


def test_a_migration_that_is_written_by_itself_has_a_new_list_counted(
    migrated: Engine, tmp_path: Path
) -> None:
    with migrated.begin() as connection:
        connection.execute(text("drop table kommo.talks"))
    settings = config()
    settings.set_main_option("path_separator", "newline")
    settings.set_main_option("version_locations", f"{FOLDER / 'versions'}\n{tmp_path}")
    with migrated.connect() as connection:
        settings.attributes["connection"] = connection
        command.revision(settings, autogenerate=True, version_path=str(tmp_path), rev_id="talks")
    (written,) = tmp_path.glob("*.py")
    assert (
        written.read_text().count("op.execute(\"select sync.keep_row_count('kommo.talks')\")") == 1
    )
    assert written.read_text().count("keep_row_count") == 1


def test_tables_of_stamps_leave_room_for_hot_updates(migrated: Engine) -> None:
    asked = text(
        "select relname, reloptions from pg_class where relname like '%_stamps' and relkind = 'r'"
    )
    with migrated.begin() as connection:
        found = {row.relname: row.reloptions for row in connection.execute(asked)}
    assert found
    assert {tuple(options or ()) for options in found.values()} == {("fillfactor=45",)}


def test_nothing_is_pending_after_an_upgrade(migrated: Engine) -> None:
    assert pending(migrated) == []


def test_an_empty_database_lacks_every_revision_oldest_first(postgres_url: str) -> None:
    engine = connect(postgres_url)
    names = [path.stem.split("_")[0] for path in REVISIONS]
    assert pending(engine)[: len(names)] == names
    engine.dispose()


def test_upgrading_again_changes_nothing(database_url: str, migrated: Engine) -> None:
    before = tables(migrated)
    upgrade(database_url)
    assert tables(migrated) == before


def test_several_processes_may_upgrade_at_once(postgres_url: str) -> None:
    with copy_of(postgres_url, "/template0") as url:
        failures: list[BaseException] = []

        def work() -> None:
            try:
                upgrade(url)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine = connect(url)
        try:
            assert failures == []
            assert pending(engine) == []
            assert differences(engine) == []
        finally:
            engine.dispose()


def tables(engine: Engine) -> list[tuple[str, str]]:
    asked = text(
        "select table_schema, table_name, column_name from information_schema.columns order by 1, 2, 3"
    )
    with engine.begin() as connection:
        return [tuple(row) for row in connection.execute(asked)]


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: path.stem)
def test_a_revision_waits_for_no_lock_for_ever(path: Path) -> None:
    """Its first statement is the lock_timeout, else a long query of a user's would stop everybody."""
    (body,) = [
        node.body
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    ]
    statements = [node for node in body if not _is_docstring(node)]
    assert re.search(r"op\.execute\(.set local lock_timeout", ast.unparse(statements[0]))


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_the_last_revision_is_known_without_alembic() -> None:
    assert migrations._last() == list(ScriptDirectory.from_config(config()).get_heads())


def test_revisions_stand_in_one_line() -> None:
    script = ScriptDirectory.from_config(config())
    assert len(script.get_heads()) == 1
    assert len(list(script.walk_revisions())) == len(REVISIONS)


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: path.stem)
def test_migrations_need_neither_pgcrypto_nor_icu(path: Path) -> None:
    assert not re.search(r"pgcrypto|create extension|icu", path.read_text(), re.IGNORECASE)


def test_a_server_that_is_too_old_is_told_before_anything_is_made() -> None:
    for version in ("16.4", "18.0 (Debian 18.0-1)", "17beta1"):
        ensure_new_enough(version)
    with pytest.raises(Misuse, match=r"PostgreSQL 15\.10 \(Debian\): 16 or newer"):
        ensure_new_enough("15.10 (Debian)")
