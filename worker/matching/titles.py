"""Which receivable is of which sale: kept as rows, because the text that says it is dear to read.

`reports.titulos_documentos` decides; here its answers for the titles that a change concerns, their own or their
sale's, are put in place of those that stood. What the titles of a sale add up to is kept too (ponte.sale_money).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from shared.db.engine import clock
from worker.matching import marks
from worker.matching.marks import BEGINNING, Mark

BATCH = 1000
MARGIN = timedelta(minutes=3)
"""Shorter than elsewhere: a title takes a thousand times as long to read again as any other row."""
LISTS = ("recebimentos", "vendas")
"""Whose changes concern titles."""


def refresh(connection: Connection, erp: int, list_: str) -> bool:
    """Reads the titles that up to BATCH changes of a list concern; True when there are more. The caller commits."""
    now, name = clock(connection), f"titles of {list_}"
    mark = marks.read(connection, erp, name)
    # all titles have just been read, beside all sales
    if mark == BEGINNING and list_ == "vendas":
        marks.write(connection, erp, name, Mark(now - MARGIN))
        return False
    # after a first load nobody has counted yet, and plans for empty tables take hours
    if mark == BEGINNING:
        connection.exec_driver_sql("analyze gestao_click.recebimentos, gestao_click.vendas")
    given: dict[str, Any] = {"erp": erp, "since": mark.through, "after": mark.record}
    changed = CHANGED[list_]
    rows = connection.exec_driver_sql(changed, {**given, "most": BATCH}).all()
    if rows:
        mark = Mark(rows[-1].changed_at, rows[-1].id)
        given["titles"] = _titles(connection, erp, list_, [row.id for row in rows])
        for statement in (TOLD, SOLD, CLEAR, WRITE, SUMS, FORGET, ADD):
            connection.exec_driver_sql(statement, given)
    more = len(rows) == BATCH
    marks.write(connection, erp, name, mark if more else Mark(now - MARGIN))
    return more


def _titles(connection: Connection, erp: int, list_: str, ids: Sequence[str]) -> Sequence[str]:
    """Receivables that these are, or that name these sales."""
    if list_ == "recebimentos":
        return ids
    named = connection.exec_driver_sql(OF_SALES, {"erp": erp, "sales": ids})
    return list(named.scalars())


CHANGED = {
    "recebimentos": """
        select id, changed_at from gestao_click.recebimentos
        where integration_id = %(erp)s and (changed_at, id) > (%(since)s, %(after)s)
        order by changed_at, id limit %(most)s""",
    "vendas": """
        select id, changed_at from gestao_click.vendas
        where integration_id = %(erp)s and (changed_at, id) > (%(since)s, %(after)s)
        order by changed_at, id limit %(most)s""",
}
OF_SALES = """
    select distinct r.id from gestao_click.vendas v
    join gestao_click.recebimentos r on r.integration_id = v.integration_id
        and reports.documento_do_texto(r.descricao) = 'v:' || reports.numero_do_codigo(v.codigo)
    where v.integration_id = %(erp)s and v.id = any(%(sales)s::text[])"""
# by their ids, not by a join: of a view with windows PostgreSQL would work out every title first
TOLD = """
    create temp table told on commit drop as
    select t.integration_id, t.titulo_id as title_id, t.documento_id as sale_id, t.certeza = 'certa' as certain,
        coalesce(r.valor_total, 0) as amount, coalesce(r.liquidado, false) as settled, r.data_vencimento as due_on,
        case when r.liquidado then r.data_liquidacao end as paid_on, r.loja_id as store_id
    from reports.titulos_documentos t
    join gestao_click.recebimentos r on r.integration_id = t.integration_id and r.id = t.titulo_id
    where t.integration_id = %(erp)s and t.lista = 'recebimentos' and t.documento = 'vendas'
        and t.certeza in ('certa', 'provavel') and t.titulo_id = any(%(titles)s::text[])"""
CLEAR = """
    delete from ponte.title_sales s
    where s.integration_id = %(erp)s and s.title_id = any(%(titles)s::text[])
    and not exists (select from told where told.title_id = s.title_id)"""
WRITE = """
    insert into ponte.title_sales as s
        (integration_id, title_id, sale_id, certain, amount, settled, due_on, paid_on, store_id)
    select * from told
    on conflict (integration_id, title_id) do update
    set sale_id = excluded.sale_id, certain = excluded.certain, amount = excluded.amount, settled = excluded.settled,
        due_on = excluded.due_on, paid_on = excluded.paid_on, store_id = excluded.store_id
    where s is distinct from excluded"""
SOLD = """
    create temp table sold on commit drop as
    select s.sale_id from ponte.title_sales s
    where s.integration_id = %(erp)s and s.title_id = any(%(titles)s::text[])
    union select sale_id from told"""
SUMS = """
    create temp table sums on commit drop as
    select s.integration_id, s.sale_id, count(*) as titles, coalesce(sum(s.amount) filter (where s.settled), 0) as received,
        coalesce(sum(s.amount) filter (where not s.settled), 0) as to_come,
        min(s.paid_on) as first_received_on, max(s.paid_on) as last_received_on
    from sold join ponte.title_sales s on s.integration_id = %(erp)s and s.sale_id = sold.sale_id
    group by s.integration_id, s.sale_id"""
FORGET = """
    delete from ponte.sale_money m using sold
    where m.integration_id = %(erp)s and m.sale_id = sold.sale_id
    and not exists (select from sums where sums.sale_id = m.sale_id)"""
ADD = """
    insert into ponte.sale_money as m
        (integration_id, sale_id, titles, received, to_come, first_received_on, last_received_on)
    select * from sums
    on conflict (integration_id, sale_id) do update
    set titles = excluded.titles, received = excluded.received, to_come = excluded.to_come,
        first_received_on = excluded.first_received_on, last_received_on = excluded.last_received_on
    where m is distinct from excluded"""
