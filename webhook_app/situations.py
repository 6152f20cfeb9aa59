"""Which situations of sales count as sold: ids differ per account, so people say; without a word the name does."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field
from sqlalchemy import Connection, delete, func, text
from sqlalchemy.dialects.postgresql import insert

from shared import integrations
from shared.db.bookkeeping import sale_situations as table
from shared.db.matching import client_money, deal_sales, matching_marks
from shared.settings import Settings
from webhook_app import syncs
from webhook_app.envelopes import Answer, answer, problems
from webhook_app.openapi import Routes
from webhook_app.parsing import Body, Words, checked
from webhook_app.problems import Problem
from webhook_app.process import process
from webhook_app.syncs import OfIntegration

PROVIDER = "gestao-click"


class Situation(BaseModel):
    """decided: by a person's word, or by its name (one that says cancel does not count)."""

    situacao_id: str
    nome: str | None
    counts: bool
    decided: Literal["person", "name"]
    vendas: int


class SituationsAnswer(Answer):
    data: list[Situation]


class SituationPath(BaseModel):
    id: Words


class SituationBody(Body):
    counts: bool | None = Field(description="null: its name decides again")


def serve(api: Routes) -> None:
    documented: ResponseDict = {**problems(400, 401, 404, 503), "200": SituationsAnswer}
    api.get("/sale-situations", responses=documented)(checked(_all_situations))
    changed: ResponseDict = {**problems(400, 401, 403, 404, 409, 503), "200": SituationsAnswer}
    api.put("/sale-situations/<id>", responses=changed)(checked(_decide_situation))


def _all_situations(query: OfIntegration) -> Response:
    """The situations of sales, and which of them count as sold"""
    own = process()
    id_ = own.database.run(_integration, own.settings, query.integration)
    return _told(id_)


def _decide_situation(path: SituationPath, query: OfIntegration, body: SituationBody) -> Response:
    """Say whether sales in a situation count as sold, for best sellers and targets"""
    own = process()
    id_ = own.database.run(_integration, own.settings, query.integration)
    if not id_:
        raise Problem(
            409, f"no account yet: set {syncs.SETTINGS[PROVIDER]}, or POST /api/integrations"
        )
    known = [row["situacao_id"] for row in own.database.run(_situations, id_)]
    if path.id not in known:
        there = ", ".join(known) or "none is mirrored yet"
        raise Problem(404, f"there is no situation {path.id}; there are: {there}")
    own.database.run(_keep, id_, path.id, body.counts)
    return _told(id_)


def _told(id_: int) -> Response:
    rows = process().database.run(_situations, id_)
    counting = sum(row["counts"] for row in rows)
    return answer(f"{counting} of {len(rows)} situations count as sold.", rows)


def _integration(connection: Connection, settings: Settings, asked: int | None) -> int:
    one = integrations.chosen(connection, settings, PROVIDER, asked)
    return one.id if one else 0


def _keep(connection: Connection, id_: int, situation: str, counts: bool | None) -> None:
    here = (table.c.integration_id == id_, table.c.situacao_id == situation)
    # another sale may be a deal's now, and clients have bought more or less
    told = matching_marks.c.list.in_((deal_sales.name, client_money.name))
    connection.execute(delete(matching_marks).where(told))
    if counts is None:
        connection.execute(delete(table).where(*here))
        return
    said = insert(table).values(integration_id=id_, situacao_id=situation, counts=counts)
    changed = {"counts": counts, "updated_at": func.clock_timestamp()}
    connection.execute(said.on_conflict_do_update(constraint=table.primary_key, set_=changed))


def _situations(connection: Connection, id_: int) -> list[dict[str, Any]]:
    rows = connection.execute(_SITUATIONS, {"integration": id_}).mappings()
    return [dict(row) for row in rows]


_SITUATIONS = text(
    """
    select coalesce(l.id, v.situacao_id) as situacao_id, coalesce(l.nome, v.nome) as nome,
        coalesce(s.counts, coalesce(l.nome, v.nome, '') !~* 'cancel') as counts,
        case when s.counts is null then 'name' else 'person' end as decided,
        coalesce(v.vendas, 0) as vendas
    from (
        select id, nome from gestao_click.situacoes_vendas
        where integration_id = :integration and deleted_at is null and missing_since is null
    ) l
    full join (
        select situacao_id, max(nome_situacao) as nome, count(*) as vendas from ponte.sales
        where integration_id = :integration and situacao_id is not null group by situacao_id
    ) v on v.situacao_id = l.id
    left join ponte.sale_situations s
        on s.integration_id = :integration and s.situacao_id = coalesce(l.id, v.situacao_id)
    order by 1
    """
)
