"""Money at Gestão Click: titles, and what they are booked under (gestaoclick-api.md 4, 6, 7).

Bank accounts have no balance in the API; titles are tied to documents by text only (10.13, 10.14).
"""

from __future__ import annotations

from shared.resources.columns import count, day, flag, money, nobodys, word, written
from shared.resources.filters import AtLeast, AtMost, Holds, Settled
from shared.resources.gestao_click_words import (
    CHANGED,
    ID,
    STORES,
    about,
    additional,
    document_only,
    erp_list,
    named,
    person,
)
from shared.resources.grammar import Listed, OneOf, Resource, Unsettled, Windows

CENTROS_CUSTOS = erp_list(
    "centros_custos",
    Listed("cost_centers", search=("nome",)),
    (ID, word("nome"), word("cadastrado_em")),
    impersonal=True,
)

# The row says its `tipo` itself (D expense, C income); both are asked for all the same, because what
# answers without the filter is documented nowhere.
PLANOS_CONTAS = erp_list(
    "planos_contas",
    Listed("chart_of_accounts", search=("nome", "classificacao", "nome_conta_mae")),
    (
        ID,
        word("tipo"),
        word("nome_tipo"),
        word("classificacao"),
        word("nome"),
        word("conta_mae_id"),
        word("nome_conta_mae"),
    ),
    slices=(OneOf("tipo", ("D", "C")),),
    impersonal=True,
)

CONTAS_BANCARIAS = erp_list(
    "contas_bancarias",
    Listed("bank_accounts", search=("nome",)),
    (ID, word("nome")),
    impersonal=True,
)

# tipo, where it is sent: PI Pix, BB boleto, CC credit card, CD debit card, DI cash, TB transfer,
# CL client's credit, OU other
FORMAS_PAGAMENTOS = erp_list(
    "formas_pagamentos",
    Listed("payment_methods", search=("nome",)),
    (
        ID,
        word("nome"),
        word("tipo"),
        *named("conta_bancaria"),
        count("maximo_parcelas"),
        count("intervalo_parcelas"),
        count("intervalo_primeira_parcela"),
    ),
    impersonal=True,
)


EFFECTIVE = Windows(
    "data_inicio",
    "data_fim",
    # the effective date: the payment's if paid, else the due date (4)
    ("data_liquidacao", "data_vencimento"),
    # a day more than is promised: what midnight brings into the 30 days was read just before
    near=(30, 31),
    # at: overdue, as everything is that is older and open; by some said to be ignored (4), so it is proved
    open=Unsettled("liquidado", ("true",), asked="liquidado", values=("at",)),
    bounded=True,
)


def _titles(name: str, route: str, parent: str, **params: str) -> Resource:
    """Receivables and payables share one shape; without a period only this month comes (4).

    entidade says whose it is: C client, F supplier, U employee, T carrier, O other. loja_id is the record's.
    """
    return erp_list(
        name,
        Listed(
            route,
            search=("descricao", "codigo", "nome_cliente", "nome_fornecedor"),
            filters=(
                Holds("nome", ("descricao",)),
                AtLeast("valor_inicio", ("valor",)),
                AtMost("valor_fim", ("valor",)),
                Settled("liquidado", "liquidado", due="data_vencimento"),
            ),
            large=True,
            newest="data_vencimento",
        ),
        (
            ID,
            word("codigo"),
            *written(word("descricao"), keeps=document_only),
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
            *person("cliente"),
            *person("fornecedor"),
            *person("transportadora"),
            *person("funcionario"),
            word("plano_contas_id"),
            *nobodys(word("nome_plano_conta")),
            *named("centro_custo"),
            *named("conta_bancaria"),
            *named("forma_pagamento"),
            *person("usuario", apart=True),
            *named("loja"),
            *CHANGED,
        ),
        children=(additional(parent),),
        slices=(STORES, EFFECTIVE),
        about=about("cliente", "fornecedor", "transportadora", "funcionario", apart=("usuario",)),
        params=params,
        detail=True,
    )


# documented with `limit`, read with `limite` by clients: who ignores either gets the other (3, Paging)
RECEBIMENTOS = _titles("recebimentos", "receivables", "recebimento_id", limit="100")
PAGAMENTOS = _titles("pagamentos", "payables", "pagamento_id")
