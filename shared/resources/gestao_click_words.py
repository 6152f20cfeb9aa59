"""Words that the declarations of Gestão Click share: how its lists are read, and the shapes that recur.

Facts: gestaoclick-api.md 3 (wrappers), 5 (stores, types), 6 (lists), 7 (objects).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from shared.resources.columns import (
    Column,
    count,
    day,
    flag,
    money,
    nobodys,
    personal,
    word,
    written,
)
from shared.resources.filters import Filter, Holds
from shared.resources.grammar import (
    About,
    Aliases,
    Asked,
    ById,
    Child,
    Dimension,
    Listed,
    PerRow,
    Resource,
)

ID: Column = word("id")
DELETED_THERE = (
    "its list, …, Excluir; what the law has you keep (invoices, what was sold and paid) stays"
)
STORES = PerRow("loja_id", needs="gestao_click.lojas", optional=True, stores=True)
"""Without `loja_id` only the head office answers (gestaoclick-api.md 5)."""
CHANGED: tuple[Column, ...] = (word("cadastrado_em"), word("modificado_em"))
"""Kept as text: the zone is unstated, and they are compared only with themselves (7, Time zone)."""

WORDS = Aliases("pagina", "limite", "ordenacao", "direcao")
BY_NAME: tuple[Filter, ...] = (Holds("nome", ("nome",)),)
"""The vendor's `nome` is a part of the name."""


def erp_list(
    name: str,
    listed: Listed,
    columns: tuple[Column, ...],
    *,
    children: tuple[Child, ...] = (),
    slices: tuple[Dimension, ...] = (),
    params: Asked | None = None,
    detail: bool = False,
    dropped: tuple[str, ...] = (),
    about: tuple[About, ...] = (),
    impersonal: bool = False,
    rarely: bool = False,
) -> Resource:
    """A list as all of the ERP's are: `data`, `id`, at most 100 rows a page (2).

    detail: one record can be asked for by id, and 404 means that it was deleted (3, Errors).
    """
    return Resource(
        source="gestao_click",
        name=name,
        path=f"/{name}",
        records=("data",),
        key=("id",),
        columns=columns,
        children=children,
        slices=slices,
        params=params or {},
        by_id=ById() if detail else None,
        listed=_in_vendors_words(listed, columns),
        dropped=dropped,
        about=about,
        impersonal=impersonal,
        deleted_there="" if impersonal else DELETED_THERE,
        rarely=rarely,
        page_size=100,
    )


def _in_vendors_words(listed: Listed, columns: tuple[Column, ...]) -> Listed:
    has_name = any(column.name == "nome" for column in columns)
    said = any(each.name == "nome" for each in listed.filters)
    filters = (*BY_NAME, *listed.filters) if has_name and not said else listed.filters
    return replace(listed, filters=filters, aliases=WORDS)


def named(what: str) -> tuple[Column, Column]:
    """`situacao_id` and `nome_situacao`: the ERP writes the name beside every id."""
    (name,) = nobodys(word(f"nome_{what}"))
    return word(f"{what}_id"), name


def person(what: str, *, apart: bool = False) -> tuple[Column, Column]:
    """The same of somebody; apart: the record is not about that one, only the name is."""
    (name,) = personal(word(f"nome_{what}"), whose=f"{what}_id" if apart else None)
    return word(f"{what}_id"), name


def about(*whole: str, apart: tuple[str, ...] = ()) -> tuple[About, ...]:
    """Whose a document is, by the names of its columns; apart: who is only named in it."""
    return tuple(
        About(f"gestao_click.{PEOPLE[what]}", f"{what}_id", whole=what in whole)
        for what in (*whole, *apart)
    )


PEOPLE = {
    "cliente": "clientes",
    "fornecedor": "fornecedores",
    "transportadora": "transportadoras",
    "funcionario": "funcionarios",
    "vendedor": "funcionarios",
    "tecnico": "funcionarios",
    "usuario": "usuarios",
}

_DOCUMENT = re.compile(
    r"\b(?:venda|ordem\s+de\s+servi[çc]o|o\.?s\.?|compra)\s+(?:de\s+)?n\S{0,6}\s*[\d.]+(?:\s*\(\d+/\d+\))?",
    re.IGNORECASE,
)


def document_only(text: Any) -> str | None:
    """ "Venda de nº 12 (1/2)" of what a title says: by these words alone it is tied to its document (7)."""
    found = _DOCUMENT.search(str(text))
    return found[0] if found else None


ADDITIONAL: tuple[Column, ...] = (
    word("id"),
    word("atributo_id"),
    *nobodys(word("descricao")),
    *written(word("conteudo")),
    word("tipo"),
)


def additional(parent: str) -> Child:
    """Extra fields, as atributos_* define them."""
    return Child("atributos", ("atributos",), parent, ADDITIONAL)


def contacts(parent: str) -> Child:
    columns = (
        word("tipo_id"),
        *nobodys(word("nome_tipo")),
        *personal(word("nome")),
        *written(word("contato")),
        *personal(word("cargo")),
        *written(word("observacao")),
    )
    return Child("contatos", ("contatos",), parent, columns)


def addresses(parent: str) -> Child:
    columns = (
        *personal(word("cep"), word("logradouro"), word("numero"), word("complemento")),
        *personal(word("bairro")),
        word("cidade_id"),
        *nobodys(word("nome_cidade")),
        word("estado"),
    )
    return Child("enderecos", ("enderecos",), parent, columns)


PRICE: tuple[Column, ...] = (
    money("quantidade"),
    word("tipo_valor_id"),
    *nobodys(word("nome_tipo_valor")),
    money("valor_custo"),
    money("valor_venda"),
    word("tipo_desconto"),
    money("desconto_valor"),
    money("desconto_porcentagem"),
    money("valor_total"),
)
"""tipo_desconto is "R$" or "%"."""


def product_lines(parent: str) -> Child:
    """produto_id and variacao_id are integers here, strings elsewhere (7)."""
    columns = (
        word("produto_id"),
        word("variacao_id"),
        *nobodys(word("nome_produto")),
        word("codigo_produto"),
        word("codigo_barras"),
        *written(word("detalhes")),
        flag("movimenta_estoque"),
        flag("possui_variacao"),
        word("sigla_unidade"),
        *PRICE,
    )
    return Child("produtos", ("produtos",), parent, columns)


def service_lines(parent: str) -> Child:
    columns = (
        word("id"),
        word("servico_id"),
        *nobodys(word("nome_servico")),
        *written(word("detalhes")),
        word("sigla_unidade"),
        *PRICE,
    )
    return Child("servicos", ("servicos",), parent, columns)


INSTALMENT: tuple[Column, ...] = (
    day("data_vencimento"),
    money("valor"),
    word("forma_pagamento_id"),
    *nobodys(word("nome_forma_pagamento")),
    word("plano_contas_id"),
    *nobodys(word("nome_plano_conta")),
    *written(word("observacao")),
)
"""Planned, not paid: what became of them stands in recebimentos and pagamentos (7)."""


def instalments(parent: str, *own: Column) -> Child:
    return Child("pagamentos", ("pagamentos",), parent, (*own, *INSTALMENT))


def equipment(parent: str) -> Child:
    columns = (
        word("equipamento"),
        *personal(word("serie")),
        word("marca"),
        word("modelo"),
        *written(word("condicoes"), word("defeitos"), word("acessorios")),
        *written(word("solucao"), word("laudo"), word("termos_garantia")),
    )
    return Child("equipamentos", ("equipamentos",), parent, columns)


TERMS: tuple[Column, ...] = (
    word("condicao_pagamento"),
    word("forma_pagamento_id"),
    day("data_primeira_parcela"),
    count("numero_parcelas"),
    count("intervalo_dias"),
)
"""condicao_pagamento is a_vista or parcelado."""
