"""The mirror of Gestão Click"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(TABLES)


TABLES = """
    create schema if not exists gestao_click;

    create table gestao_click.lojas (
        integration_id integer not null,
        id text not null,
        nome text,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_lojas_stamps (
        integration_id integer not null,
        id text not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.clientes (
        integration_id integer not null,
        id text not null,
        tipo_pessoa text,
        nome text,
        razao_social text,
        cnpj text,
        cpf text,
        rg text,
        inscricao_estadual text,
        inscricao_municipal text,
        data_nascimento date,
        telefone text,
        celular text,
        fax text,
        email text,
        ativo boolean,
        cadastrado_em text,
        modificado_em text,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_clientes_stamps (
        integration_id integer not null,
        id text not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.produtos (
        integration_id integer not null,
        id text not null,
        nome text,
        codigo_interno text,
        codigo_barra text,
        possui_variacao boolean,
        possui_composicao boolean,
        movimenta_estoque boolean,
        ativo boolean,
        grupo_id text,
        nome_grupo text,
        descricao text,
        estoque numeric,
        valor_custo numeric,
        valor_venda numeric,
        cadastrado_em text,
        modificado_em text,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_produtos_stamps (
        integration_id integer not null,
        id text not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.vendas (
        integration_id integer not null,
        id text not null,
        tipo text,
        loja_id text,
        nome_loja text,
        codigo text,
        cliente_id text,
        nome_cliente text,
        vendedor_id text,
        nome_vendedor text,
        data date,
        previsao_entrega date,
        situacao_id text,
        nome_situacao text,
        valor_total numeric,
        valor_frete numeric,
        valor_custo numeric,
        desconto_valor numeric,
        desconto_porcentagem numeric,
        centro_custo_id text,
        nome_centro_custo text,
        nome_canal_venda text,
        condicao_pagamento text,
        forma_pagamento_id text,
        situacao_financeiro boolean,
        situacao_estoque boolean,
        cadastrado_em text,
        modificado_em text,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_vendas_stamps (
        integration_id integer not null,
        id text not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.recebimentos (
        integration_id integer not null,
        id text not null,
        codigo text,
        descricao text,
        valor numeric,
        juros numeric,
        desconto numeric,
        taxa_banco numeric,
        taxa_operadora numeric,
        valor_total numeric,
        liquidado boolean,
        data_vencimento date,
        data_liquidacao date,
        data_competencia date,
        entidade text,
        cliente_id text,
        nome_cliente text,
        fornecedor_id text,
        nome_fornecedor text,
        transportadora_id text,
        funcionario_id text,
        plano_contas_id text,
        nome_plano_conta text,
        centro_custo_id text,
        nome_centro_custo text,
        conta_bancaria_id text,
        nome_conta_bancaria text,
        forma_pagamento_id text,
        nome_forma_pagamento text,
        usuario_id text,
        loja_id text,
        nome_loja text,
        cadastrado_em text,
        modificado_em text,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_recebimentos_stamps (
        integration_id integer not null,
        id text not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.pagamentos (
        integration_id integer not null,
        id text not null,
        codigo text,
        descricao text,
        valor numeric,
        juros numeric,
        desconto numeric,
        taxa_banco numeric,
        taxa_operadora numeric,
        valor_total numeric,
        liquidado boolean,
        data_vencimento date,
        data_liquidacao date,
        data_competencia date,
        entidade text,
        cliente_id text,
        nome_cliente text,
        fornecedor_id text,
        nome_fornecedor text,
        transportadora_id text,
        funcionario_id text,
        plano_contas_id text,
        nome_plano_conta text,
        centro_custo_id text,
        nome_centro_custo text,
        conta_bancaria_id text,
        nome_conta_bancaria text,
        forma_pagamento_id text,
        nome_forma_pagamento text,
        usuario_id text,
        loja_id text,
        nome_loja text,
        cadastrado_em text,
        modificado_em text,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_pagamentos_stamps (
        integration_id integer not null,
        id text not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);
"""
