"""A shop that uses both systems, made by hand: a few deals, their sales and what was paid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, Table, insert

from shared.db.bookkeeping import checkpoints, integration_settings
from shared.db.matching import deal_sales, title_sales
from shared.db.mirror import rows_table
from shared.resources import BY_NAME
from tests.webhook_app.conftest import Web

JUNE, JULY = date(2026, 6, 10), date(2026, 7, 5)
FAR, PAST = date(2099, 1, 1), date(2026, 1, 1)


@dataclass
class Shop:
    """One business: its account at Kommo and its account at the ERP."""

    web: Web
    kommo: int
    erp: int

    def put(self, table: Table, /, **values: Any) -> None:
        self.web.run(lambda c: c.execute(insert(table).values(**values)))

    def row(self, name: str, /, **values: Any) -> None:
        of = self.kommo if name.startswith("kommo.") else self.erp
        common = {"integration_id": of, "raw": {}, "changed_at": datetime.now(UTC)}
        self.put(rows_table(BY_NAME[name]), **common, **values)

    def deal(self, id_: int, price: str, day: date, **more: Any) -> None:
        closed = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
        usual = {"pipeline_id": 1, "responsible_user_id": 1, "tags": []}
        self.row(
            "kommo.leads",
            **{
                **usual,
                "id": id_,
                "name": f"Negócio {id_}",
                "status_id": 142,
                "price": Decimal(price),
                "closed_at": closed,
                **more,
            },
        )

    def sale(
        self, id_: str, total: str, day: date, deal: int | None = None, store: str = "90001"
    ) -> None:
        self.row(
            "gestao_click.vendas",
            id=id_,
            codigo=id_,
            data=day,
            valor_total=Decimal(total),
            loja_id=store,
            nome_loja=f"Loja {store}",
            nome_cliente="Ana",
            nome_situacao="Concretizada",
        )
        if deal is not None:
            self.put(
                deal_sales,
                integration_id=self.kommo,
                lead_id=deal,
                erp_integration_id=self.erp,
                sale_id=id_,
                state="matched",
                strength=1,
                why="its number",
            )

    def title(self, id_: str, sale: str, value: str, due: date, paid: date | None = None) -> None:
        self.row(
            "gestao_click.recebimentos",
            id=id_,
            descricao=f"Venda de nº {sale}",
            valor=Decimal(value),
            valor_total=Decimal(value),
            liquidado=paid is not None,
            data_vencimento=due,
            data_liquidacao=paid,
        )
        self.put(title_sales, integration_id=self.erp, title_id=id_, sale_id=sale, certain=True)

    def read(self, name: str, at: datetime) -> None:
        """The list was last brought up to date then."""
        of = self.kommo if name.startswith("kommo.") else self.erp
        run = {"integration_id": of, "resource": name, "run_id": 1, "cursor": at}
        self.put(checkpoints, **run, updated_at=at, walked_at=at)


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
    """Four won deals, of two sources, three with a sale; one deal that is open; one sale of nobody's."""
    shop.row("kommo.pipelines", id=1, name="Vendas")
    shop.row("kommo.users", id=1, name="Bia")
    shop.row("kommo.sources", id=1, name="Instagram")
    shop.row("kommo.sources", id=2, name="Google")
    shop.row("gestao_click.lojas", id="90001", nome="Loja 90001")
    shop.deal(1, "1000", JUNE, source_id=1, tags=["novo", "vip"])
    shop.deal(2, "200", JUNE, source_id=2, tags=["vip"])
    shop.deal(3, "50.25", JUNE, source_id=1)
    shop.deal(4, "70", JULY)
    shop.deal(5, "999", JUNE, status_id=1)
    shop.sale("1", "1000", JUNE, 1)
    shop.sale("2", "200", JUNE, 2)
    shop.sale("3", "80.10", JULY, 4, store="90002")
    shop.sale("4", "5", JULY)
    shop.title("1", "1", "600.05", JUNE, paid=date(2026, 6, 20))
    shop.title("2", "1", "399.95", FAR)
    shop.title("3", "2", "200", JUNE, paid=JULY)
    shop.title("4", "3", "80.10", PAST)
    return shop


@pytest.fixture
def shop(web: Web) -> Shop:
    """The business that the settings mean."""
    return furnish(Shop(web, *(web.integration(each).id for each in ("kommo", "gestao-click"))))
