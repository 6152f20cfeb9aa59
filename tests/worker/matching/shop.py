"""One person who is a contact and a client, with deals and sales that a test writes down."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, text

from sandbox.people import FIRST_CLIENT, FIRST_CONTACT
from shared.db.matching import deal_sales
from shared.resources import BY_NAME
from tests.ground import Ground
from worker.matching import work

LISTS = [
    BY_NAME[name]
    for name in ("kommo.contacts", "kommo.leads", "gestao_click.clientes", "gestao_click.vendas")
]
CONTACT, CLIENT = FIRST_CONTACT + 1, str(FIRST_CLIENT + 1)
WON = date(2026, 5, 20)


class Shop:
    """One person who is a contact and a client, with deals and sales of theirs, in an empty world of both."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.reach = ground, ground.reach
        for resource in LISTS:
            ground.sync(resource)
        work.carry_out(ground.reach, 60.0)
        self._kommo, self._erp = (ground.integration(each).id for each in ("kommo", "gestao-click"))
        for table in (
            "ponte.deal_sales",
            "kommo.leads",
            "gestao_click.vendas",
            "gestao_click.recebimentos",
        ):
            ground.run(lambda c, table=table: c.execute(text(f"delete from {table}")))

    def deal(
        self, id_: int, price: int | None, *, day: int = 0, fields: str = "{}", status: int = 142
    ) -> int:
        closed = f"{WON + timedelta(days=day)} 15:00:00-03"
        self._put(
            """insert into kommo.leads (integration_id, id, price, status_id, closed_at, main_contact_id, custom_fields,
            raw, changed_at) values (:of, :id, :price, :status, :closed, :contact, cast(:fields as jsonb), '{}', now())
            on conflict (integration_id, id) do update set price = excluded.price, status_id = excluded.status_id,
            changed_at = now()""",
            {
                "of": self._kommo,
                "id": id_,
                "price": price,
                "status": status,
                "closed": closed,
                "contact": CONTACT,
                "fields": fields,
            },
        )
        return id_

    def sale(
        self,
        id_: str,
        value: str,
        *,
        day: int = 0,
        situation: str = "Concretizada",
        client: str = CLIENT,
    ) -> str:
        self._put(
            """insert into gestao_click.vendas (integration_id, id, codigo, cliente_id, data, valor_total, nome_situacao,
            raw, changed_at) values (:of, :id, :id, :client, :day, :value, :situation, '{}', now())
            on conflict (integration_id, id) do update set valor_total = excluded.valor_total,
            cliente_id = excluded.cliente_id, nome_situacao = excluded.nome_situacao, changed_at = now()""",
            {
                "of": self._erp,
                "id": id_,
                "client": client,
                "day": WON + timedelta(days=day),
                "value": value,
                "situation": situation,
            },
        )
        return id_

    def title(self, id_: str, sale: str, value: str, *, due: int = 0, paid: bool = False) -> None:
        """A receivable that names a sale; due: days from today."""
        self._put(
            """insert into gestao_click.recebimentos (integration_id, id, descricao, valor, valor_total, liquidado,
            data_vencimento, data_liquidacao, cliente_id, raw, changed_at)
            values (:of, :id, :text, :value, :value, :paid, current_date + :due, case when :paid then current_date end,
            :client, '{}', now())
            on conflict (integration_id, id) do update set liquidado = excluded.liquidado, changed_at = now()""",
            {
                "of": self._erp,
                "id": id_,
                "text": f"Venda de nº {sale}",
                "value": value,
                "paid": paid,
                "due": due,
                "client": CLIENT,
            },
        )

    def _put(self, statement: str, values: dict[str, Any]) -> None:
        self.ground.run(lambda c: c.execute(text(statement), values))

    def choose(self, **settings: Any) -> None:
        self.reach = replace(self.reach, settings=self.reach.settings.model_copy(update=settings))

    def pairs(self) -> dict[tuple[int, str], tuple[str, float]]:
        """(deal, sale): what the facts say, and how strongly; those that are apart left out."""
        work.carry_out(self.reach, 60.0)
        chosen = select(deal_sales).where(deal_sales.c.state != "apart")
        rows = self.ground.run(lambda c: list(c.execute(chosen)))
        return {(row.lead_id, row.sale_id): (row.state, float(row.strength)) for row in rows}

    def row(self, lead: int, sale: str) -> Any:
        chosen = select(deal_sales).where(
            deal_sales.c.lead_id == lead, deal_sales.c.sale_id == sale
        )
        return self.ground.run(lambda c: c.execute(chosen).one())
