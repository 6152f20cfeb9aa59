"""Makes sales with their instalments, and the titles they leave in recebimentos.

gestaoclick-api.md 7: a sale and its titles are tied by text only ("Venda de nº N", with "(1/2)"
when there are several); the same `codigo` may exist in two stores.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sandbox.gestao_click import blank
from sandbox.gestao_click.money import cents, instalments, parts, to_cents
from sandbox.records import Json


@dataclass(frozen=True)
class Buyer:
    """cliente_id "" is a counter sale's "Consumidor" (section 5)."""

    key: str = ""
    name: str = "Consumidor"


@dataclass(frozen=True)
class Store:
    key: str
    name: str


@dataclass(frozen=True)
class Ware:
    key: int
    name: str
    price: int
    """In ten-thousandths (section 7: four decimals)."""


@dataclass(frozen=True)
class Order:
    """What identifies a sale to be made."""

    key: int
    code: int
    day: date
    at: str
    kind: str
    store: Store
    buyer: Buyer


def make_sale(rng: Random, order: Order, wares: list[Ware]) -> Json:
    lines, total = _lines(rng, order, wares)
    discount = total // 20 if rng.random() < 0.1 else 0
    total -= discount
    count = rng.choices((1, 2, 3), (65, 20, 15))[0] if order.kind != "vendas_balcao" else 1
    form = "40001" if count == 1 else "40002"
    dues = [(order.day + timedelta(days=30 * n)).isoformat() for n in range(count)]
    amounts = instalments(total, count)
    open_ = rng.random() < 0.1
    return blank.sale(
        order.key,
        order.code,
        order.day.isoformat(),
        order.at,
        cliente_id=order.buyer.key,
        nome_cliente=order.buyer.name,
        situacao_id="60001" if open_ else "60002",
        nome_situacao=blank.SITUATIONS["60001" if open_ else "60002"],
        valor_total=cents(total),
        desconto_valor=cents(discount),
        nome_loja=order.store.name,
        condicao_pagamento="a_vista" if count == 1 else "parcelado",
        forma_pagamento_id=form,
        numero_parcelas=str(count),
        pagamentos=[blank.sale_payment(d, a, form) for d, a in zip(dues, amounts, strict=True)],
        **{"servicos" if order.kind == "servico" else "produtos": lines},
    )


def _lines(rng: Random, order: Order, wares: list[Ware]) -> tuple[list[Json], int]:
    if order.kind == "servico" or not wares:
        total = rng.randrange(50, 800) * 100
        return [blank.sale_service(order.key % 1000, total)], total
    lines, total = [], 0
    for _ in range(rng.choices((1, 2, 3), (70, 20, 10))[0]):
        ware, quantity = rng.choice(wares), rng.randrange(1, 6)
        amount = (ware.price * quantity + 50) // 100
        lines.append(blank.sale_product(ware.key, ware.name, quantity, parts(ware.price), amount))
        total += amount
    return lines, total


def titles_of(sale: Json, store: Store, first_key: int) -> list[Json]:
    """The receivables of a sale, open."""
    payments = [entry["pagamento"] for entry in sale["pagamentos"]]
    made = []
    for number, payment in enumerate(payments, 1):
        text = f"Venda de nº {sale['codigo']}"
        if len(payments) > 1:
            text += f" ({number}/{len(payments)})"
        key = first_key + number - 1
        made.append(
            blank.title(
                key,
                key - 36000,
                text,
                to_cents(payment["valor"]),
                payment["data_vencimento"],
                sale["cadastrado_em"],
                forma_pagamento_id=payment["forma_pagamento_id"],
                nome_forma_pagamento=payment["nome_forma_pagamento"],
                cliente_id=sale["cliente_id"],
                nome_cliente=sale["nome_cliente"],
                loja_id=store.key,
                nome_loja=store.name,
            )
        )
    return made


def paid(title: Json, day: str, at: str, interest: int = 0) -> Json:
    """Section 4: paying moves the title from its due date to its payment date."""
    return {
        **title,
        "juros": cents(interest),
        "valor_total": cents(to_cents(title["valor"]) + interest),
        "liquidado": "1",
        "data_liquidacao": day,
        "modificado_em": at,
    }
