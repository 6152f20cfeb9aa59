"""Syncs are ordered, vendors are asked through a worker, runs are told."""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from shared import questions
from shared.db.bookkeeping import integration_settings
from shared.queue import ANSWER, SYNC
from tests.webhook_app.conftest import Make, Web, settings_for
from webhook_app import asking


def test_a_sync_is_one_run_per_resource_and_a_ring_each(web: Web) -> None:
    answer = web.post("/api/kommo/sync", {"resources": ["leads", "kommo.contacts"]})
    assert answer.status_code == 202
    data = answer.json["data"]
    assert [run["resource"] for run in data["runs"]] == ["kommo.leads", "kommo.contacts"]
    assert answer.headers["Location"] == data["url"] == f"/api/runs?request={data['request']}"
    assert web.rung == [(SYNC, run["id"]) for run in data["runs"]]
    assert len(web.get(data["url"]).json["data"]) == 2


def test_asked_again_while_it_runs_it_is_the_same_request(web: Web) -> None:
    first, second = (web.post("/api/gestao-click/sync").json["data"] for _ in range(2))
    assert first["request"] == second["request"]
    assert [run["id"] for run in first["runs"]] == [run["id"] for run in second["runs"]]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"full": 1}, "full"),
        ({"full": "true"}, "full"),
        ({"ful": True}, "full, resources"),
        ({"resources": ["lead"]}, "there are: account"),
        ({"resources": ["gestao_click.vendas"]}, "there are: account"),
        ({"resources": "leads"}, "resources"),
        ({"resources": []}, "resources"),
        ([], "body"),
        (b"not json", "no JSON"),
        (b"\xff", "no JSON"),
        (b'{"full": "\\ud800"}', "no JSON"),
    ],
)
def test_an_order_that_is_not_understood_is_refused(web: Web, body: Any, word: str) -> None:
    answer = web.post("/api/kommo/sync", body)
    assert answer.status_code == 400
    assert word in answer.json["detail"]
    assert web.rung == []


def test_without_credentials_it_says_which_are_missing(make: Make, database_url: str) -> None:
    web = make(settings_for(database_url, kommo_jwt_token=None))
    answer = web.post("/api/kommo/sync")
    assert answer.status_code == 409
    assert "KOMMO_JWT_TOKEN" in answer.json["detail"]


def test_an_integration_that_is_off_takes_no_orders(web: Web) -> None:
    web.integration("kommo")
    web.run(lambda c: c.execute(update(integration_settings).values(active=False)))
    assert web.post("/api/kommo/sync").status_code == 409


def test_the_state_tells_every_resource(web: Web) -> None:
    assert web.get("/api/kommo/sync").json["data"]["resources"] == []
    web.post("/api/kommo/sync", {"resources": ["users"]})
    state = {one["name"]: one for one in web.get("/api/kommo/sync").json["data"]["resources"]}
    assert state["kommo.users"]["last_run"]["state"] == "queued"
    assert state["kommo.leads"]["last_run"] is None


def test_runs_are_listed_and_told_one_by_one(web: Web) -> None:
    web.post("/api/kommo/sync", {"resources": ["users"]})
    web.post("/api/gestao-click/sync", {"resources": ["clients"]})
    assert web.get("/api/runs").json["pagination"]["total"] == 2
    only = web.get("/api/runs?provider=gestao-click&state=queued").json["data"]
    assert [run["resource"] for run in only] == ["gestao_click.clientes"]
    assert web.get(f"/api/runs/{only[0]['id']}").json["data"] == only[0]
    assert web.get("/api/runs/999").status_code == 404
    assert web.get("/api/runs?request=x").status_code == 400


class Worker:
    """Answers every question that is rung for; remembers what was asked."""

    def __init__(self, web: Web, answer: Mapping[str, Any]) -> None:
        self._web, self._answer = web, answer
        self.asked: list[tuple[str, dict[str, Any]]] = []
        web.own.ring = self._ring  # type: ignore[assignment]

    def _ring(self, task: str, id_: str) -> None:
        assert task == ANSWER
        threading.Timer(0.05, self._work, [UUID(id_)]).start()

    def _work(self, id_: UUID) -> None:
        engine = self._web.own.database.engine
        taken = questions.take(engine, self._web.own.keys, id_)
        assert taken
        self.asked.append(taken)
        questions.answer(engine, id_, self._answer)


FINE = {
    "ok": True,
    "status": "connected",
    "message": "Loja Exemplo",
    "account": {"id": 30500123},
    "sample": [{"id": 1}],
}


def test_a_connection_is_tested_by_a_worker(web: Web) -> None:
    worker = Worker(web, FINE)
    answer = web.get("/api/kommo/test-connection")
    assert answer.status_code == 200
    assert answer.json["connection"] == {"status": "connected", "code": "connected"}
    assert answer.json["data"]["account"] == {"id": 30500123}
    web.post("/api/kommo/test-connection", {"jwtToken": "eyJa", "userId": "1"})
    tokens = {"apiKey": "k", "secretToken": "s", "apiUrl": "https://api.beteltecnologia.com"}
    web.post("/api/gestao-click/test-connection", tokens)
    web.post("/api/gestao-click/test-connection", {"useEnvCredentials": True})
    given = [question["credentials"] for _, question in worker.asked]
    assert given == [None, {"jwtToken": "eyJa"}, {"apiKey": "k", "secretToken": "s"}, None]


@pytest.mark.parametrize(("status", "code"), [*asking.STATUSES.items()][1:])
def test_what_the_vendor_said_becomes_a_status(web: Web, status: str, code: int) -> None:
    Worker(web, {"ok": False, "status": status, "message": f"because {status}"})
    answer = web.get("/api/gestao-click/test-connection")
    assert answer.status_code == code
    assert answer.json["connection"] == {"status": status}
    assert answer.json["message"] == f"because {status}"


@pytest.mark.parametrize(
    "body",
    [
        {"apiKey": "k"},
        {"apiKey": "k", "secretToken": "s", "apiUrl": "https://169.254.169.254/"},
        {"apiKey": "k", "secretToken": "s", "apiUrl": "https://evilbeteltecnologia.com"},
        {"apiKey": "k", "secretToken": "s", "apiUrl": "http://api.beteltecnologia.com"},
        {"apiKey": "k", "secretToken": "s", "apiUrl": "https://[x"},
        {"useEnvCredentials": True, "apiUrl": "https://other.beteltecnologia.com"},
        {"useEnvCredentials": 1},
    ],
)
def test_half_credentials_and_other_addresses_are_refused(web: Web, body: Any) -> None:
    assert web.post("/api/gestao-click/test-connection", body).status_code == 400
    assert web.rung == []


def test_without_a_worker_it_says_so(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.2)
    answer = web.get("/api/kommo/test-connection")
    assert answer.status_code == 503
    assert "ponte worker" in answer.json["detail"]


def test_only_a_few_requests_wait_at_the_same_time(web: Web) -> None:
    while web.own.asking.acquire(blocking=False):
        pass
    began = time.monotonic()
    assert web.get("/api/kommo/test-connection").status_code == 503
    assert time.monotonic() - began < 1


def test_a_live_list_shows_the_vendor_s_order(web: Web) -> None:
    web.mirror("kommo.contacts", *({"id": id_, "name": f"c{id_}"} for id_ in (1, 2, 3)))
    worker = Worker(web, {"keys": [3, 1, 99], "rows": 2})
    answer = web.get("/api/kommo/contacts?live=true&query=c&limit=5")
    assert [row["id"] for row in answer.json["data"]] == [3, 1]
    assert answer.json["pagination"]["total"] is None
    assert worker.asked[0][1] == {
        "resource": "kommo.contacts",
        "integration": web.integration("kommo").id,
        "page": 1,
        "limit": 5,
        "query": "c",
    }
    assert web.get("/api/kommo/contacts?live=true&name=x").status_code == 400


def test_one_live_row_is_asked_for_by_its_key_and_then_read_from_the_mirror(web: Web) -> None:
    web.mirror("kommo.contacts", {"id": 3, "name": "Ana", "missing_since": datetime.now(UTC)})
    worker = Worker(web, {"ok": True, "keys": ["3"], "rows": 1})
    answer = web.get("/api/kommo/contacts/3?live=true&with=company")
    assert answer.json["data"]["missing_since"]
    assert answer.json["data"]["company"] is None
    assert answer.json["message"] == "Just asked of the vendor, and kept."
    one = {"resource": "kommo.contacts", "integration": web.integration("kommo").id}
    assert worker.asked[0][1] == {**one, "ids": ["3"], "slice": {}}
    posted = web.post("/api/kommo/contacts", {"contactId": 4, "live": True}, "read")
    assert posted.status_code == 404
    assert "The vendor, just asked, has none either." in posted.json["detail"]
    assert web.get("/api/kommo/notes/leads/8?live=true").status_code == 404
    assert worker.asked[-1][1]["slice"] == {"entity_type": "leads"}


def test_a_live_row_that_cannot_be_had_is_no_row_of_the_mirror(web: Web) -> None:
    web.mirror("kommo.contacts", {"id": 3, "name": "Ana"})
    for status, told in (("unreachable", 502), ("limited", 429), ("blocked", 403)):
        Worker(web, {"ok": False, "message": "no", "error": {"status": status}})
        answer = web.get("/api/kommo/contacts/3?live=true")
        assert (answer.status_code, answer.json["success"]) == (told, False)
    refused = web.get("/api/kommo/users/3?live=true")
    assert (refused.status_code, "cannot be asked for by id" in refused.text) == (400, True)


def test_a_live_list_tells_why_the_vendor_refused(web: Web) -> None:
    Worker(web, {"ok": False, "message": "wait", "error": {"status": "limited"}})
    answer = web.get("/api/kommo/contacts?live=true")
    assert (answer.status_code, answer.json["message"]) == (429, "wait")
