"""A database with one account whose first refresh is still to come."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from shared.db.engine import connect
from tests.worker.reports.accounts import Shop, open_shop


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = connect(database_url)
    yield made
    made.dispose()


@pytest.fixture
def shop(engine: Engine) -> Shop:
    return open_shop(engine)
