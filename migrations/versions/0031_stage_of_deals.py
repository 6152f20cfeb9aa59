"""Since when a lead is where it is, kept; the names of clients are looked up for those that are shown"""

# ruff: noqa: S608 (views put together of pieces of our own; nothing comes from outside)
from alembic import context, op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SINCE = """
    alter table ponte.deal_paths add column entered_at timestamptz;
    comment on column ponte.deal_paths.entered_at is 'into the stage where it is, the first time';
    update ponte.deal_paths d set entered_at = s.entered_at
    from kommo.leads l
    join ponte.deal_stages s on s.integration_id = l.integration_id and s.lead_id = l.id
        and s.pipeline_id = l.pipeline_id and s.status_id = l.status_id
    where l.integration_id = d.integration_id and l.id = d.lead_id;
"""

LIVE = "{0}.deleted_at is null and {0}.missing_since is null"
OPEN = "not coalesce({0}.liquidado, false)"
HOLDS = "(m.verdict = 'accepted' or (m.verdict is null and m.state = 'matched'))"
OF_CLIENT = f"m.erp_resource = 'gestao_click.clientes' and {HOLDS}"
NAME = """(
        select c.nome from gestao_click.clientes c
        where c.integration_id = {0}.integration_id and c.id = {0}.cliente_id)"""

CLIENTS = f"""
    create or replace view reports.clientes as
    select k.integration_id, k.cliente_id, {NAME.format("k")} as cliente, k.compras, k.vendido,
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
    left join ponte.local_days d on d.integration_id = k.integration_id;
"""

BUYERS = f"""
    create or replace view reports.recorrentes as
    select b.integration_id, b.cliente_id, {NAME.format("b")} as cliente, b.compras, b.dias_de_compra, b.vendido,
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
    left join ponte.local_days d on d.integration_id = b.integration_id;
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
    create or replace view reports.fluxo_previsto as
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
    left join ponte.deal_paths s on s.integration_id = l.integration_id and s.lead_id = l.id
    left join kommo.users u on u.integration_id = l.integration_id and u.id = l.responsible_user_id
    where l.status_id not in (142, 143) and l.price > 0 and {LIVE.format("l")};
"""
VIEWS = ("fluxo_previsto", "recorrentes", "clientes")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for statements in (SINCE, CLIENTS, BUYERS, AHEAD):
        op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for view in VIEWS:
        op.execute(f"drop view reports.{view}")
    before = context.script.get_revision("0029").module
    for statements in (before.CLIENTS, before.BUYERS, before.AHEAD):
        op.get_bind().exec_driver_sql(statements)
    op.execute("alter table ponte.deal_paths drop column entered_at")
