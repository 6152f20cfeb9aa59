"""A record that kills every worker process that reads it, in real pools: what it stops is itself alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.deployment import Deployment, deployed

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("drills")]
SHORT = {"RUN_LEASE_SECONDS": "3", "DELIVERY_LEASE_SECONDS": "2", "KOMMO_RATE_LIMIT": "0"}
DEADLY = """
import os, signal, sys
if "celery" in sys.orig_argv:
    from worker.sync import rows
    really = rows.to_row

    def to_row(resource, sighting, context):
        if sighting.record.get("name") == "veneno":
            os.kill(os.getpid(), signal.SIGKILL)
        return really(resource, sighting, context)

    rows.to_row = to_row
"""


@pytest.fixture
def ponte(tmp_path: Path, database_url: str, fresh_redis: str) -> Iterator[Deployment]:
    """Every Python that starts in it reads DEADLY first."""
    (tmp_path / "sitecustomize.py").write_text(DEADLY)
    env = {**SHORT, "PYTHONPATH": str(tmp_path)}
    with deployed(tmp_path, database_url, fresh_redis, env, leads=30, kommo_limit=0) as made:
        made.env.pop("GESTAO_CLICK_API_KEY")
        made.env.pop("GESTAO_CLICK_SECRET_TOKEN")
        yield made


def test_a_deadly_record_parks_its_delivery_and_its_list_and_stops_nothing_else(
    ponte: Deployment,
) -> None:
    leads = [int(record["id"]) for record in ponte.box.truth("kommo", "leads")]
    assert ponte.run("sync", "kommo").returncode == 0
    ponte.box.kommo.change("leads", leads[7:8], {"name": "veneno"}, silent=True)
    ponte.box.kommo.change("leads", leads[:7] + leads[8:], {"name": "Mudou"}, silent=True)
    ponte.execute(
        "insert into sync.deliveries (integration_id, body) select i.id,"
        " convert_to('leads[update][0][id]=' || l.id, 'utf8')"
        " from ponte.integration_settings i, kommo.leads l where i.provider = 'kommo'"
    )
    ponte.execute(
        "insert into sync.runs (request_ids, integration_id, resource, mode, trigger)"
        " select array[gen_random_uuid()], id, resource, 'full', 'http' from ponte.integration_settings,"
        " unnest(array['kommo.leads', 'kommo.contacts']) resource where provider = 'kommo'"
    )
    ponte.start("worker", "beat")
    ponte.until(ponte.at_rest, 90, "everything to be done or parked")
    parked = ponte.query(
        "select convert_from(body, 'utf8'), reason from sync.deliveries where outcome <> 'done'"
    )
    why = "its worker died 3 times over this delivery"
    assert parked == [(f"leads[update][0][id]={leads[7]}", why)]
    runs = dict(ponte.query("select resource, reason from sync.runs where trigger = 'http'"))
    assert runs["kommo.leads"] == "its worker died 3 times over page 1 of kommo.leads"
    assert runs["kommo.contacts"] is None
    named = "select count(*) from kommo.leads where name = 'Mudou'"
    assert ponte.value(named) == len(leads) - 1
    assert ponte.value("select max(attempts) from sync.deliveries") <= 4, "nothing comes for ever"
