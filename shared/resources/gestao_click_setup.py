"""What an account of Gestão Click is set up with: stores, people who use it, situations, extra fields, places.

Most are lists without a detail route; their ids differ from account to account (gestaoclick-api.md 10.12).
"""

from __future__ import annotations

from shared.resources.columns import Column, email, flag, personal, phone, word
from shared.resources.filters import BeginsAs
from shared.resources.gestao_click_words import CHANGED, ID, erp_list
from shared.resources.grammar import Child, Listed, Resource

NAME: tuple[Column, ...] = (ID, word("nome"))
SOMEBODY: tuple[Column, ...] = (ID, *personal(word("nome")))
BY_NAME = ("nome",)

LOJAS = erp_list("lojas", Listed("stores", search=BY_NAME), NAME, impersonal=True)

USUARIOS = erp_list(
    "usuarios",
    Listed("users", search=("nome", "email")),
    (
        *SOMEBODY,
        email(word("email")),
        phone(word("telefone")),
        phone(word("celular1")),
        phone(word("celular2")),
        word("grupo_id"),
        flag("ativo"),
    ),
    # who works here and how to reach them, not their papers: no other list refers to these
    dropped=(
        "cpf",
        "rg",
        "data_nascimento",
        "sexo",
        "observacoes",
        "hora_entrada",
        "hora_almoco_entrada",
        "hora_almoco_saida",
        "hora_saida",
    ),
)

FUNCIONARIOS = erp_list("funcionarios", Listed("employees", search=BY_NAME), SOMEBODY)


def _situations(of: str, route: str, *more: Column) -> Resource:
    """Situations of documents: named by the account, so that only its settings can say what they mean."""
    listed = Listed(route, search=BY_NAME)
    return erp_list(f"situacoes_{of}", listed, (*NAME, flag("padrao"), *more), impersonal=True)


SITUACOES_VENDAS = _situations("vendas", "sale_statuses")
SITUACOES_ORCAMENTOS = _situations("orcamentos", "quote_statuses")
SITUACOES_ORDENS_SERVICOS = _situations("ordens_servicos", "service_order_statuses")
# what a purchase in this situation moves: 0 nothing, 1 stock and finance, 2 stock, 3 finance
SITUACOES_COMPRAS = _situations("compras", "purchase_statuses", word("tipo_lancamento"))

OPCOES = Child("opcoes", ("opcoes",), "atributo_id", NAME)
"""The choices of a check_list; the element's own atributo_id is another number (documented so)."""


def _extra_fields(of: str, route: str, *more: Column) -> Resource:
    """tipo: cpf, cnpj, check_list, data, numeros or texto_simples."""
    columns = (*NAME, word("tipo"), *more, *CHANGED)
    listed = Listed(route, search=BY_NAME)
    return erp_list(
        f"atributos_{of}", listed, columns, children=(OPCOES,), impersonal=True, detail=True
    )


PRINTED = word("exibir_impressao")
"""Sim or Não."""
ATRIBUTOS_CADASTROS = _extra_fields("cadastros", "partner_fields")
ATRIBUTOS_PRODUTOS = _extra_fields("produtos", "product_fields")
ATRIBUTOS_ORCAMENTOS = _extra_fields("orcamentos", "quote_fields", PRINTED)
ATRIBUTOS_VENDAS = _extra_fields("vendas", "sale_fields", PRINTED)
ATRIBUTOS_ORDENS_SERVICOS = _extra_fields("ordens_servicos", "service_order_fields", PRINTED)
ATRIBUTOS_FINANCEIROS = _extra_fields("financeiros", "finance_fields")

TIPOS_CONTATOS = erp_list(
    "tipos_contatos", Listed("contact_types", search=BY_NAME), NAME, impersonal=True, rarely=True
)
TIPOS_ENDERECOS = erp_list(
    "tipos_enderecos", Listed("address_types", search=BY_NAME), NAME, impersonal=True, rarely=True
)

ESTADOS = erp_list(
    "estados",
    Listed("states", search=("nome", "sigla")),
    (ID, word("codigo"), word("nome"), word("sigla")),
    impersonal=True,
    rarely=True,
)

# Read whole, 56 pages for the country: a row does not say its state, but the first two digits of its IBGE
# `codigo` are its state's `codigo`. Asked state by state it would be no cheaper, and should the filter be
# ignored (the sample address calls it `estado`, the table `estado_id`), 27 times as dear and wrong.
CIDADES = erp_list(
    "cidades",
    Listed(
        "cities",
        search=BY_NAME,
        filters=(BeginsAs("estado_id", "codigo", to="gestao_click.estados"),),
    ),
    (ID, word("codigo"), word("nome")),
    impersonal=True,
    rarely=True,
)
