"""Webhooks and rejects on pages: seen by who may, and tried once more."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from shared.db import bookkeeping as db
from shared.queue import DRAIN, REPLAY, SYNC
from tests.webhook_app.conftest import Web

BODY = b"contacts[add][0][name]=Ana+Souza&contacts[add][0][id]=7&x=<script>\xff"
NOW = datetime.now(UTC)


@pytest.fixture
def kept(web: Web) -> Web:
    """Deliveries 1 (waits), 2 (done), 3 (failed for good); rejects 1 and 2."""
    kommo = web.integration("kommo").id

    def put(c: Connection) -> None:
        for values in (
            {},
            {"settled_at": NOW, "outcome": "done", "about": ["kommo.contacts:7"]},
            {"settled_at": NOW, "outcome": "failed", "reason": "died three times"},
        ):
            c.execute(insert(db.deliveries).values(integration_id=kommo, body=BODY, **values))
        common: dict[str, Any] = {"integration_id": kommo, "reason": "price: no numeric"}
        for name, digest in (("kommo.leads", "0" * 32), ("kommo.pipelines", "1" * 32)):
            given = {"resource": name, "key": "7", "record": {"name": "Ana"}, "digest": digest}
            c.execute(insert(db.rejects).values(**common, **given))

    web.run(put)
    return web


def test_deliveries_are_listed_by_what_became_of_them(kept: Web) -> None:
    kept.login("read")
    page = kept.client.get("/inbox").text
    for word in ("na fila", "tratado", "falhou", "died three times", "kommo.contacts:7"):
        assert word in page, word
    assert "Ana" not in page and "Repetir" not in page
    assert "kommo.contacts:7" not in kept.client.get("/inbox?state=dead").text
    assert "Nenhum webhook assim" in kept.client.get("/inbox?reason=nothing").text


def test_a_body_is_decoded_for_who_may_see_it(kept: Web) -> None:
    for scope in ("read", "sync"):
        kept.login(scope)
        assert kept.client.get("/inbox/2").status_code == 403
    kept.login("admin")
    page = kept.client.get("/inbox/2").text
    for word in (
        "contacts[add][0][name]",
        "Ana Souza",
        "&lt;script&gt;",
        "\N{REPLACEMENT CHARACTER}",
    ):
        assert word in page, word
    assert "<script>\N{REPLACEMENT CHARACTER}" not in page
    assert kept.client.get("/inbox/99").status_code == 404


def test_one_delivery_is_tried_again_and_its_bell_rings(kept: Web) -> None:
    csrf = kept.login("sync")
    sent = kept.client.post("/inbox/replay", data={"csrf": csrf, "id": "2"})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/inbox?state=waiting")
    assert kept.rung == [(DRAIN, kept.integration("kommo").id)]
    page = kept.client.get("/inbox?state=waiting").text
    assert "1 webhook de novo na fila" in page


def test_all_that_failed_for_good_are_tried_again_and_nothing_else(kept: Web) -> None:
    csrf = kept.login("sync")
    kept.client.post("/inbox/replay", data={"csrf": csrf, "all": "1"})
    waiting = "select count(*) from sync.deliveries where settled_at is null"
    assert kept.run(lambda c: c.exec_driver_sql(waiting).scalar()) == 2
    again = kept.client.post("/inbox/replay", data={"csrf": csrf, "all": "1"})
    assert again.headers["Location"] == "/inbox"
    assert "Nada havia para repetir" in kept.client.get("/inbox").text


def test_a_replay_that_says_nothing_changes_nothing(kept: Web) -> None:
    csrf = kept.login("sync")
    assert kept.client.post("/inbox/replay", data={"csrf": csrf}).status_code == 400
    assert kept.rung == []


def test_rejects_are_seen_and_looked_up_again(kept: Web) -> None:
    kommo = kept.integration("kommo").id
    csrf = kept.login("admin")
    page = kept.client.get("/inbox/rejects").text
    assert "kommo.leads:7" in page and "price: no numeric" in page and "Ana" not in page
    assert "&#34;name&#34;: &#34;Ana&#34;" in kept.client.get("/inbox/rejects/1").text
    kept.client.post("/inbox/rejects/replay", data={"csrf": csrf, "id": "1"})
    assert kept.rung == [(REPLAY, kommo)]
    assert "será buscado" in kept.client.get("/inbox/rejects").text
    sent = kept.client.post("/inbox/rejects/replay", data={"csrf": csrf, "all": "1"})
    assert sent.headers["Location"] == "/runs"
    assert kept.rung[-1][0] == SYNC
    kept.login("sync")
    assert kept.client.get("/inbox/rejects/1").status_code == 403


def test_an_empty_inbox_says_so(web: Web) -> None:
    web.login()
    assert "Nenhum webhook chegou ainda" in web.client.get("/inbox").text
    assert "Nenhum registro foi rejeitado" in web.client.get("/inbox/rejects").text
