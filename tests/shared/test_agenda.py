"""How often each part of each list is read, so that a day's requests suffice."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.agenda import Agenda, Allowance, Duty, Tier, summary
from shared.agenda.turns import allot

QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
WISHES = {
    Tier.NEAR: (QUARTER, QUARTER),
    Tier.OPEN: (HOUR, QUARTER),
    Tier.WHOLE: (6 * HOUR, HOUR),
    Tier.AHEAD: (DAY, HOUR),
    Tier.HISTORY: (7 * DAY, 4 * HOUR),
}
# a shop whose near windows take 9,600 requests a day, its open titles 1,200, and so on
COSTS = {Tier.NEAR: 100, Tier.OPEN: 50, Tier.WHOLE: 100, Tier.AHEAD: 300, Tier.HISTORY: 7000}
WANTED = 9600 + 1200 + 400 + 300 + 1000


def duties(costs: Mapping[Tier, int] = COSTS) -> list[Duty]:
    return [Duty(f"x.{tier}", tier, *WISHES[tier], cost) for tier, cost in costs.items()]


def every(allowance: int, costs: Mapping[Tier, int] = COSTS) -> dict[Tier, timedelta | None]:
    return {turn.duty.tier: turn.every for turn in allot(duties(costs), allowance)}


def test_with_just_enough_everything_is_read_as_often_as_it_should_be() -> None:
    assert every(WANTED) == {tier: wish for tier, (wish, _) in WISHES.items()}


def test_requests_to_spare_bring_older_things_more_often_but_never_more_often_than_their_best() -> (
    None
):
    found = every(WANTED + 600)
    assert found[Tier.NEAR] == QUARTER
    assert found[Tier.OPEN] == HOUR * (1200 / 1800)
    assert found[Tier.HISTORY] == 7 * DAY
    assert every(10**9) == {tier: best for tier, (_, best) in WISHES.items()}


def test_with_too_little_what_matters_least_waits_first_and_longest() -> None:
    found = allot(duties(), WANTED - 700)
    assert [turn.duty.tier for turn in found if turn.waits] == [Tier.HISTORY]
    assert every(WANTED - 700)[Tier.HISTORY] == 7 * DAY / 0.3
    assert late(6000) == {
        Tier.NEAR: pytest.approx(9600 / (6000 - 0.12 * 2900)),
        **dict.fromkeys(list(Tier)[1:], pytest.approx(WANTED / 6000 * 4)),
    }, "a quarter of an even share for each of the others"


def test_what_is_dear_never_makes_wait_what_is_near() -> None:
    dear = {**COSTS, Tier.OPEN: 1500}
    found = late(15_000, dear)
    assert found[Tier.NEAR] == 1
    assert found[Tier.OPEN] == pytest.approx((36_000 + 1700) / (15_000 - 9600))


def late(allowance: int, costs: Mapping[Tier, int] = COSTS) -> dict[Tier, float]:
    """How many times its wish each tier has to wait."""
    turns = allot(duties(costs), allowance)
    return {turn.duty.tier: (turn.every or DAY * 999) / turn.duty.wish for turn in turns}


costs = st.dictionaries(st.sampled_from(list(Tier)), st.integers(1, 20_000), min_size=1)


@given(costs, st.integers(1, 100_000))
def test_the_allowance_is_never_passed_and_nothing_starves(
    shop: dict[Tier, int], allowance: int
) -> None:
    turns = allot(duties(shop), allowance)
    assert sum(turn.requests_a_day for turn in turns) <= allowance * 1.0001
    assert all(turn.every for turn in turns)
    assert all(turn.every is None or turn.every >= turn.duty.best for turn in turns)


@given(costs, st.integers(1, 100_000))
def test_a_tier_gets_more_than_its_wish_only_when_no_other_waits(
    shop: dict[Tier, int], allowance: int
) -> None:
    turns = allot(duties(shop), allowance)
    slack = timedelta(seconds=1)
    late = any(turn.every is None or turn.every > turn.duty.wish + slack for turn in turns)
    early = any(turn.every and turn.every < turn.duty.wish - slack for turn in turns)
    assert not (late and early)


@given(costs, st.integers(1, 100_000))
def test_what_matters_more_never_waits_longer(shop: dict[Tier, int], allowance: int) -> None:
    late = [turn.every / turn.duty.wish for turn in allot(duties(shop), allowance) if turn.every]
    assert all(one <= next_ * 1.0001 for one, next_ in pairwise(late) if next_ > 1)


@given(costs, st.integers(100, 50_000), st.integers(1, 50_000))
def test_more_requests_never_make_anything_staler(
    shop: dict[Tier, int], allowance: int, more: int
) -> None:
    before, after = every(allowance, shop), every(allowance + more, shop)
    for tier in shop:
        old, new = before[tier], after[tier]
        assert old is None or (new is not None and new <= old + timedelta(seconds=1))


def test_our_share_shrinks_when_the_company_s_other_tools_take_more_than_the_rest() -> None:
    assert Allowance(30_000, 0.5).requests == 15_000
    assert Allowance(30_000, 0.5, others=10_000).requests == 15_000
    assert Allowance(30_000, 0.5, others=24_000).requests == 6_000
    assert Allowance(30_000, 0.5, others=40_000).requests == 0


def test_when_the_day_s_requests_run_out_only_what_is_near_is_still_read() -> None:
    plenty, tight, out = (Allowance(30_000, 0.5, used=n) for n in (10_000, 27_500, 30_000))
    assert all(plenty.affords(tier) for tier in Tier)
    assert [tier for tier in Tier if tight.affords(tier)] == [Tier.NEAR]
    assert not any(out.affords(tier) for tier in Tier)


NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def agenda_of(allowance: Allowance, walked: Mapping[tuple[str, Tier], datetime]) -> Agenda:
    return Agenda(allowance, tuple(allot(duties(), allowance.requests)), walked)


def test_a_part_is_due_when_its_time_has_passed_or_when_it_was_never_read() -> None:
    part = ("x.open", Tier.OPEN)
    plenty = Allowance(WANTED, 1.0)
    assert agenda_of(plenty, {}).is_due(*part, NOON)
    assert agenda_of(plenty, {part: NOON - HOUR}).is_due(*part, NOON)
    assert not agenda_of(plenty, {part: NOON - HOUR + QUARTER}).is_due(*part, NOON)
    assert not agenda_of(Allowance(WANTED, 1.0, used=WANTED), {}).is_due(*part, NOON)
    assert not agenda_of(plenty, {}).is_due("x.unknown", Tier.OPEN, NOON)


def test_the_report_tells_which_tiers_wait_and_since_when_their_stalest_part_was_not_read() -> None:
    walked = {(f"x.{tier}", tier): NOON - DAY for tier in Tier if tier is not Tier.AHEAD}
    found = summary.of(agenda_of(Allowance(30_000, 0.5, used=100, others=19_000), walked))
    assert (found.limit, found.used, found.others, found.planned) == (30_000, 100, 19_000, 11_000)
    assert found.needed == pytest.approx(11_000, abs=2)
    assert [tier.tier for tier in found.waiting] == [
        Tier.OPEN,
        Tier.WHOLE,
        Tier.AHEAD,
        Tier.HISTORY,
    ]
    assert {tier.tier: tier.oldest for tier in found.tiers}[Tier.HISTORY] == NOON - DAY
    assert {tier.tier: tier.oldest for tier in found.tiers}[Tier.AHEAD] is None
    rich = summary.of(agenda_of(Allowance(10**6, 1.0), walked))
    assert rich.waiting == () and rich.needed < rich.planned
