"""`ponte audit` as a person uses it: differences planted in PostgreSQL, exit codes, a kill in mid-work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.journeys.deployment import Deployment, deployed
from tests.journeys.test_sync import NO_LIMITS, UNLIMITED

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("journeys")]


@pytest.fixture
def ponte(tmp_path: Path, database_url: str, fresh_redis: str) -> Iterator[Deployment]:
    with deployed(tmp_path, database_url, fresh_redis, UNLIMITED, leads=2000, **NO_LIMITS) as made:
        yield made


def audited(ponte: Deployment, *arguments: str, exit_code: int) -> dict[str, Any]:
    done = ponte.run("audit", "kommo.leads", "--json", *arguments)
    assert done.returncode == exit_code, done.stderr + done.stdout
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_three_planted_differences_are_found_alone_and_repaired(ponte: Deployment) -> None:
    assert ponte.run("sync", "kommo.leads").returncode == 0
    ids = [id_ for (id_,) in ponte.query("select id from kommo.leads order by id")]
    altered, lost, marked = ids[100], ids[1000], ids[1900]
    ponte.execute("update kommo.leads set price = price + 1 where id = %s", altered)
    ponte.execute("delete from kommo.leads where id = %s", lost)
    ponte.execute("delete from sync.kommo_leads_stamps where id = %s", lost)
    ponte.execute("update kommo.leads set deleted_at = now() where id = %s", marked)
    found = audited(ponte, exit_code=1)
    assert found["drift"] == 3
    (one,) = found["audits"]
    assert [(each["key"], each["kind"]) for each in one["findings"]] == [
        (str(altered), "different"),
        (str(lost), "only there"),
        (str(marked), "only there"),
    ]
    mended = audited(ponte, "--repair", exit_code=0)
    assert (mended["drift"], mended["audits"][0]["repaired"]) == (0, 3)
    assert ponte.differences(["kommo"]).get("leads") is None
    clean = audited(ponte, exit_code=0)
    assert clean["audits"][0]["findings"] == []
    assert ponte.value(
        "select max(verified_through) = max(started_at) from sync.audits where resource = 'kommo.leads'"
    )
    assert "0 differences" in ponte.run("status").stdout


def test_what_cannot_be_audited_is_named(ponte: Deployment) -> None:
    done = ponte.run("audit", "kommo.leads")
    assert done.returncode == 1
    assert "ponte sync kommo.leads" in done.stderr
    assert ponte.run("audit", "kommo.nonsense").returncode == 2


def test_killed_in_mid_work_it_goes_on_at_its_page(
    tmp_path: Path, database_url: str, fresh_redis: str
) -> None:
    env = {"PONTE_AUDIT_SHARE": "1", "RUN_LEASE_SECONDS": "2"}
    with deployed(tmp_path, database_url, fresh_redis, env, leads=8000) as ponte:
        assert ponte.run("sync", "kommo.leads").returncode == 0
        requests.delete(f"{ponte.box.kommo_url}/_sandbox/stats", timeout=5)
        ponte.start("audit kommo.leads")
        pages = "select coalesce(max(pages), 0) from sync.audits"
        ponte.until(lambda: ponte.value(pages) >= 5, 60, "five pages")
        ponte.kill("audit kommo.leads")
        (one,) = audited(ponte, exit_code=0)["audits"]
        assert (one["pages"], one["compared"]) == (32, 8000)
        stats = ponte.control("stats")["kommo"]
        assert stats["requests"] <= 32 + 3 + 3  # the proof of the end; what was on its way
        assert stats["by_status"].get("429", 0) == 0
