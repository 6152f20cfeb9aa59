"""What clients have bought and paid, and what stages weigh, is kept: reports would work it out at each look"""

# ruff: noqa: S608 (views put together of pieces of our own; nothing comes from outside)
from alembic import context, op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

LIVE = "{0}.deleted_at is null and {0}.missing_since is null"
HOLDS = "(m.verdict = 'accepted' or (m.verdict is null and m.state = 'matched'))"
OPEN = "not coalesce(r.liquidado, false)"

TABLES = """
    create table ponte.client_money (
        integration_id integer not null,
        client_id text not null,
        purchases bigint not null,
        purchase_days bigint not null,
        sold numeric not null,
        first_on date,
        last_on date,
        received numeric not null,
        to_come numeric not null,
        primary key (integration_id, client_id)
    );
    comment on table ponte.client_money is
        'What clients of the ERP have bought, paid and owe, as ponte.client_money_anew works it out';
    comment on column ponte.client_money.purchases is 'sales that count, and have a day';
    comment on column ponte.client_money.purchase_days is 'different days of those';
    comment on column ponte.client_money.first_on is 'day of the first of them';
    comment on column ponte.client_money.received is 'settled receivables, whatever they are of';

    create table ponte.stage_weights (
        integration_id integer not null,
        pipeline_id bigint not null,
        status_id bigint not null,
        ended bigint not null,
        won bigint not null,
        weight numeric not null,
        days integer not null,
        primary key (integration_id, pipeline_id, status_id)
    );
    comment on table ponte.stage_weights is
        'What open stages of Kommo are worth, as ponte.stage_weights_anew works it out';
    comment on column ponte.stage_weights.ended is 'deals that were in it and ended within a year';
    comment on column ponte.stage_weights.weight is '0 to 1: the share of them that was won';
    comment on column ponte.stage_weights.days is 'mean from the stage to won';
"""

CLIENTS = f"""
    create view ponte.client_money_anew as
    select integration_id, client_id, coalesce(sum(sales) filter (where day is not null), 0)::bigint as purchases,
        count(day) as purchase_days, coalesce(sum(sold), 0) as sold, min(day) as first_on, max(day) as last_on,
        coalesce(sum(received), 0) as received, coalesce(sum(to_come), 0) as to_come
    from (
        select integration_id, cliente_id as client_id, data as day, count(*) as sales, sum(valor_total) as sold,
            null::numeric as received, null::numeric as to_come
        from ponte.sales
        where counts and cliente_id is not null
        group by integration_id, cliente_id, data
        union all
        select r.integration_id, r.cliente_id, null, null, null, sum(r.valor_total) filter (where r.liquidado),
            sum(r.valor_total) filter (where {OPEN})
        from gestao_click.recebimentos r
        where r.cliente_id is not null and {LIVE.format("r")}
        group by r.integration_id, r.cliente_id
    ) x
    group by integration_id, client_id
"""
NAME = """(
        select c.nome from gestao_click.clientes c
        where c.integration_id = k.integration_id and c.id = k.client_id)"""
BEST = f"""
    create or replace view reports.clientes as
    select k.integration_id, k.client_id as cliente_id, {NAME} as cliente, k.purchases as compras, k.sold as vendido,
        round(k.sold / nullif(k.purchases, 0), 2) as compra_media, k.first_on as primeira_compra,
        k.last_on as ultima_compra, d.today - k.last_on as dias_sem_comprar, k.received as recebido,
        k.to_come as a_receber, coalesce(o.amount, 0) as vencido,
        (select reports.as_id(m.record) from ponte.matches m
            where m.erp_integration_id = k.integration_id and m.erp_record = k.client_id
                and m.resource = 'kommo.contacts' and m.erp_resource = 'gestao_click.clientes' and {HOLDS}
            order by m.strength desc, m.id limit 1) as contato_id
    from ponte.client_money k
    left join ponte.local_days d on d.integration_id = k.integration_id
    left join (
        select r.integration_id, r.cliente_id, sum(r.valor_total) as amount
        from gestao_click.recebimentos r
        join ponte.local_days d on d.integration_id = r.integration_id
        where {OPEN} and r.data_vencimento < d.today and {LIVE.format("r")}
        group by r.integration_id, r.cliente_id
    ) o on o.integration_id = k.integration_id and o.cliente_id = k.client_id
"""
RETURNING = f"""
    create or replace view reports.recorrentes as
    select k.integration_id, k.client_id as cliente_id, {NAME} as cliente, k.purchases::numeric as compras,
        k.purchase_days as dias_de_compra, k.sold as vendido, k.first_on as primeira_compra,
        k.last_on as ultima_compra, k.every as dias_entre_compras, k.last_on + round(k.every)::integer as proxima_compra,
        greatest(d.today - (k.last_on + round(k.every)::integer), 0) as dias_de_atraso
    from (
        select *, round((last_on - first_on)::numeric / (purchase_days - 1), 1) as every
        from ponte.client_money where purchase_days > 1
    ) k
    left join ponte.local_days d on d.integration_id = k.integration_id
"""

# A stage with few deals that have ended says little: there all of the pipeline's are counted.
FEW, PERIOD, LONG = 5, 365, 30
WEIGHTS = f"""
    create view ponte.stage_weights_anew as
    select e.integration_id, e.pipeline_id, e.id as status_id, coalesce(s.ended, 0) as ended,
        coalesce(s.won, 0) as won,
        round(coalesce(case when s.ended >= {FEW} then s.won::numeric / s.ended end,
            f.won::numeric / f.ended, 0), 4) as weight,
        round(coalesce(case when s.ended >= {FEW} then s.days end, f.days, {LONG}))::integer as days
    from kommo.statuses e
    left join (
        select s.integration_id, s.pipeline_id, s.status_id, count(*) as ended,
            count(*) filter (where l.status_id = 142) as won,
            avg(extract(epoch from l.closed_at - s.entered_at) / 86400) filter (where l.status_id = 142) as days
        from ponte.deal_stages s
        join kommo.leads l on l.integration_id = s.integration_id and l.id = s.lead_id
        where l.status_id in (142, 143) and l.closed_at >= now() - interval '{PERIOD} days' and {LIVE.format("l")}
        group by s.integration_id, s.pipeline_id, s.status_id
    ) s on s.integration_id = e.integration_id and s.pipeline_id = e.pipeline_id and s.status_id = e.id
    left join (
        select l.integration_id, l.pipeline_id, count(*) as ended,
            count(*) filter (where l.status_id = 142) as won,
            avg(extract(epoch from l.closed_at - l.created_at) / 86400) filter (where l.status_id = 142) as days
        from kommo.leads l
        where l.status_id in (142, 143) and l.closed_at >= now() - interval '{PERIOD} days' and {LIVE.format("l")}
        group by l.integration_id, l.pipeline_id
    ) f on f.integration_id = e.integration_id and f.pipeline_id = e.pipeline_id
    where e.id not in (142, 143) and {LIVE.format("e")}
"""
STAGES = f"""
    create or replace view reports.pesos_das_etapas as
    select w.integration_id, w.pipeline_id as funil_id, p.name as funil, w.status_id as etapa_id, e.name as etapa,
        e.sort as ordem, w.ended as encerrados, w.won as ganhos, w.weight as peso, w.days as dias
    from ponte.stage_weights w
    join kommo.statuses e
        on e.integration_id = w.integration_id and e.pipeline_id = w.pipeline_id and e.id = w.status_id
    left join kommo.pipelines p on p.integration_id = w.integration_id and p.id = w.pipeline_id
    where {LIVE.format("e")}
"""
KEPT = ("client_money", "stage_weights")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for statement in (TABLES, CLIENTS, WEIGHTS):
        op.get_bind().exec_driver_sql(statement)
    for name in KEPT:
        op.get_bind().exec_driver_sql(f"insert into ponte.{name} select * from ponte.{name}_anew")
    for view in (BEST, RETURNING, STAGES):
        op.get_bind().exec_driver_sql(view)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    later, first = (context.script.get_revision(each).module for each in ("0031", "0029"))
    weights = first.WEIGHTS.replace("create view", "create or replace view")
    for view in (later.CLIENTS, later.BUYERS, weights):
        op.get_bind().exec_driver_sql(view)
    for name in KEPT:
        op.execute(f"drop view ponte.{name}_anew")
        op.execute(f"drop table ponte.{name}")
        op.execute(f"delete from ponte.matching_marks where list = '{name}'")
