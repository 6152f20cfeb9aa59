"""What is wrong is found and told with what to do; what is fine is said to be; nothing stops the rest."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import orjson
import pytest
from pydantic import SecretStr
from redis import Redis
from sqlalchemy import Connection, text

from shared import integrations
from shared.settings import Settings
from tests.ground import NOBODY, SECRET_KEY
from worker.doctor import accounts, examine, servers, work
from worker.doctor.findings import Finding, State
from worker.doctor.hooks import hooks
from worker.doctor.servers import Ground
from worker.reach import Reach

Check = Callable[[Connection, Settings], Iterable[Finding]]


def looked(reach: Reach, check: Check, **settings: Any) -> list[tuple[State, str]]:
    given = reach.settings.model_copy(update=settings)
    with reach.engine.begin() as connection:
        return [(found.state, found.said) for found in check(connection, given)]


def execute(reach: Reach, sql: str, **values: Any) -> Any:
    with reach.engine.begin() as connection:
        result = connection.execute(text(sql), values)
        return result.scalar() if result.returns_rows else None


@pytest.fixture
def kommo(reach: Reach) -> int:
    """The id of the environment's integration."""
    with reach.engine.begin() as connection:
        made = integrations.ensure(connection, reach.settings)
    return next(one.id for one in made if one.provider == "kommo")


# --- servers


def test_servers_that_answer_are_told_with_their_versions_and_clocks(
    reach: Reach, redis_url: str, kommo: int
) -> None:
    ground = Ground(reach.settings, reach.engine, Redis.from_url(redis_url))
    found = list(examine.examined(ground))
    first = [(each.check, each.state) for each in found if each.check in ("postgresql", "redis")]
    assert first == [("redis", State.OK), ("postgresql", State.OK)]
    assert [each.state for each in found if each.check == "clocks"] == [State.OK, State.OK]
    assert [each.state for each in found if each.check == "migrations"] == [State.OK]
    assert {each.check for each in found} >= {"workers", "deliveries", "rejects", "token", "hooks"}
    ground.redis.close()


def test_a_redis_that_does_not_answer_is_a_finding_and_the_rest_is_looked_at(reach: Reach) -> None:
    ground = Ground(reach.settings, reach.engine, reach.redis)
    found = {each.check: each for each in examine.examined(ground)}
    assert found["redis"].state is State.BAD
    assert found["redis"].todo
    assert found["postgresql"].state is State.OK


@pytest.mark.parametrize(("seconds", "state"), [(0, State.OK), (5, State.WARN), (-90, State.BAD)])
def test_clocks_that_differ(seconds: int, state: State) -> None:
    (found,) = servers._clock("X", lambda: datetime.now(UTC) + timedelta(seconds=seconds))
    assert found.state is state


def test_tables_that_lack_a_migration(reach: Reach) -> None:
    ground = Ground(reach.settings, reach.engine, reach.redis)
    execute(reach, "update alembic_version set version_num = '0004'")
    execute(reach, "drop table sync.workers")
    found = {each.check: each for each in examine.examined(ground)}
    assert found["migrations"].state is State.BAD
    assert found["migrations"].todo == "ponte db upgrade"
    assert "sync.workers" in found["workers"].said
    assert "Traceback" not in found["workers"].said
    assert found["rejects"].state is State.OK


# --- work


def test_without_a_worker_nothing_goes_on(reach: Reach) -> None:
    ((state, said),) = looked(reach, work.workers)
    assert (state, "no worker is alive" in said) == (State.BAD, True)
    insert = "insert into sync.workers (name, queues) values (:name, :queues)"
    execute(reach, insert, name="webhooks@here", queues="webhooks")
    ((state, said),) = looked(reach, work.workers)
    assert state is State.BAD
    assert "nothing is read" in said
    execute(reach, insert, name="sync@here", queues="beat,sync")
    assert looked(reach, work.workers) == [(State.OK, "2 pools are alive")]


def test_failed_runs_are_told_together_when_they_fail_for_one_reason(
    reach: Reach, kommo: int
) -> None:
    for resource in ("leads", "tasks"):
        execute(
            reach,
            "insert into sync.runs (request_ids, integration_id, resource, mode, state, trigger, reason)"
            " values ('{}', :id, :resource, 'full', 'failed', 'cli', 'no luck')",
            id=kommo,
            resource=f"kommo.{resource}",
        )
    bad = [said for state, said in looked(reach, work.runs) if state is State.BAD]
    assert len(bad) == 1
    assert "kommo.leads, kommo.tasks failed: no luck" in bad[0]


def test_a_list_that_nobody_reads_any_more_is_late(reach: Reach, kommo: int) -> None:
    execute(
        reach,
        "insert into sync.checkpoints (integration_id, resource, cursor, run_id, updated_at)"
        " values (:id, 'kommo.leads', now(), 1, now() - interval '2 hours')",
        id=kommo,
    )
    told = [said for state, said in looked(reach, work.runs) if state is State.WARN]
    late = [said for said in told if "for long" in said]
    assert len(late) == 1
    assert late[0].endswith("kommo.leads")


def test_lists_that_were_never_read_are_named(reach: Reach, kommo: int) -> None:
    told = [said for state, said in looked(reach, work.runs) if state is State.WARN]
    assert any("never read: kommo.account" in said for said in told)


@pytest.mark.parametrize(
    ("age", "state"), [("10 seconds", State.OK), ("2 minutes", State.WARN), ("1 hour", State.BAD)]
)
def test_deliveries_that_wait(reach: Reach, kommo: int, age: str, state: State) -> None:
    execute(
        reach,
        "insert into sync.deliveries (integration_id, body, received_at, reason)"
        " values (:id, '', clock_timestamp() - cast(:age as interval), 'the vendor sleeps')",
        id=kommo,
        age=age,
    )
    ((found, said),) = looked(reach, work.inbox)
    assert found is state
    assert said.startswith("1 deliveries wait")


def test_dead_letters_are_a_warning_and_a_removal_that_was_given_up_is_bad(
    reach: Reach, kommo: int
) -> None:
    assert looked(reach, work.dead_letters) == [(State.OK, "none")]
    execute(
        reach,
        "insert into sync.deliveries (integration_id, body, settled_at, outcome, reason)"
        " values (:id, 'x', now(), 'undecodable', 'no field'), (:id, 'x', now(), 'done', null)",
        id=kommo,
    )
    execute(
        reach,
        "update ponte.integration_settings set metadata ="
        """ '{"removal": {"mirror": "keep", "rows": 0, "done": false, "deaths": 3}}' where id = :id""",
        id=kommo,
    )
    (letters, removal) = looked(reach, work.dead_letters)
    assert letters == (State.WARN, "1 deliveries failed for good (undecodable): no field")
    assert removal[0] is State.BAD
    assert "its worker died 3 times" in removal[1]


def test_rejects_lists_that_are_not_given_and_pauses_are_warnings(reach: Reach, kommo: int) -> None:
    execute(
        reach, "update ponte.integration_settings set account_id = '7' where id = :id", id=kommo
    )
    execute(
        reach,
        "insert into sync.rejects (integration_id, resource, record, digest, reason)"
        " values (:id, 'kommo.leads', '{}', gen_random_uuid(), 'price: no number')",
        id=kommo,
    )
    execute(
        reach,
        "insert into sync.unavailable (integration_id, resource, slice, reason)"
        " values (:id, 'kommo.tags', 'entity_type=customers', 'HTTP 402')",
        id=kommo,
    )
    execute(
        reach,
        "insert into sync.pauses (budget, until, reason) values"
        " ('kommo:7', now() + interval '5 minutes', 'answered 429')",
    )
    told = [
        look
        for check in (work.rejected, work.not_given, work.quotas)
        for look in looked(reach, check)
    ]
    assert [state for state, _ in told] == [State.WARN] * 3
    texts = " | ".join(said for _, said in told)
    assert "1 records of kommo.leads" in texts
    assert "kommo.tags?entity_type=customers: HTTP 402" in texts
    assert "kommo:7 is asked nothing" in texts


@pytest.mark.parametrize(("used", "state"), [(100, "ok"), (28000, "warn"), (30000, "bad")])
def test_the_days_requests_come_to_their_end(reach: Reach, used: int, state: str) -> None:
    execute(
        reach,
        "insert into sync.usage (budget, hour, requests) values ('gestao-click:7', now(), :used)",
        used=used,
    )
    assert [found for found, _ in looked(reach, work.quotas)] == [State(state)]


def test_what_waits_for_want_of_requests_is_named(reach: Reach) -> None:
    with reach.engine.begin() as connection:
        settings = reach.settings.model_copy(
            update={
                "gestao_click_api_key": SecretStr("a"),
                "gestao_click_secret_token": SecretStr("b"),
            }
        )
        (made,) = [
            one for one in integrations.ensure(connection, settings) if one.source != "kommo"
        ]
        connection.execute(
            text(
                "insert into sync.usage (budget, hour, others) values"
                " (:budget, date_trunc('hour', clock_timestamp()), 60000)"
            ),
            {"budget": made.budget},
        )
        said = [
            found.said for found in work.quotas(connection, settings) if found.state is State.WARN
        ]
    assert any("near, open, whole, ahead, history is read less often" in one for one in said)


# --- accounts


def made(**claims: Any) -> dict[str, Any]:
    return {"kommo_jwt_token": SecretStr(jwt.encode(claims, "k" * 40))}


def days(number: float) -> int:
    return int((datetime.now(UTC) + timedelta(days=number)).timestamp())


@pytest.mark.parametrize(
    ("left", "state", "words"),
    [
        (400, State.OK, "is good until"),
        (20.5, State.WARN, "expires in 20 days"),
        (-1, State.BAD, "expired on"),
    ],
)
def test_a_tokens_age_expiry_and_scopes(
    reach: Reach, left: float, state: State, words: str
) -> None:
    token = made(exp=days(left), iat=days(-9.6), scopes=["crm", "notifications"])
    ((found, said),) = looked(reach, accounts.token, **token)
    assert found is state
    assert words in said
    assert "scopes: crm, notifications, 10 days old" in said


def test_a_token_of_another_account_or_of_no_kind(reach: Reach, kommo: int) -> None:
    execute(
        reach, "update ponte.integration_settings set account_id = '7' where id = :id", id=kommo
    )
    found = looked(reach, accounts.token, **made(account_id=8, exp=days(400)))
    assert [state for state, _ in found] == [State.BAD, State.OK]
    ((state, said),) = looked(reach, accounts.token, kommo_jwt_token=SecretStr("opaque"))
    assert state is State.WARN
    assert "opaque" not in said


@pytest.mark.parametrize(("left", "states"), [(90, []), (10, [State.WARN]), (-1, [State.BAD])])
def test_the_end_of_a_token_that_the_database_keeps(
    reach: Reach, left: int, states: list[State]
) -> None:
    ends = (datetime.now(UTC) + timedelta(days=left)).isoformat()
    execute(
        reach,
        "insert into ponte.integration_settings (user_id, provider, metadata)"
        " values ('ana', 'kommo', jsonb_build_object('token', jsonb_build_object('expires_at', cast(:ends as text))))",
        ends=ends,
    )
    assert [state for state, _ in looked(reach, accounts.kept_tokens)] == states


def test_credentials_that_were_refused_and_accounts_never_met(reach: Reach, kommo: int) -> None:
    metadata = (
        "update ponte.integration_settings set metadata = cast(:said as jsonb) where id = :id"
    )
    execute(reach, metadata, said='{"refused": "digest"}', id=kommo)
    found = looked(reach, accounts.credentials)
    assert [state for state, _ in found] == [State.BAD, State.WARN]


@pytest.mark.parametrize(
    ("kept", "states"),
    [
        ({}, []),
        ({"webhook": "odd"}, []),
        ({"webhook": {"state": "subscribed"}}, [State.OK]),
        ({"webhook": {"state": "not available", "message": "the plan"}}, [State.WARN]),
        ({"webhook": {"state": "failed", "message": "refused"}}, [State.BAD]),
    ],
)
def test_the_subscription_as_it_was_last_found(
    reach: Reach, kommo: int, kept: dict[str, Any], states: list[State]
) -> None:
    metadata = (
        "update ponte.integration_settings set metadata = cast(:said as jsonb) where id = :id"
    )
    execute(reach, metadata, said=orjson.dumps(kept).decode(), id=kommo)
    assert [state for state, _ in looked(reach, accounts.subscription)] == states


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("America/Sao_Paulo", [State.OK]),
        ("America/Bahia", [State.OK]),
        ("America/Manaus", [State.WARN]),
        ("Nowhere/City", []),
    ],
)
def test_the_accounts_time_zone(reach: Reach, kommo: int, name: str, states: list[State]) -> None:
    execute(
        reach,
        "insert into kommo.account (integration_id, id, timezone, raw, changed_at)"
        " values (:id, 7, :name, '{}', now())",
        id=kommo,
        name=name,
    )
    assert [state for state, _ in looked(reach, accounts.time_zone)] == states


# --- hooks


def deliver(reach: Reach, integration: int, count: int, every: float, silent: float) -> None:
    """`count` deliveries, one every so many seconds, the newest `silent` seconds ago."""
    execute(
        reach,
        "insert into sync.deliveries (integration_id, body, received_at, settled_at)"
        " select :id, '', clock_timestamp() - make_interval(secs => :silent + :every * n), now()"
        " from generate_series(0, :count - 1) as n",
        id=integration,
        count=count,
        every=every,
        silent=silent,
    )


def poll(reach: Reach, integration: int, seconds_ago: float, written: int) -> None:
    execute(
        reach,
        "insert into sync.runs (request_ids, integration_id, resource, mode, state, trigger,"
        " started_at, written) values ('{}', :id, 'kommo.leads', 'incremental', 'done', 'schedule',"
        " clock_timestamp() - make_interval(secs => :ago), :written)",
        id=integration,
        ago=seconds_ago,
        written=written,
    )


def test_hooks_that_come_as_usual(reach: Reach, kommo: int) -> None:
    deliver(reach, kommo, 50, every=300, silent=500)
    poll(reach, kommo, 100, written=3)
    ((state, _),) = looked(reach, hooks)
    assert state is State.OK


def test_hooks_that_are_silent_while_polling_finds_changes_need_somebody(
    reach: Reach, kommo: int
) -> None:
    deliver(reach, kommo, 50, every=300, silent=3600)
    poll(reach, kommo, 3590, written=9)
    ((state, said),) = looked(reach, hooks)
    assert (state, "found nothing either" in said) == (State.OK, True)
    poll(reach, kommo, 100, written=3)
    ((state, said),) = looked(reach, hooks)
    assert state is State.BAD
    assert "usually they come within 5 min" in said
    assert "found 3 changes" in said


def test_hooks_that_never_came(reach: Reach, kommo: int) -> None:
    secret = {"kommo_webhook_secret": SecretStr("s" * 20)}
    assert looked(reach, hooks)[0][0] is State.OK
    assert looked(reach, hooks, **secret)[0][0] is State.WARN
    poll(reach, kommo, 100, written=3)
    assert looked(reach, hooks, **secret)[0][0] is State.BAD


# --- the command


def doctor(folder: Path, database_url: str, redis_url: str) -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PONTE_SECRET_KEY": SECRET_KEY,
        "PONTE_DATA_DIR": str(folder),
    }
    command = [sys.executable, "-m", "worker.cli", "doctor", "--json"]
    return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)


def test_the_command_works_without_postgresql_and_without_redis(
    tmp_path: Path, database_url: str
) -> None:
    told = doctor(tmp_path, "postgresql://u:hidden@127.0.0.1:1/x", NOBODY)
    assert told.returncode == 1
    assert (told.stderr, "hidden" in told.stdout) == ("", False)
    states = {each["check"]: each["state"] for each in orjson.loads(told.stdout)}
    assert (states["postgresql"], states["redis"]) == ("bad", "bad")
    told = doctor(tmp_path, database_url, NOBODY)
    assert (told.returncode, told.stderr) == (1, "")
    states = {each["check"]: each["state"] for each in orjson.loads(told.stdout)}
    assert (states["postgresql"], states["redis"], states["migrations"]) == ("ok", "bad", "ok")


def test_the_command_ends_with_0_when_nothing_needs_anybody(
    tmp_path: Path, database_url: str, redis_url: str, reach: Reach
) -> None:
    insert = "insert into sync.workers (name, queues) values ('all@here', 'beat,sync,webhooks')"
    execute(reach, insert)
    told = doctor(tmp_path, database_url, redis_url)
    assert told.returncode == 0, told.stdout + told.stderr
