"""Every statement of docs/wallet.md runs as it stands, on a mirror of the sandbox; its tables are complete."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from shared.resources import BY_NAME
from tests.docs.declared_settings import ROOT
from tests.ground import Ground, ground_on
from tests.servers import copy_of

PAGE = (ROOT / "docs" / "wallet.md").read_text()
BLOCKS = re.findall(r"```sql\n(.+?)```", PAGE, re.DOTALL)
READ = ("lojas", "contas_bancarias", "planos_contas", "recebimentos", "pagamentos")


@pytest.fixture(scope="module")
def ground(postgres_url: str, template_url: str) -> Iterator[Ground]:
    with copy_of(postgres_url, template_url) as url, ground_on(url) as made:
        for name in READ:
            assert made.sync(BY_NAME[f"gestao_click.{name}"], full=True)["state"] == "done"
        yield made


@pytest.fixture
def connection(ground: Ground) -> Iterator[Connection]:
    """What is done here is undone."""
    with ground.reach.engine.connect() as opened, opened.begin() as transaction:
        yield opened
        transaction.rollback()


def test_the_statements_run_one_after_the_other_and_find_something(connection: Connection) -> None:
    """First what is entered, which the others then show."""
    entered = [block for block in BLOCKS if block.startswith("insert")]
    for block in entered:
        done = connection.exec_driver_sql(block, execution_options={"no_parameters": True})
        assert done.rowcount == 1, block
    for block in BLOCKS:
        if block not in entered:
            rows = connection.exec_driver_sql(
                block, execution_options={"no_parameters": True}
            ).all()
            assert rows or "difference <> 0" in block, block


@pytest.mark.parametrize(
    "view", ["wallet_transactions", "wallets", "categories", "cost_centers", "local_days"]
)
def test_every_column_is_told(connection: Connection, view: str) -> None:
    assert f"`ponte.{view}`" in PAGE
    asked = text(
        "select column_name from information_schema.columns where table_schema = 'ponte' and table_name = :view"
    )
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", PAGE))))
    assert set(connection.scalars(asked, {"view": view})) <= words


def test_every_route_is_told() -> None:
    for route in ("wallets", "wallet-transactions", "cash-flow", "overdue", "cost-centers"):
        assert f"GET /api/{route}`" in PAGE
