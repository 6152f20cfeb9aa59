"""A backup, restored on another machine: one command, and the mirror is equal to the world again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.embedded import Postgres
from sandbox.embedded.binaries import find_postgres
from sandbox.embedded.process import account_for
from shared.resources import BY_NAME
from tests.contract.changes import remove, rewrite
from tests.contract.worlds import world
from tests.journeys.deployment import Deployment, deployed
from tests.journeys.test_sync import NO_LIMITS, UNLIMITED

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("drills")]
SALES, REASONS = (BY_NAME[name] for name in ("gestao_click.vendas", "kommo.loss_reasons"))
HELD = """
    insert into sync.runs (request_ids, integration_id, resource, mode, state, trigger, owner, lease_until, position)
    select array[gen_random_uuid()], integration_id, resource, 'full', 'running', 'schedule', gen_random_uuid(),
        clock_timestamp() + interval '1 hour', '{"page": 3}' from sync.checkpoints where resource = 'kommo.leads'
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """The address of an empty PostgreSQL on another machine."""
    server = Postgres(tmp_path / "elsewhere", durable=False)
    try:
        yield server.start()
    finally:
        server.stop()


def program(name: str, folder: Path, url: str, *arguments: str | Path) -> None:
    """pg_dump or pg_restore, as docs/operations.md says."""
    command = find_postgres(folder, account_for(folder)).with_name(name)
    done = subprocess.run(
        [command, "-d", url, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def change_the_world(ponte: Deployment) -> None:
    """Edits, creations and deletions of both vendors that no webhook tells; old documents, short lists too."""
    kommo = ponte.box.kommo
    leads = [int(record["id"]) for record in ponte.box.truth("kommo", "leads")]
    kommo.change("leads", leads[:3], {"name": "Mudou"}, silent=True)
    kommo.delete("leads", leads[3:5])
    kommo.create("contacts", {"name": "Contato novo"})
    ponte.control("churn", {"changes": 40})
    sales = world(ponte.box, SALES)
    rewrite(ponte.box, SALES, sales[0], valor_total="77.70")
    ponte.box.gestao_click.delete("vendas", [sales[1].record["id"]])
    remove(ponte.box, REASONS, world(ponte.box, REASONS)[-1])


def test_one_command_brings_a_restored_mirror_up_to_date(
    tmp_path: Path, database_url: str, fresh_redis: str, elsewhere: str
) -> None:
    dump = tmp_path / "ponte.dump"
    with deployed(
        tmp_path, database_url, fresh_redis, UNLIMITED, leads=60, months=4, **NO_LIMITS
    ) as ponte:
        assert ponte.run("sync").returncode == 0
        ponte.execute(HELD)
        program("pg_dump", tmp_path, database_url, "-Fc", "-f", dump)
        change_the_world(ponte)
        program("pg_restore", tmp_path, elsewhere, "--no-owner", dump)
        there = Deployment(tmp_path, elsewhere, fresh_redis, ponte.box)
        there.env.update(UNLIMITED)
        try:
            assert there.differences() != {}
            asked = there.run("restored")
            assert asked.returncode == 2
            assert "--stopped" in asked.stderr
            done = there.run("restored", "--stopped", "0s", "--json")
            assert done.returncode == 0, done.stderr
            assert there.differences() == {}
            assert there.at_rest(), "no run of then is left"
            gone = "select count(*) from kommo.loss_reasons where missing_since is not null"
            assert there.value(gone) == 1, "no look by id, two walks"
            told = "select count(*) from kommo.leads where deleted_at is not null"
            assert there.value(told) >= 2, "what the vendor told meanwhile is heard"
        finally:
            there.stop()
