"""Bare records in the ERP's shape and key order (gestaoclick-api.md 7, fixtures observed/)."""

from typing import Any

from sandbox.gestao_click.money import cents
from sandbox.records import Json

FORMS = {
    "40001": "Pix",
    "40002": "Boleto Bancario",
    "40003": "Cartao de Credito",
    "40004": "Dinheiro",
}
SITUATIONS = {
    "60001": "Em aberto",
    "60002": "Concretizada",
    "60003": "Em andamento",
    "60004": "Cancelada",
}
CATEGORIES = {
    "30001": "Vendas de produtos",
    "30002": "Prestacao de servicos",
    "30011": "Aluguel",
    "30012": "Compras de mercadorias",
    "30003": "Outras receitas",
    "30013": "Energia",
}


def client(key: int, at: str, **more: Any) -> Json:
    return {
        "id": str(key),
        "tipo_pessoa": "PF",
        "nome": "",
        "razao_social": "",
        "cnpj": "",
        "inscricao_estadual": "",
        "inscricao_municipal": "",
        "cpf": "",
        "rg": "",
        "data_nascimento": "0000-00-00",
        "telefone": "",
        "celular": "",
        "fax": "",
        "email": "",
        "ativo": "1",
        "contatos": [],
        "enderecos": [],
        "atributos": [],
        "cadastrado_em": at,
        "modificado_em": at,
        **more,
    }


def product(key: int, at: str, cost: str, price: str, **more: Any) -> Json:
    prices = {
        "tipo_id": "86001",
        "nome_tipo": "Varejo",
        "lucro_utilizado": "50.00",
        "valor_custo": cost,
        "valor_venda": price,
    }
    fiscal = ("peso_liquido", "peso_bruto", "valor_aproximado_tributos", "valor_fixo_pis",
              "valor_fixo_pis_st", "valor_fixo_confins", "valor_fixo_confins_st")  # fmt: skip
    return {
        "id": str(key),
        "nome": "",
        "codigo_interno": "",
        "codigo_barra": "",
        "possui_variacao": "0",
        "possui_composicao": "0",
        "movimenta_estoque": "1",
        "peso": "0.000",
        "largura": "0.000",
        "altura": "0.000",
        "comprimento": "0.000",
        "ativo": "1",
        "grupo_id": "85002",
        "nome_grupo": "Acessorios",
        "descricao": "",
        "estoque": 0,
        "valor_custo": cost,
        "valor_venda": price,
        "valores": [prices],
        "variacoes": [],
        "fiscal": {"ncm": "", "cest": "", **dict.fromkeys(fiscal)},
        "fornecedores": [],
        "fotos": [],
        "cadastrado_em": at,
        "modificado_em": at,
        **more,
    }


def sale(key: int, code: int, day: str, at: str, **more: Any) -> Json:
    return {
        "id": str(key),
        "codigo": str(code),
        "cliente_id": "",
        "nome_cliente": "Consumidor",
        "vendedor_id": "5001",
        "nome_vendedor": "Ana Exemplo",
        "tecnico_id": None,
        "nome_tecnico": None,
        "data": day,
        "previsao_entrega": None,
        "prazo_entrega": None,
        "situacao_id": "60002",
        "nome_situacao": "Concretizada",
        "valor_total": "0.00",
        "transportadora_id": None,
        "nome_transportadora": None,
        "centro_custo_id": "25001",
        "nome_centro_custo": "Comercial",
        "aos_cuidados_de": None,
        "validade": None,
        "introducao": None,
        "observacoes": None,
        "observacoes_interna": None,
        "valor_frete": "0.00",
        "desconto_valor": "0.00",
        "desconto_porcentagem": "0.00",
        "nome_canal_venda": "Presencial",
        "nome_loja": "",
        "valor_custo": "0.00",
        "condicao_pagamento": "a_vista",
        "situacao_financeiro": "1",
        "situacao_estoque": "1",
        "forma_pagamento_id": "40001",
        "data_primeira_parcela": day,
        "numero_parcelas": "1",
        "intervalo_dias": "30",
        "hash": f"hAsh{key}",
        "equipamentos": [],
        "pagamentos": [],
        "produtos": [],
        "servicos": [],
        "atributos": [],
        "cadastrado_em": at,
        "modificado_em": at,
        **more,
    }


def sale_payment(due: str, amount: int, form: str, category: str = "30001") -> Json:
    return {
        "pagamento": {
            "data_vencimento": due,
            "valor": cents(amount),
            "forma_pagamento_id": form,
            "nome_forma_pagamento": FORMS[form],
            "plano_contas_id": category,
            "nome_plano_conta": CATEGORIES[category],
            "observacao": "",
        }
    }


def sale_product(product_id: int, name: str, quantity: int, price: str, total: int) -> Json:
    """Section 7: produto_id is an integer inside a document's lines."""
    return {
        "produto": {
            "produto_id": product_id,
            "variacao_id": None,
            "nome_produto": name,
            "codigo_produto": "",
            "detalhes": "",
            "movimenta_estoque": "1",
            "possui_variacao": "0",
            "sigla_unidade": "UND",
            "quantidade": f"{quantity}.00",
            "tipo_valor_id": "86001",
            "nome_tipo_valor": "Varejo",
            "valor_custo": "40.00",
            "valor_venda": price,
            "tipo_desconto": "R$",
            "desconto_valor": "0.00",
            "desconto_porcentagem": "0.00",
            "valor_total": cents(total),
        }
    }


def sale_service(line: int, total: int) -> Json:
    return {
        "servico": {
            "id": str(87000 + line),
            "servico_id": "81001",
            "nome_servico": "Manutencao Exemplo",
            "detalhes": "",
            "sigla_unidade": None,
            "quantidade": "1.00",
            "tipo_valor_id": None,
            "nome_tipo_valor": None,
            "valor_custo": "0.0000",
            "valor_venda": f"{cents(total)}00",
            "tipo_desconto": "%",
            "desconto_valor": None,
            "desconto_porcentagem": "0.0000",
            "valor_total": cents(total),
        }
    }


def title(key: int, code: int, text: str, amount: int, due: str, at: str, **more: Any) -> Json:
    """A receivable or payable, open until `data_liquidacao` is set."""
    return {
        "id": str(key),
        "codigo": str(code),
        "descricao": text,
        "valor": cents(amount),
        "juros": "0.00",
        "desconto": "0.00",
        "taxa_banco": "0.00",
        "taxa_operadora": "0.00",
        "valor_total": cents(amount),
        "plano_contas_id": "30001",
        "nome_plano_conta": "Vendas de produtos",
        "centro_custo_id": "",
        "nome_centro_custo": "",
        "conta_bancaria_id": "20001",
        "nome_conta_bancaria": "Conta Corrente Exemplo",
        "forma_pagamento_id": "40001",
        "nome_forma_pagamento": "Pix",
        "entidade": "C",
        "fornecedor_id": "",
        "nome_fornecedor": "",
        "cliente_id": "",
        "nome_cliente": "",
        "transportadora_id": "",
        "nome_transportadora": "",
        "funcionario_id": "",
        "nome_funcionario": "",
        "liquidado": "0",
        "data_vencimento": due,
        "data_liquidacao": "",
        "data_competencia": at[:10],
        "usuario_id": "5001",
        "nome_usuario": "Ana Exemplo",
        "loja_id": "90001",
        "nome_loja": "",
        "atributos": [],
        "cadastrado_em": at,
        "modificado_em": at,
        **more,
    }
