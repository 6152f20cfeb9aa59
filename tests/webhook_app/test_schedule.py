"""The ERP's schedule and the history of its imports, in the original's words."""

from typing import Any
from uuid import uuid4

from shared import runs
from shared.resources import BY_NAME
from tests.webhook_app.conftest import Make, Web, settings_for

SCHEDULE = "/api/gestao-click/sync-schedule"
IMPORTS = "/api/gestao-click/imports"
LOJAS, VENDAS = BY_NAME["gestao_click.lojas"], BY_NAME["gestao_click.vendas"]


def schedule(web: Web) -> dict[str, Any]:
    data: dict[str, Any] = web.get(SCHEDULE).json["data"]
    return data


def order(web: Web, *wanted: Any) -> list[int]:
    one = web.integration("gestao-click")
    asked = web.run(lambda c: runs.request(c, one, wanted, full=True, trigger="cli"))
    return list(asked.run_ids)


def end(web: Web, run_id: int, reason: str | None = None, **counts: int) -> None:
    """What a worker does of a run, without the vendor."""

    def work(connection: Any) -> None:
        run = runs.claim(connection, run_id, uuid4(), 60)
        assert run
        runs.renew(connection, run, 60, **counts)
        runs.finish(connection, run, reason)

    web.run(work)


def test_the_schedule_tells_its_state_and_when_it_was_read(web: Web) -> None:
    web.integration("gestao-click")
    told = schedule(web)
    assert (told["status"], told["lastSync"], told["nextSync"]) == ("active", None, None)
    assert told["everyMinutes"] > 0
    (run_id,) = order(web, LOJAS)
    end(web, run_id)
    told = schedule(web)
    assert told["lastSync"] < told["nextSync"]


def test_it_is_changed_by_who_may_and_nothing_is_read_because_of_it(web: Web) -> None:
    web.integration("gestao-click")
    said = web.post(SCHEDULE, {"autoSync": False, "syncFrequency": "hourly"}, "admin")
    assert said.status_code == 200
    told = schedule(web)
    assert (told["status"], told["syncFrequency"], told["everyMinutes"]) == (
        "inactive",
        "hourly",
        60,
    )
    assert web.rung == []
    web.post(SCHEDULE, {"syncFrequency": None, "autoSync": True}, "admin")
    assert schedule(web)["syncFrequency"] is None
    assert web.post(SCHEDULE, {"autoSync": True}, "sync").status_code == 403
    for body in ({}, {"syncFrequency": "sometimes"}, {"apiKey": "x"}):
        assert web.post(SCHEDULE, body, "admin").status_code == 400


def test_put_orders_a_sync_now(web: Web) -> None:
    said = web.client.put(SCHEDULE, headers=web.token("sync"))
    assert said.status_code == 202
    assert len(web.rung) == len(said.json["data"]["runs"]) > 5


def test_without_an_account_it_says_so(make: Make, database_url: str) -> None:
    bare = {"gestao_click_api_key": None, "gestao_click_secret_token": None}
    web = make(settings_for(database_url, **bare))
    assert schedule(web)["status"] == "not_configured"
    said = web.post(SCHEDULE, {"autoSync": True}, "admin")
    assert (said.status_code, "GESTAO_CLICK_API_KEY" in said.json["detail"]) == (409, True)
    assert web.get(IMPORTS).json["data"] == []


def test_imports_are_told_order_by_order(web: Web) -> None:
    stores, sales = order(web, LOJAS, VENDAS)
    end(web, stores, seen=3, written=2)
    (one,) = web.get(IMPORTS).json["data"]
    assert (one["state"], one["trigger"], one["finished_at"]) == ("running", "cli", None)
    end(web, sales, reason="it broke", seen=7, gone=1, rejected=4)
    (again,) = order(web, LOJAS)
    end(web, again, seen=1)
    newest, first = web.get(IMPORTS).json["data"]
    assert (newest["state"], newest["seen"], len(newest["lists"])) == ("done", 1, 1)
    assert (first["state"], first["seen"], first["written"]) == ("failed", 10, 2)
    assert (first["gone"], first["rejected"]) == (1, 4)
    assert first["reason"] == "gestao_click.vendas: it broke"
    assert first["seconds"] is not None
    assert [each["resource"] for each in first["lists"]] == [LOJAS.full_name, VENDAS.full_name]
    page = web.get(f"{IMPORTS}?limit=1&page=2").json
    assert (page["pagination"]["total"], page["data"][0]["request"]) == (2, first["request"])
    found = web.get(f"/api/runs?request={first['request']}").json["data"]
    assert sorted(run["id"] for run in found) == [stores, sales]
