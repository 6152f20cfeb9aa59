"""Which receivable is of which sale: kept as rows, because the text that says it is dear to read.

`reports.titulos_documentos` decides; here its answers for the titles that a change concerns are put in place of those
that stood.
"""

from __future__ import annotations

from sqlalchemy import Connection

from shared.db.engine import clock
from worker.matching import marks
from worker.matching.marks import MARGIN, Mark

NAME = "title_sales"


def refresh(connection: Connection, erp: int) -> int:
    """Reads the texts of the titles of one account that a change concerns; returns how many rows changed."""
    now = clock(connection)
    given = {"erp": erp, "since": marks.read(connection, erp, NAME).through}
    for statement in (TITLES, "analyze titles", TOLD):
        connection.exec_driver_sql(statement, given)
    changed = sum(connection.exec_driver_sql(each, given).rowcount for each in (CLEAR, WRITE))
    marks.write(connection, erp, NAME, Mark(now - MARGIN))
    return changed


TITLES = """
    create temp table titles on commit drop as
    select id from gestao_click.recebimentos where integration_id = %(erp)s and changed_at > %(since)s
    union
    select r.id from gestao_click.vendas v
    join gestao_click.recebimentos r on r.integration_id = v.integration_id
        and reports.documento_do_texto(r.descricao) = 'v:' || reports.numero_do_codigo(v.codigo)
    where v.integration_id = %(erp)s and v.changed_at > %(since)s"""
TOLD = """
    create temp table told on commit drop as
    select t.integration_id, t.titulo_id, t.documento_id, t.certeza = 'certa' as certain
    from titles join reports.titulos_documentos t on t.titulo_id = titles.id
    where t.integration_id = %(erp)s and t.lista = 'recebimentos' and t.documento = 'vendas'
        and t.certeza in ('certa', 'provavel')"""
CLEAR = """
    delete from ponte.title_sales s using titles
    where s.integration_id = %(erp)s and s.title_id = titles.id
    and not exists (select from told where told.titulo_id = s.title_id)"""
WRITE = """
    insert into ponte.title_sales as s (integration_id, title_id, sale_id, certain) select * from told
    on conflict (integration_id, title_id) do update set sale_id = excluded.sale_id, certain = excluded.certain
    where (s.sale_id, s.certain) is distinct from (excluded.sale_id, excluded.certain)"""
