"""What is mirrored from Gestão Click. Facts: gestaoclick-api.md 4 to 7; names are the vendor's own."""

from __future__ import annotations

from shared.resources.columns import Column, asked, day, flag, money, word
from shared.resources.grammar import (
    ById,
    Listed,
    OneOf,
    PerRow,
    Resource,
    Unsettled,
    Windows,
)

STORES = PerRow("loja_id", needs="gestao_click.lojas", optional=True)
NOT_FINISHED = Unsettled(
    "nome_situacao",
    ("concretiz", "conclu", "finaliz", "cancel", "entreg", "fatur", "recus", "perdid", "reprov"),
)
"""Situations differ per account (12); a document that none of these words ends is read again."""
EFFECTIVE = Windows(
    "data_inicio",
    "data_fim",
    # the effective date: the payment's if paid, else the due date (4)
    ("data_liquidacao", "data_vencimento"),
    near=(30, 30),
    open=Unsettled("liquidado", ("true",)),
    bounded=True,
)
CHANGED: tuple[Column, ...] = (word("cadastrado_em"), word("modificado_em"))
"""Kept as text: the zone is unstated, and they are compared only with themselves (7, Time zone)."""

LOJAS = Resource(
    source="gestao_click",
    name="lojas",
    path="/lojas",
    records=("data",),
    page_size=100,
    key=("id",),
    listed=Listed("lojas", search=("nome",)),
    columns=(word("id"), word("nome")),
)

CLIENTES = Resource(
    source="gestao_click",
    name="clientes",
    path="/clientes",
    records=("data",),
    page_size=100,
    # the default list may hide inactive ones, so both are asked for (gestaoclick-api.md 6, 11.8)
    slices=(OneOf("situacao", ("1", "0")),),
    by_id=ById(),
    key=("id",),
    listed=Listed("clients", search=("nome", "cpf", "cnpj", "email", "telefone", "celular")),
    columns=(
        word("id"),
        word("tipo_pessoa"),
        word("nome"),
        word("razao_social"),
        word("cnpj"),
        word("cpf"),
        word("rg"),
        word("inscricao_estadual"),
        word("inscricao_municipal"),
        day("data_nascimento"),
        word("telefone"),
        word("celular"),
        word("fax"),
        word("email"),
        flag("ativo"),
        *CHANGED,
    ),
)

PRODUTOS = Resource(
    source="gestao_click",
    name="produtos",
    path="/produtos",
    records=("data",),
    page_size=100,
    slices=(OneOf("ativo", ("1", "0")),),
    by_id=ById(),
    key=("id",),
    listed=Listed("products", search=("nome", "codigo_interno", "codigo_barra")),
    columns=(
        word("id"),
        word("nome"),
        word("codigo_interno"),
        word("codigo_barra"),
        flag("possui_variacao"),
        flag("possui_composicao"),
        flag("movimenta_estoque"),
        flag("ativo"),
        word("grupo_id"),
        word("nome_grupo"),
        word("descricao"),
        money("estoque"),
        money("valor_custo"),
        money("valor_venda"),
        *CHANGED,
    ),
)

VENDAS = Resource(
    source="gestao_click",
    name="vendas",
    path="/vendas",
    records=("data",),
    page_size=100,
    # three lists in one, per store; the row does not say which (gestaoclick-api.md 5)
    slices=(
        OneOf("tipo", ("produto", "servico", "vendas_balcao")),
        STORES,
        Windows("data_inicio", "data_fim", ("data",), near=(30, 1), open=NOT_FINISHED),
    ),
    by_id=ById(),
    key=("id",),
    listed=Listed("sales", search=("nome_cliente", "codigo")),
    columns=(
        word("id"),
        asked("tipo"),
        asked("loja_id"),
        word("nome_loja"),
        word("codigo"),
        word("cliente_id"),
        word("nome_cliente"),
        word("vendedor_id"),
        word("nome_vendedor"),
        day("data"),
        day("previsao_entrega"),
        word("situacao_id"),
        word("nome_situacao"),
        money("valor_total"),
        money("valor_frete"),
        money("valor_custo"),
        money("desconto_valor"),
        money("desconto_porcentagem"),
        word("centro_custo_id"),
        word("nome_centro_custo"),
        word("nome_canal_venda"),
        word("condicao_pagamento"),
        word("forma_pagamento_id"),
        flag("situacao_financeiro"),
        flag("situacao_estoque"),
        *CHANGED,
    ),
)


def _titles(name: str, route: str) -> Resource:
    """Receivables and payables share one shape; without a period only this month comes (4)."""
    return Resource(
        source="gestao_click",
        name=name,
        path=f"/{name}",
        records=("data",),
        page_size=100,
        slices=(STORES, EFFECTIVE),
        by_id=ById(),
        key=("id",),
        listed=Listed(route, search=("descricao", "codigo", "nome_cliente", "nome_fornecedor")),
        columns=(
            word("id"),
            word("codigo"),
            word("descricao"),
            money("valor"),
            money("juros"),
            money("desconto"),
            money("taxa_banco"),
            money("taxa_operadora"),
            money("valor_total"),
            flag("liquidado"),
            day("data_vencimento"),
            day("data_liquidacao"),
            day("data_competencia"),
            word("entidade"),
            word("cliente_id"),
            word("nome_cliente"),
            word("fornecedor_id"),
            word("nome_fornecedor"),
            word("transportadora_id"),
            word("funcionario_id"),
            word("plano_contas_id"),
            word("nome_plano_conta"),
            word("centro_custo_id"),
            word("nome_centro_custo"),
            word("conta_bancaria_id"),
            word("nome_conta_bancaria"),
            word("forma_pagamento_id"),
            word("nome_forma_pagamento"),
            word("usuario_id"),
            word("loja_id"),
            word("nome_loja"),
            *CHANGED,
        ),
    )


RECEBIMENTOS = _titles("recebimentos", "receivables")
PAGAMENTOS = _titles("pagamentos", "payables")

RESOURCES: tuple[Resource, ...] = (LOJAS, CLIENTES, PRODUTOS, VENDAS, RECEBIMENTOS, PAGAMENTOS)
