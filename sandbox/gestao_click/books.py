"""The shop's own books: what its titles add up to today, from the sandbox's truth.

Cents as integers. Every live title stands in exactly one state:

- "cleared": paid (`liquidado` "1");
- "overdue": not paid, and due before the sandbox's today;
- "pending": not paid, and due today or later (or without a possible date).

gross = valor, interest = juros, discount = desconto, fees = taxa_banco + taxa_operadora,
net = valor_total.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from sandbox.gestao_click.clock import today
from sandbox.gestao_click.money import to_cents
from sandbox.records import Json
from sandbox.world import World

VENDOR = "gestao-click"
SIDES = {"recebimentos": "income", "pagamentos": "expense"}
STATES = ("pending", "cleared", "overdue")
SUMS = ("count", "gross", "interest", "discount", "fees", "net")
GROUPS = {
    "accounts": "conta_bancaria_id",
    "stores": "loja_id",
    "categories": "plano_contas_id",
    "cost_centres": "centro_custo_id",
}
"""Group -> the title's field; its values are the keys, "" among them."""


class Sheet:
    """Counts and sums of one group: by side, by state."""

    def __init__(self) -> None:
        self.cells = {(side, state): [0] * len(SUMS) for side in SIDES.values() for state in STATES}

    def add(self, side: str, state: str, amounts: tuple[int, ...]) -> None:
        cell = self.cells[side, state]
        for place, amount in enumerate((1, *amounts)):
            cell[place] += amount

    def public(self) -> Json:
        """{"income": {"pending": {"count", "gross", …}, …}, "expense": …}"""
        return {
            side: {state: dict(zip(SUMS, self.cells[side, state], strict=True)) for state in STATES}
            for side in SIDES.values()
        }


def books(world: World) -> Json:
    """{"today", "total", "accounts", "stores", "categories", "cost_centres", "cash"}.

    "cash": {day of payment: {bank account: {"income", "expense", "count"}}}, net amounts.
    """
    with world.lock:
        day = today(world.clock())
        total = Sheet()
        sheets: dict[str, dict[str, Sheet]] = {name: defaultdict(Sheet) for name in GROUPS}
        cash: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(_no_cash))
        for side, title in _titles(world):
            state, amounts = _state(title, day), _amounts(title)
            total.add(side, state, amounts)
            for name, field in GROUPS.items():
                sheets[name][str(title.get(field) or "")].add(side, state, amounts)
            if state == "cleared":
                box = cash[str(title["data_liquidacao"] or "")][str(title["conta_bancaria_id"])]
                box[side] += amounts[-1]
                box["count"] += 1
    groups = {
        name: {key: sheet.public() for key, sheet in sorted(group.items())}
        for name, group in sheets.items()
    }
    days = {when: dict(sorted(boxes.items())) for when, boxes in sorted(cash.items())}
    return {"today": day.isoformat(), "total": total.public(), **groups, "cash": days}


def _titles(world: World) -> Iterator[tuple[str, Json]]:
    """Planted records are in no books."""
    for name, side in SIDES.items():
        if world.has(VENDOR, name):
            for record in world.table(VENDOR, name).live.values():
                if not record.planted:
                    yield side, record.open()


def _state(title: Json, day: date) -> str:
    if title["liquidado"] == "1":
        return "cleared"
    try:
        due = date.fromisoformat(title["data_vencimento"] or "")
    except ValueError:
        return "pending"
    return "overdue" if due < day else "pending"


def _amounts(title: Json) -> tuple[int, ...]:
    gross, interest, discount, net, *fees = (
        to_cents(title[name])
        for name in ("valor", "juros", "desconto", "valor_total", "taxa_banco", "taxa_operadora")
    )
    return gross, interest, discount, sum(fees), net


def _no_cash() -> dict[str, int]:
    return {"income": 0, "expense": 0, "count": 0}
