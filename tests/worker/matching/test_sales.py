"""Which sale a won deal became: by number, value and day, among the sales of the deal's people."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from shared import matches as books
from shared.db.matching import deal_sales
from tests.ground import Ground
from tests.worker.matching.shop import CONTACT, Shop


@pytest.fixture
def shop(ground: Ground) -> Shop:
    return Shop(ground)


def test_the_same_value_and_day(shop: Shop) -> None:
    shop.deal(1, 500)
    shop.sale("11", "500.00", day=2)
    assert shop.pairs() == {(1, "11"): ("matched", 0.95)}
    assert shop.row(1, "11").why == "the same client; the same value; 2 days after the deal"


@pytest.mark.parametrize(
    ("value", "day", "said"),
    [
        ("490.00", 0, ("matched", 0.8)),  # within 5%
        ("900.00", 0, ("doubtful", 0.3)),  # the only sale of theirs about then
        ("500.00", 60, ("matched", 0.95)),
        ("500.00", 61, None),
        ("500.00", -30, ("matched", 0.95)),
        ("500.00", -31, None),
    ],
)
def test_other_values_and_other_days(
    shop: Shop, value: str, day: int, said: tuple[str, float] | None
) -> None:
    shop.deal(1, 500)
    shop.sale("11", value, day=day)
    assert shop.pairs().get((1, "11")) == said


def test_a_number_that_the_deal_names_decides(shop: Shop) -> None:
    named = '{"1400002": {"name": "Nº da Venda", "values": [{"value": "0011"}]}}'
    shop.deal(1, 500, fields=named)
    shop.sale("11", "123.00")
    shop.sale("12", "500.00")
    assert shop.pairs() == {(1, "11"): ("matched", 0.99)}


@pytest.mark.parametrize("chosen", ["1400009", "ref. do ERP", "REF_ERP"])
def test_the_field_of_the_number_may_be_chosen(shop: Shop, chosen: str) -> None:
    fields = """{"1400002": {"name": "Nº da Venda", "values": [{"value": "12"}]},
        "1400009": {"name": "Ref. do ERP", "code": "REF_ERP", "values": [{"value": "11"}]}}"""
    shop.deal(1, 500, fields=fields)
    shop.sale("11", "123.00")
    shop.sale("12", "150.00")
    assert shop.pairs() == {(1, "12"): ("matched", 0.99)}
    shop.choose(kommo_sale_number_field=chosen)
    assert shop.pairs() == {(1, "11"): ("matched", 0.99)}
    shop.choose(kommo_sale_number_field="")
    assert shop.pairs() == {(1, "12"): ("matched", 0.99)}


def test_two_that_are_alike_are_a_persons_to_tell(shop: Shop) -> None:
    shop.deal(1, 500)
    shop.sale("11", "500.00")
    shop.sale("12", "500.00", day=1)
    assert shop.pairs() == {(1, "11"): ("doubtful", 0.6), (1, "12"): ("doubtful", 0.6)}
    assert "2 sales are like this" in shop.row(1, "11").why
    shop.ground.run(books.decide, deal_sales, shop.row(1, "12").id, "accepted", "the test")
    shop.sale("12", "450.00")
    shop.deal(1, 500)
    assert shop.pairs()[1, "11"] == ("matched", 0.95)
    assert shop.row(1, "12").verdict == "accepted"


def test_what_is_not_won_or_not_sold_or_anothers_is_none(shop: Shop) -> None:
    shop.deal(1, 500, status=143)
    shop.sale("11", "500.00")
    shop.deal(2, 700, day=200)
    shop.sale("12", "700.00", day=200, situation="Cancelada")
    shop.sale("13", "700.00", day=200, client="4711")
    assert shop.pairs() == {}


def test_it_follows_what_changes_on_either_side(shop: Shop) -> None:
    shop.deal(1, 500)
    shop.sale("11", "500.00")
    assert (1, "11") in shop.pairs()
    shop.sale("11", "9000.00")
    assert shop.pairs() == {(1, "11"): ("doubtful", 0.3)}
    shop.deal(1, 9000)
    assert shop.pairs() == {(1, "11"): ("matched", 0.95)}
    shop.deal(1, 9000, status=143)
    assert shop.pairs() == {}
    shop.deal(1, 9000)
    shop.ground.run(
        lambda c: c.execute(
            text("update gestao_click.vendas set deleted_at = now(), changed_at = now()")
        )
    )
    assert shop.pairs() == {}


def test_a_rejected_match_of_the_people_takes_the_pair_away(shop: Shop) -> None:
    shop.deal(1, 500)
    shop.sale("11", "500.00")
    assert (1, "11") in shop.pairs()
    said = (
        "update ponte.matches set verdict = 'rejected', changed_at = now() where record = :contact"
    )
    shop.ground.run(lambda c: c.execute(text(said), {"contact": str(CONTACT)}))
    assert shop.pairs() == {}


# --- and its money


def money(shop: Shop) -> dict[int, tuple[Any, ...]]:
    """By deal: its value, its sales and theirs, received, to come, overdue."""
    shop.pairs()
    asked = """select lead_id, valor_negocio, vendas, valor_vendas, recebido, a_receber, vencido
        from reports.negocios_ganhos"""
    rows = shop.ground.run(lambda c: list(c.execute(text(asked))))
    return {row[0]: tuple(row[1:]) for row in rows}


def test_the_money_of_a_deal(shop: Shop) -> None:
    shop.deal(1, 500)
    shop.deal(2, 70)
    shop.sale("11", "500.00")
    shop.title("1", "11", "200.10", paid=True)
    shop.title("2", "11", "99.90", due=-1)
    shop.title("3", "11", "200.00", due=30)
    shop.title("4", "12", "1000.00", paid=True)  # of no sale that is there
    got = money(shop)
    assert got[1] == (
        500,
        1,
        Decimal("500.00"),
        Decimal("200.10"),
        Decimal("299.90"),
        Decimal("99.90"),
    )
    assert got[2] == (70, 0, 0, 0, 0, 0)
    shop.title("2", "11", "99.90", paid=True)
    assert money(shop)[1][3:] == (Decimal("300.00"), Decimal("200.00"), 0)
    shop.sale("12", "70.00")
    assert money(shop)[2][1:4] == (1, Decimal("70.00"), Decimal("1000.00"))


def test_a_sale_is_of_one_deal_the_surest(shop: Shop) -> None:
    shop.deal(1, 500)
    shop.deal(2, 500, day=1)
    shop.sale("11", "500.00")
    shop.title("1", "11", "500.00", paid=True)
    assert [row[1] for row in money(shop).values()] == [0, 0]  # two deals are like it: to review
    for lead in (1, 2):
        shop.ground.run(books.decide, deal_sales, shop.row(lead, "11").id, "accepted", "the test")
    assert sum(row[3] for row in money(shop).values()) == 500
    shop.ground.run(books.decide, deal_sales, shop.row(1, "11").id, "rejected", "the test")
    assert money(shop)[2][3] == 500
