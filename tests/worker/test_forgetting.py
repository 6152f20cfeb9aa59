"""Removals that a worker carries out: webhook first, then credentials, then every row, and no other's."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from sandbox import Sandbox
from shared import enrolment, leaving, runs
from shared.db.bookkeeping import row_counts
from shared.db.mirror import metadata
from shared.enrolment import Wanted
from shared.errors import LostOwnership
from shared.integrations import Integration
from shared.resources import BY_NAME, of_provider
from shared.row_counts import all_of
from tests.ground import Ground
from worker import forgetting, subscription, tasks
from worker.sync.carry import carry_out

LEADS = BY_NAME["kommo.leads"]
TABLES = [
    table
    for table in metadata.sorted_tables
    if "integration_id" in table.c and table is not row_counts
]


def counts(ground: Ground, id_: int) -> dict[str, int]:
    """Rows of an integration, of every table that has any."""

    def count(connection: Connection) -> dict[str, int]:
        asked = "select count(*) from {} where integration_id = {}"
        found = {t.fullname: connection.scalar(text(asked.format(t.fullname, id_))) for t in TABLES}
        return {name: number for name, number in found.items() if number}

    told: dict[str, int] = ground.run(count)
    return told


def added(ground: Ground, box: Sandbox, user: str = "south") -> Integration:
    wanted = Wanted("kommo", user, {"jwtToken": box.kommo_token}, url=box.kommo_url)
    made = ground.run(enrolment.add, ground.reach.settings, ground.reach.keys, wanted)
    found: Integration = made.integration
    return found


def read(ground: Ground, one: Integration) -> None:
    def order(connection: Connection) -> tuple[int, ...]:
        wanted = of_provider(one.provider)
        return runs.request(connection, one, wanted, full=True, trigger="cli").run_ids

    for run_id in ground.run(order):
        while carry_out(ground.reach, run_id, 60):
            pass


def remove(ground: Ground, id_: int, mirror: str) -> None:
    ground.run(leaving.remove, ground.reach.settings, id_, mirror)


def told(ground: Ground, id_: int) -> dict[str, Any]:
    rows = ground.run(enrolment.listed, ground.reach.settings)
    found: dict[str, Any] = next(row for row in rows if row["id"] == id_)
    return found


@pytest.fixture
def south(ground: Ground) -> Integration:
    """Another integration of the same box's account, read in full, its webhook subscribed."""
    one = added(ground, ground.box)
    read(ground, one)
    assert subscription.register(ground.reach, one.id)[0]
    ground.keep(one.id, b"leads[update][0][id]=1")
    return one


def test_every_table_is_emptied_of_it_and_nothing_of_another_is_touched(
    ground: Ground, south: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "BATCH", 7)
    own = ground.integration("kommo")
    ground.sync(LEADS)
    others = counts(ground, own.id)
    rows = sum(counts(ground, south.id).values())
    assert rows > 100
    remove(ground, south.id, "delete")
    assert told(ground, south.id)["state"] == "removing"
    while forgetting.carry_out(ground.reach, south.id, 60):
        pass
    assert counts(ground, south.id) == {}
    assert counts(ground, own.id) == others
    counted = ground.run(all_of)
    assert {of for of, _ in counted} == {own.id}
    assert counted[own.id, LEADS.full_name] == (len(ground.rows(LEADS)), 0)
    gone = told(ground, south.id)
    assert (gone["state"], gone["credentials"], gone["account_id"]) == ("removed", "none", None)
    assert gone["removal"] == {"mirror": "delete", "rows": rows, "done": True}


def test_its_subscription_goes_first_and_the_others_stay(
    ground: Ground, south: Integration
) -> None:
    hooks = ground.box.truth("kommo", "webhooks")
    remove(ground, south.id, "keep")
    assert told(ground, south.id)["credentials"] == "stored"
    assert forgetting.carry_out(ground.reach, south.id, 60) is False
    assert len(ground.box.truth("kommo", "webhooks")) == len(hooks) - 1
    assert (told(ground, south.id)["state"], told(ground, south.id)["credentials"]) == (
        "removed",
        "none",
    )
    assert "kommo.leads" in counts(ground, south.id)


def test_a_vendor_that_does_not_answer_stops_no_removal(ground: Ground, south: Integration) -> None:
    ground.box.faults.add({"vendor": "kommo", "kind": "drop", "times": 50})
    remove(ground, south.id, "delete")
    assert forgetting.carry_out(ground.reach, south.id, 60) is False
    assert counts(ground, south.id) == {}


def test_it_goes_on_where_time_was_up(
    ground: Ground, south: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "BATCH", 5)
    remove(ground, south.id, "delete")
    assert forgetting.carry_out(ground.reach, south.id, 0.0)
    assert forgetting.carry_out(ground.reach, south.id, 60) is False
    assert counts(ground, south.id) == {}


def test_a_run_under_way_loses_its_ownership_and_writes_nothing_more(
    ground: Ground, south: Integration
) -> None:
    def begin(connection: Connection) -> Any:
        (id_,) = runs.request(connection, south, [LEADS], full=True, trigger="cli").run_ids
        return runs.claim(connection, id_, uuid4(), 60)

    run = ground.run(begin)
    remove(ground, south.id, "delete")
    with pytest.raises(LostOwnership):
        ground.run(runs.renew, run, 60)
    assert forgetting.carry_out(ground.reach, south.id, 60) is False
    with pytest.raises(LostOwnership):
        ground.run(runs.renew, run, 60)
    assert counts(ground, south.id) == {}


def test_a_ring_that_was_lost_is_rung_again(
    ground: Ground, south: Integration, redis_url: str
) -> None:
    from dataclasses import replace

    from redis import Redis

    from shared.queue import FORGET, QUEUES

    redis = Redis.from_url(redis_url)
    redis.delete(*QUEUES.values())
    remove(ground, south.id, "delete")
    tasks.sweep(replace(ground.reach, redis=redis))
    assert (FORGET, south.id) in ground.rung


def test_it_can_be_added_again_and_belong_to_another_account(
    ground: Ground, south: Integration
) -> None:
    remove(ground, south.id, "delete")
    forgetting.carry_out(ground.reach, south.id, 60)
    with Sandbox(account_id=4242, leads=3, months=1, seed=2, kommo_limit=0) as other:
        again = added(ground, other)
        assert again.id == south.id
        read(ground, again)
    assert told(ground, south.id)["account_id"] == "4242"
    assert told(ground, south.id)["removal"] is None


def views(*statements: str) -> Callable[[Connection], None]:
    def make(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    return make


def test_with_the_mirror_go_the_views_that_people_read(ground: Ground) -> None:
    id_ = added(ground, ground.box).id
    ground.run(
        views(
            "create view reports.kommo_7_leads as select 1 as id",
            "create view reports.kommo_7_contacts as select 1 as id",
            "create view public.somebodys as select * from reports.kommo_7_contacts",
            "insert into ponte.report_views (name, integration_id) values"
            f" ('kommo_7_leads', {id_}), ('kommo_7_contacts', {id_})",
        )
    )
    remove(ground, id_, "delete")
    assert forgetting.carry_out(ground.reach, id_, 60) is False
    left = "select viewname from pg_views where viewname like 'kommo_7%%'"
    assert ground.run(lambda c: list(c.exec_driver_sql(left).scalars())) == ["kommo_7_contacts"]
