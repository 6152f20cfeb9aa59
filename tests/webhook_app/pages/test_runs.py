"""What was read and what is being read, on pages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, insert

from shared.db import bookkeeping as db
from tests.webhook_app.conftest import Web

NOW = datetime.now(UTC)
ASKED = uuid4()


@pytest.fixture
def kept(web: Web) -> Web:
    """Three runs: one done, one that failed, one under way; the last two were ordered together."""
    kommo = web.integration("kommo").id

    def run(resource: str, state: str, **more: Any) -> dict[str, Any]:
        began = {"started_at": NOW - timedelta(seconds=90), "trigger": "http"}
        of = {"integration_id": kommo, "resource": resource, "mode": "full", "state": state}
        return {**of, **began, "request_ids": [uuid4()], **more}

    def put(c: Connection) -> None:
        for values in (
            run("kommo.leads", "done", finished_at=NOW, seen=1234, written=7, pages=5),
            run("kommo.users", "failed", reason="<b>refused</b>", request_ids=[ASKED]),
            run("kommo.contacts", "running", seen=250, request_ids=[ASKED]),
        ):
            c.execute(insert(db.runs).values(**values))

    web.run(put)
    web.login("read")
    return web


def test_runs_are_listed_newest_first_with_why_they_failed(kept: Web) -> None:
    page = kept.client.get("/runs").text
    assert page.index("contacts</code>") < page.index("users</code>") < page.index("leads</code>")
    for word in (
        "lendo",
        "falhou",
        "concluída",
        "1 min 30 s",
        "1.234",
        "&lt;b&gt;refused&lt;/b&gt;",
    ):
        assert word in page, word
    kept.client.set_cookie("ponte_lang", "en")
    assert "1,234" in kept.client.get("/runs").text


def test_a_filter_narrows_them_and_stays_in_its_field(kept: Web) -> None:
    page = kept.client.get("/runs?state=failed&resource=").text
    assert "users</code>" in page and "leads</code>" not in page
    assert '<option value="failed" selected>' in page
    assert "leads</code>" in kept.client.get("/runs?state=nonsense&page=x&request=y").text
    assert "Nenhuma execução assim" in kept.client.get("/runs?resource=kommo.tags").text


def test_what_was_ordered_together_is_watched_until_it_is_over(kept: Web) -> None:
    page = kept.client.get(f"/runs?request={ASKED}").text
    assert "1 de 2 listas lidas" in page
    assert "leads</code>" not in page
    assert 'hx-trigger="every 2s"' in page
    assert f"request={ASKED}" in page.split("hx-get=")[2]


def test_a_run_is_told_in_words(kept: Web) -> None:
    page = kept.client.get("/runs/1").text
    for word in ("kommo.leads", "Linhas gravadas", "a pedido", "1 min 30 s"):
        assert word in page, word
    assert "every 2s" not in page
    assert "every 2s" in kept.client.get("/runs/3").text
    assert kept.client.get("/runs/99").status_code == 404
    assert kept.client.get(f"/runs/{2**63}").status_code == 404


def test_before_anything_was_read_the_page_says_so(web: Web) -> None:
    web.login()
    assert "Nada foi lido ainda" in web.client.get("/runs").text


def test_ordering_a_sync_leads_to_where_it_is_watched(web: Web) -> None:
    csrf = web.login()
    sent = web.client.post("/sync/gestao-click", data={"csrf": csrf})
    page = web.client.get(sent.headers["Location"]).text
    assert "sincronização pedida" in page and "0 de 36 listas lidas" in page
