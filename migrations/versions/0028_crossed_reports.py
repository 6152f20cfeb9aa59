"""Reports over both systems: the way of a deal to the bank, and what of it is missing"""

# ruff: noqa: S608 (views put together of pieces of our own; nothing comes from outside)
from alembic import context, op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# Asked of each sale: a search is several times as quick as an expression of the same meaning.
SALES = """
    create or replace view ponte.sales as
    select {columns}, coalesce(s.counts, strpos(lower(coalesce(v.nome_situacao, '')), 'cancel') = 0) as counts
    from gestao_click.vendas v
    left join ponte.sale_situations s
        on s.integration_id = v.integration_id and s.situacao_id = v.situacao_id
    where v.deleted_at is null and v.missing_since is null
"""
SHOWN = """
    select string_agg('v.' || quote_ident(attname), ', ' order by attnum) from pg_attribute
    where attrelid = 'ponte.sales'::regclass and attnum > 0 and attname <> 'counts'
"""

# Sums are joined as wholes, not looked up for each row: so a year of deals is grouped in one pass.
RECEIVED = """
    create or replace view reports.vendas_recebidas as
    select v.integration_id, v.id as venda_id, v.codigo, v.data, v.cliente_id, v.nome_cliente as cliente,
        v.loja_id, v.nome_loja as loja, v.vendedor_id, v.nome_vendedor as vendedor, v.counts as conta,
        v.valor_total as valor, coalesce(m.received, 0) as recebido, coalesce(m.to_come, 0) as a_receber,
        coalesce(o.vencido, 0) as vencido, coalesce(m.titles, 0) as titulos,
        m.first_received_on as primeiro_recebimento, m.last_received_on as ultimo_recebimento
    from ponte.sales v
    left join ponte.sale_money m on m.integration_id = v.integration_id and m.sale_id = v.id
    left join (
        select t.integration_id, t.sale_id, sum(t.amount) as vencido
        from ponte.title_sales t
        join ponte.local_days d on d.integration_id = t.integration_id
        where not t.settled and t.due_on < d.today
        group by t.integration_id, t.sale_id
    ) o on o.integration_id = v.integration_id and o.sale_id = v.id;
    comment on column reports.vendas_recebidas.primeiro_recebimento is
        'the first day on which something of it was received';
"""

LIVE = "l.deleted_at is null and l.missing_since is null"
FROM_WHERE = """
    left join ponte.deal_paths c on c.integration_id = l.integration_id and c.lead_id = l.id
    left join kommo.users u on u.integration_id = l.integration_id and u.id = l.responsible_user_id
    left join kommo.sources o on o.integration_id = l.integration_id and o.id = l.source_id
"""
WON = f"""
    create or replace view reports.negocios_ganhos as
    select l.integration_id, l.id as lead_id, l.name as negocio, p.name as funil, u.name as vendedor,
        o.name as origem, c.utm_source, c.utm_campaign, coalesce(c.tags, '{{}}') as tags,
        l.closed_at as ganho_em, (l.closed_at at time zone d.time_zone)::date as ganho_no_dia,
        l.price as valor_negocio, coalesce(v.vendas, 0) as vendas, coalesce(v.valor, 0) as valor_vendas,
        coalesce(v.recebido, 0) as recebido, coalesce(v.a_receber, 0) as a_receber,
        coalesce(v.vencido, 0) as vencido,
        c.utm_medium, l.pipeline_id as funil_id, l.responsible_user_id as vendedor_id,
        l.source_id as origem_id, (l.created_at at time zone d.time_zone)::date as criado_no_dia,
        (c.first_move_at at time zone d.time_zone)::date as movido_no_dia,
        l.main_contact_id as contato_id, l.company_id as empresa_id,
        v.erp_integration_id, v.loja_id, v.loja, v.venda_no_dia, v.titulos, v.primeiro_recebimento,
        v.ultimo_recebimento
    from kommo.leads l
    join ponte.local_days d on d.integration_id = l.integration_id
    left join kommo.pipelines p on p.integration_id = l.integration_id and p.id = l.pipeline_id
    {FROM_WHERE}
    left join (
        select s.integration_id, s.lead_id, min(s.erp_integration_id) as erp_integration_id,
            count(*) as vendas, sum(r.valor) as valor, sum(r.recebido) as recebido,
            sum(r.a_receber) as a_receber, sum(r.vencido) as vencido, sum(r.titulos) as titulos,
            min(r.loja_id) as loja_id, min(r.loja) as loja, min(r.data) as venda_no_dia,
            min(r.primeiro_recebimento) as primeiro_recebimento,
            max(r.ultimo_recebimento) as ultimo_recebimento
        from ponte.sold_deals s
        join reports.vendas_recebidas r
            on r.integration_id = s.erp_integration_id and r.venda_id = s.sale_id
        group by s.integration_id, s.lead_id
    ) v on v.integration_id = l.integration_id and v.lead_id = l.id
    where l.status_id = 142 and {LIVE};
    comment on column reports.negocios_ganhos.movido_no_dia is
        'into its second stage; null: it was won where it began';
    comment on column reports.negocios_ganhos.loja is 'where it was sold';
    comment on column reports.negocios_ganhos.venda_no_dia is 'of the first of its sales';
"""

RECEIPTS = f"""
    create view reports.recebido_de_negocios as
    select l.integration_id, l.id as lead_id, l.name as negocio, l.pipeline_id as funil_id, p.name as funil,
        l.responsible_user_id as vendedor_id, u.name as vendedor, l.source_id as origem_id, o.name as origem,
        c.utm_source, c.utm_medium, c.utm_campaign, coalesce(c.tags, '{{}}') as tags,
        (l.closed_at at time zone d.time_zone)::date as ganho_no_dia,
        s.erp_integration_id, s.sale_id as venda_id, t.title_id as titulo_id,
        t.store_id as loja_id, j.nome as loja, t.paid_on as recebido_no_dia, t.amount as recebido
    from kommo.leads l
    join ponte.local_days d on d.integration_id = l.integration_id
    join ponte.sold_deals s on s.integration_id = l.integration_id and s.lead_id = l.id
    join ponte.title_sales t on t.integration_id = s.erp_integration_id and t.sale_id = s.sale_id
    left join gestao_click.lojas j on j.integration_id = t.integration_id and j.id = t.store_id
    left join kommo.pipelines p on p.integration_id = l.integration_id and p.id = l.pipeline_id
    {FROM_WHERE}
    where l.status_id = 142 and {LIVE} and t.settled;
    comment on view reports.recebido_de_negocios is
        'Money that has come in from won deals, a row for each receivable that was settled, with its own day';
    comment on column reports.recebido_de_negocios.recebido is
        'what the ERP says has come in: with interest, less discount and fees';

    create view reports.recebido_por_etiqueta as
    select r.*, e.etiqueta
    from reports.recebido_de_negocios r
    left join unnest(r.tags) as e (etiqueta) on true;
    comment on view reports.recebido_por_etiqueta is
        'The same for each tag of the deal: what has two tags stands twice, so add up within a tag only';
    comment on column reports.recebido_por_etiqueta.etiqueta is 'null: the deal has no tag';
"""

WAY = """
    create view reports.do_contato_ao_dinheiro as
    select w.*, movido_no_dia - criado_no_dia as dias_ate_mover,
        ganho_no_dia - coalesce(movido_no_dia, criado_no_dia) as dias_ate_ganhar,
        venda_no_dia - ganho_no_dia as dias_ate_vender,
        primeiro_recebimento - venda_no_dia as dias_ate_receber,
        quitado_no_dia - primeiro_recebimento as dias_ate_quitar,
        quitado_no_dia - criado_no_dia as dias_ao_todo
    from (
        select g.integration_id, g.lead_id, g.negocio, g.funil_id, g.funil, g.vendedor_id, g.vendedor,
            g.origem_id, g.origem, g.utm_source, g.utm_medium, g.utm_campaign, g.tags, g.erp_integration_id,
            g.loja_id, g.loja, g.valor_negocio, g.valor_vendas, g.recebido, g.criado_no_dia,
            g.movido_no_dia, g.ganho_no_dia,
            g.venda_no_dia, g.primeiro_recebimento,
            case when g.titulos > 0 and g.a_receber = 0 then g.ultimo_recebimento end as quitado_no_dia
        from reports.negocios_ganhos g
    ) w;
    comment on view reports.do_contato_ao_dinheiro is
        'Won deals with the days from one step to the next: made, moved, won, sold, received, paid in full';
    comment on column reports.do_contato_ao_dinheiro.dias_ate_vender is
        'below 0: the sale was written down before the deal was closed';
    comment on column reports.do_contato_ao_dinheiro.quitado_no_dia is
        'the last receipt, once nothing of its sales is open';
"""

FUNNEL = f"""
    create view reports.funil_etapas as
    select s.integration_id, s.lead_id, l.name as negocio, s.pipeline_id as funil_id, p.name as funil,
        s.status_id as etapa_id, e.name as etapa, e.sort as ordem,
        (l.created_at at time zone d.time_zone)::date as criado_no_dia,
        (s.entered_at at time zone d.time_zone)::date as entrou_no_dia,
        s.went_on as seguiu, l.status_id = 142 as ganho, l.status_id = 143 as perdido,
        l.pipeline_id = s.pipeline_id and l.status_id = s.status_id as esta_nela, l.price as valor,
        l.responsible_user_id as vendedor_id, u.name as vendedor, l.source_id as origem_id, o.name as origem,
        c.utm_source, c.utm_medium, c.utm_campaign
    from ponte.deal_stages s
    join kommo.leads l on l.integration_id = s.integration_id and l.id = s.lead_id
    join ponte.local_days d on d.integration_id = s.integration_id
    left join kommo.pipelines p on p.integration_id = s.integration_id and p.id = s.pipeline_id
    left join kommo.statuses e
        on e.integration_id = s.integration_id and e.pipeline_id = s.pipeline_id and e.id = s.status_id
    {FROM_WHERE}
    where {LIVE};
    comment on view reports.funil_etapas is
        'Live leads with each stage that they have been in, and what became of them';
    comment on column reports.funil_etapas.entrou_no_dia is 'the first time';
    comment on column reports.funil_etapas.seguiu is
        'afterwards it was in a stage further on in the same pipeline, or won';
    comment on column reports.funil_etapas.ganho is 'it is won now, in whatever pipeline';

    create view reports.funil as
    select integration_id, funil_id, funil, etapa_id, etapa, ordem, count(*) as negocios,
        count(*) filter (where seguiu) as seguiram, count(*) filter (where ganho) as ganhos,
        count(*) filter (where perdido) as perdidos, count(*) filter (where esta_nela) as estao_nela,
        round(100.0 * count(*) filter (where seguiu) / count(*), 2) as percentual_seguiu,
        round(100.0 * count(*) filter (where ganho) / count(*), 2) as percentual_ganho
    from reports.funil_etapas
    group by integration_id, funil_id, funil, etapa_id, etapa, ordem;
    comment on view reports.funil is
        'Stages with how many leads have been there, went on, were won and lost; of all times';
"""

HOLDS = "(m.verdict = 'accepted' or (m.verdict is null and m.state = 'matched'))"
ASKED = "x.verdict is null and x.state = 'doubtful'"
MISSING = f"""
    create view reports.ganhos_sem_venda as
    select g.integration_id, g.lead_id, g.negocio, g.funil_id, g.funil, g.vendedor_id, g.vendedor, g.origem_id,
        g.origem, g.utm_source, g.utm_medium, g.utm_campaign, g.tags, g.criado_no_dia, g.ganho_no_dia,
        g.valor_negocio,
        case
            when exists (
                select from ponte.deal_sales x
                where x.integration_id = g.integration_id and x.lead_id = g.lead_id and {ASKED})
            then 'há vendas a conferir'
            when g.contato_id is null and g.empresa_id is null then 'o negócio não tem pessoa'
            when not exists (
                select from ponte.matches m
                where m.integration_id = g.integration_id and m.erp_resource = 'gestao_click.clientes' and {HOLDS}
                    and (m.resource, m.record) in (
                        ('kommo.contacts', g.contato_id::text), ('kommo.companies', g.empresa_id::text)))
            then 'a pessoa não foi achada no ERP'
            else 'a pessoa não tem venda que combine' end as motivo
    from reports.negocios_ganhos g
    where g.vendas = 0;
    comment on view reports.ganhos_sem_venda is
        'Won deals of which no sale is known at the ERP, and why';

    create view reports.vendas_sem_negocio as
    select v.integration_id, v.venda_id, v.codigo, v.data, v.cliente_id, v.cliente, v.loja_id, v.loja,
        v.vendedor_id, v.vendedor, v.valor, v.recebido, v.a_receber, v.vencido,
        case
            when v.cliente_id is null then 'a venda não tem cliente'
            when exists (
                select from ponte.deal_sales x
                where x.erp_integration_id = v.integration_id and x.sale_id = v.venda_id and {ASKED})
            then 'há negócios a conferir'
            when not exists (
                select from ponte.matches m
                where m.erp_integration_id = v.integration_id and m.erp_resource = 'gestao_click.clientes'
                    and m.erp_record = v.cliente_id and {HOLDS})
            then 'o cliente não foi achado no Kommo'
            else 'o cliente não tem negócio ganho que combine' end as motivo
    from reports.vendas_recebidas v
    where v.conta and not exists (
        select from ponte.sold_deals s
        join kommo.leads l on l.integration_id = s.integration_id and l.id = s.lead_id
        where s.erp_integration_id = v.integration_id and s.sale_id = v.venda_id
            and l.status_id = 142 and {LIVE});
    comment on view reports.vendas_sem_negocio is
        'Sales that count of which no won deal is known in Kommo, and why';

    create view reports.negocio_contra_venda as
    select integration_id, lead_id, negocio, funil_id, funil, vendedor_id, vendedor, origem_id, origem,
        utm_source, utm_medium, utm_campaign, tags, ganho_no_dia, erp_integration_id, loja_id, loja,
        valor_negocio, vendas, valor_vendas, valor_vendas - coalesce(valor_negocio, 0) as diferenca,
        round(100 * valor_vendas / nullif(valor_negocio, 0), 2) as percentual
    from reports.negocios_ganhos
    where vendas > 0;
    comment on view reports.negocio_contra_venda is
        'Won deals beside the sales that they became: what was promised, what was sold';
    comment on column reports.negocio_contra_venda.percentual is 'sold, of what was promised';
"""
VIEWS = (
    "negocio_contra_venda", "vendas_sem_negocio", "ganhos_sem_venda", "funil", "funil_etapas",
    "do_contato_ao_dinheiro", "recebido_por_etiqueta", "recebido_de_negocios",
)  # fmt: skip


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    shown = op.get_bind().exec_driver_sql(SHOWN).scalar_one()
    op.get_bind().exec_driver_sql(SALES.replace("{columns}", shown))
    for statements in (RECEIVED, WON, RECEIPTS, WAY, FUNNEL, MISSING):
        op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for view in (*VIEWS, "negocios_ganhos", "vendas_recebidas"):
        op.execute(f"drop view reports.{view}")
    before = context.script.get_revision("0023").module
    for statements in (before.RECEIVED, before.WON):
        op.get_bind().exec_driver_sql(statements)
