"""Several accounts in one deployment: each with its own rows, budget, webhooks and troubles."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from sandbox import Sandbox
from shared import enrolment, runs
from shared.db.bookkeeping import deliveries as inbox
from shared.db.bookkeeping import usage
from shared.enrolment import Wanted
from shared.integrations import Integration
from shared.queue import DRAIN, QUEUES
from shared.resources import BY_NAME
from shared.secrets import Keyring
from tests.ground import Ground, ground_on
from worker import tasks
from worker.drain import drain
from worker.reach import Reach
from worker.sync.carry import carry_out

LEADS = BY_NAME["kommo.leads"]
SOUTH = 4242


@dataclass
class Two:
    """The environment's account (north) and one that was added (south), in one database."""

    north: Ground
    box: Sandbox
    south: Integration

    def order(self, integration: Integration) -> int:
        def ask(connection: Any) -> int:
            made = runs.request(connection, integration, [LEADS], full=True, trigger="cli")
            return made.run_ids[-1]

        return int(self.north.run(ask))

    def read(self, integration: Integration) -> dict[str, Any]:
        run_id = self.order(integration)
        while carry_out(self.north.reach, run_id, 60):
            pass
        return self.north.report(run_id)

    def names(self, integration: Integration) -> dict[int, str]:
        rows = self.north.rows(LEADS)
        return {r["id"]: r["name"] for r in rows if r["integration_id"] == integration.id}

    def change(self, **changes: Any) -> None:
        self.north.run(
            enrolment.change,
            self.north.reach.settings,
            self.north.reach.keys,
            self.south.id,
            changes,
        )


def truth(box: Sandbox) -> dict[int, str]:
    return {lead["id"]: lead["name"] for lead in box.truth("kommo", "leads")}


@pytest.fixture
def two(database_url: str, redis_url: str) -> Iterator[Two]:
    with (
        ground_on(database_url, redis_url=redis_url) as north,
        Sandbox(account_id=SOUTH, leads=25, months=2, seed=2, kommo_limit=0) as box,
    ):
        wanted = Wanted("kommo", "south", {"jwtToken": box.kommo_token}, url=box.kommo_url)
        north.integration("kommo")
        added = north.run(enrolment.add, north.reach.settings, north.reach.keys, wanted)
        north.reach.redis.delete(*QUEUES.values())
        yield Two(north, box, added.integration)
        north.reach.redis.delete(*QUEUES.values())


def test_overlapping_ids_are_rows_of_their_own_and_neither_account_sees_the_other(two: Two) -> None:
    own = two.north.integration("kommo")
    assert two.read(own)["state"] == "done"
    assert two.read(two.south)["state"] == "done"
    assert two.names(own) == truth(two.north.box)
    assert two.names(two.south) == truth(two.box)
    assert set(truth(two.box)) & set(truth(two.north.box))


def test_each_account_has_a_budget_of_its_own(two: Two) -> None:
    two.read(two.south)
    asked = two.box.stats()["kommo"]["requests"]
    assert two.north.requests("kommo") == 0
    used = two.north.run(lambda c: dict(c.execute(select(usage.c.budget, usage.c.requests)).all()))
    assert used == {f"kommo:{SOUTH}": asked}


def test_an_account_without_the_settings_address_keeps_the_vendors_limit(two: Two) -> None:
    """No limit at all is for the sandbox: KOMMO_RATE_LIMIT=0 does not reach a real account."""
    from worker.sources.opening import vendor_rate

    limited = two.north.reach.settings.model_copy(update={"kommo_rate_limit": 0})
    elsewhere = replace(two.north.integration("kommo"), url="https://south.kommo.com")
    assert vendor_rate(limited, elsewhere) == 7


def deliver(two: Two, id_: int, account: int = SOUTH) -> None:
    body = urlencode({"leads[update][0][id]": id_, "account[id]": account}).encode()
    two.north.keep(two.south.id, body)


def outcomes(two: Two) -> list[str | None]:
    order = select(inbox.c.outcome).order_by(inbox.c.id)
    return list(two.north.run(lambda c: list(c.scalars(order))))


def test_a_webhook_changes_the_row_of_its_own_account_only(two: Two) -> None:
    own = two.north.integration("kommo")
    two.read(own)
    two.read(two.south)
    before, id_ = two.names(own), min(set(truth(two.box)) & set(truth(two.north.box)))
    two.north.box.reset_stats()
    two.box.kommo.change("leads", [id_], {"name": "Renamed in the south"})
    deliver(two, id_)
    drain(two.north.reach, two.south.id, 10)
    assert two.names(two.south)[id_] == "Renamed in the south"
    assert two.names(own) == before
    assert two.north.requests("kommo") == 0


def test_another_accounts_webhook_is_told_apart(two: Two) -> None:
    two.read(two.south)
    deliver(two, 1, account=31990001)
    drain(two.north.reach, two.south.id, 10)
    assert outcomes(two) == ["other account"]


def test_what_a_paused_one_is_sent_waits_until_it_is_resumed(two: Two) -> None:
    two.read(two.south)
    asked = two.box.stats()["kommo"]["requests"]
    two.change(active=False)
    deliver(two, next(iter(truth(two.box))))
    drain(two.north.reach, two.south.id, 10)
    tasks.sweep(two.north.reach)
    assert outcomes(two) == [None]
    assert two.north.rung == []
    assert two.box.stats()["kommo"]["requests"] == asked
    two.change(active=True)
    tasks.sweep(two.north.reach)
    assert two.north.rung == [(DRAIN, two.south.id)]
    drain(two.north.reach, two.south.id, 10)
    assert outcomes(two) == ["done"]


def test_a_run_of_a_paused_one_waits_with_its_reason(two: Two) -> None:
    run_id = two.order(two.south)
    two.change(active=False)
    assert carry_out(two.north.reach, run_id, 60) is False
    report = two.north.report(run_id)
    assert (report["state"], report["reason"]) == ("queued", "the integration is paused")
    assert two.box.stats()["kommo"]["requests"] == 0


def ordered(two: Two, reach: Reach) -> set[int]:
    tasks.make_due_runs(reach)
    return {row["integration_id"] for row in two.north.runs()}


def test_every_active_account_is_scheduled_and_a_paused_or_silent_one_is_not(two: Two) -> None:
    two.change(active=False)
    assert two.south.id not in ordered(two, two.north.reach)
    two.change(active=True, auto_sync=False)
    assert two.south.id not in ordered(two, two.north.reach)
    two.change(auto_sync=True)
    assert two.south.id in ordered(two, two.north.reach)


def test_an_environment_without_credentials_stops_nothing_else(two: Two) -> None:
    own = two.north.integration("kommo")
    reach = two.north.reach
    bare = reach.settings.model_copy(update={"kommo_jwt_token": None})
    without = Reach(bare, reach.engine, reach.redis, reach.keys, reach.ring)
    made = ordered(two, without)
    assert two.south.id in made
    assert own.id not in made
    run_id = two.order(own)
    carry_out(without, run_id, 60)
    report = two.north.report(run_id)
    assert report["state"] == "failed"
    assert "KOMMO_JWT_TOKEN" in report["reason"]


def test_credentials_that_cannot_be_read_any_more_stop_nothing_else(two: Two) -> None:
    reach = two.north.reach
    changed = Reach(reach.settings, reach.engine, reach.redis, Keyring(["n" * 40]), reach.ring)
    made = ordered(two, changed)
    assert two.south.id not in made
    assert two.north.integration("kommo").id in made


def test_the_row_tells_its_last_sync_its_counts_and_its_last_error(two: Two) -> None:
    two.read(two.south)
    two.box.faults.add({"vendor": "kommo", "kind": "401"})
    two.read(two.south)
    told = {r["id"]: r for r in two.north.run(enrolment.listed, two.north.reach.settings)}
    south = told[two.south.id]
    assert south["account_id"] == str(SOUTH)
    assert (south["runs_done"], south["runs_failed"]) == (1, 1)
    assert south["last_sync"]["resource"] == LEADS.full_name
    assert "401" in south["last_error"]["reason"]
    assert told[two.north.integration("kommo").id]["runs_failed"] == 0
