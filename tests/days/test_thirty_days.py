"""Thirty days of a shop: every evening the wallet holds, to the cent, what the shop's own books hold.

Sales are made, edited, cancelled, paid on time, late and in advance, paid back and deleted; another tool of
the company eats a third of the day's requests. Nothing tells Ponte of any of it.
"""

from decimal import Decimal
from typing import Any

import pytest

from tests.days.company import Company, company_on

pytestmark = [pytest.mark.xdist_group("days"), pytest.mark.timeout(900)]
DAYS, MOMENTS = 30, 6
LONG_DAY = 15
"""Every so many days Ponte reads at each moment; on the others in the evening, of all that the day brought."""
SIDES = {"income": "recebimentos", "expense": "pagamentos"}
AMOUNTS = ("gross", "interest", "discount", "fees", "net")
WALLET = """
    select {key} as key, type, status, count(*) as count,
    sum(gross) as gross, sum(interest) as interest, sum(discount) as discount, sum(fees) as fees,
    sum(net) as net from ponte.wallet_transactions group by {key}, type, status
"""
GROUPS = {
    "accounts": "nullif(wallet_id, 'none')",
    "stores": "store_id",
    "categories": "plano_contas_id",
    "cost_centres": "cost_center_id",
}
Sheet = dict[tuple[str, str, str], dict[str, int]]


def test_every_evening_the_wallet_holds_what_the_shops_books_hold(
    clock_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"gestao_click_catalogue_seconds": 86400.0}
    shop = {"leads": 80, "sales": 150, "months": 3, "seed": 11, "other_tool": 10_000}
    with company_on(clock_url, monkeypatch, settings=settings, **shop) as company:
        company.turn()
        agrees(company, 0)
        for day in range(1, DAYS + 1):
            for moment in range(1, MOMENTS + 1):
                company.box.trade.moment(MOMENTS)
                company.follow()
                if moment == MOMENTS or day % LONG_DAY == 0:
                    company.turn()
            agrees(company, day)
        failed = [run for run in company.runs() if run["state"] != "done"]
        assert not failed
        assert company.box.stats()["gestao-click"]["by_status"].get("429", 0) == 0


def agrees(company: Company, day: int) -> None:
    """The wallet, group by group, and the cash of each day."""
    books = company.box.books()
    for name, column in GROUPS.items():
        assert ours(company, column) == theirs(books[name]), f"{name}, day {day} ({books['today']})"
    assert company.scalar("select max(today)::text from ponte.local_days") == books["today"]
    assert cash(company) == {
        (when, account, side): box[side]
        for when, boxes in books["cash"].items()
        for account, box in boxes.items()
        for side in SIDES
        if box[side]
    }, f"cash, day {day}"


def ours(company: Company, column: str) -> Sheet:
    return {
        (row["key"] or "", row["type"], row["status"]): {
            "count": row["count"],
            **{name: cents(row[name]) for name in AMOUNTS},
        }
        for row in company.all(WALLET.format(key=column))
    }


def theirs(group: dict[str, Any]) -> Sheet:
    return {
        (key, side, state): cell
        for key, sheet in group.items()
        for side, states in sheet.items()
        for state, cell in states.items()
        if cell["count"]
    }


def cash(company: Company) -> dict[tuple[str, str, str], int]:
    rows = company.all(
        "select paid_on::text as at, coalesce(nullif(wallet_id, 'none'), '') as account, type,"
        " sum(net) as net from ponte.wallet_transactions where status = 'cleared' group by 1, 2, 3"
    )
    return {(row["at"] or "", row["account"], row["type"]): cents(row["net"]) for row in rows}


def cents(amount: Decimal | None) -> int:
    return int((amount or Decimal(0)) * 100)
