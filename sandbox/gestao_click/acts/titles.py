"""What is done to receivables and payables: paid in every way, moved, changed, deleted.

Each keeps `valor_total` true (gestaoclick-api.md 7); paying and undoing move the title between the
windows of section 4.
"""

from datetime import date

from sandbox.gestao_click import blank
from sandbox.gestao_click.acts.turn import TITLES, Done, Turn
from sandbox.gestao_click.money import cents, to_cents
from sandbox.gestao_click.trade import Extras, fees
from sandbox.records import Json, Record

FORGOTTEN = 7
"""One title in so many is not paid when it is due."""
UNPAID: Json = {
    "liquidado": "0",
    "juros": "0.00",
    "desconto": "0.00",
    "taxa_banco": "0.00",
    "taxa_operadora": "0.00",
}


def pay_due(turn: Turn) -> Done:
    """what is due today, or was yesterday, is paid, but for those that forget"""
    done: Done = {}
    for name in dict.fromkeys(TITLES):
        table = turn.table(name)
        for key in table.shelves.between(turn.day(-1), turn.day()):
            row = table.live[key].open()
            if not table.live[key].planted and row["liquidado"] == "0" and key % FORGOTTEN:
                turn.actions.pay(name, key, extras=Extras(**fees(row)))
                done.setdefault(name, []).append(key)
    return done


def pay_late(turn: Turn) -> Done:
    """an overdue title is paid with interest: it leaves an old month's window for today's"""
    oldest = turn.rng.choice((-20, -60, -120, -1100))
    name, title = turn.title(oldest, -5)
    return _pay(turn, name, title, interest=_share(title, turn.rng.randrange(1, 80)))


def pay_ahead(turn: Turn) -> Done:
    """a title that is not due yet is paid, with a discount"""
    name, title = turn.title(5, 120)
    return _pay(turn, name, title, discount=_share(title, turn.rng.randrange(0, 50)))


def pay_backdated(turn: Turn) -> Done:
    """a payment of weeks ago is entered today"""
    name, title = turn.title(-90, 20)
    return _pay(turn, name, title, day=turn.day(-turn.rng.choice((3, 12, 40))))


def undo(turn: Turn) -> Done:
    """a payment is undone: the title goes back to the window of its due date"""
    name, title = turn.title(-turn.rng.choice((5, 45, 120)), 0, liquidado="1")
    return turn.change(name, title, {**UNPAID, "data_liquidacao": turn.rng.choice(("", None))})


def postpone(turn: Turn) -> Done:
    """an open title is to be paid in another month"""
    name, title = turn.title(-60, 30)
    due = date.fromisoformat(title.open()["data_vencimento"])
    later = max(due, turn.today).toordinal() + turn.rng.randrange(20, 70)
    return turn.change(name, title, {"data_vencimento": date.fromordinal(later).isoformat()})


def predate(turn: Turn) -> Done:
    """the due date of an open title is corrected to a past one"""
    name, title = turn.title(-10, 60)
    past = turn.day(-turn.rng.choice((2, 9, 35, 80)))
    return turn.change(name, title, {"data_vencimento": past})


def adjust(turn: Turn) -> Done:
    """interest, discount or a fee is written on an open title"""
    name, title = turn.title(-60, 60)
    field = turn.rng.choice(("juros", "desconto", "taxa_banco", "taxa_operadora"))
    amount = cents(_share(title, turn.rng.randrange(1, 60)))
    return turn.change(name, title, {field: amount})


def revalue(turn: Turn) -> Done:
    """the amount of an open title is changed by hand"""
    name, title = turn.title(-30, 60)
    amount = _share(title, turn.rng.randrange(500, 1500)) or 1
    return turn.change(name, title, {"valor": cents(amount), **{k: UNPAID[k] for k in EXTRAS}})


EXTRAS = ("juros", "desconto", "taxa_banco", "taxa_operadora")


def rebook(turn: Turn) -> Done:
    """another category, cost centre or bank account, paid or not"""
    name, title = turn.title(-100, 60, liquidado=turn.rng.choice("01"))
    plan = _plan(turn, name)
    choices = [
        [_named(p, "plano_contas_id", "nome_plano_conta") for p in plan],
        [_named(c, "centro_custo_id", "nome_centro_custo") for c in turn.all("centros_custos")],
        [_named(a, "conta_bancaria_id", "nome_conta_bancaria") for a in _accounts(turn)],
    ]
    filled = [fields for fields in choices if fields]
    return turn.change(name, title, turn.rng.choice(turn.rng.choice(filled)))


def delete(turn: Turn) -> Done:
    """a title is deleted, open or paid; nothing tells"""
    name, title = turn.title(-100, 60, liquidado=turn.rng.choice("001"))
    turn.actions.delete(name, [title.key])
    return {name: [title.key]}


def new(turn: Turn) -> Done:
    """a title of no document; some are entered when they are already paid"""
    name = turn.name or turn.rng.choice(TITLES)
    table, store = turn.table(name), turn.store()
    receivable = name == "recebimentos"
    text = turn.rng.choice(("Aluguel de sala", "Comissao") if receivable else ("Energia", "Frete"))
    default = {"id": "30002" if receivable else "30011"}
    category = str(turn.rng.choice(_plan(turn, name) or [default])["id"])
    key = table.next_id()
    title = blank.title(
        key,
        key - 36000,
        text,
        turn.rng.randrange(2_000, 300_000),
        turn.day(turn.rng.randrange(-10, 50)),
        turn.at,
        plano_contas_id=category,
        nome_plano_conta=blank.CATEGORIES.get(category, ""),
        conta_bancaria_id=store.bank.key,
        nome_conta_bancaria=store.bank.name,
        loja_id=store.key,
        nome_loja=store.name,
        **(_client(turn) if receivable else supplier(turn)),
    )
    turn.actions.store(table, title, None)
    if turn.rng.random() < 0.3:
        turn.actions.pay(name, key, turn.day(-turn.rng.choice((0, 0, 1, 15))))
    return {name: [key]}


def supplier(turn: Turn) -> Json:
    chosen = turn.some("fornecedores") or {"id": "71001", "nome": "Alfa Comercio Exemplo"}
    return {"entidade": "F", **_named(chosen, "fornecedor_id", "nome_fornecedor")}


def _client(turn: Turn) -> Json:
    buyer = turn.rng.choice(turn.actions.shop.buyers)
    return {"cliente_id": buyer.key, "nome_cliente": buyer.name}


def _pay(
    turn: Turn, name: str, title: Record, day: str = "", interest: int = 0, discount: int = 0
) -> Done:
    extras = Extras(interest=interest, discount=discount, **fees(title.open()))
    turn.actions.pay(name, title.key, day or None, extras)
    return {name: [title.key]}


def _share(title: Record, thousandths: int) -> int:
    return to_cents(title.open()["valor"]) * thousandths // 1000


def _named(row: Json, key: str, name: str) -> Json:
    return {key: row["id"], name: row["nome"]}


def _plan(turn: Turn, name: str) -> list[Json]:
    """The categories of receivables, or of payables."""
    kind = "C" if name == "recebimentos" else "D"
    return [entry for entry in turn.all("planos_contas") if entry.get("tipo") == kind]


def _accounts(turn: Turn) -> list[Json]:
    accounts = turn.all("contas_bancarias")
    return accounts or [{"id": "20002", "nome": "Caixa Loja"}]
