"""What people do in the ERP is in the wallet after the next sync: nothing is ever only inserted."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from shared.resources import BY_NAME
from tests.ground import Ground

LISTS = ("recebimentos", "pagamentos")
STATUSES = ("cleared", "pending", "overdue")
Books = dict[tuple[str, str, str], tuple[int, Decimal]]
"""(list, wallet, status) → how many, how much"""


def sync(ground: Ground) -> None:
    for name in LISTS:
        assert ground.sync(BY_NAME[f"gestao_click.{name}"], full=True)["state"] == "done"


def the_erps(ground: Ground) -> Books:
    """Counted in the sandbox's own records."""
    asked = text("select today from ponte.local_days where integration_id = :id")
    account = ground.integration("gestao-click").id
    today = str(ground.run(lambda c: c.scalar(asked, {"id": account})))
    books: dict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    for name in LISTS:
        for title in ground.box.truth("gestao-click", name):
            late = "overdue" if title["data_vencimento"] < today else "pending"
            status = "cleared" if title["liquidado"] == "1" else late
            wallet = title["conta_bancaria_id"] or "none"
            books[name, wallet, status].append(Decimal(title["valor_total"]))
    return {key: (len(nets), sum(nets, Decimal(0))) for key, nets in books.items()}


def ours(ground: Ground) -> Books:
    asked = text(
        "select list, wallet_id, status, count(*), sum(net) from ponte.wallet_transactions group by 1, 2, 3"
    )
    rows = ground.run(lambda c: c.execute(asked).all())
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}


def held(ground: Ground, list_: str, id_: str) -> Any:
    asked = text("select * from ponte.wallet_transactions where list = :list and id = :id")
    return ground.run(lambda c: c.execute(asked, {"list": list_, "id": id_}).first())


def open_title(ground: Ground, list_: str = "recebimentos") -> str:
    return str(
        next(t["id"] for t in ground.box.truth("gestao-click", list_) if t["liquidado"] == "0")
    )


def paid_title(ground: Ground) -> str:
    titles = ground.box.truth("gestao-click", "pagamentos")
    return str(next(t["id"] for t in titles if t["liquidado"] == "1"))


def edit(ground: Ground) -> None:
    id_ = open_title(ground)
    ground.box.gestao_click.change("recebimentos", [id_], {"valor": "1234.56", "juros": "0.44"})


def pay(ground: Ground) -> None:
    ground.box.gestao_click.pay("recebimentos", open_title(ground))


def unpay(ground: Ground) -> None:
    unpaid = {"liquidado": "0", "data_liquidacao": ""}
    ground.box.gestao_click.change("pagamentos", [paid_title(ground)], unpaid)


def delete(ground: Ground) -> None:
    ground.box.gestao_click.delete("pagamentos", [paid_title(ground)])


def move(ground: Ground) -> None:
    fields = {"conta_bancaria_id": "20002", "nome_conta_bancaria": "Caixa Loja"}
    ground.box.gestao_click.change("recebimentos", [open_title(ground)], fields)


def take_away_the_account(ground: Ground) -> None:
    fields = {"conta_bancaria_id": "", "nome_conta_bancaria": ""}
    ground.box.gestao_click.change("pagamentos", [open_title(ground, "pagamentos")], fields)


ACTS = (edit, pay, unpay, delete, move, take_away_the_account)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_what_is_done_upstream_is_in_the_wallet_after_a_sync(
    ground: Ground, act: Callable[[Ground], None]
) -> None:
    sync(ground)
    before = ours(ground)
    assert before == the_erps(ground)
    assert {list_ for list_, _, _ in before} == set(LISTS)
    act(ground)
    assert the_erps(ground) != before
    sync(ground)
    assert ours(ground) == the_erps(ground)


def test_a_title_that_was_paid_and_reopened_is_as_it_was(ground: Ground) -> None:
    sync(ground)
    id_ = open_title(ground)
    before = held(ground, "recebimentos", id_)
    ground.box.gestao_click.pay("recebimentos", id_)
    sync(ground)
    paid = held(ground, "recebimentos", id_)
    assert (before.status in ("pending", "overdue"), paid.status) == (True, "cleared")
    assert (before.paid_on, paid.paid_on) == (None, paid.effective_on)
    ground.box.gestao_click.change(
        "recebimentos", [id_], {"liquidado": "0", "data_liquidacao": str(paid.paid_on)}
    )
    sync(ground)
    reopened = held(ground, "recebimentos", id_)
    assert reopened.status == before.status
    assert (reopened.paid_on, reopened.effective_on) == (None, before.due_on)


def test_the_wallets_sum_up_their_titles_to_the_cent(ground: Ground) -> None:
    sync(ground)
    books = the_erps(ground)
    asked = text("select * from ponte.wallets")
    rows = {row.id: row for row in ground.run(lambda c: c.execute(asked).all())}
    assert {wallet for _, wallet, _ in books} <= set(rows)
    nothing = (0, Decimal(0))
    for id_, row in rows.items():
        of = {
            (name, status): books.get((name, id_, status), nothing)[1]
            for name in LISTS
            for status in STATUSES
        }
        income, expense = LISTS
        assert row.received == of[income, "cleared"]
        assert row.paid == of[expense, "cleared"]
        assert row.net_movement == of[income, "cleared"] - of[expense, "cleared"]
        assert row.overdue_receivable == of[income, "overdue"]
        assert row.overdue_payable == of[expense, "overdue"]
        assert row.receivable == of[income, "overdue"] + of[income, "pending"]
        assert row.payable == of[expense, "overdue"] + of[expense, "pending"]
    assert sum(row.transactions for row in rows.values()) == sum(n for n, _ in books.values())
