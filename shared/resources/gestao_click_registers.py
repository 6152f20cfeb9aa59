"""Whom a shop deals with and what it deals in: partners, products, services (gestaoclick-api.md 6, 7)."""

from __future__ import annotations

from shared.resources.columns import (
    Column,
    day,
    email,
    flag,
    money,
    personal,
    phone,
    tax_id,
    word,
    written,
)
from shared.resources.filters import AtLeast, AtMost, Digits, Filter, Flagged, Holds, InChild, Is
from shared.resources.gestao_click_words import (
    CHANGED,
    ID,
    additional,
    addresses,
    contacts,
    erp_list,
)
from shared.resources.grammar import OUTER, Child, Dimension, Listed, OneOf, Resource

ACTIVE_OR_NOT = ("1", "0")
"""The default list may hide inactive ones, so both are asked for (gestaoclick-api.md 6, 11.8)."""


PARTNERS_ASKED_BY: tuple[Filter, ...] = (
    Holds("nome", ("nome", "razao_social")),
    Digits("cpf_cnpj", ("cpf", "cnpj")),
    Digits("telefone", ("telefone", "celular")),
    Holds("email", ("email",)),
    Flagged("situacao", "ativo"),
    InChild("cidade_id", "enderecos", "cidade_id"),
    InChild("estado", "enderecos", "estado"),
)


def _partners(
    name: str, route: str, parent: str, *more: Column, slices: tuple[Dimension, ...] = ()
) -> Resource:
    """Clients, suppliers and carriers share one shape."""
    return erp_list(
        name,
        Listed(
            route,
            search=("nome", "razao_social", "cpf", "cnpj", "email", "telefone", "celular"),
            filters=PARTNERS_ASKED_BY,
            large=True,
            newest="modificado_em",
        ),
        (
            ID,
            word("tipo_pessoa"),
            *personal(word("nome"), word("razao_social")),
            tax_id(word("cnpj")),
            tax_id(word("cpf")),
            *personal(word("rg"), word("inscricao_estadual"), word("inscricao_municipal")),
            *personal(day("data_nascimento")),
            phone(word("telefone")),
            phone(word("celular")),
            *more,
            email(word("email")),
            flag("ativo"),
            *CHANGED,
        ),
        children=(contacts(parent), addresses(parent), additional(parent)),
        slices=slices,
        detail=True,
    )


EITHER = OneOf("situacao", ACTIVE_OR_NOT)
CLIENTES = _partners("clientes", "clients", "cliente_id", phone(word("fax")), slices=(EITHER,))
FORNECEDORES = _partners("fornecedores", "suppliers", "fornecedor_id", slices=(EITHER,))
# no filter by situacao is documented for carriers
TRANSPORTADORAS = _partners(
    "transportadoras", "carriers", "transportadora_id", *written(word("observacoes"))
)

PRICES: tuple[Column, ...] = (
    word("tipo_id"),
    word("nome_tipo"),
    money("lucro_utilizado"),
    money("valor_custo"),
    money("valor_venda"),
)
"""One price table: Varejo, Atacado, …"""

FISCAL: tuple[Column, ...] = (
    word("ncm", "fiscal", "ncm"),
    word("cest", "fiscal", "cest"),
    money("peso_liquido", "fiscal", "peso_liquido"),
    money("peso_bruto", "fiscal", "peso_bruto"),
    money("valor_aproximado_tributos", "fiscal", "valor_aproximado_tributos"),
    money("valor_fixo_pis", "fiscal", "valor_fixo_pis"),
    money("valor_fixo_pis_st", "fiscal", "valor_fixo_pis_st"),
    money("valor_fixo_confins", "fiscal", "valor_fixo_confins"),
    money("valor_fixo_confins_st", "fiscal", "valor_fixo_confins_st"),
)
"""`confins` is the vendor's spelling."""

# Products are one register for all stores; only `estoque` is a store's. It is read without loja_id, so it
# is the stock of the head office (or of the one store that the token may see). Stock by store would cost the
# whole register again for each store: it can be asked live, and the sum is not ours to guess.
PRODUTOS = erp_list(
    "produtos",
    Listed(
        "products",
        search=("nome", "codigo_interno", "codigo_barra"),
        filters=(
            Is("codigo", "codigo_interno"),
            Flagged("ativo", "ativo"),
            InChild("fornecedor_id", "fornecedores", "fornecedor_id"),
        ),
        large=True,
        newest="modificado_em",
    ),
    (
        ID,
        word("nome"),
        word("codigo_interno"),
        word("codigo_barra"),
        flag("possui_variacao"),
        flag("possui_composicao"),
        flag("movimenta_estoque"),
        money("peso"),
        money("largura"),
        money("altura"),
        money("comprimento"),
        flag("ativo"),
        word("grupo_id"),
        word("nome_grupo"),
        word("descricao"),
        money("estoque"),
        money("valor_custo"),
        money("valor_venda"),
        *FISCAL,
        *CHANGED,
    ),
    children=(
        Child("valores", ("valores",), "produto_id", PRICES),
        Child(
            "variacoes",
            ("variacoes",),
            "produto_id",
            (word("id"), word("nome"), word("codigo"), money("estoque")),
        ),
        Child(
            "variacoes_valores",
            ("variacoes", "valores"),
            "produto_id",
            (word("variacao_id", OUTER, "id"), *PRICES),
        ),
        Child("fornecedores", ("fornecedores",), "produto_id", (word("fornecedor_id"),)),
    ),
    impersonal=True,
    slices=(OneOf("ativo", ACTIVE_OR_NOT),),
    detail=True,
)

GRUPOS_PRODUTOS = erp_list(
    "grupos_produtos",
    Listed("product_groups", search=("nome",)),
    (
        ID,
        word("grupo_pai_id"),
        word("nome"),
        word("url"),
        word("meta_descricao"),
        word("meta_palavras_chaves"),
    ),
    impersonal=True,
)

SERVICOS = erp_list(
    "servicos",
    Listed(
        "services",
        search=("nome", "codigo"),
        filters=(
            AtLeast("valor_inicio", ("valor_venda",)),
            AtMost("valor_fim", ("valor_venda",)),
        ),
    ),
    (ID, word("codigo"), word("nome"), money("valor_venda"), word("observacoes")),
    impersonal=True,
    detail=True,
)
