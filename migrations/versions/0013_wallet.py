"""The wallet: bank accounts, receivables and payables as views over the mirror; what people enter as tables"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for statements in (TABLES, DAYS, TRANSACTIONS, WALLETS, COST_CENTERS, CATEGORIES):
        op.get_bind().exec_driver_sql(statements.replace("{columns}", COLUMNS))


TABLES = """
    create table ponte.opening_balances (
        integration_id integer not null,
        wallet_id text not null,
        as_of date not null,
        amount numeric not null,
        updated_at timestamptz not null default clock_timestamp(),
        primary key (integration_id, wallet_id)
    );
    comment on table ponte.opening_balances is
    'What was in a bank account when a day began: the ERP has no balances, people enter them';
    comment on column ponte.opening_balances.wallet_id is
    'conta_bancaria_id of the ERP; none: the titles without an account';
    comment on column ponte.opening_balances.as_of is
    'titles that were settled on this day are not in the amount yet';

    create table ponte.category_mappings (
        integration_id integer not null,
        plano_contas_id text not null,
        category text not null,
        updated_at timestamptz not null default clock_timestamp(),
        primary key (integration_id, plano_contas_id)
    );
    comment on table ponte.category_mappings is
    'What people call an account of the ERP''s plan; one without a row here keeps the ERP''s name';
"""

# clock_timestamp() stands in a subquery of one row for each integration: it is asked a few times, not
# once a title, and what is compared with its answer can still be pushed down.
DAYS = """
    create view ponte.local_days as
    select integration_id, time_zone, (clock_timestamp() at time zone time_zone)::date as today
    from (
        select id as integration_id, case
            when zone ~ '^[A-Za-z_]+/[A-Za-z0-9_+/-]+$'
                and pg_input_is_valid('2000-01-01 00:00 ' || zone, 'timestamptz') then zone
            else 'America/Sao_Paulo' end as time_zone
        from (select id, metadata #>> '{account,timezone}' as zone from ponte.integration_settings) as said
    ) as zones;
    comment on view ponte.local_days is 'The date of this moment where each account lives';
"""


COLUMNS = """
            id, codigo, descricao, coalesce(liquidado, false) as settled, valor, juros, desconto,
            coalesce(taxa_banco, 0) + coalesce(taxa_operadora, 0) as fees, valor_total,
            data_vencimento, data_liquidacao, data_competencia,
            coalesce(conta_bancaria_id, 'none') as wallet_id, nome_conta_bancaria,
            plano_contas_id, nome_plano_conta, centro_custo_id, nome_centro_custo, loja_id, nome_loja,
            entidade, cliente_id, nome_cliente, fornecedor_id, nome_fornecedor, transportadora_id,
            nome_transportadora, funcionario_id, nome_funcionario, forma_pagamento_id, nome_forma_pagamento, changed_at
"""

# A left join to a primary key costs nothing while none of its columns is asked for. A list's word on a name
# goes before the title's: it is read anew when the name changes. There is no index for this: of 150,000
# titles every question takes 0.1 to 0.16 s as it is, and no index of a part of the columns is used.
TRANSACTIONS = """
    create view ponte.wallet_transactions as
    select
        t.integration_id, t.list, t.id, t.type,
        case when t.settled then 'cleared' when t.data_vencimento < day.today then 'overdue'
            else 'pending' end as status,
        t.data_vencimento as due_on,
        case when t.settled then t.data_liquidacao end as paid_on,
        t.data_competencia as competence_on,
        coalesce(case when t.settled then t.data_liquidacao end, t.data_vencimento, t.data_competencia)
            as effective_on,
        t.valor as gross, t.juros as interest, t.desconto as discount, t.fees, t.valor_total as net,
        case t.type when 'income' then t.valor_total else -t.valor_total end as amount,
        t.valor_total - (t.valor + coalesce(t.juros, 0) - coalesce(t.desconto, 0) - t.fees) as difference,
        case when not t.settled and t.data_vencimento < day.today
            then day.today - t.data_vencimento end as days_overdue,
        case when not t.settled and t.data_vencimento < day.today then case
            when day.today - t.data_vencimento <= 30 then '1-30'
            when day.today - t.data_vencimento <= 60 then '31-60'
            when day.today - t.data_vencimento <= 90 then '61-90'
            else '>90' end end as age,
        t.wallet_id, coalesce(account.nome, t.nome_conta_bancaria) as wallet,
        t.plano_contas_id, coalesce(mapped.category, plan.nome, t.nome_plano_conta) as category,
        coalesce(plan.nome, t.nome_plano_conta) as erp_category,
        t.centro_custo_id as cost_center_id, coalesce(center.nome, t.nome_centro_custo) as cost_center,
        t.loja_id as store_id, coalesce(store.nome, t.nome_loja) as store,
        case t.entidade when 'C' then 'client' when 'F' then 'supplier' when 'U' then 'employee'
            when 'T' then 'carrier' else 'other' end as party_kind,
        case t.entidade when 'C' then t.cliente_id when 'F' then t.fornecedor_id
            when 'U' then t.funcionario_id when 'T' then t.transportadora_id end as party_id,
        case t.entidade when 'C' then coalesce(client.nome, t.nome_cliente)
            when 'F' then coalesce(supplier.nome, t.nome_fornecedor)
            when 'U' then coalesce(employee.nome, t.nome_funcionario)
            when 'T' then coalesce(carrier.nome, t.nome_transportadora)
            else coalesce(t.nome_cliente, t.nome_fornecedor, t.nome_funcionario, t.nome_transportadora)
            end as party,
        t.forma_pagamento_id as payment_form_id, t.nome_forma_pagamento as payment_form,
        t.codigo as code, t.descricao as description, t.changed_at
    from (
        select integration_id, 'recebimentos'::text as list, 'income'::text as type, {columns}
        from gestao_click.recebimentos where deleted_at is null and missing_since is null
        union all
        select integration_id, 'pagamentos', 'expense', {columns}
        from gestao_click.pagamentos where deleted_at is null and missing_since is null
    ) as t
    left join ponte.local_days day on day.integration_id = t.integration_id
    left join ponte.category_mappings mapped
        on mapped.integration_id = t.integration_id and mapped.plano_contas_id = t.plano_contas_id
    left join gestao_click.contas_bancarias account
        on account.integration_id = t.integration_id and account.id = t.wallet_id
    left join gestao_click.planos_contas plan
        on plan.integration_id = t.integration_id and plan.id = t.plano_contas_id
    left join gestao_click.centros_custos center
        on center.integration_id = t.integration_id and center.id = t.centro_custo_id
    left join gestao_click.lojas store
        on store.integration_id = t.integration_id and store.id = t.loja_id
    left join gestao_click.clientes client
        on client.integration_id = t.integration_id and client.id = t.cliente_id
    left join gestao_click.fornecedores supplier
        on supplier.integration_id = t.integration_id and supplier.id = t.fornecedor_id
    left join gestao_click.funcionarios employee
        on employee.integration_id = t.integration_id and employee.id = t.funcionario_id
    left join gestao_click.transportadoras carrier
        on carrier.integration_id = t.integration_id and carrier.id = t.transportadora_id;
    comment on view ponte.wallet_transactions is
    'Every live receivable and payable as the mirror has it; key: integration_id, list, id';
    comment on column ponte.wallet_transactions.list is
    'recebimentos or pagamentos: the two share ids';
    comment on column ponte.wallet_transactions.status is
    'cleared: the ERP says that it is settled; overdue: open, due before today where the account lives';
    comment on column ponte.wallet_transactions.effective_on is
    'when the money moved, or is to move: paid_on if cleared, else due_on; competence_on where those are absent';
    comment on column ponte.wallet_transactions.net is
    'valor_total, as the ERP says: never computed here';
    comment on column ponte.wallet_transactions.amount is 'net; of an expense negative';
    comment on column ponte.wallet_transactions.difference is
    'net less (gross + interest - discount - fees): not 0 where the ERP does not agree with itself';
    comment on column ponte.wallet_transactions.fees is 'of the bank and of the card operator';
    comment on column ponte.wallet_transactions.category is
    'by ponte.category_mappings; the ERP''s own name where there is none';
    comment on column ponte.wallet_transactions.wallet_id is 'none: the title names no bank account';
    comment on column ponte.wallet_transactions.party_kind is
    'by the letter of entidade: C, F, U, T; other for O and for what is not known';
"""

# One empty row for each account that is listed, so that accounts without titles are there too; titles of
# accounts that are not listed (any more) make a row by themselves: no cent is lost.
WALLETS = """
    create view ponte.wallets as
    select
        w.integration_id, w.id, coalesce(account.nome, w.name) as name,
        account.deleted_at is null and account.missing_since is null and account.id is not null as listed,
        opening.amount + w.since_opening as balance,
        opening.as_of as balance_since, opening.amount as opening_balance,
        w.received, w.paid, w.received - w.paid as net_movement, w.settled_ahead,
        w.receivable, w.payable, w.overdue_receivable, w.overdue_payable, w.transactions, w.undated,
        w.first_on, w.last_on
    from (
        select
            t.integration_id, t.wallet_id as id, max(t.wallet) as name,
            coalesce(sum(t.amount) filter (
                where t.cleared and t.day >= o.as_of and t.day <= day.today), 0) as since_opening,
            coalesce(sum(t.amount) filter (where t.cleared and t.type = 'income'), 0) as received,
            coalesce(-sum(t.amount) filter (where t.cleared and t.type = 'expense'), 0) as paid,
            coalesce(sum(t.amount) filter (where t.cleared and t.day > day.today), 0) as settled_ahead,
            coalesce(sum(t.amount) filter (where not t.cleared and t.type = 'income'), 0) as receivable,
            coalesce(-sum(t.amount) filter (where not t.cleared and t.type = 'expense'), 0) as payable,
            coalesce(sum(t.amount) filter (where t.status = 'overdue' and t.type = 'income'), 0)
                as overdue_receivable,
            coalesce(-sum(t.amount) filter (where t.status = 'overdue' and t.type = 'expense'), 0)
                as overdue_payable,
            count(t.type) as transactions,
            count(t.type) filter (where t.day is null) as undated,
            min(t.day) filter (where t.cleared) as first_on,
            max(t.day) filter (where t.cleared) as last_on
        from (
            select integration_id, wallet_id, wallet, amount, type, status, status = 'cleared' as cleared,
                effective_on as day
            from ponte.wallet_transactions
            union all
            select integration_id, id, nome, null, null, null, null, null
            from gestao_click.contas_bancarias
            where deleted_at is null and missing_since is null
        ) as t
        left join ponte.local_days day on day.integration_id = t.integration_id
        left join ponte.opening_balances o
            on o.integration_id = t.integration_id and o.wallet_id = t.wallet_id
        group by t.integration_id, t.wallet_id
    ) as w
    left join gestao_click.contas_bancarias account
        on account.integration_id = w.integration_id and account.id = w.id
    left join ponte.opening_balances opening
        on opening.integration_id = w.integration_id and opening.wallet_id = w.id;
    comment on view ponte.wallets is
    'Bank accounts of the ERP, those that only titles name, and `none` for titles without one';
    comment on column ponte.wallets.balance is
    'The ERP has no balances. Computed: opening_balance and what was settled from balance_since to today';
    comment on column ponte.wallets.balance_since is
    'null: nobody has entered an opening balance, so there is none to compute from';
    comment on column ponte.wallets.net_movement is 'everything ever settled that the mirror has';
    comment on column ponte.wallets.settled_ahead is
    'settled in the ERP with a date after today: in net_movement, not in balance';
    comment on column ponte.wallets.listed is 'false: only titles name it';
    comment on column ponte.wallets.undated is 'titles without any date: in no balance and no cash flow';
"""

COST_CENTERS = """
    create view ponte.cost_centers as
    select integration_id, id, nome as name
    from gestao_click.centros_custos
    where deleted_at is null and missing_since is null;
    comment on view ponte.cost_centers is 'Cost centres that the ERP lists';
"""

CATEGORIES = """
    create view ponte.categories as
    select
        integration_id, plano_contas_id, max(erp_category) as erp_category, max(category) as category,
        bool_or(listed) as listed
    from (
        select integration_id, id as plano_contas_id, nome as erp_category, null::text as category,
            true as listed
        from gestao_click.planos_contas
        where deleted_at is null and missing_since is null
        union all
        select integration_id, plano_contas_id, erp_category, null, false
        from ponte.wallet_transactions
        where plano_contas_id is not null
        union all
        select integration_id, plano_contas_id, null, category, false
        from ponte.category_mappings
    ) as known
    group by integration_id, plano_contas_id;
    comment on view ponte.categories is
    'The ERP''s plan of accounts, and what people call each: null, where its own name is used';
"""
