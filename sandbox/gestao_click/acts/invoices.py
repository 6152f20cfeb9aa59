"""Invoices: issued for a sale (`pedido_id`), approved or cancelled later."""

from datetime import date

from sandbox.gestao_click.acts.templates import next_code, shaped
from sandbox.gestao_click.acts.turn import Done, Turn
from sandbox.gestao_click.trade import CANCELLED
from sandbox.records import Json

GOODS, COUNTER, WORK = (
    "notas_fiscais_produtos",
    "notas_fiscais_consumidores",
    "notas_fiscais_servicos",
)
OPEN, VOID = "Em aberto", "Cancelada"
APPROVED = {GOODS: "Aprovada", COUNTER: "Aprovada", WORK: "Emitida"}


def issue(turn: Turn) -> Done:
    """an invoice: for a sale of goods, or for a service order; only it names them by id"""
    if turn.rng.random() < 0.2:
        document, name = turn.lately("ordens_servicos", lambda _: True, 40), WORK
    else:
        document = turn.lately("vendas", lambda row: row["situacao_id"] != CANCELLED)
        name = COUNTER if document.facts.kind == "vendas_balcao" else GOODS
    row, table = document.open(), turn.table(name)
    key = table.next_id()
    store = turn.actions.shop.store(document.facts.store)
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
    """an open invoice is approved, an approved one cancelled"""
    name = turn.name or turn.rng.choice((GOODS, GOODS, COUNTER, WORK))
    field = "situacao" if name == WORK else "situacao_nf"
    invoice = turn.often_new(name, lambda row: row.get(field) in (OPEN, APPROVED[name]))
    after = APPROVED[name] if invoice.open()[field] == OPEN else VOID
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
