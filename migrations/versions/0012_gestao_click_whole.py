"""Gestão Click whole: every list of its API, and what documents, partners and products carry in rows"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LIVE = "where deleted_at is null and missing_since is null"
NEWEST = {
    "clientes": "modificado_em",
    "fornecedores": "modificado_em",
    "transportadoras": "modificado_em",
    "produtos": "modificado_em",
    "vendas": "data",
    "orcamentos": "data",
    "ordens_servicos": "data",
    "compras": "data_emissao",
    "recebimentos": "data_vencimento",
    "pagamentos": "data_vencimento",
    "notas_fiscais_produtos": "data_emissao",
    "notas_fiscais_consumidores": "data_emissao",
    "notas_fiscais_servicos": "data_emissao",
}
"""The column by which a large list is in order, newest first."""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(COLUMNS)
    op.execute(TABLES)
    for table, column in NEWEST.items():
        order = f"integration_id, {column} desc nulls last, id"
        op.execute(f"create index {table}_newest on gestao_click.{table} ({order}) {LIVE}")


COLUMNS = """
    alter table gestao_click.produtos
        add column peso numeric,
        add column largura numeric,
        add column altura numeric,
        add column comprimento numeric,
        add column ncm text,
        add column cest text,
        add column peso_liquido numeric,
        add column peso_bruto numeric,
        add column valor_aproximado_tributos numeric,
        add column valor_fixo_pis numeric,
        add column valor_fixo_pis_st numeric,
        add column valor_fixo_confins numeric,
        add column valor_fixo_confins_st numeric;

    alter table gestao_click.vendas
        add column tecnico_id text,
        add column nome_tecnico text,
        add column prazo_entrega text,
        add column cor_situacao text,
        add column valor_produtos numeric,
        add column valor_servicos numeric,
        add column transportadora_id text,
        add column nome_transportadora text,
        add column aos_cuidados_de text,
        add column validade text,
        add column introducao text,
        add column observacoes text,
        add column observacoes_interna text,
        add column data_primeira_parcela date,
        add column numero_parcelas bigint,
        add column intervalo_dias bigint,
        add column hash text;

    alter table gestao_click.recebimentos
        add column nome_transportadora text,
        add column nome_funcionario text,
        add column nome_usuario text;

    alter table gestao_click.pagamentos
        add column nome_transportadora text,
        add column nome_funcionario text,
        add column nome_usuario text;
"""

TABLES = """
    create table gestao_click.usuarios (
        integration_id integer not null, id text not null, nome text, email text, telefone
        text, celular1 text, celular2 text, grupo_id text, ativo boolean, raw jsonb not null,
        changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_usuarios_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.funcionarios (
        integration_id integer not null, id text not null, nome text, raw jsonb not null,
        changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_funcionarios_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.centros_custos (
        integration_id integer not null, id text not null, nome text, cadastrado_em text, raw
        jsonb not null, changed_at timestamptz not null, deleted_at timestamptz, missing_since
        timestamptz, primary key (integration_id, id)
    );

    create table sync.gestao_click_centros_custos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.planos_contas (
        integration_id integer not null, id text not null, tipo text, nome_tipo text,
        classificacao text, nome text, conta_mae_id text, nome_conta_mae text, raw jsonb not
        null, changed_at timestamptz not null, deleted_at timestamptz, missing_since
        timestamptz, primary key (integration_id, id)
    );

    create table sync.gestao_click_planos_contas_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.contas_bancarias (
        integration_id integer not null, id text not null, nome text, raw jsonb not null,
        changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_contas_bancarias_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.formas_pagamentos (
        integration_id integer not null, id text not null, nome text, tipo text,
        conta_bancaria_id text, nome_conta_bancaria text, maximo_parcelas bigint,
        intervalo_parcelas bigint, intervalo_primeira_parcela bigint, raw jsonb not null,
        changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_formas_pagamentos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.situacoes_vendas (
        integration_id integer not null, id text not null, nome text, padrao boolean, raw
        jsonb not null, changed_at timestamptz not null, deleted_at timestamptz, missing_since
        timestamptz, primary key (integration_id, id)
    );

    create table sync.gestao_click_situacoes_vendas_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.situacoes_orcamentos (
        integration_id integer not null, id text not null, nome text, padrao boolean, raw
        jsonb not null, changed_at timestamptz not null, deleted_at timestamptz, missing_since
        timestamptz, primary key (integration_id, id)
    );

    create table sync.gestao_click_situacoes_orcamentos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.situacoes_ordens_servicos (
        integration_id integer not null, id text not null, nome text, padrao boolean, raw
        jsonb not null, changed_at timestamptz not null, deleted_at timestamptz, missing_since
        timestamptz, primary key (integration_id, id)
    );

    create table sync.gestao_click_situacoes_ordens_servicos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.situacoes_compras (
        integration_id integer not null, id text not null, nome text, padrao boolean,
        tipo_lancamento text, raw jsonb not null, changed_at timestamptz not null, deleted_at
        timestamptz, missing_since timestamptz, primary key (integration_id, id)
    );

    create table sync.gestao_click_situacoes_compras_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.atributos_cadastros (
        integration_id integer not null, id text not null, nome text, tipo text, cadastrado_em
        text, modificado_em text, raw jsonb not null, changed_at timestamptz not null,
        deleted_at timestamptz, missing_since timestamptz, primary key (integration_id, id)
    );

    create table gestao_click.atributos_cadastros_opcoes (
        integration_id integer not null, atributo_id text not null, ordem integer not null, id
        text, nome text, primary key (integration_id, atributo_id, ordem)
    );

    create table sync.gestao_click_atributos_cadastros_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.atributos_produtos (
        integration_id integer not null, id text not null, nome text, tipo text, cadastrado_em
        text, modificado_em text, raw jsonb not null, changed_at timestamptz not null,
        deleted_at timestamptz, missing_since timestamptz, primary key (integration_id, id)
    );

    create table gestao_click.atributos_produtos_opcoes (
        integration_id integer not null, atributo_id text not null, ordem integer not null, id
        text, nome text, primary key (integration_id, atributo_id, ordem)
    );

    create table sync.gestao_click_atributos_produtos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.atributos_orcamentos (
        integration_id integer not null, id text not null, nome text, tipo text,
        exibir_impressao text, cadastrado_em text, modificado_em text, raw jsonb not null,
        changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table gestao_click.atributos_orcamentos_opcoes (
        integration_id integer not null, atributo_id text not null, ordem integer not null, id
        text, nome text, primary key (integration_id, atributo_id, ordem)
    );

    create table sync.gestao_click_atributos_orcamentos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.atributos_vendas (
        integration_id integer not null, id text not null, nome text, tipo text,
        exibir_impressao text, cadastrado_em text, modificado_em text, raw jsonb not null,
        changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table gestao_click.atributos_vendas_opcoes (
        integration_id integer not null, atributo_id text not null, ordem integer not null, id
        text, nome text, primary key (integration_id, atributo_id, ordem)
    );

    create table sync.gestao_click_atributos_vendas_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.atributos_ordens_servicos (
        integration_id integer not null, id text not null, nome text, tipo text,
        exibir_impressao text, cadastrado_em text, modificado_em text, raw jsonb not null,
        changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table gestao_click.atributos_ordens_servicos_opcoes (
        integration_id integer not null, atributo_id text not null, ordem integer not null, id
        text, nome text, primary key (integration_id, atributo_id, ordem)
    );

    create table sync.gestao_click_atributos_ordens_servicos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.atributos_financeiros (
        integration_id integer not null, id text not null, nome text, tipo text, cadastrado_em
        text, modificado_em text, raw jsonb not null, changed_at timestamptz not null,
        deleted_at timestamptz, missing_since timestamptz, primary key (integration_id, id)
    );

    create table gestao_click.atributos_financeiros_opcoes (
        integration_id integer not null, atributo_id text not null, ordem integer not null, id
        text, nome text, primary key (integration_id, atributo_id, ordem)
    );

    create table sync.gestao_click_atributos_financeiros_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.tipos_contatos (
        integration_id integer not null, id text not null, nome text, raw jsonb not null,
        changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_tipos_contatos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.tipos_enderecos (
        integration_id integer not null, id text not null, nome text, raw jsonb not null,
        changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.gestao_click_tipos_enderecos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.estados (
        integration_id integer not null, id text not null, codigo text, nome text, sigla text,
        raw jsonb not null, changed_at timestamptz not null, deleted_at timestamptz,
        missing_since timestamptz, primary key (integration_id, id)
    );

    create table sync.gestao_click_estados_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.cidades (
        integration_id integer not null, id text not null, codigo text, nome text, raw jsonb
        not null, changed_at timestamptz not null, deleted_at timestamptz, missing_since
        timestamptz, primary key (integration_id, id)
    );

    create table sync.gestao_click_cidades_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.clientes_contatos (
        integration_id integer not null, cliente_id text not null, ordem integer not null,
        tipo_id text, nome_tipo text, nome text, contato text, cargo text, observacao text,
        primary key (integration_id, cliente_id, ordem)
    );

    create table gestao_click.clientes_enderecos (
        integration_id integer not null, cliente_id text not null, ordem integer not null, cep
        text, logradouro text, numero text, complemento text, bairro text, cidade_id text,
        nome_cidade text, estado text, primary key (integration_id, cliente_id, ordem)
    );

    create table gestao_click.clientes_atributos (
        integration_id integer not null, cliente_id text not null, ordem integer not null, id
        text, atributo_id text, descricao text, conteudo text, tipo text, primary key
        (integration_id, cliente_id, ordem)
    );

    create table gestao_click.fornecedores (
        integration_id integer not null, id text not null, tipo_pessoa text, nome text,
        razao_social text, cnpj text, cpf text, rg text, inscricao_estadual text,
        inscricao_municipal text, data_nascimento date, telefone text, celular text, email
        text, ativo boolean, cadastrado_em text, modificado_em text, raw jsonb not null,
        changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table gestao_click.fornecedores_contatos (
        integration_id integer not null, fornecedor_id text not null, ordem integer not null,
        tipo_id text, nome_tipo text, nome text, contato text, cargo text, observacao text,
        primary key (integration_id, fornecedor_id, ordem)
    );

    create table gestao_click.fornecedores_enderecos (
        integration_id integer not null, fornecedor_id text not null, ordem integer not null,
        cep text, logradouro text, numero text, complemento text, bairro text, cidade_id text,
        nome_cidade text, estado text, primary key (integration_id, fornecedor_id, ordem)
    );

    create table gestao_click.fornecedores_atributos (
        integration_id integer not null, fornecedor_id text not null, ordem integer not null,
        id text, atributo_id text, descricao text, conteudo text, tipo text, primary key
        (integration_id, fornecedor_id, ordem)
    );

    create table sync.gestao_click_fornecedores_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.transportadoras (
        integration_id integer not null, id text not null, tipo_pessoa text, nome text,
        razao_social text, cnpj text, cpf text, rg text, inscricao_estadual text,
        inscricao_municipal text, data_nascimento date, telefone text, celular text,
        observacoes text, email text, ativo boolean, cadastrado_em text, modificado_em text,
        raw jsonb not null, changed_at timestamptz not null, deleted_at timestamptz,
        missing_since timestamptz, primary key (integration_id, id)
    );

    create table gestao_click.transportadoras_contatos (
        integration_id integer not null, transportadora_id text not null, ordem integer not
        null, tipo_id text, nome_tipo text, nome text, contato text, cargo text, observacao
        text, primary key (integration_id, transportadora_id, ordem)
    );

    create table gestao_click.transportadoras_enderecos (
        integration_id integer not null, transportadora_id text not null, ordem integer not
        null, cep text, logradouro text, numero text, complemento text, bairro text, cidade_id
        text, nome_cidade text, estado text, primary key (integration_id, transportadora_id,
        ordem)
    );

    create table gestao_click.transportadoras_atributos (
        integration_id integer not null, transportadora_id text not null, ordem integer not
        null, id text, atributo_id text, descricao text, conteudo text, tipo text, primary key
        (integration_id, transportadora_id, ordem)
    );

    create table sync.gestao_click_transportadoras_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.grupos_produtos (
        integration_id integer not null, id text not null, grupo_pai_id text, nome text, url
        text, meta_descricao text, meta_palavras_chaves text, raw jsonb not null, changed_at
        timestamptz not null, deleted_at timestamptz, missing_since timestamptz, primary key
        (integration_id, id)
    );

    create table sync.gestao_click_grupos_produtos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.produtos_valores (
        integration_id integer not null, produto_id text not null, ordem integer not null,
        tipo_id text, nome_tipo text, lucro_utilizado numeric, valor_custo numeric,
        valor_venda numeric, primary key (integration_id, produto_id, ordem)
    );

    create table gestao_click.produtos_variacoes (
        integration_id integer not null, produto_id text not null, ordem integer not null, id
        text, nome text, codigo text, estoque numeric, primary key (integration_id,
        produto_id, ordem)
    );

    create table gestao_click.produtos_variacoes_valores (
        integration_id integer not null, produto_id text not null, ordem integer not null,
        variacao_id text, tipo_id text, nome_tipo text, lucro_utilizado numeric, valor_custo
        numeric, valor_venda numeric, primary key (integration_id, produto_id, ordem)
    );

    create table gestao_click.produtos_fornecedores (
        integration_id integer not null, produto_id text not null, ordem integer not null,
        fornecedor_id text, primary key (integration_id, produto_id, ordem)
    );

    create table gestao_click.servicos (
        integration_id integer not null, id text not null, codigo text, nome text, valor_venda
        numeric, observacoes text, raw jsonb not null, changed_at timestamptz not null,
        deleted_at timestamptz, missing_since timestamptz, primary key (integration_id, id)
    );

    create table sync.gestao_click_servicos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.vendas_produtos (
        integration_id integer not null, venda_id text not null, ordem integer not null,
        produto_id text, variacao_id text, nome_produto text, codigo_produto text,
        codigo_barras text, detalhes text, movimenta_estoque boolean, possui_variacao boolean,
        sigla_unidade text, quantidade numeric, tipo_valor_id text, nome_tipo_valor text,
        valor_custo numeric, valor_venda numeric, tipo_desconto text, desconto_valor numeric,
        desconto_porcentagem numeric, valor_total numeric, primary key (integration_id,
        venda_id, ordem)
    );

    create table gestao_click.vendas_servicos (
        integration_id integer not null, venda_id text not null, ordem integer not null, id
        text, servico_id text, nome_servico text, detalhes text, sigla_unidade text,
        quantidade numeric, tipo_valor_id text, nome_tipo_valor text, valor_custo numeric,
        valor_venda numeric, tipo_desconto text, desconto_valor numeric, desconto_porcentagem
        numeric, valor_total numeric, primary key (integration_id, venda_id, ordem)
    );

    create table gestao_click.vendas_pagamentos (
        integration_id integer not null, venda_id text not null, ordem integer not null,
        data_vencimento date, valor numeric, forma_pagamento_id text, nome_forma_pagamento
        text, plano_contas_id text, nome_plano_conta text, observacao text, primary key
        (integration_id, venda_id, ordem)
    );

    create table gestao_click.vendas_equipamentos (
        integration_id integer not null, venda_id text not null, ordem integer not null,
        equipamento text, serie text, marca text, modelo text, condicoes text, defeitos text,
        acessorios text, solucao text, laudo text, termos_garantia text, primary key
        (integration_id, venda_id, ordem)
    );

    create table gestao_click.vendas_atributos (
        integration_id integer not null, venda_id text not null, ordem integer not null, id
        text, atributo_id text, descricao text, conteudo text, tipo text, primary key
        (integration_id, venda_id, ordem)
    );

    create table gestao_click.orcamentos (
        integration_id integer not null, id text not null, tipo text, loja_id text, nome_loja
        text, codigo text, cliente_id text, nome_cliente text, vendedor_id text, nome_vendedor
        text, tecnico_id text, nome_tecnico text, data date, previsao_entrega date,
        prazo_entrega text, situacao_id text, nome_situacao text, cor_situacao text,
        valor_total numeric, valor_produtos numeric, valor_servicos numeric, valor_frete
        numeric, valor_custo numeric, desconto_valor numeric, desconto_porcentagem numeric,
        transportadora_id text, nome_transportadora text, centro_custo_id text,
        nome_centro_custo text, nome_canal_venda text, aos_cuidados_de text, validade text,
        introducao text, observacoes text, observacoes_interna text, condicao_pagamento text,
        forma_pagamento_id text, data_primeira_parcela date, numero_parcelas bigint,
        intervalo_dias bigint, situacao_financeiro boolean, situacao_estoque boolean, hash
        text, cadastrado_em text, modificado_em text, raw jsonb not null, changed_at
        timestamptz not null, deleted_at timestamptz, missing_since timestamptz, primary key
        (integration_id, id)
    );

    create table gestao_click.orcamentos_produtos (
        integration_id integer not null, orcamento_id text not null, ordem integer not null,
        produto_id text, variacao_id text, nome_produto text, codigo_produto text,
        codigo_barras text, detalhes text, movimenta_estoque boolean, possui_variacao boolean,
        sigla_unidade text, quantidade numeric, tipo_valor_id text, nome_tipo_valor text,
        valor_custo numeric, valor_venda numeric, tipo_desconto text, desconto_valor numeric,
        desconto_porcentagem numeric, valor_total numeric, primary key (integration_id,
        orcamento_id, ordem)
    );

    create table gestao_click.orcamentos_servicos (
        integration_id integer not null, orcamento_id text not null, ordem integer not null,
        id text, servico_id text, nome_servico text, detalhes text, sigla_unidade text,
        quantidade numeric, tipo_valor_id text, nome_tipo_valor text, valor_custo numeric,
        valor_venda numeric, tipo_desconto text, desconto_valor numeric, desconto_porcentagem
        numeric, valor_total numeric, primary key (integration_id, orcamento_id, ordem)
    );

    create table gestao_click.orcamentos_pagamentos (
        integration_id integer not null, orcamento_id text not null, ordem integer not null,
        data_vencimento date, valor numeric, forma_pagamento_id text, nome_forma_pagamento
        text, plano_contas_id text, nome_plano_conta text, observacao text, primary key
        (integration_id, orcamento_id, ordem)
    );

    create table gestao_click.orcamentos_equipamentos (
        integration_id integer not null, orcamento_id text not null, ordem integer not null,
        equipamento text, serie text, marca text, modelo text, condicoes text, defeitos text,
        acessorios text, solucao text, laudo text, termos_garantia text, primary key
        (integration_id, orcamento_id, ordem)
    );

    create table gestao_click.orcamentos_atributos (
        integration_id integer not null, orcamento_id text not null, ordem integer not null,
        id text, atributo_id text, descricao text, conteudo text, tipo text, primary key
        (integration_id, orcamento_id, ordem)
    );

    create table sync.gestao_click_orcamentos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.ordens_servicos (
        integration_id integer not null, id text not null, loja_id text, nome_loja text,
        codigo text, cliente_id text, nome_cliente text, vendedor_id text, nome_vendedor text,
        tecnico_id text, nome_tecnico text, data date, data_entrada date, data_saida date,
        previsao_entrega date, prazo_entrega text, situacao_id text, nome_situacao text,
        cor_situacao text, valor_total numeric, valor_produtos numeric, valor_servicos
        numeric, valor_frete numeric, valor_custo numeric, desconto_valor numeric,
        desconto_porcentagem numeric, transportadora_id text, nome_transportadora text,
        centro_custo_id text, nome_centro_custo text, nome_canal_venda text, aos_cuidados_de
        text, validade text, introducao text, observacoes text, observacoes_interna text,
        condicao_pagamento text, forma_pagamento_id text, data_primeira_parcela date,
        numero_parcelas bigint, intervalo_dias bigint, situacao_financeiro boolean,
        situacao_estoque boolean, hash text, cadastrado_em text, modificado_em text, raw jsonb
        not null, changed_at timestamptz not null, deleted_at timestamptz, missing_since
        timestamptz, primary key (integration_id, id)
    );

    create table gestao_click.ordens_servicos_produtos (
        integration_id integer not null, ordem_servico_id text not null, ordem integer not
        null, produto_id text, variacao_id text, nome_produto text, codigo_produto text,
        codigo_barras text, detalhes text, movimenta_estoque boolean, possui_variacao boolean,
        sigla_unidade text, quantidade numeric, tipo_valor_id text, nome_tipo_valor text,
        valor_custo numeric, valor_venda numeric, tipo_desconto text, desconto_valor numeric,
        desconto_porcentagem numeric, valor_total numeric, primary key (integration_id,
        ordem_servico_id, ordem)
    );

    create table gestao_click.ordens_servicos_servicos (
        integration_id integer not null, ordem_servico_id text not null, ordem integer not
        null, id text, servico_id text, nome_servico text, detalhes text, sigla_unidade text,
        quantidade numeric, tipo_valor_id text, nome_tipo_valor text, valor_custo numeric,
        valor_venda numeric, tipo_desconto text, desconto_valor numeric, desconto_porcentagem
        numeric, valor_total numeric, primary key (integration_id, ordem_servico_id, ordem)
    );

    create table gestao_click.ordens_servicos_pagamentos (
        integration_id integer not null, ordem_servico_id text not null, ordem integer not
        null, data_vencimento date, valor numeric, forma_pagamento_id text,
        nome_forma_pagamento text, plano_contas_id text, nome_plano_conta text, observacao
        text, primary key (integration_id, ordem_servico_id, ordem)
    );

    create table gestao_click.ordens_servicos_equipamentos (
        integration_id integer not null, ordem_servico_id text not null, ordem integer not
        null, equipamento text, serie text, marca text, modelo text, condicoes text, defeitos
        text, acessorios text, solucao text, laudo text, termos_garantia text, primary key
        (integration_id, ordem_servico_id, ordem)
    );

    create table gestao_click.ordens_servicos_atributos (
        integration_id integer not null, ordem_servico_id text not null, ordem integer not
        null, id text, atributo_id text, descricao text, conteudo text, tipo text, primary key
        (integration_id, ordem_servico_id, ordem)
    );

    create table sync.gestao_click_ordens_servicos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.compras (
        integration_id integer not null, id text not null, loja_id text, codigo text,
        fornecedor_id text, nome_fornecedor text, data_emissao date, situacao_id text,
        nome_situacao text, centro_custo_id text, nome_centro_custo text, numero_nfe text,
        valor_frete numeric, pagar_frete boolean, transportadora_id text, nome_transportadora
        text, valor_produtos numeric, valor_impostos numeric, desconto_valor numeric,
        desconto_porcentagem numeric, valor_total numeric, forma_pagamento text,
        forma_pagamento_id text, data_primeira_parcela date, numero_parcelas bigint,
        intervalo_dias bigint, observacoes text, observacoes_interna text, cadastrado_em text,
        modificado_em text, raw jsonb not null, changed_at timestamptz not null, deleted_at
        timestamptz, missing_since timestamptz, primary key (integration_id, id)
    );

    create table gestao_click.compras_produtos (
        integration_id integer not null, compra_id text not null, ordem integer not null, id
        text, produto_id text, variacao_id text, nome_produto text, detalhes text,
        possui_variacao boolean, unidade text, quantidade numeric, quantidade_saida numeric,
        valor_custo numeric, valor_total numeric, largura numeric, altura numeric, primary key
        (integration_id, compra_id, ordem)
    );

    create table gestao_click.compras_pagamentos (
        integration_id integer not null, compra_id text not null, ordem integer not null, id
        text, data_vencimento date, valor numeric, forma_pagamento_id text,
        nome_forma_pagamento text, plano_contas_id text, nome_plano_conta text, observacao
        text, primary key (integration_id, compra_id, ordem)
    );

    create table gestao_click.compras_situacoes (
        integration_id integer not null, compra_id text not null, ordem integer not null, id
        text, situacao text, observacao text, funcionario text, data text, primary key
        (integration_id, compra_id, ordem)
    );

    create table sync.gestao_click_compras_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.recebimentos_atributos (
        integration_id integer not null, recebimento_id text not null, ordem integer not null,
        id text, atributo_id text, descricao text, conteudo text, tipo text, primary key
        (integration_id, recebimento_id, ordem)
    );

    create table gestao_click.pagamentos_atributos (
        integration_id integer not null, pagamento_id text not null, ordem integer not null,
        id text, atributo_id text, descricao text, conteudo text, tipo text, primary key
        (integration_id, pagamento_id, ordem)
    );

    create table gestao_click.notas_fiscais_produtos (
        integration_id integer not null, id text not null, empresa_id text, loja_id text,
        nome_loja text, pedido_id text, compra_id text, chave text, protocolo text, cfop_id
        text, codigo_cfop text, descricao_cfop text, natureza_operacao text,
        indicador_pagamento text, modelo text, serie text, numero_nf text, data_emissao date,
        hora_emissao text, tipo_nf text, indicador_destinatario text, cidade_id text,
        cidade_nome text, codigo_uf text, tipo_emissao text, tipo_ambiente text, finalidade_nf
        text, consumidor_final boolean, tipo_atendimento text, tipo_documento_emitente text,
        cnpj_emitente text, cpf_emitente text, nome_emitente text, fantasia_emitente text,
        logradouro_emitente text, numero_emitente text, complemento_emitente text,
        bairro_emitente text, codigo_municipio_emitente text, municipio_emitente text,
        uf_emitente text, cep_emitente text, codigo_pais_emitente text, pais_emitente text,
        telefone_emitente text, ie_emitente text, iest_emitente text, im_emitente text,
        destinatario_id text, destinatario_nome text, destinatario_fornecedor_id text,
        destinatario_fornecedor_nome text, destinatario_tipo_documento text, destinatario_cnpj
        text, destinatario_cpf text, destinatario_id_estrangeiro text, destinatario_logradouro
        text, destinatario_numero text, destinatario_complemento text, destinatario_bairro
        text, destinatario_cidade_id text, destinatario_municipio_codigo text,
        destinatario_municipio_nome text, destinatario_uf text, destinatario_cep text,
        destinatario_pais_codigo text, destinatario_pais_nome text, destinatario_telefone
        text, destinatario_ie text, destinatario_im text, destinatario_email text,
        valor_total_nf numeric, base_icms numeric, valor_icms numeric, valor_fcp numeric,
        base_icms_st numeric, valor_icms_st numeric, valor_fcp_st numeric, valor_produtos
        numeric, valor_frete numeric, valor_seguro numeric, valor_desconto numeric,
        valor_outros numeric, valor_imposto_importacao numeric, valor_ipi numeric,
        valor_ipi_devolvido numeric, valor_pis numeric, valor_cofins numeric,
        valor_icms_desonerado numeric, valor_fcp_st_retido numeric, valor_fcp_uf_destino
        numeric, valor_icms_uf_remetente numeric, informacoes_complementares text, situacao_nf
        text, cadastrado_em text, modificado_em text, raw jsonb not null, changed_at
        timestamptz not null, deleted_at timestamptz, missing_since timestamptz, primary key
        (integration_id, id)
    );

    create table gestao_click.notas_fiscais_produtos_produtos (
        integration_id integer not null, nota_id text not null, ordem integer not null,
        produto_id text, codigo_produto text, nome_produto text, cfop text, unidade text,
        quantidade numeric, valor_venda numeric, estoque_id text, ncm_id text, ncm text, tipo
        text, altura numeric, largura numeric, codigo_barras text, primary key
        (integration_id, nota_id, ordem)
    );

    create table gestao_click.notas_fiscais_produtos_pagamento (
        integration_id integer not null, nota_id text not null, ordem integer not null,
        numero_duplicata text, forma_pagamento_id text, data_vencimento date, valor_pagamento
        numeric, tipo_pagamento text, codigo_autorizacao text, cnpj_credenciadora text,
        bandeira_cartao text, valor_troco numeric, primary key (integration_id, nota_id,
        ordem)
    );

    create table sync.gestao_click_notas_fiscais_produtos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.notas_fiscais_consumidores (
        integration_id integer not null, id text not null, empresa_id text, loja_id text,
        nome_loja text, pedido_id text, compra_id text, chave text, protocolo text, cfop_id
        text, codigo_cfop text, descricao_cfop text, natureza_operacao text,
        indicador_pagamento text, modelo text, serie text, numero_nf text, data_emissao date,
        hora_emissao text, tipo_nf text, indicador_destinatario text, cidade_id text,
        cidade_nome text, codigo_uf text, tipo_emissao text, tipo_ambiente text, finalidade_nf
        text, consumidor_final boolean, tipo_atendimento text, tipo_documento_emitente text,
        cnpj_emitente text, cpf_emitente text, nome_emitente text, fantasia_emitente text,
        logradouro_emitente text, numero_emitente text, complemento_emitente text,
        bairro_emitente text, codigo_municipio_emitente text, municipio_emitente text,
        uf_emitente text, cep_emitente text, codigo_pais_emitente text, pais_emitente text,
        telefone_emitente text, ie_emitente text, iest_emitente text, im_emitente text,
        destinatario_id text, destinatario_nome text, destinatario_fornecedor_id text,
        destinatario_fornecedor_nome text, destinatario_tipo_documento text, destinatario_cnpj
        text, destinatario_cpf text, destinatario_id_estrangeiro text, destinatario_logradouro
        text, destinatario_numero text, destinatario_complemento text, destinatario_bairro
        text, destinatario_cidade_id text, destinatario_municipio_codigo text,
        destinatario_municipio_nome text, destinatario_uf text, destinatario_cep text,
        destinatario_pais_codigo text, destinatario_pais_nome text, destinatario_telefone
        text, destinatario_ie text, destinatario_im text, destinatario_email text,
        valor_total_nf numeric, base_icms numeric, valor_icms numeric, valor_fcp numeric,
        base_icms_st numeric, valor_icms_st numeric, valor_fcp_st numeric, valor_produtos
        numeric, valor_frete numeric, valor_seguro numeric, valor_desconto numeric,
        valor_outros numeric, valor_imposto_importacao numeric, valor_ipi numeric,
        valor_ipi_devolvido numeric, valor_pis numeric, valor_cofins numeric,
        valor_icms_desonerado numeric, valor_fcp_st_retido numeric, valor_fcp_uf_destino
        numeric, valor_icms_uf_remetente numeric, informacoes_complementares text, situacao_nf
        text, cadastrado_em text, modificado_em text, raw jsonb not null, changed_at
        timestamptz not null, deleted_at timestamptz, missing_since timestamptz, primary key
        (integration_id, id)
    );

    create table gestao_click.notas_fiscais_consumidores_produtos (
        integration_id integer not null, nota_id text not null, ordem integer not null,
        produto_id text, codigo_produto text, nome_produto text, cfop text, unidade text,
        quantidade numeric, valor_venda numeric, estoque_id text, ncm_id text, ncm text, tipo
        text, altura numeric, largura numeric, codigo_barras text, primary key
        (integration_id, nota_id, ordem)
    );

    create table gestao_click.notas_fiscais_consumidores_pagamento (
        integration_id integer not null, nota_id text not null, ordem integer not null,
        numero_duplicata text, forma_pagamento_id text, data_vencimento date, valor_pagamento
        numeric, tipo_pagamento text, codigo_autorizacao text, cnpj_credenciadora text,
        bandeira_cartao text, valor_troco numeric, primary key (integration_id, nota_id,
        ordem)
    );

    create table sync.gestao_click_notas_fiscais_consumidores_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table gestao_click.notas_fiscais_servicos (
        integration_id integer not null, id text not null, empresa_id text, loja_id text,
        nome_loja text, contrato_id text, pedido_id text, codigo text, rps text, numero text,
        codigo_verificacao text, serie text, data_emissao date, data_emissao_ano text,
        data_emissao_mes text, hora_emissao text, codigo_natureza_operacao text,
        nome_natureza_operacao text, codigo_incidencia_issqn text, cidade_incidencia_issqn
        text, emitente_cnpj text, emitente_inscricao_municipal text, destinatario_id_cliente
        text, destinatario_nome_cliente text, destinatario_tipo_pessoa text,
        destinatario_razao_social text, destinatario_cnpj text, destinatario_cpf text,
        destinatario_inscricao_municipal text, destinatario_cep text,
        destinatario_logradouro_endereco text, destinatario_numero_endereco text,
        destinatario_complemento_endereco text, destinatario_bairro_endereco text,
        destinatario_cidade_id_endereco text, destinatario_nome_cidade_endereco text,
        destinatario_codigo_cidade_endereco text, dest_codigo_siafi text,
        destinatario_estado_endereco text, destinatario_telefone text, destinatario_email
        text, prestador_cep text, prestador_logradouro text, prestador_numero text,
        prestador_complemento text, prestador_bairro text, prestador_cidade_id text,
        prestador_nome_cidade text, prestador_codigo_cidade text, prestador_estado text,
        descricao text, atividade_id text, codigo_atividade text, atividade_descricao text,
        atividade_codigo_tributacao text, atividade_cnae text, valor_servico numeric,
        valor_base_calculo numeric, valor_iss numeric, iss_retido boolean, valor_deducoes
        numeric, valor_aliquota numeric, descontos numeric, construcao_civil boolean,
        codigo_obra text, codigo_art text, aliquota_cofins numeric, aliquota_pis numeric,
        aliquota_csll numeric, aliquota_ir numeric, aliquota_inss numeric, valor_cofins
        numeric, valor_pis numeric, valor_csll numeric, valor_ir numeric, valor_inss numeric,
        cofins_retido boolean, pis_retido boolean, csll_retido boolean, ir_retido boolean,
        inss_retido boolean, valor_total numeric, outras_informacoes text, situacao text,
        usuario_id text, nome_usuario text, cadastrado_em text, modificado_em text, raw jsonb
        not null, changed_at timestamptz not null, deleted_at timestamptz, missing_since
        timestamptz, primary key (integration_id, id)
    );

    create table sync.gestao_click_notas_fiscais_servicos_stamps (
        integration_id integer not null, id text not null, hash uuid, observed_at timestamptz
        not null, gone boolean default false not null, misses smallint default 0 not null, how
        text, primary key (integration_id, id)
    ) with (fillfactor = 70);
"""
