"""What a shop writes down: sales, quotes, service orders, purchases (gestaoclick-api.md 5 to 7)."""

from __future__ import annotations

from shared.resources.columns import (
    Column,
    asked,
    count,
    day,
    first_day,
    flag,
    money,
    nobodys,
    personal,
    word,
    written,
)
from shared.resources.filters import Holds
from shared.resources.gestao_click_words import (
    CHANGED,
    ID,
    STORES,
    TERMS,
    about,
    additional,
    equipment,
    erp_list,
    instalments,
    named,
    person,
    product_lines,
    service_lines,
)
from shared.resources.grammar import Child, Dimension, Listed, OneOf, Resource, Unsettled, Windows

NOT_FINISHED = Unsettled(
    "nome_situacao",
    ("concretiz", "conclu", "finaliz", "cancel", "entreg", "fatur", "recus", "perdid", "reprov"),
    asked="situacao_id",
)
"""Situations differ per account (12); a document that none of these words ends is read again."""


def _by_day(column: str) -> Windows:
    return Windows("data_inicio", "data_fim", (column,), near=(30, 1), open=NOT_FINISHED)


STORE: tuple[Column, ...] = (asked("loja_id"), *nobodys(word("nome_loja")))
"""The row has the store's name only."""


def _documents(
    name: str,
    route: str,
    parent: str,
    kinds: tuple[str, ...],
    dates: tuple[Column, ...],
) -> Resource:
    """Sales, quotes and service orders share one shape.

    kinds: several lists in one, for each of which must be asked; the row does not say which (5).
    """
    type_: tuple[Column, ...] = (asked("tipo"),) if kinds else ()
    each_kind: tuple[Dimension, ...] = (OneOf("tipo", kinds),) if kinds else ()
    return erp_list(
        name,
        Listed(
            route,
            search=("nome_cliente", "codigo"),
            # at the vendor it looks into a title that the row does not show (6)
            filters=(Holds("nome", ("nome_cliente",)),),
            large=True,
            newest="data",
        ),
        (
            ID,
            *type_,
            *STORE,
            word("codigo"),
            *person("cliente"),
            *person("vendedor", apart=True),
            *person("tecnico", apart=True),
            *dates,
            day("previsao_entrega"),
            word("prazo_entrega"),
            *named("situacao"),
            word("cor_situacao"),
            money("valor_total"),
            money("valor_produtos"),
            money("valor_servicos"),
            money("valor_frete"),
            money("valor_custo"),
            money("desconto_valor"),
            money("desconto_porcentagem"),
            *person("transportadora", apart=True),
            *named("centro_custo"),
            *nobodys(word("nome_canal_venda")),
            *personal(word("aos_cuidados_de")),
            word("validade"),
            *written(word("introducao"), word("observacoes"), word("observacoes_interna")),
            *TERMS,
            flag("situacao_financeiro"),
            flag("situacao_estoque"),
            # opens the document at the vendor for everybody who knows it
            *personal(word("hash")),
            *CHANGED,
        ),
        children=(
            product_lines(parent),
            service_lines(parent),
            instalments(parent),
            equipment(parent),
            additional(parent),
        ),
        slices=(*each_kind, STORES, _by_day("data")),
        about=about("cliente", apart=("vendedor", "tecnico", "transportadora")),
        detail=True,
    )


VENDAS = _documents(
    "vendas",
    "sales",
    "venda_id",
    ("produto", "servico", "vendas_balcao"),
    (day("data"),),
)

ORCAMENTOS = _documents(
    "orcamentos", "quotes", "orcamento_id", ("produto", "servico"), (day("data"),)
)

# documented with `data`, seen with data_entrada and data_saida in its place: `data` is whichever is there
ORDENS_SERVICOS = _documents(
    "ordens_servicos",
    "service_orders",
    "ordem_servico_id",
    (),
    (first_day("data", "data_entrada", "data"), day("data_entrada"), day("data_saida")),
)

PURCHASED: tuple[Column, ...] = (
    word("id"),
    word("produto_id"),
    word("variacao_id"),
    *nobodys(word("nome_produto")),
    *written(word("detalhes")),
    flag("possui_variacao"),
    word("unidade"),
    money("quantidade"),
    money("quantidade_saida"),
    money("valor_custo"),
    money("valor_total"),
    money("largura"),
    money("altura"),
)
"""What quantidade_saida means is unknown: it is not what was received (7)."""

HISTORY: tuple[Column, ...] = (
    word("id"),
    word("situacao"),
    *written(word("observacao")),
    *personal(word("funcionario")),
    word("data"),
)
"""situacao is a name here, data a moment without a zone."""

# the dates are seen in several clients, not documented; were they ignored, the proof would tell
COMPRAS = erp_list(
    "compras",
    Listed(
        "purchases",
        search=("nome_fornecedor", "codigo", "numero_nfe"),
        large=True,
        newest="data_emissao",
    ),
    (
        ID,
        asked("loja_id"),
        word("codigo"),
        *person("fornecedor"),
        day("data_emissao"),
        *named("situacao"),
        *named("centro_custo"),
        *nobodys(word("numero_nfe")),
        money("valor_frete"),
        flag("pagar_frete"),
        *person("transportadora", apart=True),
        money("valor_produtos"),
        money("valor_impostos"),
        money("desconto_valor"),
        money("desconto_porcentagem"),
        money("valor_total"),
        word("forma_pagamento"),
        word("forma_pagamento_id"),
        day("data_primeira_parcela"),
        count("numero_parcelas"),
        count("intervalo_dias"),
        *written(word("observacoes"), word("observacoes_interna")),
        *CHANGED,
    ),
    children=(
        Child("produtos", ("produtos",), "compra_id", PURCHASED),
        instalments("compra_id", word("id")),
        Child("situacoes", ("situacoes",), "compra_id", HISTORY),
    ),
    slices=(STORES, _by_day("data_emissao")),
    about=about("fornecedor", apart=("transportadora",)),
    detail=True,
)
