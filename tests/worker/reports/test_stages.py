"""The history of stages: from Kommo's events, and from what the mirror itself sees, each move once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Engine

from shared.resources import BY_NAME
from tests.ground import Ground
from tests.worker.reports.accounts import START, Shop, open_shop

SALES, AFTER = 5, 6
NEW, TALK, OFFER, WON, LOST = 51, 52, 53, 142, 143
Stage = tuple[int, int]
ORDERS = list(permutations((0, 1, 2)))
A, B, C, D = (SALES, NEW), (SALES, TALK), (SALES, OFFER), (SALES, WON)


def at(minutes: float) -> datetime:
    """Minutes since the lead was made."""
    return START + timedelta(minutes=minutes)


class Deal:
    """One lead as the mirror meets it, and the events that Kommo writes about it."""

    def __init__(self, shop: Shop, id_: int = 1) -> None:
        self.shop, self.id, self._events = shop, id_, 0

    def look(
        self, minutes: float, stage: Stage, *, observed: float | None = None, **more: Any
    ) -> None:
        """The mirror reads the lead: it was last changed after so many minutes, and stands there."""
        self.shop.lead(
            self.id,
            name=f"Deal {self.id}",
            pipeline_id=stage[0],
            status_id=stage[1],
            created_at=START,
            updated_at=at(minutes),
            changed_at=at(minutes if observed is None else observed),
            **more,
        )

    def event(
        self, minutes: float, before: Stage, after: Stage, id_: str = "", by: int = 0
    ) -> None:
        self._events += 1
        self.shop.put(
            "events",
            id=id_ or f"e{self._events:03}",
            type="lead_status_changed",
            entity_type="lead",
            entity_id=self.id,
            created_by=by,
            created_at=at(minutes),
            value_before=_value(before),
            value_after=_value(after),
        )

    def history(self, *names: str) -> list[tuple[Any, ...]]:
        """(stage, minute of entering, minute of leaving) of each stay, and the columns that are named."""
        rows = self.shop.run(
            "select * from reports.kommo_stage_history where integration_id = :i and lead_id = :lead"
            " order by nth",
            lead=self.id,
        )
        return [
            (
                (row["pipeline_id"], row["status_id"]),
                _minutes(row["entered_at"]),
                _minutes(row["left_at"]),
                *(row[name] for name in names),
            )
            for row in rows
        ]


def _value(stage: Stage) -> list[dict[str, Any]]:
    return [{"lead_status": {"id": stage[1], "pipeline_id": stage[0]}}]


def _minutes(moment: datetime | None) -> float | None:
    return None if moment is None else (moment - START).total_seconds() / 60


@pytest.fixture
def deal(shop: Shop) -> Deal:
    return Deal(shop)


def test_a_lead_that_never_moved_is_in_its_stage_since_it_was_made(deal: Deal) -> None:
    deal.look(90, A)
    assert deal.history("learnt") == [(A, 0, None, "creation")]


def test_a_lead_met_when_it_was_closed_is_there_since_it_was_closed(deal: Deal) -> None:
    deal.look(90, D, closed_at=at(60))
    assert deal.history("learnt") == [(D, 60, None, "row")]


def test_events_tell_every_stage_from_the_first(deal: Deal) -> None:
    deal.look(30, C)
    deal.event(10, A, B, by=11)
    deal.event(30, B, C)
    deal.shop.put("users", id=11, name="Ana")
    assert deal.history("learnt", "entered_by") == [
        (A, 0, 10, "creation", None),
        (B, 10, 30, "event", "Ana"),
        (C, 30, None, "event", None),
    ]


def test_without_events_the_mirror_knows_what_it_saw(deal: Deal) -> None:
    deal.look(0, A)
    deal.look(10, B, raw={"updated_by": 11})
    deal.look(15, B)
    deal.look(30, C)
    deal.shop.put("users", id=11, name="Ana")
    assert deal.history("learnt", "entered_by") == [
        (A, 0, 10, "creation", None),
        (B, 10, 30, "mirror", "Ana"),
        (C, 30, None, "mirror", None),
    ]


def test_a_late_event_confirms_the_move_that_was_seen(deal: Deal) -> None:
    deal.look(0, A)
    deal.look(12, B)
    assert deal.history("learnt")[-1] == (B, 12, None, "mirror")
    deal.event(10, A, B, by=11)
    assert deal.history("learnt", "entered_by_id") == [
        (A, 0, 10, "creation", None),
        (B, 10, None, "event", 11),
    ]


def test_an_event_that_is_written_seconds_after_the_edit_is_the_same_move(deal: Deal) -> None:
    deal.look(0, A)
    deal.look(10, B)
    deal.event(10 + 3 / 60, A, B)
    assert [(stay[0], stay[3]) for stay in deal.history("learnt")] == [
        (A, "creation"),
        (B, "event"),
    ]


def test_an_event_of_long_ago_confirms_no_later_move_to_the_same_stage(deal: Deal) -> None:
    """The plan gave events once, and gives none any more."""
    deal.event(5, A, B)
    deal.event(8, B, A)
    deal.look(8, A)
    deal.look(20, B)
    assert deal.history("learnt") == [
        (A, 0, 5, "creation"),
        (B, 5, 8, "event"),
        (A, 8, 20, "event"),
        (B, 20, None, "mirror"),
    ]


def test_what_the_mirror_slept_through_is_told_by_the_events(deal: Deal) -> None:
    """It saw A, then D; in between the lead went through B and C."""
    deal.look(0, A)
    deal.look(40, D, closed_at=at(30))
    assert deal.history() == [(A, 0, 30), (D, 30, None)]
    deal.event(10, A, B)
    deal.event(20, B, C)
    deal.event(30, C, D)
    assert deal.history() == [(A, 0, 10), (B, 10, 20), (C, 20, 30), (D, 30, None)]


def test_while_the_last_events_are_late_the_mirror_fills_in(deal: Deal) -> None:
    deal.look(0, A)
    deal.look(30, C)
    deal.event(10, A, B)
    assert deal.history("learnt")[1:] == [(B, 10, 30, "event"), (C, 30, None, "mirror")]


def test_an_event_that_is_newer_than_the_row_counts(deal: Deal) -> None:
    deal.look(0, A)
    deal.event(10, A, B)
    assert deal.history() == [(A, 0, 10), (B, 10, None)]


def test_a_row_that_is_newer_than_the_events_counts_where_nobody_saw_the_move(deal: Deal) -> None:
    """First met after its moves, of which the log has only the first."""
    deal.event(10, A, B)
    deal.look(50, C)
    assert deal.history("learnt") == [
        (A, 0, 10, "creation"),
        (B, 10, 50, "event"),
        (C, 50, None, "row"),
    ]


def test_a_lead_that_was_opened_again_was_closed_in_between(deal: Deal) -> None:
    deal.look(0, A)
    deal.look(10, D, closed_at=at(10))
    deal.look(20, A, closed_at=None)
    deal.event(20, D, A)
    assert deal.history() == [(A, 0, 10), (D, 10, 20), (A, 20, None)]


def test_won_and_lost_belong_to_their_pipeline(deal: Deal) -> None:
    deal.shop.put("statuses", pipeline_id=SALES, id=WON, name="Won in sales")
    deal.shop.put("statuses", pipeline_id=AFTER, id=WON, name="Won after")
    deal.shop.put("pipelines", id=AFTER, name="After sales")
    deal.event(10, A, (SALES, WON))
    deal.event(20, (SALES, WON), (AFTER, WON))
    deal.look(20, (AFTER, WON))
    assert deal.history("status", "pipeline") == [
        (A, 0, 10, None, None),
        ((SALES, WON), 10, 20, "Won in sales", None),
        ((AFTER, WON), 20, None, "Won after", "After sales"),
    ]


def test_a_move_to_the_same_status_of_another_pipeline_is_seen(deal: Deal) -> None:
    deal.look(0, (SALES, LOST))
    deal.look(10, (AFTER, LOST))
    assert [stay[0] for stay in deal.history()] == [(SALES, LOST), (AFTER, LOST)]


@pytest.mark.parametrize("order", ORDERS)
def test_moves_of_one_second_are_put_in_their_chain_whatever_their_ids(
    deal: Deal, order: Sequence[int]
) -> None:
    moves = [(A, B), (B, C), (C, D)]
    for number in order:
        deal.event(10, *moves[number])
    deal.look(10, D)
    assert deal.history() == [(A, 0, 10), (B, 10, 10), (C, 10, 10), (D, 10, None)]


def test_there_and_back_in_one_second_ends_where_the_row_is(deal: Deal) -> None:
    deal.event(10, A, B)
    deal.event(10, B, A)
    deal.look(10, A)
    assert deal.history()[-1] == (A, 10, None)
    assert len(deal.history()) == 3


def test_a_seen_move_takes_its_place_in_the_chain_of_its_second(deal: Deal) -> None:
    """The event of B to C has arrived, that of A to B has not."""
    deal.look(0, A)
    deal.look(10, B, observed=10.01)
    deal.look(10, C, observed=10.02)
    deal.event(10, B, C)
    assert deal.history("learnt") == [
        (A, 0, 10, "creation"),
        (B, 10, 10, "mirror"),
        (C, 10, None, "event"),
    ]


def test_moves_that_the_mirror_sees_within_one_second_are_all_kept(deal: Deal) -> None:
    deal.look(0, A)
    deal.look(10, B, observed=10.01)
    deal.look(10, C, observed=10.02)
    assert [stay[0] for stay in deal.history()] == [A, B, C]
    deal.event(10, A, B)
    deal.event(10, B, C)
    assert deal.history() == [(A, 0, 10), (B, 10, 10), (C, 10, None)]


@pytest.mark.parametrize("order", ORDERS)
def test_events_may_arrive_in_any_order_and_twice(deal: Deal, order: Sequence[int]) -> None:
    told = [(10, A, B), (20, B, C), (30, C, A)]
    deal.look(0, A)
    for number in (*order, *order):
        minutes, before, after = told[number]
        deal.event(minutes, before, after, id_=f"x{number}")
    deal.look(30, A)
    assert deal.history() == [(A, 0, 10), (B, 10, 20), (C, 20, 30), (A, 30, None)]


def test_one_move_under_two_ids_is_one_move(deal: Deal) -> None:
    deal.event(10, A, B, id_="one")
    deal.event(10, A, B, id_="two")
    deal.event(20, B, C)
    deal.look(20, C)
    assert deal.history() == [(A, 0, 10), (B, 10, 20), (C, 20, None)]


def test_an_older_look_is_no_move(deal: Deal) -> None:
    """A replica that lags: B, then A as it was before, then B again."""
    deal.look(0, A)
    deal.look(10, B)
    deal.look(0, A, observed=11)
    deal.look(10, B, observed=12)
    assert deal.history() == [(A, 0, 10), (B, 10, None)]


def test_a_move_that_touched_nothing_is_dated_by_when_it_was_seen(deal: Deal) -> None:
    """A deleted stage's leads go to the first one, without an edit (kommo-api.md 5.4)."""
    deal.look(5, B)
    deal.look(5, A, observed=600)
    assert deal.history("learnt") == [(B, 0, 600, "creation"), (A, 600, None, "mirror")]


def test_a_deleted_lead_keeps_its_history_and_is_nowhere_now(deal: Deal) -> None:
    deal.look(0, A)
    deal.look(10, B)
    deal.shop.run("update kommo.leads set deleted_at = :at", at=at(60))
    assert deal.history("lead") == [(A, 0, 10, "Deal 1"), (B, 10, 60, "Deal 1")]


def test_a_lead_that_was_never_met_has_what_its_events_say(deal: Deal) -> None:
    deal.event(10, A, B)
    assert deal.history() == [(B, 10, None)]


@pytest.mark.parametrize("odd", [None, [], {}, [{}], [{"lead_status": None}], "x", [[1]], 7])
def test_odd_values_of_events_break_nothing(deal: Deal, odd: Any) -> None:
    deal.look(30, C)
    deal.shop.put("events", id="odd", type="lead_status_changed", entity_id=1, created_at=at(5), value_before=odd, value_after=odd)  # fmt: skip
    deal.event(30, B, C)
    assert deal.history() == [(B, 0, 30), (C, 30, None)]


def test_accounts_with_the_same_ids_have_each_their_own_history(engine: Engine) -> None:
    shops = [open_shop(engine, account, user=str(account)) for account in (1, 2)]
    for shop, after in zip(shops, (B, C), strict=True):
        Deal(shop).look(0, A)
        Deal(shop).look(10, after)
    assert [Deal(shop).history("account_id")[-1] for shop in shops] == [
        (B, 10, None, "1"),
        (C, 10, None, "2"),
    ]


def test_only_rows_that_move_are_kept_in_the_table(deal: Deal) -> None:
    deal.look(0, A)
    deal.look(5, A)
    assert deal.shop.run("select * from kommo.status_changes") == []
    deal.look(10, B)
    assert len(deal.shop.run("select * from kommo.status_changes")) == 1


def test_the_summary_says_how_long_and_how_many(shop: Shop) -> None:
    for number, days in enumerate((1, 2, 6)):
        deal = Deal(shop, number)
        deal.look(0, A)
        deal.look(days * 1440, B)
    Deal(shop, 9).look(0, A)
    rows = shop.run("select * from reports.kommo_stage_durations order by status_id")
    first, second = rows
    assert (first["leads"], first["stays"], first["now_there"]) == (4, 4, 1)
    assert (float(first["median_days"]), float(first["mean_days"])) == (2, 3)
    assert (second["leads"], second["now_there"], second["median_days"]) == (3, 3, None)


def test_a_move_in_kommo_is_seen_by_the_sync_and_confirmed_by_the_log(ground: Ground) -> None:
    leads, events = BY_NAME["kommo.leads"], BY_NAME["kommo.events"]
    for resource in (leads, events):
        assert ground.sync(resource)["state"] == "done"
    mover = [row for row in ground.rows(leads) if row["status_id"] not in (WON, LOST)][-1]
    ground.box.kommo.change("leads", [mover["id"]], {"status_id": WON}, silent=True)
    shop = Shop(ground.reach.engine, mover["integration_id"], 31990001)
    learnt = []
    for resource in (leads, events):
        ground.sync(resource)
        stays = Deal(shop, mover["id"]).history("learnt")
        assert [stay[0][1] for stay in stays[-2:]] == [mover["status_id"], WON]
        learnt.append(stays[-1][3])
    assert learnt == ["mirror", "event"]
