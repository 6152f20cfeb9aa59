"""What became of won deals: the receivables of their sales, as rows; reports over both systems"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TITLES = """
    create table ponte.title_sales (
        integration_id integer not null,
        title_id text not null,
        sale_id text not null,
        certain boolean not null,
        primary key (integration_id, title_id)
    );
    comment on table ponte.title_sales is
        'Which receivable is of which sale, as reports.titulos_documentos says';
    comment on column ponte.title_sales.certain is 'else it is likely';
    create index title_sales_sale on ponte.title_sales (integration_id, sale_id);
    create index recebimentos_changed on gestao_click.recebimentos (integration_id, changed_at, id);
"""

RECEIVED = """
    create view reports.vendas_recebidas as
    select v.integration_id, v.id as venda_id, v.codigo, v.data, v.cliente_id, v.nome_cliente as cliente,
        v.loja_id, v.nome_loja as loja, v.vendedor_id, v.nome_vendedor as vendedor, v.counts as conta,
        v.valor_total as valor, coalesce(t.recebido, 0) as recebido, coalesce(t.a_receber, 0) as a_receber,
        coalesce(t.vencido, 0) as vencido, t.titulos
    from ponte.sales v
    left join ponte.local_days d on d.integration_id = v.integration_id
    cross join lateral (
        select count(*) as titulos, sum(r.valor_total) filter (where r.liquidado) as recebido,
            sum(r.valor_total) filter (where not coalesce(r.liquidado, false)) as a_receber,
            sum(r.valor_total) filter (where not coalesce(r.liquidado, false) and r.data_vencimento < d.today)
                as vencido
        from ponte.title_sales s
        join gestao_click.recebimentos r on r.integration_id = s.integration_id and r.id = s.title_id
        where s.integration_id = v.integration_id and s.sale_id = v.id
            and r.deleted_at is null and r.missing_since is null
    ) t;
    comment on view reports.vendas_recebidas is
        'Live sales with what of them was received, is to come, and is overdue';
    comment on column reports.vendas_recebidas.titulos is
        'receivables whose text names the sale; 0: nothing is known of its money';
"""

HOLDS = "({0}.verdict = 'accepted' or ({0}.verdict is null and {0}.state = 'matched'))"
RANK = "(({0}.verdict is not null)::int, {0}.strength, -{0}.id)"
SOLD = f"""
    create view reports.negocios_vendas as
    select a.integration_id, a.lead_id, a.erp_integration_id, a.sale_id as venda_id, a.strength as certeza,
        a.why as motivo, a.verdict is not null as confirmado
    from ponte.deal_sales a
    where {HOLDS.format("a")} and not exists (
        select from ponte.deal_sales b
        where b.erp_integration_id = a.erp_integration_id and b.sale_id = a.sale_id and {HOLDS.format("b")}
            and {RANK.format("b")} > {RANK.format("a")});
    comment on view reports.negocios_vendas is
        'The sales that won deals became; a sale is of one deal, the surest';
"""  # noqa: S608

WON = """
    create view reports.negocios_ganhos as
    select l.integration_id, l.id as lead_id, l.name as negocio, p.name as funil, u.name as vendedor,
        o.name as origem, utm.source as utm_source, utm.campaign as utm_campaign, coalesce(l.tags, reports.as_texts(l.raw #> '{_embedded,tags}', 'name')) as tags,
        l.closed_at as ganho_em, (l.closed_at at time zone d.time_zone)::date as ganho_no_dia,
        l.price as valor_negocio, v.vendas, coalesce(v.valor, 0) as valor_vendas,
        coalesce(v.recebido, 0) as recebido, coalesce(v.a_receber, 0) as a_receber,
        coalesce(v.vencido, 0) as vencido
    from kommo.leads l
    join ponte.local_days d on d.integration_id = l.integration_id
    left join kommo.pipelines p on p.integration_id = l.integration_id and p.id = l.pipeline_id
    left join kommo.users u on u.integration_id = l.integration_id and u.id = l.responsible_user_id
    left join kommo.sources o on o.integration_id = l.integration_id and o.id = l.source_id
    cross join lateral (
        select max(field #>> '{values,0,value}') filter (where field ->> 'code' = 'UTM_SOURCE') as source,
            max(field #>> '{values,0,value}') filter (where field ->> 'code' = 'UTM_CAMPAIGN') as campaign
        from jsonb_each(l.custom_fields) as f (id, field)
    ) utm
    cross join lateral (
        select count(*) as vendas, sum(r.valor) as valor, sum(r.recebido) as recebido,
            sum(r.a_receber) as a_receber, sum(r.vencido) as vencido
        from reports.negocios_vendas s
        join reports.vendas_recebidas r
            on r.integration_id = s.erp_integration_id and r.venda_id = s.venda_id
        where s.integration_id = l.integration_id and s.lead_id = l.id
    ) v
    where l.status_id = 142 and l.deleted_at is null and l.missing_since is null;
    comment on view reports.negocios_ganhos is
        'Live won deals with the sales that they became, and the money of those';
    comment on column reports.negocios_ganhos.ganho_no_dia is 'where the account lives';
    comment on column reports.negocios_ganhos.vendas is '0: no sale was found';
    comment on column reports.negocios_ganhos.recebido is 'settled receivables whose text names the sales';
"""
VIEWS = ("negocios_ganhos", "negocios_vendas", "vendas_recebidas")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for statements in (TITLES, RECEIVED, SOLD, WON):
        op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for view in VIEWS:
        op.execute(f"drop view reports.{view}")
    op.execute("drop index gestao_click.recebimentos_changed")
    op.execute("drop table ponte.title_sales")
