"""What reports over both systems would have to work out at each look, as rows; indexes that hold their columns"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

PATHS = """
    create table ponte.deal_paths (
        integration_id integer not null,
        lead_id bigint not null,
        tags text[] not null,
        utm_source text,
        utm_medium text,
        utm_campaign text,
        first_move_at timestamptz,
        primary key (integration_id, lead_id)
    );
    comment on table ponte.deal_paths is 'Where a lead came from, and when it was first moved';
    comment on column ponte.deal_paths.first_move_at is 'into its second stage; null: it never was';

    create table ponte.deal_stages (
        integration_id integer not null,
        lead_id bigint not null,
        pipeline_id bigint not null,
        status_id bigint not null,
        entered_at timestamptz,
        went_on boolean not null,
        primary key (integration_id, lead_id, pipeline_id, status_id)
    );
    comment on table ponte.deal_stages is
        'Stages in which a lead has been, as reports.kommo_stage_history says';
    comment on column ponte.deal_stages.entered_at is 'the first time';
    comment on column ponte.deal_stages.went_on is
        'afterwards it was in a stage further on in the same pipeline, or won';
"""

MONEY = """
    alter table ponte.title_sales add column amount numeric, add column settled boolean,
        add column due_on date, add column paid_on date, add column store_id text;
    update ponte.title_sales s set amount = coalesce(r.valor_total, 0), settled = coalesce(r.liquidado, false),
        due_on = r.data_vencimento, paid_on = case when r.liquidado then r.data_liquidacao end, store_id = r.loja_id
    from gestao_click.recebimentos r where r.integration_id = s.integration_id and r.id = s.title_id;
    delete from ponte.title_sales where amount is null;
    alter table ponte.title_sales alter column amount set not null, alter column settled set not null;
    comment on column ponte.title_sales.amount is 'and what follows: as the title has it, for sums';
    create index title_sales_open on ponte.title_sales (integration_id, due_on) where not settled;

    create table ponte.sale_money (
        integration_id integer not null,
        sale_id text not null,
        titles bigint not null,
        received numeric not null,
        to_come numeric not null,
        first_received_on date,
        last_received_on date,
        primary key (integration_id, sale_id)
    );
    comment on table ponte.sale_money is
        'What the receivables of a sale add up to (ponte.title_sales); a sale without any has no row';
    comment on column ponte.sale_money.to_come is 'of those that are not settled';

    insert into ponte.sale_money
    select integration_id, sale_id, count(*), coalesce(sum(amount) filter (where settled), 0),
        coalesce(sum(amount) filter (where not settled), 0), min(paid_on), max(paid_on)
    from ponte.title_sales
    group by integration_id, sale_id;
"""

SOLD = """
    create table ponte.sold_deals (
        erp_integration_id integer not null,
        sale_id text not null,
        integration_id integer not null,
        lead_id bigint not null,
        primary key (erp_integration_id, sale_id)
    );
    comment on table ponte.sold_deals is
        'Which won deal a sale is of, as reports.negocios_vendas says';
    comment on column ponte.sold_deals.integration_id is 'of Kommo';
    create index sold_deals_lead on ponte.sold_deals (integration_id, lead_id);
    create index deal_sales_changed on ponte.deal_sales (integration_id, changed_at);

    insert into ponte.sold_deals
    select erp_integration_id, venda_id, integration_id, lead_id from reports.negocios_vendas;
"""

# Mirrored rows are wide: their records stand in them. What a report adds up is read from indexes alone.
LIVE = "where deleted_at is null and missing_since is null"
INDEXES = (
    f"""create index leads_created on kommo.leads (integration_id, created_at) include
        (id, price, pipeline_id, status_id, responsible_user_id, source_id, closed_at) {LIVE}""",
    f"""create index leads_won on kommo.leads (integration_id, closed_at) include
        (id, name, price, pipeline_id, responsible_user_id, source_id, created_at, main_contact_id, company_id)
        {LIVE} and status_id = 142""",
    f"create index leads_contact on kommo.leads (integration_id, main_contact_id) include (id, status_id, price) {LIVE}",
    f"create index leads_company on kommo.leads (integration_id, company_id) include (id, status_id, price) {LIVE}",
    f"""create index vendas_days on gestao_click.vendas (integration_id, data) include
        (id, valor_total, loja_id, nome_loja, vendedor_id, nome_vendedor, cliente_id, situacao_id, nome_situacao)
        {LIVE}""",
    f"""create index recebimentos_paid on gestao_click.recebimentos (integration_id, data_liquidacao) include
        (id, valor_total, liquidado, data_vencimento, loja_id, nome_loja, cliente_id) {LIVE}""",
)
NAMES = ("leads_created", "leads_won", "leads_contact", "leads_company")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for statements in (PATHS, MONEY, SOLD, *INDEXES):
        op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for name in NAMES:
        op.execute(f"drop index kommo.{name}")
    for name in ("vendas_days", "recebimentos_paid"):
        op.execute(f"drop index gestao_click.{name}")
    for index in ("title_sales_open", "deal_sales_changed"):
        op.execute(f"drop index ponte.{index}")
    for column in ("amount", "settled", "due_on", "paid_on", "store_id"):
        op.execute(f"alter table ponte.title_sales drop column {column}")
    for table in ("sold_deals", "sale_money", "deal_stages", "deal_paths"):
        op.execute(f"drop table ponte.{table}")
