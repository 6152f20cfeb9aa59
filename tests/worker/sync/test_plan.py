"""Where a walk starts, what it covers, and what is remembered of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import DependencyMissing
from shared.resources import BY_NAME
from tests.ground import Ground
from worker.sync import checkpoint, plan
from worker.sync.checkpoint import Position

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
LEADS, VENDAS, LOJAS = (
    BY_NAME[n] for n in ("kommo.leads", "gestao_click.vendas", "gestao_click.lojas")
)


def start(**changes: Any) -> Position:
    position = Position.start([{"a": "1"}, {"a": "2"}], NOW, None)
    for name, value in changes.items():
        setattr(position, name, value)
    return position


def test_a_position_survives_its_stay_in_the_books() -> None:
    position = start(page=7, distinct=9, total=12, last="x", since=NOW, doubted=True, passes=2)
    assert Position.load(position.dump()) == position


@pytest.mark.parametrize(
    ("totals", "distinct", "complete"),
    [
        ([None], 3, True),
        ([3], 3, True),
        ([3], 2, False),
        ([3], 4, False),
        ([3, 3], 3, True),
        ([3, 4], 4, False),
        ([0], 0, True),
    ],
)
def test_a_slice_is_complete_when_all_that_the_vendor_counted_was_met_and_it_never_counted_anew(
    totals: list[int | None], distinct: int, complete: bool
) -> None:
    position = start(distinct=distinct)
    for total in totals:
        position.note_total(total)
    assert position.complete is complete


def test_a_new_slice_forgets_what_it_counted_in_the_one_before() -> None:
    position = start(distinct=3, total=4, steady=False, last="x", page=5)
    position.begin_slice(1, NOW + timedelta(seconds=5))
    assert (position.slice, position.page, position.distinct, position.total) == (1, 1, 0, None)
    assert position.complete
    assert position.started_at == NOW
    assert not position.walked
    position.begin_slice(2, NOW)
    assert position.walked


def test_a_new_pass_goes_through_all_slices_again_and_is_counted() -> None:
    position = start(slice=2)
    position.begin_pass(NOW, page=3)
    assert (position.passes, position.slice, position.page) == (2, 0, 3)


def test_the_cursor_stands_a_little_before_the_start_and_the_next_walk_overlaps_it(
    ground: Ground,
) -> None:
    ground.sync(LEADS)
    first = ground.runs()[0]
    cursor = ground.run(checkpoint.cursor, ground.integration("kommo").id, "kommo.leads")
    assert timedelta(0) < first["started_at"] + timedelta(seconds=2) - cursor - checkpoint.MARGIN
    assert first["started_at"] - cursor < checkpoint.MARGIN
    position = planned(ground, LEADS)
    assert position.since == cursor - checkpoint.OVERLAP
    assert planned(ground, LEADS, full=True).since is None


def planned(ground: Ground, resource: Any, *, full: bool = False, zone: str = "UTC") -> Position:
    from uuid import uuid4

    from shared import runs

    run_id = ground.order(resource, full=full)
    run = ground.run(runs.claim, run_id, uuid4(), 40)
    try:
        of = ground.integration(resource.provider)
        position: Position = ground.run(plan.position, ground.reach.settings, of, run, NOW, zone)
        return position
    finally:
        ground.run(runs.finish, run)


def test_a_walk_by_rows_of_a_list_that_was_never_read_is_refused_for_now(ground: Ground) -> None:
    with pytest.raises(DependencyMissing, match=r"vendas needs gestao_click\.lojas"):
        planned(ground, VENDAS)


def test_only_live_rows_make_slices_and_today_is_the_accounts_day(ground: Ground) -> None:
    ground.sync(LOJAS)
    stores = [row["id"] for row in ground.rows(LOJAS)]
    ground.run(
        lambda c: c.exec_driver_sql(
            "update gestao_click.lojas set missing_since = now() where id = %s", (stores[-1],)
        )
    )
    ground.sync(VENDAS)
    position = planned(ground, VENDAS, zone="America/Sao_Paulo")
    near = [ask for ask, tier in zip(position.asks, position.tiers, strict=True) if tier == "near"]
    assert {ask["loja_id"] for ask in position.asks} == set(stores[:-1])
    assert {ask["data_fim"] for ask in near} == {"2026-11-23"}, "22 November there, and a day more"


@pytest.mark.parametrize(
    ("name", "since", "whole"),
    [
        ("kommo.leads", NOW, False),
        ("kommo.leads", None, True),
        ("kommo.users", None, True),
        ("kommo.events", None, False),
        ("gestao_click.vendas", None, True),
        ("gestao_click.produtos", None, True),
    ],
)
def test_only_a_walk_that_meets_every_record_may_find_what_vanished(
    name: str, since: datetime | None, whole: bool
) -> None:
    assert plan.covers_all(BY_NAME[name], start(since=since)) is whole
