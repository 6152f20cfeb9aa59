"""/api/deliveries and /api/rejects: what came, what failed for good, and once more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from shared.db import bookkeeping as db
from shared.queue import DRAIN, REPLAY, SYNC
from tests.webhook_app.conftest import Web

BODY = "contacts[add][0][name]=Ana Souza&contacts[add][0][id]=7"
NOW = datetime.now(UTC)


@pytest.fixture
def kept(web: Web) -> Web:
    """Four deliveries (1 waiting, 2 done, 3 undecodable, 4 failed long ago) and two rejects."""
    kommo = web.integration("kommo").id
    of = {"integration_id": kommo, "body": BODY.encode()}
    failed = {"outcome": "failed", "reason": "its worker died 3 times over this delivery"}
    ago = NOW - timedelta(days=9)

    def put(connection: Connection) -> None:
        for values in (
            {},
            {"settled_at": NOW, "outcome": "done", "about": ["kommo.contacts:7"]},
            {"settled_at": NOW, "outcome": "undecodable", "reason": "no field"},
            {"settled_at": ago, "received_at": ago, **failed},
        ):
            connection.execute(insert(db.deliveries).values(**of, **values))
        common: dict[str, Any] = {"integration_id": kommo, "reason": "price: 'a' is no numeric"}
        for name, digest in (("kommo.leads", "0" * 32), ("kommo.pipelines", "1" * 32)):
            record = {"id": 7, "name": "Ana"}
            given = {"resource": name, "key": "7", "record": record, "digest": digest}
            connection.execute(insert(db.rejects).values(**common, **given))

    web.run(put)
    return web


def ids(web: Web, address: str) -> list[int]:
    answer = web.get(address)
    assert answer.status_code == 200, answer.json
    assert "Ana" not in answer.text, "people's data stays where it is"
    return [row["id"] for row in answer.json["data"]]


def test_deliveries_are_listed_newest_first_by_what_became_of_them(kept: Web) -> None:
    assert ids(kept, "/api/deliveries") == [4, 3, 2, 1]
    assert ids(kept, "/api/deliveries?state=waiting") == [1]
    assert ids(kept, "/api/deliveries?state=settled&limit=2") == [4, 3]
    assert ids(kept, "/api/deliveries?state=dead") == [4, 3]
    assert ids(kept, "/api/deliveries?outcome=undecodable") == [3]
    assert ids(kept, "/api/deliveries?reason=Died") == [4]
    day = (NOW - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ids(kept, f"/api/deliveries?since={day}") == [3, 2, 1]
    assert ids(kept, "/api/deliveries?integration=99") == []
    for place in ("deliveries", "rejects"):
        assert kept.get(f"/api/{place}?integration={2**31}").status_code == 400


def test_bodies_and_records_need_scope_admin(kept: Web) -> None:
    for address, held in (("/api/deliveries/2", "Ana Souza"), ("/api/rejects/1", "Ana")):
        for scope in ("read", "sync"):
            assert kept.get(address, scope).status_code == 403
        assert held in kept.get(address, "admin").text
    assert kept.get("/api/deliveries/99", "admin").status_code == 404


def test_deliveries_are_replayed_and_their_bell_rings(kept: Web) -> None:
    kommo = kept.integration("kommo").id
    dry = kept.post("/api/deliveries/replay", {"all": True, "dry_run": True})
    assert (dry.status_code, dry.json["data"]["ids"]) == (202, [3, 4])
    assert kept.rung == []
    done = kept.post("/api/deliveries/replay", {"reason": "undecodable"})
    assert done.json["data"] == {"count": 1, "ids": [3], "runs": [], "dry_run": False}
    assert kept.rung == [(DRAIN, kommo)]
    assert ids(kept, "/api/deliveries?state=waiting") == [3, 1]


def test_rejects_are_looked_up_again_by_a_worker_or_read_with_their_list(kept: Web) -> None:
    kommo = kept.integration("kommo").id
    assert ids(kept, "/api/rejects?resource=kommo.leads") == [1]
    assert ids(kept, "/api/rejects?key=7&reason=NUMERIC") == [2, 1]
    done = kept.post("/api/rejects/replay", {"all": True})
    assert done.json["data"]["ids"] == [1, 2]
    (run,) = done.json["data"]["runs"]
    assert kept.rung == [(REPLAY, kommo), (SYNC, run)]
    wanted = select(db.rejects.c.id).where(db.rejects.c.wanted_at.is_not(None))
    assert kept.run(lambda c: list(c.scalars(wanted))) == [1]
    assert kept.get(f"/api/runs/{run}").json["data"]["resource"] == "kommo.pipelines"


@pytest.mark.parametrize("what", ["deliveries", "rejects"])
def test_a_replay_says_what_is_meant_and_needs_scope_sync(kept: Web, what: str) -> None:
    assert kept.post(f"/api/{what}/replay", {}).status_code == 400
    assert kept.post(f"/api/{what}/replay", {"all": True}, scope="read").status_code == 403
    assert kept.rung == []


def test_dead_letters_are_counted_and_shown(kept: Web) -> None:
    told = kept.get("/metrics").text
    kommo = kept.integration("kommo").id
    for outcome in ("failed", "undecodable"):
        labels = f'integration="{kommo}",outcome="{outcome}"'
        assert f"ponte_deliveries_dead{{{labels}}} 1.0" in told
    kept.login()
    page = kept.client.get("/status").text
    assert "its worker died 3 times over this delivery" in page
    assert "/inbox?state=dead" in page
