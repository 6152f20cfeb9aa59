"""Why does a row say so: every fact that the books hold, in order, and what it was then."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
import pytest

from shared import deliveries, integrations
from shared.db.bookkeeping import integration_settings
from shared.deliveries import Arrival
from shared.errors import Misuse
from shared.integrations import Integration
from shared.resources import BY_NAME
from shared.resources.columns import Context
from tests.ground import SECRET_KEY, Ground
from worker.commands import explaining
from worker.drain import drain
from worker.explain import Explanation, explain_now, explain_then
from worker.reach import Reach
from worker.record import UnknownRecord, named
from worker.sync import rows
from worker.sync.upsert import Mirror

LEADS = BY_NAME["kommo.leads"]
ZERO = datetime(2026, 10, 1, 12, tzinfo=UTC)
ZONE = ZoneInfo("America/Sao_Paulo")


def at(minute: int) -> datetime:
    return ZERO + timedelta(minutes=minute)


class Story:
    """One integration's leads, told by hand."""

    def __init__(self, reach: Reach, user: str = "default") -> None:
        self.reach = reach
        with reach.engine.begin() as connection:
            made = integration_settings.insert().values(user_id=user, provider="kommo")
            id_ = connection.execute(made.returning(integration_settings.c.id)).scalar_one()
            self.integration: Integration = integrations.by_id(connection, id_)

    def put(self, minute: int, cause: str = "", run_id: int | None = 1, **fields: Any) -> None:
        batch = rows.batch(LEADS, [{"id": 123, **fields}], Context())
        with self.reach.engine.begin() as connection:
            mirror = Mirror(connection, self.integration.id, LEADS, cause)
            mirror.put(batch, at(minute), ZERO, run_id)

    def gone(self, minute: int, *, told: bool, how: str) -> None:
        with self.reach.engine.begin() as connection:
            Mirror(connection, self.integration.id, LEADS).gone(
                [(123,)], at(minute), told=told, how=how
            )

    def delivery(self, minute: int, outcome: str) -> int:
        owner = uuid4()
        with self.reach.engine.begin() as connection:
            (id_,) = deliveries.keep(connection, [Arrival(self.integration.id, b"")])
            deliveries.claim(connection, self.integration.id, owner, 60, 10)
            about = {id_: ["kommo.leads:123"]}
            deliveries.settle(connection, owner, [id_], outcome, about=about)
            set_at = "update sync.deliveries set received_at = %s, settled_at = %s where id = %s"
            connection.exec_driver_sql(set_at, (at(minute), at(minute), id_))
        return id_

    def run(self, started: int, finished: int) -> int:
        insert = (
            "insert into sync.runs (request_ids, integration_id, resource, mode, state, trigger,"
            " started_at, finished_at) values ('{}', %s, 'kommo.leads', 'full', 'done', 'schedule',"
            " %s, %s) returning id"
        )
        given = (self.integration.id, at(started), at(finished))
        with self.reach.engine.begin() as connection:
            id_: int = connection.exec_driver_sql(insert, given).scalar_one()
        return id_

    def explained(self, integration: int | None = None) -> Explanation:
        with self.reach.engine.begin() as connection:
            asked = ("kommo.leads", "123", integration)
            return explain_now(connection, named(connection, self.reach.settings, *asked))


def test_everything_that_the_books_know_is_told_in_the_order_of_time(reach: Reach) -> None:
    story = Story(reach)
    run, later = story.run(0, 2), story.run(60, 62)
    story.put(1, f"run {run}", name="Ana", price=100)
    delivery = story.delivery(10, "done")
    story.put(11, f"deliveries {delivery}", None, name="Ana", price=250)
    story.put(5, f"run {run}", name="Ana", price=100)
    story.gone(20, told=False, how="absent, asked by id")
    story.gone(30, told=True, how="webhook")
    story.put(61, f"run {later}", name="Ana", price=250)
    found = story.explained()
    told = [(fact.at, fact.what) for fact in found.facts]
    assert told == [
        (at(1), f"first written; under way was run {run} (full, ordered by schedule, done)"),
        (
            at(5),
            "an older look was ignored: a newer one had been here; "
            f"cause: run {run} (full, ordered by schedule, done)",
        ),
        (at(10), f"delivery {delivery} told of it; settled after 0.0 s: done"),
        (at(11), f"changed; cause: deliveries {delivery}"),
        (
            at(20),
            "marked missing, not deleted: a look did not find it (absent, asked by id), but nobody "
            "said that it was deleted; rights may hide it",
        ),
        (at(30), "marked deleted: a look did not find it, and it was told so (webhook)"),
        (
            at(61),
            "found again: live, no longer deleted; "
            f"cause: run {later} (full, ordered by schedule, done)",
        ),
        (
            at(61),
            "last look: it was as the row says; "
            f"under way was run {later} (full, ordered by schedule, done)",
        ),
    ]
    (change,) = found.facts[3].changes
    assert (change.field, change.before, change.after) == ("price", 100, 250)
    assert (found.state, found.looked_at, found.how) == ("live", at(61), None)
    assert found.row
    assert found.row["price"] == 250


def test_how_a_deletion_was_learnt_stands_in_the_present_state(reach: Reach) -> None:
    story = Story(reach)
    story.put(1, name="Ana")
    story.gone(2, told=True, how="merged")
    found = story.explained()
    assert (found.state, found.how) == ("deleted", "merged")


def test_a_record_that_could_not_become_a_row_is_explained_by_its_reject(reach: Reach) -> None:
    story = Story(reach)
    story.put(1, price="dear")
    found = story.explained()
    assert (found.state, found.row) == ("not mirrored", None)
    (fact,) = found.facts
    assert fact.what.startswith("rejected: ")
    assert "dear" in fact.what


def test_what_it_was_then(reach: Reach) -> None:
    story = Story(reach)
    story.put(1, name="Ana")
    story.put(60 * 24, name="Bia")
    with reach.engine.begin() as connection:
        record = named(connection, reach.settings, "kommo.leads", "123")
        day = explaining.moment("2026-10-01", ZONE)
        then = explain_then(connection, record, day)
        assert (then.state, then.since, then.until) == ("live", at(1), at(60 * 24))
        assert then.record["name"] == "Ana"
        with pytest.raises(UnknownRecord, match="the books begin at 2026-10-01T12:01"):
            explain_then(connection, record, at(0))


def test_days_end_with_their_last_moment_and_times_are_local() -> None:
    assert explaining.moment("2026-10-01", ZONE).isoformat() == "2026-10-01T23:59:59.999999-03:00"
    assert explaining.moment("2026-10-01T09:30", ZONE).isoformat() == "2026-10-01T09:30:00-03:00"
    assert explaining.moment("2026-10-01T09:30+00:00", ZONE).utcoffset() == timedelta()
    with pytest.raises(Misuse, match="yesterday: write"):
        explaining.moment("yesterday", ZONE)


@pytest.mark.parametrize(
    ("resource", "key", "told"),
    [
        ("kommo.leeds", "1", "kommo.leads"),
        ("kommo.leads", "x", "'x'"),
        ("kommo.statuses", "142", "pipeline_id/id"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(
    reach: Reach, resource: str, key: str, told: str
) -> None:
    with reach.engine.begin() as connection, pytest.raises(Misuse, match=told):
        named(connection, reach.settings, resource, key)


def test_an_unknown_record_is_answered_with_what_there_is(reach: Reach) -> None:
    story = Story(reach)
    story.put(1, name="Ana")
    with (
        reach.engine.begin() as connection,
        pytest.raises(UnknownRecord, match="1 are mirrored, from 123"),
    ):
        named(connection, reach.settings, "kommo.leads", "124")


def test_the_same_id_of_two_accounts_has_to_be_told_apart(reach: Reach) -> None:
    one, two = Story(reach, "ana"), Story(reach, "bia")
    for story, name in ((one, "Ana"), (two, "Bia")):
        story.put(1, name=name)
    with pytest.raises(Misuse, match="--integration"):
        one.explained()
    assert one.explained(two.integration.id).row["name"] == "Bia"  # type: ignore[index]
    mine = Story(reach)
    mine.put(1, name="Eu")
    assert mine.explained().row["name"] == "Eu"  # type: ignore[index]


def test_a_webhook_is_followed_from_its_delivery_to_the_change_and_to_the_deletion(
    ground: Ground,
) -> None:
    """With a real drain and a real run: what they tell is what is found."""
    made = int(ground.sync(LEADS)["id"])
    key = int(ground.box.truth("kommo", "leads")[0]["id"])
    integration = ground.integration("kommo").id

    def deliver(action: str) -> int:
        body = f"leads[{action}][0][id]={key}".encode()
        id_: int = ground.keep(integration, body)
        drain(ground.reach, integration, 20)
        return id_

    ground.box.kommo.change("leads", [key], {"name": "Mudou"})
    updated = deliver("update")
    ground.box.kommo.delete("leads", [key])
    deleted = deliver("delete")
    record = ground.run(named, ground.reach.settings, "kommo.leads", str(key))
    found = ground.run(explain_now, record)
    told = [fact.what for fact in found.facts]
    assert f"under way was run {made} (full" in told[0]
    assert told[1].startswith(f"delivery {updated} told of it; settled after")
    assert told[2] == f"changed; cause: delivery {updated}"
    assert "name" in [change.field for change in found.facts[2].changes]
    assert told[3].startswith(f"delivery {deleted} told of it; settled after")
    assert told[4].startswith(
        "marked deleted: a look did not find it, and it was told so (webhook)"
    )
    assert (found.state, found.how) == ("deleted", "webhook")


def test_the_command_prints_facts_and_tells_by_its_exit_code(reach: Reach, redis_url: str) -> None:
    story = Story(reach)
    story.put(1, name="Ana [bold]", updated_at=1790000000)
    story.put(2, name="Bia", updated_at=1790000060)

    def ponte(*argv: str) -> subprocess.CompletedProcess[str]:
        assert reach.settings.database_url
        environ = {
            **os.environ,
            "DATABASE_URL": reach.settings.database_url.get_secret_value(),
            "REDIS_URL": redis_url,
            "PONTE_SECRET_KEY": SECRET_KEY,
        }
        command = [sys.executable, "-m", "worker.cli", "explain", *argv]
        return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)

    told = ponte("kommo.leads", "123")
    assert told.returncode == 0, told.stderr
    assert "2026-10-01 09:02:00  changed" in told.stdout
    assert "name: Ana [bold] → Bia" in told.stdout
    assert "updated_at: 2026-09-21 11:13:20 → 2026-09-21 11:14:20" in told.stdout
    told = ponte("kommo.leads", "123", "--at", "2026-10-01T09:01:30", "--json")
    assert orjson.loads(told.stdout)["record"]["name"] == "Ana [bold]"
    assert ponte("kommo.leads", "124").returncode == 1
    assert ponte("kommo.leeds", "124").returncode == 2
