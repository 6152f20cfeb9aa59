"""A mirror whose clock stands still where a test puts it, and the wallet over it, asked over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete

from shared.db.mirror import rows_table
from shared.resources import BY_NAME
from tests.clock import STOP
from tests.webhook_app.conftest import Web, make_web, settings_for

NOON = "2026-03-16T12:00:00Z"
TODAY = date(2026, 3, 16)
Row = dict[str, Any]


@dataclass
class Shop:
    """An ERP account as the mirror has it; rows are as the vendor's columns are."""

    web: Web

    def at(self, moment: str) -> None:
        """From now on it is then."""
        self.web.run(lambda c: c.execute(STOP, {"at": moment}))

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
def shop(clock_url: str) -> Iterator[Shop]:
    web = make_web(settings_for(clock_url))
    web.integration("gestao-click")
    shop = Shop(web)
    shop.at(NOON)
    yield shop
    web.own.close()
