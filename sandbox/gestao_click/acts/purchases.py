"""Purchases: bought from a supplier, confirmed later, paid through payables ("Compra de nº N")."""

from sandbox.gestao_click import blank
from sandbox.gestao_click.acts.templates import (
    cancelled,
    hidden_like,
    is_cancelled,
    next_code,
    next_situation,
    shaped,
    situations,
)
from sandbox.gestao_click.acts.titles import supplier
from sandbox.gestao_click.acts.turn import Done, Turn
from sandbox.gestao_click.money import cents, instalments
from sandbox.gestao_click.trade import Bill, payments_of
from sandbox.records import Json, Record

PURCHASES, PAYABLES = "compras", "pagamentos"
STOCK = "30012"
"""Purchases of goods."""


def buy(turn: Turn) -> Done:
    """goods are ordered; the payables come when the purchase is confirmed"""
    table, store = turn.table(PURCHASES), turn.store()
    key, total = table.next_id(), turn.rng.randrange(10_000, 900_000)
    count = turn.rng.randrange(1, 4)
    state = (situations(turn, PURCHASES) or [{}])[0]
    document = shaped(
        turn,
        PURCHASES,
        {
            "id": str(key),
            "codigo": next_code(turn, PURCHASES),
            **supplier(turn),
            "data_emissao": turn.day(),
            "valor_frete": "0.00",
            "valor_impostos": "0.00",
            "desconto_valor": "0.00",
            "valor_produtos": cents(total),
            "valor_total": cents(total),
            "numero_parcelas": str(count),
            "nome_loja": store.name,
            "pagamentos": _payments(turn, key, total, count),
            "situacoes": [_step(turn, key * 10, state)],
            "produtos": [_line(turn, key, total)],
        },
        state,
    )
    turn.actions.store(table, document, hidden_like(turn, PURCHASES, loja_id=store.key))
    return {PURCHASES: [key]}


def confirm(turn: Turn) -> Done:
    """the purchase goes on to its next situation; the first step leaves the payables"""
    purchase = turn.often_new(PURCHASES, lambda row: not is_cancelled(row))
    row = purchase.open()
    after = next_situation(turn, PURCHASES, row)
    had = turn.actions.ties.titles(PURCHASES, purchase.key)
    made = [] if had else _charge(turn, purchase)
    steps = row.get("situacoes") or []
    history = {"situacoes": [*steps, _step(turn, purchase.key * 10 + len(steps), after)]}
    done = turn.change(PURCHASES, purchase, {**after, **history})
    return {**done, PAYABLES: [int(title["id"]) for title in made]}


def cancel(turn: Turn) -> Done:
    """the purchase is cancelled, or deleted where the account has no such situation"""
    purchase = turn.often_new(PURCHASES, lambda row: not is_cancelled(row))
    gone = turn.actions.discharge(PURCHASES, purchase.key)
    if any(map(is_cancelled, situations(turn, PURCHASES))):
        return {**turn.change(PURCHASES, purchase, cancelled(turn, PURCHASES)), PAYABLES: gone}
    turn.actions.delete(PURCHASES, [purchase.key])
    return {PURCHASES: [purchase.key], PAYABLES: gone}


def _charge(turn: Turn, purchase: Record) -> list[Json]:
    row = purchase.open()
    store = turn.actions.shop.store(purchase.facts.store)
    party = {name: row[name] for name in ("fornecedor_id", "nome_fornecedor")}
    bill = Bill(
        text=f"Compra de nº {row['codigo']}",
        at=turn.at,
        store=store,
        account=store.bank,
        party={"entidade": "F", **party},
    )
    return turn.actions.charge(PURCHASES, purchase.key, bill, payments_of(row))


def _payments(turn: Turn, key: int, total: int, count: int) -> list[Json]:
    """Purchases' instalments have an id (gestaoclick-api.md 7)."""
    made = []
    for number, amount in enumerate(instalments(total, count)):
        payment = blank.sale_payment(turn.day(30 * (number + 1)), amount, "40002", STOCK)
        made.append({"pagamento": {"id": str(key * 10 + number), **payment["pagamento"]}})
    return made


def _step(turn: Turn, key: int, state: Json) -> Json:
    """One entry of the history of situations."""
    about = {"situacao": state.get("nome_situacao", ""), "observacao": ""}
    return {"situacao": {"id": str(key), **about, "funcionario": "Ana Exemplo", "data": turn.at}}


def _line(turn: Turn, key: int, total: int) -> Json:
    ware = turn.rng.choice(turn.actions.shop.wares)
    return {
        "produto": {
            "id": str(key * 10),
            "produto_id": str(ware.key),
            "variacao_id": "",
            "nome_produto": ware.name,
            "detalhes": "",
            "possui_variacao": "0",
            "unidade": "UND",
            "quantidade": "1.00",
            "quantidade_saida": "0.00",
            "valor_custo": cents(total),
            "valor_total": cents(total),
            "largura": "0.000",
            "altura": "0.000",
        }
    }
