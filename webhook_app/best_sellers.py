"""GET /api/gestao-click/best-selling-products: products by what live sales that count have sold of them.

The lines say it (`vendas_produtos`); a discount on the whole sale stands in no line and is in no amount.
"""

# ruff: noqa: S608 (pieces of our own; what was asked travels as parameters)
from __future__ import annotations

from datetime import date
from typing import Any, Literal

from flask import Response
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field, model_validator
from sqlalchemy import Connection, text

from shared import integrations
from shared.settings import Settings
from webhook_app.envelopes import Answer, Pagination, answer, pagination, problems
from webhook_app.openapi import Routes
from webhook_app.parsing import Day, Limit, Page, Words, checked
from webhook_app.process import process
from webhook_app.syncs import OfIntegration

PROVIDER = "gestao-click"
NAMES = ("best-selling-products", "produtos-mais-vendidos")
ALIASES = {"dataInicio": "data_inicio", "dataFim": "data_fim"}


class SoldQuery(OfIntegration):
    page: Page = 1
    limit: Limit = 50
    data_inicio: Day | None = Field(None, description="first day of the sale; also dataInicio")
    data_fim: Day | None = Field(None, description="last day of the sale; also dataFim")
    loja_id: Words | None = None
    tipo: Words | None = Field(None, description="produto, servico, vendas_balcao")
    situacao_id: Words | None = Field(None, description="only this one, whether it counts or not")
    grupo_id: Words | None = Field(None, description="of the product, as it is now")
    sort: Literal["quantidade", "valor"] = "quantidade"

    @model_validator(mode="before")
    @classmethod
    def _originals_names(cls, given: dict[str, Any]) -> dict[str, Any]:
        given = dict(given)
        for alias, name in ALIASES.items():
            if alias in given:
                if name in given:
                    raise ValueError(f"{alias} and {name} mean the same: give one")
                given[name] = given.pop(alias)
        return given


class Sold(BaseModel):
    """produto_id: null for lines that name none, which are told apart by their text."""

    produto_id: str | None
    nome_produto: str | None
    codigo_interno: str | None
    quantidade: str
    valor: str
    vendas: int


class LeftOut(BaseModel):
    situacao_id: str | None
    nome_situacao: str | None
    vendas: int
    valor: str


class SoldAnswer(Answer):
    data: list[Sold]
    pagination: Pagination
    left_out: list[LeftOut] = Field(
        description="sales of the period whose situation does not count; "
        "PUT /api/gestao-click/sale-situations/{id} changes that"
    )


def serve(api: Routes) -> None:
    documented: ResponseDict = {**problems(400, 401, 404, 503), "200": SoldAnswer}
    for name in NAMES:
        api.get(f"/{name}", endpoint=name, responses=documented)(checked(_best_selling))


def _best_selling(query: SoldQuery) -> Response:
    """Products by quantity or amount sold, of live sales whose situation counts"""
    own = process()
    rows, total, left_out = own.database.run(_read, own.settings, query)
    paged = pagination(query.page, query.limit, total)
    without = f" {len(left_out)} situations are left out." if left_out else ""
    return answer(
        f"{len(rows)} of {total} products sold.{without}", rows, pagination=paged, left_out=left_out
    )


Rows = list[dict[str, Any]]


def _read(connection: Connection, settings: Settings, query: SoldQuery) -> tuple[Rows, int, Rows]:
    one = integrations.chosen(connection, settings, PROVIDER, query.integration)
    asked = {
        "integration": one.id if one else 0,
        "first": query.data_inicio or date.min,
        "last": query.data_fim or date.max,
        "store": query.loja_id,
        "type": query.tipo,
        "situation": query.situacao_id,
        "group": query.grupo_id,
        "sort": query.sort,
        "most": query.limit,
        "before": (query.page - 1) * query.limit,
    }
    total = connection.execute(_COUNT, asked).scalar_one()
    rows = [dict(row) for row in connection.execute(_RANKED, asked).mappings()]
    left_out = [dict(row) for row in connection.execute(_LEFT_OUT, asked).mappings()]
    return rows, total, left_out


# a sale without a day is in no period, and in the whole
_ASKED = """
    v.integration_id = :integration
    and coalesce(v.data, :first) between :first and :last
    and (v.data is not null or :first = date '0001-01-01' and :last = date '9999-12-31')
    and (cast(:store as text) is null or v.loja_id = :store)
    and (cast(:type as text) is null or v.tipo = :type)
"""
_SOLD = f"""
    from ponte.sales v
    join gestao_click.vendas_produtos l on l.integration_id = v.integration_id and l.venda_id = v.id
    left join gestao_click.produtos p on p.integration_id = l.integration_id and p.id = l.produto_id
    where {_ASKED}
        and (case when cast(:situation as text) is null then v.counts else v.situacao_id = :situation end)
        and (cast(:group as text) is null or p.grupo_id = :group)
    group by l.produto_id, case when l.produto_id is null then l.nome_produto end
"""
_COUNT = text(f"select count(*) from (select 1 {_SOLD}) as sold")
_RANKED = text(
    f"""
    select l.produto_id,
        coalesce(max(p.nome), max(l.nome_produto)) as nome_produto,
        coalesce(max(p.codigo_interno), max(l.codigo_produto)) as codigo_interno,
        cast(coalesce(sum(l.quantidade), 0) as text) as quantidade,
        cast(coalesce(sum(l.valor_total), 0) as text) as valor,
        count(distinct v.id) as vendas
    {_SOLD}
    order by case :sort when 'valor' then coalesce(sum(l.valor_total), 0)
            else coalesce(sum(l.quantidade), 0) end desc,
        coalesce(sum(l.valor_total), 0) desc, l.produto_id, max(l.nome_produto)
    limit :most offset :before
    """
)
_LEFT_OUT = text(
    f"""
    select v.situacao_id, max(v.nome_situacao) as nome_situacao, count(*) as vendas,
        cast(coalesce(sum(v.valor_total), 0) as text) as valor
    from ponte.sales v
    where {_ASKED} and not v.counts and cast(:situation as text) is null
    group by v.situacao_id order by count(*) desc, v.situacao_id
    """
)
