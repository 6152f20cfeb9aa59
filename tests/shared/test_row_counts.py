"""How many rows there are is kept by the tables themselves, whoever writes."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from shared import resources, row_counts
from shared.db.engine import connect
from shared.resources.kommo import LEADS

ROWS = """
    insert into kommo.leads (integration_id, id, raw, changed_at)
    select :of, n, '{}', now() from generate_series(cast(:first as int), :last) n
    on conflict (integration_id, id) do update set deleted_at = null, missing_since = null
"""


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


def run(engine: Engine, statement: str, **values: Any) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def put(engine: Engine, of: int, first: int, last: int) -> None:
    run(engine, ROWS, of=of, first=first, last=last)


def kept(engine: Engine) -> dict[int, tuple[int, int]]:
    """(live, gone) leads by integration."""
    with engine.begin() as connection:
        found = row_counts.all_of(connection)
    return {of: counts for (of, name), counts in found.items() if name == LEADS.full_name}


def test_rows_that_come_go_return_and_are_removed_are_counted(engine: Engine) -> None:
    put(engine, 1, 1, 10)
    assert kept(engine) == {1: (10, 0)}
    run(engine, "update kommo.leads set deleted_at = now() where id <= 4")
    run(engine, "update kommo.leads set missing_since = now() where id in (4, 5)")
    assert kept(engine) == {1: (5, 5)}
    put(engine, 1, 5, 12)
    assert kept(engine) == {1: (8, 4)}
    run(engine, "delete from kommo.leads where id in (1, 12)")
    assert kept(engine) == {1: (7, 3)}


def test_one_statement_may_change_rows_of_several_integrations(engine: Engine) -> None:
    put(engine, 1, 1, 3)
    put(engine, 2, 1, 5)
    run(engine, "update kommo.leads set deleted_at = now() where id = 2")
    assert kept(engine) == {1: (2, 1), 2: (4, 1)}
    with engine.begin() as connection:
        assert row_counts.live(connection, LEADS, 2) == 4
        assert row_counts.live(connection, LEADS, 3) == 0


def test_what_was_not_committed_counts_for_nobody_else(engine: Engine) -> None:
    put(engine, 1, 1, 3)
    with engine.connect() as other:
        other.execute(text(ROWS), {"of": 1, "first": 4, "last": 9})
        assert kept(engine) == {1: (3, 0)}
        assert row_counts.live(other, LEADS, 1) == 9
        other.rollback()
    assert kept(engine) == {1: (3, 0)}


def test_writers_do_not_wait_for_each_other_even_where_the_counts_are_put_together(
    engine: Engine,
) -> None:
    put(engine, 1, 1, 3)
    fold = text("select sync.fold_row_counts(1, 'kommo.leads')")
    with engine.connect() as one, engine.connect() as another:
        another.execute(text("set lock_timeout = '2s'"))
        one.execute(text(ROWS), {"of": 1, "first": 4, "last": 4})
        one.execute(fold)
        another.execute(text(ROWS), {"of": 1, "first": 5, "last": 5})
        another.execute(fold)
        one.commit()
        another.commit()
    assert kept(engine) == {1: (5, 0)}


def test_many_changes_are_put_together(engine: Engine) -> None:
    for number in range(600):
        put(engine, 1, number, number)
    assert kept(engine) == {1: (600, 0)}
    with engine.begin() as connection:
        assert (connection.scalar(text("select count(*) from sync.row_counts")) or 0) < 600


def test_every_mirrored_list_is_counted(engine: Engine) -> None:
    asked = text(
        "select distinct tgrelid::regclass::text from pg_trigger where tgname = 'counted_over'"
    )
    with engine.begin() as connection:
        assert set(connection.scalars(asked)) == {one.full_name for one in resources.ALL}
