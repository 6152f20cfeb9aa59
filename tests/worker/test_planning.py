"""`ponte plan`: what will be read today, before anything runs; and what a day's requests are."""

import io
import json

import pytest
from rich.console import Console
from sqlalchemy import text

from shared import agenda
from shared.agenda import Tier
from shared.db.engine import clock
from shared.resources import BY_NAME
from tests.ground import Ground
from worker import planning, tasks
from worker.commands import planning as command
from worker.sources import opening
from worker.sources.budget import Book

RECEBIMENTOS = BY_NAME["gestao_click.recebimentos"]


@pytest.fixture
def read(ground: Ground) -> Ground:
    """A small company that was read once."""
    tasks.make_due_runs(ground.reach)
    for _ in range(3):
        for run in ground.runs():
            if run["resource"].startswith("gestao_click.") and run["state"] == "queued":
                ground.carry(run["id"])
    return ground


def usage(ground: Ground, hours: int, **numbers: int) -> None:
    """So many hours ago: requests, limited, others."""
    columns = {"requests": 0, "limited": 0, "others": 0, **numbers}
    ground.run(
        lambda c: c.execute(
            text(
                "insert into sync.usage (budget, hour, requests, limited, others) values (:budget,"
                " date_trunc('hour', clock_timestamp()) - make_interval(hours => :hours),"
                " :requests, :limited, :others) on conflict (budget, hour) do update set"
                " requests = :requests, limited = :limited, others = :others"
            ),
            {"budget": ground.integration("gestao-click").budget, "hours": hours, **columns},
        )
    )


def allowance(ground: Ground) -> agenda.Allowance:
    found: agenda.Allowance = ground.run(
        agenda.allowance.of, ground.reach.settings, ground.integration("gestao-click")
    )
    return found


def test_what_others_use_is_taken_off_and_comes_back_with_the_day(read: Ground) -> None:
    usage(read, 0, requests=4000)
    assert allowance(read).requests == 15_000
    assert allowance(read).used == 4000
    usage(read, 0, requests=4000, others=26_000)
    assert allowance(read).requests == pytest.approx(4000, abs=26_000 / 24)
    usage(read, 0, requests=4000)
    usage(read, 12, others=26_000)
    assert allowance(read).requests == 15_000
    assert allowance(read).others == pytest.approx(13_000, abs=26_000 / 24)
    usage(read, 12)
    usage(read, 30, requests=9, others=26_000)
    assert (allowance(read).others, allowance(read).used) == (0, 4000)


def test_an_integration_has_a_share_of_its_own(read: Ground) -> None:
    read.run(
        lambda c: c.execute(
            text(
                "update ponte.integration_settings set daily_share = 0.2 where provider = 'gestao-click'"
            )
        )
    )
    assert allowance(read).requests == 6000


def test_after_a_refusal_one_request_of_each_second_is_left_to_the_others(read: Ground) -> None:
    name = read.integration("gestao-click").budget

    def rates() -> list[float]:
        return [book.rate for book in opening._politely(read.reach, [Book(name, 3.0)], name)]

    assert rates() == [3.0]
    usage(read, 0, limited=1)
    assert rates() == [2.0]
    usage(read, 0)
    usage(read, 2, limited=1)
    assert rates() == [3.0]


def test_the_plan_costs_nothing_and_knows_what_each_list_costs(read: Ground) -> None:
    asked = read.requests("gestao-click")
    (found,) = command.read(read.reach)
    assert read.requests("gestao-click") == asked
    assert found["provider"] == "gestao-click"
    assert (found["limit"], found["planned"]) == (30_000, 15_000)
    tiers = {tier["tier"]: tier for tier in found["tiers"]}
    assert list(tiers) == [str(tier) for tier in Tier]
    assert tiers["near"]["wish"] == tiers["near"]["every"] == 900
    assert found["needed"] == sum(tier["requests_a_day"] for tier in tiers.values())
    titles = next(
        part
        for part in found["parts"]
        if part["resource"] == RECEBIMENTOS.full_name and part["tier"] == "near"
    )
    stores = len(read.rows(BY_NAME["gestao_click.lojas"]))
    assert titles["requests"] >= stores
    assert titles["requests_a_day"] == titles["requests"] * 96


def test_a_plan_of_a_day_with_too_few_requests_says_what_waits(read: Ground) -> None:
    usage(read, 0, others=60_000)
    said = shown(read)
    assert "for want of requests" in said
    assert "history should be read every" in said
    usage(read, 0)
    assert "for want of requests" not in shown(read)


def shown(ground: Ground) -> str:
    console = Console(width=160, file=io.StringIO(), record=True)
    command.show(command.read(ground.reach), console)
    return console.export_text()


def test_before_anything_was_read_a_plan_can_be_made_all_the_same(ground: Ground) -> None:
    ground.integration("gestao-click")
    (found,) = command.read(ground.reach)
    assert all(part["read_at"] is None for part in found["parts"])
    assert found["needed"] > 0
    json.dumps(found, default=str)


def test_what_it_says_is_what_a_turn_then_asks(read: Ground) -> None:
    """A turn of the schedule, an hour later, asks for what was planned of one list."""
    with read.reach.engine.begin() as connection:
        account, now = read.integration("gestao-click"), clock(connection)
        planned = planning.of(connection, read.reach.settings, account, now)
    near = planned.turn(RECEBIMENTOS.full_name, Tier.NEAR)
    assert near
    run = read.order(RECEBIMENTOS, trigger="cli")
    open_, ahead = (planned.turn(RECEBIMENTOS.full_name, t) for t in (Tier.OPEN, Tier.AHEAD))
    assert open_ and ahead
    expected = near.duty.requests + open_.duty.requests + ahead.duty.requests
    assert read.carry(run)["requests"] == pytest.approx(expected, abs=3)
