"""Which slices a walk has, and what a declaration says of itself."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import resources
from shared.errors import UnknownTarget
from shared.resources import columns
from shared.resources.grammar import AHEAD, Horizon, OneOf, PerRow, Resource, Windows

TODAY = date(2026, 11, 23)


def horizon(*, full: bool, since: date = date(2026, 1, 1), **rows: list[str]) -> Horizon:
    return Horizon(TODAY, since, full, rows)


BOUNDED = Windows("from", "to", ("day",), near=(30, 20), bounded=True)
FREE = Windows("from", "to", ("day",), near=(30, 1))


def test_a_full_walk_of_a_bounded_list_has_every_month_the_latest_first() -> None:
    asks = list(BOUNDED.values(horizon(full=True, since=date(2026, 1, 31))))
    assert asks[0] == {"from": "2028-11-01", "to": "2028-11-30"}
    assert asks[-2] == {"from": "2026-02-01", "to": "2026-02-28"}
    assert asks[-1] == {"from": "2026-01-01", "to": "2026-01-31"}
    assert len(asks) == 11 + AHEAD


def test_an_incremental_walk_has_one_window_around_today() -> None:
    assert list(BOUNDED.values(horizon(full=False))) == [{"from": "2026-10-24", "to": "2026-12-13"}]
    assert list(FREE.values(horizon(full=False))) == [{"from": "2026-10-24", "to": "2026-11-24"}]


def test_another_list_is_read_without_dates_at_first_and_by_the_months_of_its_rows_then() -> None:
    assert list(FREE.values(horizon(full=True))) == [{}]
    known = replace(horizon(full=True), span=(date(2026, 9, 30), date(2026, 11, 2)))
    months = ["2026-11-01", "2026-10-01", "2026-09-01"]
    assert [ask.get("from") for ask in FREE.values(known)] == [*months, None]
    chosen = replace(known, chosen=True)
    assert [ask.get("from") for ask in FREE.values(chosen)] == months


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 4000))
def test_months_leave_no_day_out_and_none_twice(today: date, days: int) -> None:
    around = Horizon(today, today - timedelta(days=days), full=True)
    asks = list(BOUNDED.values(around))[::-1]
    assert asks[0]["from"] <= around.since.isoformat()
    assert asks[-1]["to"] > (today + timedelta(days=31)).isoformat()
    for before, after in pairwise(asks):
        end = date.fromisoformat(before["to"])
        assert (end + timedelta(days=1)).isoformat() == after["from"]


def test_per_row_asks_once_for_each_row_and_once_without_when_it_is_optional() -> None:
    dimension = PerRow("loja_id", needs="x", optional=True)
    assert list(dimension.values(horizon(full=True, x=["1", "2"]))) == [
        {"loja_id": "1"},
        {"loja_id": "2"},
    ]
    assert list(dimension.values(horizon(full=True))) == [{}]


def declared(**changes: object) -> Resource:
    plain = Resource(
        "kommo",
        "things",
        "/things",
        ("things",),
        ("id",),
        (columns.integer("id"), columns.text("name")),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_slices_are_the_product_of_the_dimensions_in_order() -> None:
    made = declared(slices=(OneOf("a", ("1", "2")), PerRow("b", "x")))
    asks = made.asks(horizon(full=True, x=["7", "8"]))
    assert asks == [{"a": a, "b": b} for a in "12" for b in "78"]
    assert declared().asks(horizon(full=True)) == [{}]
    assert made.needs == ("x",)


@pytest.mark.parametrize(
    ("changes", "windowed"),
    [
        ({}, False),
        ({"since": resources.BY_NAME["kommo.leads"].since}, True),
        ({"slices": (OneOf("a", ("1",)),)}, False),
        ({"slices": (OneOf("a", ("1",)), BOUNDED)}, True),
        ({"slices": (FREE,)}, True),
    ],
)
def test_windowed_is_what_an_incremental_walk_does_not_see_whole(
    changes: dict[str, object], windowed: bool
) -> None:
    assert declared(**changes).windowed is windowed


def test_the_fingerprint_changes_with_columns_types_params_and_version_and_with_nothing_else() -> (
    None
):
    before = declared().fingerprint
    different = [
        declared(columns=(columns.integer("id"),)),
        declared(columns=(columns.integer("id"), columns.word("nome"))),
        declared(columns=(columns.text("id"), columns.text("name"))),
        declared(params={"with": "contacts"}),
        declared(version=2),
    ]
    assert len({before, *(each.fingerprint for each in different)}) == 6
    assert declared(page_size=7, path="/others", order={"order[id]": "asc"}).fingerprint == before


@pytest.mark.parametrize(
    ("target", "count"), [("kommo", 8), ("gestao-click", 6), ("gestao_click", 6)]
)
def test_a_provider_means_all_its_resources(target: str, count: int) -> None:
    assert resources.named(target) == resources.of_provider(target.replace("_", "-"))
    assert len(resources.named(target)) >= count


@pytest.mark.parametrize("target", ["kommo.leads", "gestao-click.vendas", "kommo.custom-fields"])
def test_one_resource_is_found_by_its_name(target: str) -> None:
    (found,) = resources.named(target)
    assert found.full_name == target.replace("-", "_")


def test_an_unknown_target_says_what_there_is() -> None:
    with pytest.raises(UnknownTarget, match=r"'leads'.*gestao-click.*kommo\.leads"):
        resources.named("leads")
