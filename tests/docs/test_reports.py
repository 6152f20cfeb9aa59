"""Every SELECT of docs/reports.md runs as it stands, on a mirror of the sandbox; its tables are true."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from shared.resources import BY_NAME
from tests.docs.declared_settings import ROOT
from tests.ground import Ground, ground_on
from tests.servers import copy_of
from worker.reports.columns import BASE, READERS

PAGE = (ROOT / "docs" / "reports.md").read_text()
BLOCKS = re.findall(r"```sql\n(.+?)```", PAGE, re.DOTALL)
READ = ("account", "users", "pipelines", "statuses", "custom_fields", "leads", "contacts", "events")


@pytest.fixture(scope="module")
def ground(postgres_url: str, template_url: str) -> Iterator[Ground]:
    with copy_of(postgres_url, template_url) as url, ground_on(url) as made:
        for name in READ:
            assert made.sync(BY_NAME[f"kommo.{name}"])["state"] == "done"
        yield made


@pytest.fixture
def connection(ground: Ground) -> Iterator[Connection]:
    """What is done here is undone."""
    with ground.reach.engine.connect() as opened, opened.begin() as transaction:
        yield opened
        transaction.rollback()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: " ".join(block.split())[:40])
def test_it_runs(connection: Connection, block: str) -> None:
    found = connection.exec_driver_sql(block, execution_options={"no_parameters": True})
    if found.returns_rows:
        found.all()


def test_the_examples_find_something(connection: Connection) -> None:
    """As many rows as the mirror has leads; stays for each of them."""
    counted = "select count(*), count(segmento), count(distinct pipeline) from reports.kommo_leads"
    leads, segments, pipelines = connection.exec_driver_sql(counted).one()
    assert leads == 40
    assert segments
    assert pipelines
    stays = "select count(distinct lead_id) from reports.kommo_stage_history"
    assert connection.exec_driver_sql(stays).scalar() == 40


def test_every_type_that_has_a_column_of_its_own_is_in_the_table() -> None:
    for type_ in READERS:
        assert re.search(rf"^\|.*\b{type_}\b.*\|", PAGE, re.MULTILINE), type_


def test_every_list_that_has_a_view_is_named() -> None:
    assert all(f"`reports.kommo_{entity}`" in PAGE for entity in BASE)
