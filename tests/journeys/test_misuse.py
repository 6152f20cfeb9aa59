"""What goes wrong at the start: named, with what to do, and the right exit code."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.ports import any_free
from tests.journeys.deployment import Deployment, deployed
from tests.journeys.test_sync import NO_LIMITS, UNLIMITED

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("journeys")]


@pytest.fixture
def ponte(tmp_path: Path, database_url: str, fresh_redis: str) -> Iterator[Deployment]:
    with deployed(tmp_path, database_url, fresh_redis, UNLIMITED, leads=60, **NO_LIMITS) as made:
        yield made


def test_every_problem_of_the_settings_is_listed_at_once(ponte: Deployment) -> None:
    done = ponte.run("sync", KOMMO_API_URL="http://example.com", PORT="many", REDIS_URL="ftp://x")
    assert done.returncode == 2
    assert all(name in done.stderr for name in ("KOMMO_API_URL", "PORT", "REDIS_URL")), done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_credentials_cost_one_request_and_delete_nothing(ponte: Deployment) -> None:
    assert ponte.run("sync", "kommo").returncode == 0
    before = ponte.control("stats")["kommo"]["requests"]
    done = ponte.run("sync", "kommo", "--full", KOMMO_JWT_TOKEN="not-the-token")
    assert done.returncode == 1
    assert "refused the credentials" in done.stderr, done.stderr
    assert ponte.control("stats")["kommo"]["requests"] == before + 1
    gone = (
        "select count(*) from kommo.leads where deleted_at is not null or missing_since is not null"
    )
    assert ponte.value(gone) == 0
    assert ponte.run("sync", "kommo").returncode == 0


def test_another_accounts_token_stops_the_integration(ponte: Deployment) -> None:
    assert ponte.run("sync", "kommo.account").returncode == 0
    ponte.query(
        "update ponte.integration_settings set account_id = '1' where provider = 'kommo' returning id"
    )
    ponte.query("update ponte.integration_settings set credentials_seen = null returning id")
    done = ponte.run("sync", "kommo.leads")
    assert done.returncode == 1
    assert "31990001" in done.stderr
    assert ponte.value("select count(*) from kommo.leads") == 0


def test_an_unknown_target_is_answered_with_what_exists(ponte: Deployment) -> None:
    done = ponte.run("sync", "kommo.leeds")
    assert done.returncode == 2
    assert "kommo.leads" in done.stderr


def test_a_list_that_comes_by_webhooks_only_is_no_target(ponte: Deployment) -> None:
    done = ponte.run("sync", "kommo.talks")
    assert done.returncode == 2
    assert "kommo.talks: the vendor has no list of it" in done.stderr


def test_servers_that_are_away_are_named_with_their_place(ponte: Deployment) -> None:
    nowhere = any_free()
    for command in ("sync", "status", "worker", "beat"):
        done = ponte.run(command, DATABASE_URL=f"postgresql://ponte:pw@127.0.0.1:{nowhere}/x")
        assert done.returncode == 2, done.stderr
        assert f"PostgreSQL does not answer at 127.0.0.1:{nowhere}" in done.stderr
        assert "DATABASE_URL" in done.stderr
        assert "pw" not in done.stderr.replace("pwd", "")
    done = ponte.run("worker", REDIS_URL=f"redis://127.0.0.1:{nowhere}/0")
    assert done.returncode == 2
    assert f"Redis does not answer at 127.0.0.1:{nowhere}" in done.stderr


@pytest.mark.parametrize("command", ["web", "up"])
def test_a_port_that_is_taken_is_said(ponte: Deployment, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = ponte.run(command, PORT=str(port))
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"127.0.0.1:{port}" in done.stderr
    assert "PORT" in done.stderr


@pytest.mark.parametrize("command", ["web", "worker", "beat", "sync", "test-connection"])
def test_without_credentials_nothing_starts(ponte: Deployment, command: str) -> None:
    for name in ("KOMMO_JWT_TOKEN", "GESTAO_CLICK_API_KEY", "GESTAO_CLICK_SECRET_TOKEN"):
        ponte.env.pop(name)
    done = ponte.run(command)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "KOMMO_JWT_TOKEN" in done.stderr


def test_the_connection_is_tested_for_both_vendors(ponte: Deployment) -> None:
    done = ponte.run("test-connection")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("connected") == 2
    refused = ponte.run("test-connection", "--json", GESTAO_CLICK_SECRET_TOKEN="0" * 40)
    assert refused.returncode == 1
    assert '"status": "refused"' in refused.stdout
