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

CANCELLED = "60004"
AMOUNTS = ("valor", "juros", "desconto", "taxa_banco", "taxa_operadora")


@dataclass(frozen=True)
class Buyer:
    """cliente_id "" is a counter sale's "Consumidor" (section 5)."""

    key: str = ""
    name: str = "Consumidor"


@dataclass(frozen=True)
class Account:
    """A bank account or a cash box."""

    key: str = "20001"
    name: str = "Conta Corrente Exemplo"


@dataclass(frozen=True)
class Store:
    key: str
    name: str
    bank: Account = Account()
    box: Account = Account()
    """Where counter sales go."""


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
    situation: str = "60002"


@dataclass(frozen=True)
class Extras:
    """What is added and taken off when a title is paid, in cents."""

    interest: int = 0
    discount: int = 0
    bank: int = 0
    operator: int = 0


def make_sale(rng: Random, order: Order, wares: list[Ware]) -> Json:
    lines, total = _lines(rng, order, wares)
    discount = total // 20 if rng.random() < 0.1 else 0
    total -= discount
    count = rng.choices((1, 2, 3), (65, 20, 15))[0] if order.kind != "vendas_balcao" else 1
    form = rng.choice(("40001", "40003", "40004") if count == 1 else ("40002", "40002", "40003"))
    category = "30002" if order.kind == "servico" else "30001"
    dues = [(order.day + timedelta(days=30 * n)).isoformat() for n in range(count)]
    amounts = instalments(total, count)
    return blank.sale(
        order.key,
        order.code,
        order.day.isoformat(),
        order.at,
        cliente_id=order.buyer.key,
        nome_cliente=order.buyer.name,
        situacao_id=order.situation,
        nome_situacao=blank.SITUATIONS[order.situation],
        valor_total=cents(total),
        desconto_valor=cents(discount),
        nome_loja=order.store.name,
        condicao_pagamento="a_vista" if count == 1 else "parcelado",
        forma_pagamento_id=form,
        numero_parcelas=str(count),
        pagamentos=[
            blank.sale_payment(due, amount, form, category)
            for due, amount in zip(dues, amounts, strict=True)
        ],
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


@dataclass(frozen=True)
class Bill:
    """What a document leaves in recebimentos or pagamentos."""

    text: str
    """The only tie: "Venda de nº 1101", "Ordem de serviço de nº 501", "Compra de nº 395"."""
    at: str
    store: Store
    account: Account
    party: Json
    """cliente_id and nome_cliente, or entidade, fornecedor_id and nome_fornecedor."""


def titles_of(sale: Json, store: Store, first_key: int) -> list[Json]:
    """The receivables of a sale, open."""
    return titles_for(bill_of(sale, store), payments_of(sale), first_key)


def bill_of(sale: Json, store: Store, text: str = "Venda de nº") -> Bill:
    return Bill(
        text=f"{text} {sale['codigo']}",
        at=sale["cadastrado_em"],
        store=store,
        account=store.bank if sale["cliente_id"] else store.box,
        party={"cliente_id": sale["cliente_id"], "nome_cliente": sale["nome_cliente"]},
    )


def payments_of(document: Json) -> list[Json]:
    return [entry["pagamento"] for entry in document["pagamentos"]]


def titles_for(bill: Bill, payments: list[Json], first_key: int, before: int = 0) -> list[Json]:
    """One for each payment, open; `before`: instalments that are there already."""
    count = before + len(payments)
    made = []
    for number, payment in enumerate(payments):
        part = f" ({before + number + 1}/{count})" if count > 1 else ""
        key = first_key + number
        made.append(
            blank.title(
                key,
                key - 36000,
                bill.text + part,
                to_cents(payment["valor"]),
                payment["data_vencimento"],
                bill.at,
                forma_pagamento_id=payment["forma_pagamento_id"],
                nome_forma_pagamento=payment["nome_forma_pagamento"],
                plano_contas_id=payment["plano_contas_id"],
                nome_plano_conta=payment["nome_plano_conta"],
                conta_bancaria_id=bill.account.key,
                nome_conta_bancaria=bill.account.name,
                loja_id=bill.store.key,
                nome_loja=bill.store.name,
                **bill.party,
            )
        )
    return made


def paid(title: Json, day: str, at: str, extras: Extras | None = None) -> Json:
    """Section 4: paying moves the title from its due date to its payment date.

    Without `extras` those that the title has stay.
    """
    after = {**title, "liquidado": "1", "data_liquidacao": day, "modificado_em": at}
    if extras is not None:
        after |= {
            "juros": cents(extras.interest),
            "desconto": cents(extras.discount),
            "taxa_banco": cents(extras.bank),
            "taxa_operadora": cents(extras.operator),
        }
    return after | {"valor_total": net(after)}


def fees(title: Json) -> dict[str, int]:
    """What the bank or the card's operator keeps of a receivable, in cents."""
    match title["forma_pagamento_id"], title["entidade"]:
        case "40002", "C":
            return {"bank": 250}
        case "40003", "C":
            return {"operator": to_cents(title["valor"]) * 35 // 1000}
    return {}


def net(title: Json) -> str:
    """Section 7: valor + juros - desconto - taxa_banco - taxa_operadora."""
    value, interest, *less = (to_cents(title.get(name)) for name in AMOUNTS)
    return cents(value + interest - sum(less))
