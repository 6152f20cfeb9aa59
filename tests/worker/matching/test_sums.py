"""What reports add up is kept in step with what it is the sum of, whoever it was of before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text

from shared.db.matching import client_money, matching_marks, stage_weights
from tests.ground import Ground
from tests.worker.matching.shop import CLIENT, Shop

OTHER = "4711"


@pytest.fixture
def shop(ground: Ground) -> Shop:
    return Shop(ground)


def kept(shop: Shop) -> dict[str, Any]:
    """By client: purchases, different days, sold, to come."""
    shop.pairs()
    c = client_money.c
    chosen = select(c.client_id, c.purchases, c.purchase_days, c.sold, c.to_come)
    return {row[0]: tuple(row[1:]) for row in shop.ground.run(lambda to: list(to.execute(chosen)))}


def test_sales_and_titles_are_their_clients_and_move_with_them(shop: Shop) -> None:
    shop.sale("11", "100.00")
    shop.sale("12", "50.00", day=3)
    shop.sale("13", "25.00", day=3)
    shop.title("900", "11", "40.00")
    assert kept(shop) == {CLIENT: (3, 2, Decimal(175), Decimal(40))}
    shop.sale("12", "50.00", day=3, client=OTHER)
    assert kept(shop)[OTHER] == (1, 1, Decimal(50), Decimal(0))
    shop.sale("12", "50.00", day=3, client=OTHER, situation="Cancelada")
    assert set(kept(shop)) == {CLIENT}


def test_nothing_is_worked_out_while_nothing_changes(shop: Shop) -> None:
    shop.pairs()
    shop.ground.run(
        lambda to: to.execute(
            text("update ponte.matching_marks set through = now() - interval '1 hour'")
        )
    )
    through = select(matching_marks.c.list, matching_marks.c.through).where(
        matching_marks.c.list.in_((client_money.name, stage_weights.name))
    )
    before = shop.ground.run(lambda to: list(to.execute(through)))
    assert len(before) == 2
    shop.ground.run(
        lambda to: to.execute(
            text("update kommo.statuses set changed_at = now() - interval '2 hours'")
        )
    )
    shop.pairs()
    assert shop.ground.run(lambda to: list(to.execute(through))) == before
    shop.sale("11", "100.00")
    assert kept(shop)[CLIENT][0] == 1
