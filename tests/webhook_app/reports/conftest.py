"""Hand-made rows in the place of a report's view: what the view itself says is proved elsewhere (docs/reports.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Column, Connection, MetaData, Table, TableClause, insert, text

from shared.db.bookkeeping import checkpoints, integration_settings
from shared.db.mirror import rows_table
from shared.resources import BY_NAME
from tests.webhook_app.conftest import Web
from webhook_app.reports.declared.deals import WON
from webhook_app.reports.declared.sales import SALES
from webhook_app.reports.engine import SCHEMA

JUNE, JULY = date(2026, 6, 10), date(2026, 7, 5)


def stand_in(view: TableClause) -> Table:
    """A table with the columns of a report's view, and its name."""
    return Table(
        view.name, MetaData(), *(Column(c.name, c.type) for c in view.columns), schema=SCHEMA
    )


DEALS, SOLD = stand_in(WON.view), stand_in(SALES.view)


@dataclass
class Shop:
    """One business: its account at Kommo and its account at the ERP."""

    web: Web
    kommo: int
    erp: int

    def put(self, table: Table, /, **values: Any) -> None:
        self.web.run(lambda c: c.execute(insert(table).values(**values)))

    def deal(self, id_: int, price: str, day: date, **more: Any) -> None:
        own = {"lead_id": id_, "negocio": f"Negócio {id_}", "ganho_no_dia": day}
        usual = {"funil_id": 1, "funil": "Vendas", "vendedor_id": 1, "vendedor": "Bia"}
        usual |= {"origem_id": SOURCES.get(more.get("origem", "")), "tags": [], "vendas": 1}
        row = {**usual, **dict.fromkeys(MONEY, "0"), "valor_negocio": price, **own, **more}
        told = {name: Decimal(value) if name in MONEY else value for name, value in row.items()}
        self.put(DEALS, integration_id=self.kommo, **told)

    def sale(self, id_: str, total: str, day: date, counts: bool = True, **more: Any) -> None:
        values = {"venda_id": id_, "codigo": id_, "data": day, "valor": Decimal(total)}
        self.put(SOLD, integration_id=self.erp, conta=counts, **values, **more)

    def row(self, name: str, /, **values: Any) -> None:
        of = self.kommo if name.startswith("kommo.") else self.erp
        common = {"integration_id": of, "raw": {}, "changed_at": datetime.now(UTC)}
        self.put(rows_table(BY_NAME[name]), **common, **values)

    def read(self, name: str, at: datetime) -> None:
        """The list was last brought up to date then."""
        of = self.kommo if name.startswith("kommo.") else self.erp
        run = {"integration_id": of, "resource": name, "run_id": 1, "cursor": at}
        self.put(checkpoints, **run, updated_at=at, walked_at=at)


SOURCES = {"Instagram": 1, "Google": 2}
MONEY = ("valor_negocio", "valor_vendas", "recebido", "a_receber", "vencido")
Business = Callable[[str], Shop]


@pytest.fixture
def business(web: Web) -> Business:
    """Makes a user with an account at each vendor."""

    def make(user: str) -> Shop:
        def put(connection: Connection, provider: str) -> int:
            made = insert(integration_settings).values(user_id=user, provider=provider)
            id_: int = connection.scalar(made.returning(integration_settings.c.id))
            return id_

        return Shop(web, *(web.run(put, each) for each in ("kommo", "gestao-click")))

    return make


def furnish(shop: Shop) -> Shop:
    """Four won deals: two of one source, one without a sale, one overdue; two sales, one of which counts."""
    received = {"valor_vendas": "1000", "recebido": "600.05", "a_receber": "399.95"}
    shop.deal(1, "1000", JUNE, origem="Instagram", tags=["novo", "vip"], **received)
    shop.deal(2, "200", JUNE, origem="Google", tags=["vip"], valor_vendas="200", recebido="200")
    shop.deal(3, "50.25", JUNE, origem="Instagram", vendas=0)
    shop.deal(4, "70", JULY, valor_vendas="80.10", a_receber="80.10", vencido="80.10")
    shop.sale("1", "1000", JUNE, recebido=Decimal("600.05"))
    shop.sale("2", "1", JUNE, counts=False)
    return shop


@pytest.fixture
def shop(web: Web) -> Shop:
    """The business that the settings mean."""

    def stand(connection: Connection) -> None:
        for table in (DEALS, SOLD):
            connection.execute(text(f"drop view {SCHEMA}.{table.name} cascade"))
            table.create(connection)

    web.run(stand)
    return furnish(Shop(web, *(web.integration(each).id for each in ("kommo", "gestao-click"))))
