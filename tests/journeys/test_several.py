"""Two accounts, two sandboxes, one deployment of real processes: added, read, told by webhooks, paused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.journeys.deployment import Deployment, deployed
from tests.journeys.test_sync import NO_LIMITS, UNLIMITED

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("journeys")]


@dataclass
class Two:
    ponte: Deployment
    south: Sandbox
    id: int

    def names(self) -> dict[int, str]:
        sql = "select id, name from kommo.leads where integration_id = %s and deleted_at is null"
        return dict(self.ponte.query(sql, self.id))

    def truth(self) -> dict[int, str]:
        return {lead["id"]: lead["name"] for lead in self.south.truth("kommo", "leads")}


@pytest.fixture
def two(tmp_path: Path, database_url: str, fresh_redis: str) -> Iterator[Two]:
    world = {"leads": 40, "months": 2, **NO_LIMITS}
    with (
        deployed(tmp_path, database_url, fresh_redis, UNLIMITED, **world) as ponte,
        Sandbox(account_id=4242, seed=9, **{**world, "leads": 30}) as south,
    ):
        secrets = tmp_path / "token"
        secrets.write_text(south.kommo_token)
        where = ("--user", "south", "--url", south.kommo_url, "--secrets-file", str(secrets))
        added = ponte.run("integrations", "add", "kommo", *where, "--json")
        assert added.returncode == 0, added.stderr
        yield Two(ponte, south, json.loads(added.stdout)["id"])


def test_an_added_account_is_read_and_told_by_its_own_webhook(two: Two) -> None:
    ponte = two.ponte
    ponte.start("web", "worker", "beat")
    ponte.until(lambda: two.names() == two.truth(), 90, "the added account to be read")
    registered = ponte.run("webhooks", "register", "--integration", str(two.id))
    assert registered.returncode == 0, registered.stdout + registered.stderr
    ponte.until(ponte.at_rest, 90, "the first reads to end")

    shared = sorted(set(two.truth()) & {lead["id"] for lead in ponte.box.truth("kommo", "leads")})
    two.south.kommo.change("leads", [shared[0]], {"name": "Renamed in the south"})
    ponte.until(lambda: two.names() == two.truth(), 20, "the webhook's change")
    own = "select name from kommo.leads where id = %s and integration_id <> %s"
    assert ponte.value(own, shared[0], two.id) != "Renamed in the south"

    assert ponte.run("integrations", "pause", str(two.id)).returncode == 0
    two.south.kommo.change("leads", [shared[1]], {"name": "Renamed while paused"})
    waiting = (
        "select count(*) from sync.deliveries where integration_id = %s and settled_at is null"
    )
    ponte.until(lambda: ponte.value(waiting, two.id) > 0, 20, "the delivery to be kept")
    assert two.names() != two.truth()
    assert ponte.run("integrations", "resume", str(two.id)).returncode == 0
    ponte.until(lambda: two.names() == two.truth(), 30, "what waited to be worked off")
