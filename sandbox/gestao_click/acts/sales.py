"""What is done to sales: made in every kind and store, edited, cancelled, deleted."""

from datetime import date, timedelta

from sandbox.gestao_click import blank
from sandbox.gestao_click.acts.turn import Done, NothingToDo, Turn
from sandbox.gestao_click.money import cents, instalments, to_cents
from sandbox.gestao_click.trade import CANCELLED, bill_of
from sandbox.records import Json, Key, Record

SALES, TITLES = "vendas", "recebimentos"
KINDS = ("produto", "produto", "produto", "servico", "vendas_balcao")
LINES = (("produtos", "produto"), ("servicos", "servico"))


def sell(turn: Turn) -> Done:
    """a sale of any kind in any store, with its instalments"""
    turn.table(SALES)
    hidden = {"tipo": turn.rng.choice(KINDS), "loja_id": turn.store().key}
    sale = turn.actions.sell({}, hidden, turn.rng)
    return {SALES: [int(sale["id"])], TITLES: _keys(turn, sale["id"])}


def edit(turn: Turn) -> Done:
    """what it costs changes: so do its open titles"""
    sale, opened = _with_open_titles(turn)
    rest = sum(to_cents(title.open()["valor"]) for title in opened)
    rest = max(len(opened), rest * turn.rng.choice((60, 85, 110, 130)) // 100)
    for title, amount in zip(opened, instalments(rest, len(opened)), strict=True):
        turn.actions.change(TITLES, [title.key], {"valor": cents(amount)})
    return _rewrite(turn, sale, [title.key for title in opened])


def resplit(turn: Turn) -> Done:
    """its instalments change: the open titles vanish, others come"""
    sale, opened = _with_open_titles(turn)
    row, first = sale.open(), opened[0].open()
    rest = sum(to_cents(title.open()["valor"]) for title in opened)
    gone = turn.actions.discharge(SALES, sale.key)
    count = turn.rng.randrange(1, 5)
    amounts = instalments(rest, min(count, rest))
    days = [turn.day(30 * number + turn.rng.randrange(1, 15)) for number in range(len(amounts))]
    form = ("forma_pagamento_id", "nome_forma_pagamento", "plano_contas_id", "nome_plano_conta")
    payments = [
        {"data_vencimento": day, "valor": cents(amount), **{name: first[name] for name in form}}
        for day, amount in zip(days, amounts, strict=True)
    ]
    bill = bill_of({**row, "cadastrado_em": turn.at}, turn.actions.shop.store(sale.facts.store))
    before = len(turn.actions.ties.titles(SALES, sale.key))
    made = turn.actions.charge(SALES, sale.key, bill, payments, before)
    return _rewrite(turn, sale, [*gone, *(int(title["id"]) for title in made)])


def cancel(turn: Turn) -> Done:
    """it is cancelled: the row stays, the open titles vanish"""
    sale = turn.often_new(SALES, _live)
    gone = turn.actions.discharge(SALES, sale.key)
    turn.change(SALES, sale, situation(CANCELLED))
    return {SALES: [sale.key], TITLES: gone}


def conclude(turn: Turn) -> Done:
    """an open sale is concluded, some weeks after it was made"""
    sale = turn.often_new(SALES, lambda row: row["situacao_id"] in ("60001", "60003"))
    return turn.change(SALES, sale, situation("60002"))


def note(turn: Turn) -> Done:
    """something is written in its remarks"""
    sale = turn.often_new(SALES, lambda _: True)
    return turn.change(SALES, sale, {"observacoes": f"revisto {turn.rng.randrange(10_000)}"})


def move(turn: Turn) -> Done:
    """its date is corrected: it changes to another window"""
    sale = turn.often_new(SALES, _live)
    day = date.fromisoformat(sale.open()["data"]) - timedelta(days=turn.rng.randrange(1, 40))
    return turn.change(SALES, sale, {"data": day.isoformat()})


def delete(turn: Turn) -> Done:
    """it is deleted, its open titles too; nothing tells"""
    sale = turn.often_new(SALES, lambda _: True)
    gone = [title.key for title in turn.actions.ties.open_titles(SALES, sale.key)]
    turn.actions.delete(SALES, [sale.key])
    return {SALES: [sale.key], TITLES: gone}


def situation(key: str) -> Json:
    return {"situacao_id": key, "nome_situacao": blank.SITUATIONS[key]}


def _live(row: Json) -> bool:
    return bool(row["situacao_id"] != CANCELLED)


def _with_open_titles(turn: Turn) -> tuple[Record, list[Record]]:
    ties = turn.actions.ties
    sale = turn.often_new(
        SALES, lambda row: _live(row) and bool(ties.open_titles(SALES, row["id"]))
    )
    opened = ties.open_titles(SALES, sale.key)
    if not opened:
        raise NothingToDo(SALES)
    return sale, opened


def _rewrite(turn: Turn, sale: Record, titles: list[Key]) -> Done:
    """The document says what its titles say; the difference to its lines is freight or discount."""
    rows = [title.open() for title in turn.actions.ties.titles(SALES, sale.key)]
    total = sum(to_cents(row["valor"]) for row in rows)
    opened = sale.open()
    lines = [entry[one] for many, one in LINES for entry in opened.get(many) or []]
    more = total - sum(to_cents(line["valor_total"]) for line in lines)
    fields = {
        "valor_total": cents(total),
        "valor_frete": cents(max(more, 0)),
        "desconto_valor": cents(max(-more, 0)),
        "condicao_pagamento": "a_vista" if len(rows) == 1 else "parcelado",
        "numero_parcelas": str(len(rows)),
        "data_primeira_parcela": rows[0]["data_vencimento"],
        "pagamentos": [_payment(row) for row in rows],
    }
    return {**turn.change(SALES, sale, fields), TITLES: titles}


def _payment(title: Json) -> Json:
    names = ("data_vencimento", "valor", "forma_pagamento_id", "nome_forma_pagamento")
    more = ("plano_contas_id", "nome_plano_conta")
    return {"pagamento": {**{name: title[name] for name in (*names, *more)}, "observacao": ""}}


def _keys(turn: Turn, sale: str) -> list[Key]:
    return [title.key for title in turn.actions.ties.titles(SALES, sale)]
