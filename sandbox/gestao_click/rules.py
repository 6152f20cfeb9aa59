"""What each list filters by: the tables of gestaoclick-api.md 4 to 6 as data.

A list that is not here (a newcomer's) pages and nothing else.
"""

from dataclasses import dataclass, field

EQUAL, CONTAINS, DIGITS, AT_LEAST, AT_MOST = "equal", "contains", "digits", "at least", "at most"


@dataclass(frozen=True)
class Rules:
    date: str = ""
    """Field of data_inicio/data_fim; "effective" = a title's (section 4)."""
    per_store: bool = False
    """Without loja_id only the head office answers (section 5)."""
    kinds: tuple[str, ...] = ()
    """Values of `tipo`; the first is the default (section 5)."""
    filters: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Parameter -> (field, how it compares)."""
    also_limit: bool = False
    """Section 3: recebimentos documents `limit` instead of `limite`."""
    wrapper: str = ""
    """Section 3: the one key of a wrapped row."""


def _same(*names: str) -> dict[str, tuple[str, str]]:
    return {name: (name, EQUAL) for name in names}


PARTNER = {
    "tipo_pessoa": ("tipo_pessoa", EQUAL),
    "nome": ("nome", CONTAINS),
    "telefone": ("telefone", DIGITS),
    "email": ("email", CONTAINS),
    "situacao": ("ativo", EQUAL),
}
DOCUMENT = _same("codigo", "situacao_id", "cliente_id", "centro_custo_id")
TITLE = {
    **_same("codigo", "cliente_id", "fornecedor_id", "transportadora_id", "funcionario_id"),
    **_same("plano_contas_id", "centro_custo_id", "conta_bancaria_id", "forma_pagamento_id"),
    "nome": ("descricao", CONTAINS),
    "valor_inicio": ("valor", AT_LEAST),
    "valor_fim": ("valor", AT_MOST),
}

RULES = {
    "/clientes": Rules(filters={**PARTNER, "cpf_cnpj": ("cpf", DIGITS)}),
    "/fornecedores": Rules(filters={**PARTNER, "cpf_cnpj": ("cnpj", DIGITS)}),
    "/transportadoras": Rules(filters={k: v for k, v in PARTNER.items() if k != "situacao"}),
    "/produtos": Rules(
        filters={
            **_same("grupo_id", "ativo"),
            "codigo": ("codigo_interno", EQUAL),
            "nome": ("nome", CONTAINS),
        },
        wrapper="Produto",
    ),
    "/servicos": Rules(
        filters={
            "nome": ("nome", CONTAINS),
            "valor_inicio": ("valor_venda", AT_LEAST),
            "valor_fim": ("valor_venda", AT_MOST),
        }
    ),
    "/vendas": Rules(
        date="data",
        per_store=True,
        kinds=("produto", "servico", "vendas_balcao"),
        filters=DOCUMENT,
        wrapper="Venda",
    ),
    "/orcamentos": Rules(
        date="data", per_store=True, kinds=("produto", "servico"), filters=DOCUMENT
    ),
    "/ordens_servicos": Rules(
        date="data_entrada", per_store=True, filters=DOCUMENT, wrapper="OrdemServico"
    ),
    "/compras": Rules(
        date="data_emissao",
        per_store=True,
        filters=_same("codigo", "situacao_id", "fornecedor_id", "centro_custo_id"),
        wrapper="Compra",
    ),
    "/recebimentos": Rules(date="effective", per_store=True, filters=TITLE, also_limit=True),
    "/pagamentos": Rules(date="effective", per_store=True, filters=TITLE),
    "/planos_contas": Rules(filters=_same("tipo")),
    "/notas_fiscais_produtos": Rules(per_store=True),
    "/notas_fiscais_consumidores": Rules(per_store=True),
    "/notas_fiscais_servicos": Rules(per_store=True),
    "/funcionarios": Rules(filters={"nome": ("nome", CONTAINS)}),
    "/formas_pagamentos": Rules(wrapper="FormasPagamento"),
    "/situacoes_compras": Rules(wrapper="SituacaoCompra"),
}

LIST_ONLY = frozenset(
    [
        "/funcionarios",
        "/usuarios",
        "/lojas",
        "/grupos_produtos",
        "/situacoes_orcamentos",
        "/situacoes_vendas",
        "/situacoes_ordens_servicos",
        "/situacoes_compras",
        "/formas_pagamentos",
        "/contas_bancarias",
        "/planos_contas",
        "/centros_custos",
        "/tipos_contatos",
        "/tipos_enderecos",
        "/estados",
        "/cidades",
    ]
)
"""Section 6, "L": no route by id."""

SORTABLE = frozenset({"data", "nome", "codigo", "data_vencimento", "valor_total", "valor"})
"""Section 3: `ordenacao=id|modificado_em` is a doubt, so they are ignored."""


def rules_for(path: str) -> Rules:
    return RULES.get(path, Rules())
