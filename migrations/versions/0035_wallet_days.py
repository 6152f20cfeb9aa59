"""Titles added up by wallet and day, out of narrow indexes: pages about money ask for no more"""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

COLUMNS = """
    coalesce(conta_bancaria_id, 'none') as wallet_id, coalesce(liquidado, false) as settled, data_vencimento,
    data_liquidacao, data_competencia, valor_total
"""

# No column that the indexes `recebimentos_paid` and `pagamentos_paid` do not hold: titles are wide.
DAYS = f"""
    create view ponte.wallet_days as
    select t.integration_id, t.wallet_id, t.type,
        case when t.settled then 'cleared' when t.data_vencimento < d.today then 'overdue' else 'pending' end as status,
        coalesce(case when t.settled then t.data_liquidacao end, t.data_vencimento, t.data_competencia) as day,
        coalesce(sum(t.valor_total), 0) as net,
        coalesce(sum(case t.type when 'income' then t.valor_total else -t.valor_total end), 0) as amount,
        count(*) as titles
    from (
        select integration_id, 'income'::text as type, {COLUMNS}
        from gestao_click.recebimentos where deleted_at is null and missing_since is null
        union all
        select integration_id, 'expense', {COLUMNS}
        from gestao_click.pagamentos where deleted_at is null and missing_since is null
    ) as t
    left join ponte.local_days d on d.integration_id = t.integration_id
    group by t.integration_id, t.wallet_id, t.type, status, day;
    comment on view ponte.wallet_days is
    'ponte.wallet_transactions added up by wallet, type, status and day (effective_on)';
    comment on column ponte.wallet_days.net is 'of what came or went';
    comment on column ponte.wallet_days.amount is 'net; of an expense negative';
"""  # noqa: S608


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(DAYS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop view ponte.wallet_days")
