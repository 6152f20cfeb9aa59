"""Reports on clients, what they buy and owe, and on the money that is to come and to go"""

# ruff: noqa: S608 (views put together of pieces of our own; nothing comes from outside)
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

LIVE = "{0}.deleted_at is null and {0}.missing_since is null"
OPEN = "not coalesce({0}.liquidado, false)"
HOLDS = "(m.verdict = 'accepted' or (m.verdict is null and m.state = 'matched'))"
OF_CLIENT = f"m.erp_resource = 'gestao_click.clientes' and {HOLDS}"

OVERDUE = f"""
    create view reports.vencidos_e_negocios as
    select r.integration_id, r.id as titulo_id, r.descricao as titulo, r.cliente_id,
        coalesce(c.nome, r.nome_cliente) as cliente, r.loja_id, r.nome_loja as loja,
        r.data_vencimento as vencimento, d.today - r.data_vencimento as dias, r.valor_total as vencido,
        n.kommo_integration_id, coalesce(n.negocios_abertos, 0) as negocios_abertos,
        coalesce(n.valor_aberto, 0) as valor_aberto, n.leads
    from gestao_click.recebimentos r
    join ponte.local_days d on d.integration_id = r.integration_id
    left join gestao_click.clientes c on c.integration_id = r.integration_id and c.id = r.cliente_id
    left join (
        select erp_integration_id, erp_record, min(integration_id) as kommo_integration_id,
            count(*) as negocios_abertos, sum(price) as valor_aberto, array_agg(id order by id) as leads
        from (
            select m.erp_integration_id, m.erp_record, l.integration_id, l.id, l.price
            from ponte.matches m
            join kommo.leads l
                on l.integration_id = m.integration_id and l.main_contact_id = reports.as_id(m.record)
            where m.resource = 'kommo.contacts' and {OF_CLIENT}
                and l.status_id not in (142, 143) and {LIVE.format("l")}
            union
            select m.erp_integration_id, m.erp_record, l.integration_id, l.id, l.price
            from ponte.matches m
            join kommo.leads l
                on l.integration_id = m.integration_id and l.company_id = reports.as_id(m.record)
            where m.resource = 'kommo.companies' and {OF_CLIENT}
                and l.status_id not in (142, 143) and {LIVE.format("l")}
        ) theirs
        group by erp_integration_id, erp_record
    ) n on n.erp_integration_id = r.integration_id and n.erp_record = r.cliente_id
    where {OPEN.format("r")} and r.data_vencimento < d.today and {LIVE.format("r")};
    comment on view reports.vencidos_e_negocios is
        'Overdue receivables, beside the open deals of the same person in Kommo';
    comment on column reports.vencidos_e_negocios.negocios_abertos is
        'of the person, the same beside each of their titles: do not add them up';
    comment on column reports.vencidos_e_negocios.leads is 'ids of those deals';
"""

CLIENTS = f"""
    create view reports.clientes as
    select k.integration_id, k.cliente_id, c.nome as cliente, k.compras, k.vendido,
        round(k.vendido / nullif(k.compras, 0), 2) as compra_media, k.primeira_compra, k.ultima_compra,
        d.today - k.ultima_compra as dias_sem_comprar, k.recebido, k.a_receber, k.vencido,
        (select reports.as_id(m.record) from ponte.matches m
            where m.erp_integration_id = k.integration_id and m.erp_record = k.cliente_id
                and m.resource = 'kommo.contacts' and {OF_CLIENT}
            order by m.strength desc, m.id limit 1) as contato_id
    from (
        select integration_id, cliente_id, count(data) as compras, coalesce(sum(vendido), 0) as vendido,
            min(data) as primeira_compra, max(data) as ultima_compra, coalesce(sum(recebido), 0) as recebido,
            coalesce(sum(a_receber), 0) as a_receber, coalesce(sum(vencido), 0) as vencido
        from (
            select integration_id, cliente_id, data, valor_total as vendido, null::numeric as recebido,
                null::numeric as a_receber, null::numeric as vencido
            from ponte.sales where counts and cliente_id is not null
            union all
            select r.integration_id, r.cliente_id, null, null, r.valor_total, null, null
            from gestao_click.recebimentos r
            where r.liquidado and r.cliente_id is not null and {LIVE.format("r")}
            union all
            select r.integration_id, r.cliente_id, null, null, null, r.valor_total,
                case when r.data_vencimento < d.today then r.valor_total end
            from gestao_click.recebimentos r
            left join ponte.local_days d on d.integration_id = r.integration_id
            where {OPEN.format("r")} and r.cliente_id is not null and {LIVE.format("r")}
        ) x
        group by integration_id, cliente_id
    ) k
    left join ponte.local_days d on d.integration_id = k.integration_id
    left join gestao_click.clientes c on c.integration_id = k.integration_id and c.id = k.cliente_id;
    comment on view reports.clientes is
        'Clients who have bought something or have a receivable: what they bought, paid and owe';
    comment on column reports.clientes.compras is 'sales that count';
    comment on column reports.clientes.recebido is 'settled receivables, whatever they are of';
    comment on column reports.clientes.contato_id is 'the surest of the contacts in Kommo who are the same';
"""

BUYERS = """
    create view reports.recorrentes as
    select b.integration_id, b.cliente_id, c.nome as cliente, b.compras, b.dias_de_compra, b.vendido,
        b.primeira_compra, b.ultima_compra, b.intervalo as dias_entre_compras,
        b.ultima_compra + round(b.intervalo)::integer as proxima_compra,
        greatest(d.today - (b.ultima_compra + round(b.intervalo)::integer), 0) as dias_de_atraso
    from (
        select integration_id, cliente_id, sum(compras) as compras, count(*) as dias_de_compra,
            sum(vendido) as vendido, min(data) as primeira_compra, max(data) as ultima_compra,
            round((max(data) - min(data))::numeric / nullif(count(*) - 1, 0), 1) as intervalo
        from (
            select integration_id, cliente_id, data, count(*) as compras, sum(valor_total) as vendido
            from ponte.sales where counts and cliente_id is not null and data is not null
            group by integration_id, cliente_id, data
        ) days
        group by integration_id, cliente_id
        having count(*) > 1
    ) b
    left join ponte.local_days d on d.integration_id = b.integration_id
    left join gestao_click.clientes c on c.integration_id = b.integration_id and c.id = b.cliente_id;
    comment on view reports.recorrentes is
        'Clients who have bought on two days or more: how often, and when they are to be expected again';
    comment on column reports.recorrentes.dias_entre_compras is
        'mean days from one day of purchases to the next';
    comment on column reports.recorrentes.dias_de_atraso is 'days since they were expected; 0: not yet';
"""


def _lines(table: str, kind: str, key: str, name: str) -> str:
    return f"""
        select i.integration_id, i.venda_id, '{kind}' as tipo, i.ordem, i.{key} as produto_id,
            i.{name} as produto, i.quantidade, i.valor_total as valor, v.data, v.loja_id, v.nome_loja as loja,
            v.vendedor_id, v.nome_vendedor as vendedor, v.cliente_id
        from gestao_click.{table} i
        join ponte.sales v on v.integration_id = i.integration_id and v.id = i.venda_id
        where v.counts
    """


PRODUCTS = f"""
    create view reports.produtos_vendidos as
    {_lines("vendas_produtos", "produto", "produto_id", "nome_produto")}
    union all
    {_lines("vendas_servicos", "serviço", "servico_id", "nome_servico")};
    comment on view reports.produtos_vendidos is
        'Products and services sold, a row for each line of a sale that counts';
    comment on column reports.produtos_vendidos.valor is
        'of the line; freight and discount of the whole sale are in none';
"""

# A stage with few deals that have ended says little: there all of the pipeline's are counted.
FEW, PERIOD, LONG = 5, 365, 30
WEIGHTS = f"""
    create view reports.pesos_das_etapas as
    select e.integration_id, e.pipeline_id as funil_id, p.name as funil, e.id as etapa_id, e.name as etapa,
        e.sort as ordem, coalesce(s.encerrados, 0) as encerrados, coalesce(s.ganhos, 0) as ganhos,
        round(coalesce(case when s.encerrados >= {FEW} then s.ganhos::numeric / s.encerrados end,
            f.ganhos::numeric / f.encerrados, 0), 4) as peso,
        round(coalesce(case when s.encerrados >= {FEW} then s.dias end, f.dias, {LONG}))::integer as dias
    from kommo.statuses e
    left join kommo.pipelines p on p.integration_id = e.integration_id and p.id = e.pipeline_id
    left join (
        select s.integration_id, s.pipeline_id, s.status_id, count(*) as encerrados,
            count(*) filter (where l.status_id = 142) as ganhos,
            avg(extract(epoch from l.closed_at - s.entered_at) / 86400) filter (where l.status_id = 142) as dias
        from ponte.deal_stages s
        join kommo.leads l on l.integration_id = s.integration_id and l.id = s.lead_id
        where l.status_id in (142, 143) and l.closed_at >= now() - interval '{PERIOD} days' and {LIVE.format("l")}
        group by s.integration_id, s.pipeline_id, s.status_id
    ) s on s.integration_id = e.integration_id and s.pipeline_id = e.pipeline_id and s.status_id = e.id
    left join (
        select l.integration_id, l.pipeline_id, count(*) as encerrados,
            count(*) filter (where l.status_id = 142) as ganhos,
            avg(extract(epoch from l.closed_at - l.created_at) / 86400) filter (where l.status_id = 142) as dias
        from kommo.leads l
        where l.status_id in (142, 143) and l.closed_at >= now() - interval '{PERIOD} days' and {LIVE.format("l")}
        group by l.integration_id, l.pipeline_id
    ) f on f.integration_id = e.integration_id and f.pipeline_id = e.pipeline_id
    where e.id not in (142, 143) and {LIVE.format("e")};
    comment on view reports.pesos_das_etapas is
        'What share of the deals that were in a stage were won, of those that ended in the last {PERIOD} days';
    comment on column reports.pesos_das_etapas.peso is
        '0 to 1; with less than {FEW} ended deals that of the whole pipeline; 0 where none has ended';
    comment on column reports.pesos_das_etapas.dias is
        'mean days from the stage to won; of the pipeline where there are few, {LONG} where there are none';
"""


def _titles(list_: str, origin: str, sign: str) -> str:
    return f"""
        select t.integration_id, '{origin}' as origem, t.id as registro, t.data_vencimento as dia,
            {sign}t.valor_total as valor, {sign}t.valor_total as valor_cheio, 1.0 as peso,
            coalesce(t.data_vencimento < d.today, false) as vencido, t.descricao,
            coalesce(t.nome_cliente, t.nome_fornecedor) as pessoa, t.loja_id, t.nome_loja as loja,
            null::bigint as funil_id, null::text as funil, null::text as etapa, null::bigint as vendedor_id,
            null::text as vendedor
        from gestao_click.{list_} t
        left join ponte.local_days d on d.integration_id = t.integration_id
        where {OPEN.format("t")} and {LIVE.format("t")}
    """


AHEAD = f"""
    create view reports.fluxo_previsto as
    {_titles("recebimentos", "a receber", "")}
    union all
    {_titles("pagamentos", "a pagar", "-")}
    union all
    select l.integration_id, 'negócio em aberto', l.id::text,
        greatest((coalesce(s.entered_at, l.created_at) at time zone d.time_zone)::date + w.dias, d.today),
        round(l.price * w.peso, 2), l.price, w.peso, false, l.name, null, null, null,
        l.pipeline_id, w.funil, w.etapa, l.responsible_user_id, u.name
    from kommo.leads l
    join ponte.local_days d on d.integration_id = l.integration_id
    join reports.pesos_das_etapas w
        on w.integration_id = l.integration_id and w.funil_id = l.pipeline_id and w.etapa_id = l.status_id
    left join ponte.deal_stages s on s.integration_id = l.integration_id and s.lead_id = l.id
        and s.pipeline_id = l.pipeline_id and s.status_id = l.status_id
    left join kommo.users u on u.integration_id = l.integration_id and u.id = l.responsible_user_id
    where l.status_id not in (142, 143) and l.price > 0 and {LIVE.format("l")};
    comment on view reports.fluxo_previsto is
        'Money that is to come and to go: open titles by due date, and open deals weighted by their stage';
    comment on column reports.fluxo_previsto.valor is 'to go: negative; of a deal its value times `peso`';
    comment on column reports.fluxo_previsto.dia is
        'due; of a deal when one of its stage is won on average, today where that is past';
    comment on column reports.fluxo_previsto.peso is 'reports.pesos_das_etapas; 1 for titles';
    comment on column reports.fluxo_previsto.vencido is 'due before today, and still open';
"""
VIEWS = (
    "fluxo_previsto", "pesos_das_etapas", "produtos_vendidos", "recorrentes", "clientes", "vencidos_e_negocios",
)  # fmt: skip


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for statements in (OVERDUE, CLIENTS, BUYERS, PRODUCTS, WEIGHTS, AHEAD):
        op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for view in VIEWS:
        op.execute(f"drop view reports.{view}")
