"""A mirror whose clock stands still where a test puts it, and the wallet over it, asked over HTTP.

The clock: a function of ours before PostgreSQL's own in the search_path while the database is migrated;
views are bound to the function that they met when they were made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from alembic import command
from sqlalchemy import delete, text

from shared.db.engine import connect
from shared.db.migrations import config
from shared.db.mirror import rows_table
from shared.resources import BY_NAME
from tests.servers import copy_of
from tests.webhook_app.conftest import Web, make_web, settings_for

NOON = "2026-03-16T12:00:00Z"
TODAY = date(2026, 3, 16)
STOPPED = f"""
    create schema stopped;
    create table stopped.clock (at timestamptz);
    insert into stopped.clock values ('{NOON}');
    create function stopped.clock_timestamp() returns timestamptz language sql volatile
    as 'select at from stopped.clock';
    set search_path to public, stopped, pg_catalog;
"""
Row = dict[str, Any]


@pytest.fixture(scope="session")
def stopped_template_url(postgres_url: str) -> Iterator[str]:
    with copy_of(postgres_url, "/template0") as url:
        engine = connect(url)
        with engine.connect() as connection:
            connection.exec_driver_sql(STOPPED)
            connection.commit()
            settings = config()
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
        engine.dispose()
        yield url


@pytest.fixture
def stopped_url(postgres_url: str, stopped_template_url: str) -> Iterator[str]:
    with copy_of(postgres_url, stopped_template_url) as url:
        yield url


@dataclass
class Shop:
    """An ERP account as the mirror has it; rows are as the vendor's columns are."""

    web: Web

    def at(self, moment: str) -> None:
        """From now on it is then."""
        self.web.run(lambda c: c.execute(text("update stopped.clock set at = :at"), {"at": moment}))

    def lists(self, name: str, *rows: Row) -> None:
        self.web.mirror(f"gestao_click.{name}", *rows)

    def accounts(self, **names: str) -> None:
        """accounts(a1="Caixa")"""
        self.lists("contas_bancarias", *({"id": id_, "nome": nome} for id_, nome in names.items()))

    def title(
        self, list_: str, id_: int, net: str, due: str, paid: str | None = None, **more: Any
    ) -> None:
        """Open without `paid`; of the account a1 unless `conta_bancaria_id` says another."""
        row: Row = {
            "id": str(id_),
            "valor": Decimal(net),
            "valor_total": Decimal(net),
            "data_vencimento": date.fromisoformat(due),
            "data_competencia": date.fromisoformat(due),
            "liquidado": paid is not None,
            "data_liquidacao": date.fromisoformat(paid) if paid else None,
            "conta_bancaria_id": "a1",
        }
        self.lists(list_, {**row, **more})

    def income(self, id_: int, net: str, due: str, paid: str | None = None, **more: Any) -> None:
        self.title("recebimentos", id_, net, due, paid, **more)

    def expense(self, id_: int, net: str, due: str, paid: str | None = None, **more: Any) -> None:
        self.title("pagamentos", id_, net, due, paid, **more)

    def forget(self, name: str) -> None:
        table = rows_table(BY_NAME[f"gestao_click.{name}"])
        self.web.run(lambda c: c.execute(delete(table)))

    def ask(self, path: str) -> Any:
        """The whole answer."""
        found = self.web.get(f"/api/{path}")
        assert found.status_code == 200, found.json
        return found.json

    def get(self, path: str) -> Any:
        return self.ask(path)["data"]

    def wallets(self) -> dict[str, Row]:
        return {row["id"]: row for row in self.get("wallets")}

    def put(self, path: str, **body: Any) -> Any:
        found = self.web.put(f"/api/{path}", body)
        assert found.status_code == 200, found.json
        return found.json["data"]

    def opening(self, wallet: str, as_of: str, amount: str) -> Any:
        return self.put(f"wallets/{wallet}/opening-balance", as_of=as_of, amount=amount)


@pytest.fixture
def shop(stopped_url: str) -> Iterator[Shop]:
    web = make_web(settings_for(stopped_url))
    web.integration("gestao-click")
    yield Shop(web)
    web.own.close()
