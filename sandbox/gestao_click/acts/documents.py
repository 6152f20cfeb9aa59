"""Service orders and quotes: documents of the shape of a sale, in situations of their own."""

from sandbox.gestao_click.acts.templates import (
    cancelled,
    hidden_like,
    is_cancelled,
    next_code,
    next_situation,
    shaped,
    situations,
)
from sandbox.gestao_click.acts.turn import Done, NothingToDo, Turn
from sandbox.gestao_click.trade import Buyer, Order, Store, bill_of, make_sale, payments_of
from sandbox.records import Json, Key

ORDERS, QUOTES, SALES = "ordens_servicos", "orcamentos", "vendas"
DELETED = (QUOTES, ORDERS, "compras", "notas_fiscais_produtos")
WORK = "Ordem de serviço de nº"


def open_order(turn: Turn) -> Done:
    """a service order is opened; it leaves no titles before it is finished"""
    store = turn.store()
    day = {"data_entrada": turn.day(), "data": turn.day(), "data_saida": ""}
    return {ORDERS: [_write(turn, ORDERS, "servico", store, day)]}


def advance_order(turn: Turn) -> Done:
    """a service order, perhaps weeks old, changes its situation; the last one leaves titles"""
    order = turn.one(ORDERS, lambda row: not is_cancelled(row) and not _finished(turn, row))
    after = next_situation(turn, ORDERS, order.open())
    if not _finished(turn, after):
        return turn.change(ORDERS, order, after)
    row = {**order.open(), "cadastrado_em": turn.at}
    store = turn.actions.shop.store(order.facts.store)
    payments = [{**payment, "data_vencimento": turn.day(10)} for payment in payments_of(row)]
    titles = turn.actions.charge(ORDERS, order.key, bill_of(row, store, WORK), payments)
    out = {"data_saida": turn.day()} if "data_saida" in row else {}
    done = turn.change(ORDERS, order, {**after, **out})
    return {**done, "recebimentos": [int(title["id"]) for title in titles]}


def note_order(turn: Turn) -> Done:
    """something is written in an old service order (gestaoclick-api.md 10.16)"""
    order = turn.one(ORDERS, lambda _: True)
    text = f"visto {turn.rng.randrange(10_000)}"
    return turn.change(ORDERS, order, {"observacoes_interna": text})


def cancel_order(turn: Turn) -> Done:
    """a service order is cancelled, or deleted where the account has no such situation"""
    order = turn.one(ORDERS, lambda row: not is_cancelled(row))
    gone = turn.actions.discharge(ORDERS, order.key)
    if situations(turn, ORDERS):
        return {**turn.change(ORDERS, order, cancelled(turn, ORDERS)), "recebimentos": gone}
    turn.actions.delete(ORDERS, [order.key])
    return {ORDERS: [order.key], "recebimentos": gone}


def write_quote(turn: Turn) -> Done:
    """a quote of either kind"""
    kind = turn.rng.choice(("produto", "produto", "servico"))
    return {QUOTES: [_write(turn, QUOTES, kind, turn.store(), {"data": turn.day()})]}


def decide_quote(turn: Turn) -> Done:
    """a quote goes on to its next situation, or is cancelled"""
    quote = turn.often_new(QUOTES, lambda row: not is_cancelled(row))
    if turn.rng.random() < 0.2:
        return turn.change(QUOTES, quote, cancelled(turn, QUOTES))
    return turn.change(QUOTES, quote, next_situation(turn, QUOTES, quote.open()))


def delete(turn: Turn) -> Done:
    """a document that is no sale is deleted, its open titles too; nothing tells"""
    name = turn.name or turn.rng.choice(DELETED)
    if len(turn.table(name).ids) <= 3:
        raise NothingToDo(name)
    document = turn.often_new(name, lambda _: True)
    turn.actions.delete(name, [document.key])
    return {name: [document.key]}


def _write(turn: Turn, name: str, kind: str, store: Store, more: Json) -> Key:
    """The list's own shape around the lines and instalments of a sale."""
    table, shop = turn.table(name), turn.actions.shop
    key, code = table.next_id(), int(next_code(turn, name))
    buyer: Buyer = turn.rng.choice(shop.buyers)
    order = Order(key, code, turn.today, turn.at, kind, store, buyer)
    sale = make_sale(turn.rng, order, shop.wares)
    total = {"valor_produtos": "0.00", "valor_servicos": "0.00"}
    total["valor_servicos" if kind == "servico" else "valor_produtos"] = sale["valor_total"]
    state = (situations(turn, name) or [{}])[0]
    document = shaped(turn, name, sale, total, more, state)
    hidden = hidden_like(turn, name, loja_id=store.key, tipo=kind)
    turn.actions.store(table, document, hidden)
    return key


def _finished(turn: Turn, row: Json) -> bool:
    """In the last of the situations that are no cancellation."""
    order = [entry for entry in situations(turn, ORDERS) if not is_cancelled(entry)]
    return not order or bool(row["situacao_id"] == order[-1]["situacao_id"])
