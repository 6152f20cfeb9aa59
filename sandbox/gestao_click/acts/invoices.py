"""Invoices: issued for a sale (`pedido_id`), approved or cancelled later."""

from datetime import date

from sandbox.gestao_click.acts.templates import next_code, shaped
from sandbox.gestao_click.acts.turn import Done, Turn
from sandbox.gestao_click.trade import CANCELLED
from sandbox.records import Json

LISTS = {
    "produto": "notas_fiscais_produtos",
    "vendas_balcao": "notas_fiscais_consumidores",
    "servico": "notas_fiscais_servicos",
}
"""Kind of sale -> list of its invoices."""
OPEN, APPROVED, VOID = "Em aberto", "Aprovada", "Cancelada"


def issue(turn: Turn) -> Done:
    """an invoice for a sale: only it names the sale by id"""
    sale = turn.often_new("vendas", lambda row: row["situacao_id"] != CANCELLED)
    row = sale.open()
    name = LISTS.get(sale.facts.kind, LISTS["produto"])
    table = turn.table(name)
    key = table.next_id()
    store = turn.actions.shop.store(sale.facts.store)
    fields: Json = {
        "id": str(key),
        "loja_id": store.key,
        "nome_loja": store.name,
        "pedido_id": row["id"],
        "codigo": next_code(turn, name),
        "numero_nf": next_code(turn, name, "numero_nf"),
        "data_emissao": turn.day(),
        "hora_emissao": turn.at[11:],
        "situacao_nf": OPEN,
        "situacao": OPEN,
        "destinatario_id": row["cliente_id"],
        "destinatario_nome": row["nome_cliente"],
        "destinatario_id_cliente": row["cliente_id"],
        "destinatario_nome_cliente": row["nome_cliente"],
        "valor_total_nf": row["valor_total"],
        "valor_produtos": row["valor_total"],
        "pagamento": [_duplicate(n, p["pagamento"]) for n, p in enumerate(row["pagamentos"], 1)],
    }
    turn.actions.store(table, shaped(turn, name, fields), None)
    return {name: [key]}


def decide(turn: Turn) -> Done:
    """an open invoice is approved, an approved one sometimes cancelled"""
    name = turn.rng.choice(list(LISTS.values()))
    field = "situacao_nf" if name != LISTS["servico"] else "situacao"
    invoice = turn.often_new(name, lambda row: row.get(field) in (OPEN, APPROVED))
    after = APPROVED if invoice.open()[field] == OPEN else VOID
    return turn.change(name, invoice, {field: after})


def _duplicate(number: int, payment: Json) -> Json:
    """Instalments of invoices have their dates as DD/MM/YYYY (gestaoclick-api.md 7)."""
    due = date.fromisoformat(payment["data_vencimento"])
    return {
        "numero_duplicata": str(number),
        "forma_pagamento_id": payment["forma_pagamento_id"],
        "data_vencimento": due.strftime("%d/%m/%Y"),
        "valor_pagamento": payment["valor"],
        "tipo_pagamento": "BB",
        "codigo_autorizacao": "",
        "cnpj_credenciadora": "",
        "bandeira_cartao": "",
        "valor_troco": "",
    }
