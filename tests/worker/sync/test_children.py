"""What a record carries in rows of its own: read with it, written with it, and never by an older look."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from shared.db.mirror import child_table
from shared.resources import BY_NAME, columns
from shared.resources.columns import Context
from shared.resources.grammar import OUTER, Child, Resource
from tests.ground import reaching, settings_for
from tests.servers import copy_of
from worker.reach import Reach
from worker.sync import rows
from worker.sync.upsert import Mirror

LINES = Child("lines", ("lines",), "thing_id", (columns.word("name"), columns.money("total")))
PRICES = Child(
    "sizes_prices",
    ("sizes", "prices"),
    "thing_id",
    (columns.word("size", OUTER, "name"), columns.money("price")),
)
THINGS = Resource(
    "kommo", "things", "/x", ("x",), ("id",), (columns.integer("id"),), (LINES, PRICES)
)
SALES = BY_NAME["gestao_click.vendas"]
ASKED = Context({"tipo": "produto", "loja_id": "90001"})
ZERO = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS = itertools.count(1)


def children(**record: Any) -> Any:
    (row,) = rows.batch(THINGS, [{"id": 1, **record}], Context()).rows
    return row.children


def reason(**record: Any) -> str:
    (reject,) = rows.batch(THINGS, [{"id": 1, **record}], Context()).rejects
    return reject.reason


def test_elements_become_rows_in_the_order_sent_wrapped_or_not() -> None:
    lines = [{"line": {"name": "b", "total": "2.00"}}, {"name": "a", "total": None}]
    assert children(lines=lines)[0] == (("b", Decimal("2.00")), ("a", None))


def test_an_element_with_one_plain_value_is_not_unwrapped() -> None:
    assert children(lines=[{"name": "71001"}])[0] == (("71001", None),)


def test_an_inner_array_gives_a_row_for_each_of_its_elements_which_know_the_outer_one() -> None:
    sizes = [
        {"size": {"name": "P", "prices": [{"price": "1"}, {"price": "2"}]}},
        {"name": "M", "prices": []},
        {"name": "G", "prices": [{"price": "3"}]},
    ]
    assert children(sizes=sizes)[1] == (
        ("P", Decimal(1)),
        ("P", Decimal(2)),
        ("G", Decimal(3)),
    )


@pytest.mark.parametrize("absent", [{}, {"lines": None}, {"lines": ""}, {"lines": []}], ids=str)
def test_without_an_array_there_are_no_rows(absent: dict[str, Any]) -> None:
    assert children(**absent) == ((), ())


def test_what_cannot_be_read_rejects_the_record_and_says_where() -> None:
    good = {"name": "a", "total": "1"}
    assert "lines[2].total: 'x' is no numeric" in reason(lines=[good, good, {"total": "x"}])
    assert "lines[0]: 'text' is no object" in reason(lines=["text"])
    assert "lines: {'0': {}} is no array" in reason(lines={"0": {}})
    sizes = [{"prices": []}, {"prices": [{"price": "1"}, {"price": "dear"}]}]
    assert "sizes[1].prices[1].price: 'dear' is no numeric" in reason(sizes=sizes)


def test_the_fingerprint_changes_with_a_child_and_does_not_without_any() -> None:
    def thing(*declared: Child) -> Resource:
        return Resource("kommo", "t", "/t", ("t",), ("id",), (columns.integer("id"),), declared)

    wider = Child("lines", ("lines",), "thing_id", (*LINES.columns, columns.word("more")))
    prints = {r.fingerprint for r in (thing(), thing(LINES), thing(wider), thing(LINES, PRICES))}
    assert len(prints) == 4


def test_what_is_dropped_is_in_no_row_and_in_no_reject() -> None:
    users = BY_NAME["gestao_click.usuarios"]
    person = {"id": "1", "nome": "Ana Exemplo", "cpf": "111.444.777-35", "rg": "1"}
    batch = rows.batch(users, [person, {**person, "id": ""}], Context())
    assert "111.444" not in batch.rows[0].raw + batch.rejects[0].record
    assert "Ana" in batch.rows[0].raw


@pytest.fixture(scope="module")
def base(postgres_url: str, template_url: str) -> Iterator[Reach]:
    with copy_of(postgres_url, template_url) as url, reaching(settings_for(url)) as (reach, _):
        yield reach


class Shop:
    """Sales of an integration of its own, put by hand."""

    def __init__(self, reach: Reach) -> None:
        self.reach, self.integration = reach, next(NUMBERS)

    def put(self, moment: int, **sales: list[str]) -> None:
        """`put(3, s1=["10.00", "2.50"])`: at second 3 sale 1 has two lines."""
        records = [
            {
                "id": name[1:],
                "produtos": [{"produto": {"produto_id": 7, "valor_total": one}} for one in totals],
                "pagamentos": [{"pagamento": {"data_vencimento": "2026-03-31"}}],
            }
            for name, totals in sales.items()
        ]
        with self.reach.engine.begin() as connection:
            mirror = Mirror(connection, self.integration, SALES)
            found = rows.batch(SALES, records, ASKED)
            assert found.rejects == ()
            mirror.put(found, ZERO + timedelta(seconds=moment), ZERO)

    def gone(self, moment: int, sale: str) -> None:
        with self.reach.engine.begin() as connection:
            mirror = Mirror(connection, self.integration, SALES)
            mirror.gone([(sale,)], ZERO + timedelta(seconds=moment), told=True)

    def lines(self, child: int = 0) -> list[Any]:
        table = child_table(SALES, SALES.children[child])
        mine = select(table).where(table.c.integration_id == self.integration)
        with self.reach.engine.begin() as connection:
            return list(connection.execute(mine.order_by(table.c.venda_id, table.c.ordem)))

    def totals(self) -> list[tuple[str, int, str]]:
        return [(row.venda_id, row.ordem, str(row.valor_total)) for row in self.lines()]


@pytest.fixture
def shop(base: Reach) -> Shop:
    return Shop(base)


def test_lines_are_numbered_from_one_and_replaced_with_their_row(shop: Shop) -> None:
    shop.put(1, s1=["10.00", "2.50"], s2=["1.00"])
    assert shop.totals() == [("1", 1, "10.00"), ("1", 2, "2.50"), ("2", 1, "1.00")]
    assert [row.data_vencimento for row in shop.lines(2)] == [date(2026, 3, 31)] * 2
    assert {row.produto_id for row in shop.lines()} == {"7"}
    shop.put(2, s1=["9.00"], s2=["1.00"])
    assert shop.totals() == [("1", 1, "9.00"), ("2", 1, "1.00")]
    shop.put(3, s1=[])
    assert shop.totals() == [("2", 1, "1.00")]


def test_an_older_page_replaces_no_lines_of_a_newer_row(shop: Shop) -> None:
    shop.put(5, s1=["9.00"])
    shop.put(4, s1=["10.00", "2.50"], s2=["1.00"])
    assert shop.totals() == [("1", 1, "9.00"), ("2", 1, "1.00")]
    shop.put(5, s1=["7.00"])
    assert shop.totals() == [("1", 1, "9.00"), ("2", 1, "1.00")]


def test_what_is_deleted_keeps_its_lines_and_a_stale_page_brings_no_others(shop: Shop) -> None:
    shop.put(1, s1=["9.00"])
    shop.gone(3, "1")
    shop.put(2, s1=["10.00"])
    assert shop.totals() == [("1", 1, "9.00")]
    shop.put(4, s1=["8.00"])
    assert shop.totals() == [("1", 1, "8.00")]


def test_integrations_do_not_replace_each_others_lines(base: Reach) -> None:
    one, two = Shop(base), Shop(base)
    one.put(1, s1=["1.00"])
    two.put(2, s1=["2.00", "3.00"])
    assert [total for _, _, total in one.totals()] == ["1.00"]
    assert [total for _, _, total in two.totals()] == ["2.00", "3.00"]
