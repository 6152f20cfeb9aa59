"""Health, metrics and the status page: empty, full, and without a database."""

import socket
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, insert, text

from shared import resources
from shared.db import bookkeeping as db
from tests.webhook_app.conftest import Make, Web, settings_for
from webhook_app.process import ORDINARY


@pytest.fixture
def busy(web: Web) -> Web:
    """A day in the life: rows, runs, a failure, a pause, deliveries, rejects, a worker."""
    kommo, erp = web.integration("kommo").id, web.integration("gestao-click").id
    web.mirror("kommo.leads", {"id": 1}, {"id": 2, "deleted_at": datetime.now(UTC)})
    now = datetime.now(UTC)

    def run(state: str, mode: str, written: int) -> dict[str, object]:
        return {
            "request_ids": [uuid4()],
            "integration_id": kommo,
            "resource": "kommo.leads",
            "state": state,
            "mode": mode,
            "trigger": "schedule",
            "written": written,
            "reason": "token <b>expired</b>" if state == "failed" else None,
            "started_at": now,
        }

    def live(c: Connection) -> None:
        walks = [run("done", "full", 2), run("done", "full", 1), run("failed", "incremental", 0)]
        c.execute(insert(db.runs), walks)
        c.execute(
            insert(db.checkpoints).values(
                integration_id=kommo, resource="kommo.leads", cursor=now, run_id=1
            )
        )
        c.execute(
            insert(db.deliveries),
            [
                {"integration_id": kommo, "body": b"a", "settled_at": None, "outcome": None},
                {"integration_id": kommo, "body": b"b", "settled_at": now, "outcome": "done"},
                {
                    "integration_id": kommo,
                    "body": b"c",
                    "settled_at": now,
                    "outcome": "not mirrored yet",
                },
            ],
        )
        hour = now.replace(minute=0, second=0, microsecond=0)
        c.execute(
            insert(db.usage).values(budget="gestao-click:9", hour=hour, requests=100, limited=2)
        )
        c.execute(
            insert(db.pauses).values(
                budget="gestao-click:address", until=now + timedelta(minutes=5), reason="429"
            )
        )
        c.execute(
            insert(db.rejects).values(
                integration_id=erp,
                resource="gestao_click.vendas",
                record={},
                digest=uuid4(),
                reason="valor_total",
            )
        )
        c.execute(insert(db.workers).values(name="w1", queues="webhooks"))

    web.run(live)
    return web


def test_the_status_page_begins_empty(web: Web) -> None:
    web.login()
    page = web.client.get("/status")
    assert page.status_code == 200
    assert "Nenhuma conta conectada ainda" in page.text
    assert "ponte worker" in page.text


def test_the_status_page_tells_what_is_and_what_is_wrong(busy: Web) -> None:
    busy.login()
    page = busy.client.get("/status").text
    for word in (
        "Kommo CRM",
        "Gestão Click",
        "Precisa de atenção",
        "Sincronizar agora",
        "token &lt;b&gt;expired&lt;/b&gt;",
        "em pausa",
        "valor_total",
        "restam 29.900 de 30.000",
        "1 ainda não espelhados",
        "w1",
    ):
        assert word in page, word
    assert "sandbox" not in page


def test_the_days_requests_of_the_erp_are_told_and_what_waits_for_want_of_them(web: Web) -> None:
    budget = web.integration("gestao-click").budget

    def used(requests: int, others: int) -> str:
        values = {"budget": budget, "requests": requests, "others": others}
        put = text(
            "insert into sync.usage (budget, hour, requests, others) values"
            " (:budget, date_trunc('hour', clock_timestamp()), :requests, :others)"
            " on conflict (budget, hour) do update set requests = :requests, others = :others"
        )
        web.run(lambda connection: connection.execute(put, values))
        web.login()
        return web.client.get("/status").text

    plenty = used(1234, 0)
    assert "Requisições do dia" in plenty
    assert "1.234" in plenty and "15.000" in plenty and "30.000" in plenty
    assert "o desejado" not in plenty
    scarce = used(1234, 60_000)
    assert "o desejado: 15 min" in scarce and "o desejado: 7 dias" in scarce
    assert "Todo o histórico" in scarce


def test_a_sandbox_is_said_to_be_one(make: Make, database_url: str) -> None:
    web = make(settings_for(database_url, ponte_sandbox="kommo,gestao-click"))
    web.integration("kommo")
    web.login()
    assert web.client.get("/status").text.count("badge sandbox") == 2


def test_the_button_orders_a_sync(web: Web) -> None:
    csrf = web.login()
    sent = web.client.post("/sync/kommo", data={"csrf": csrf})
    assert sent.status_code == 303
    assert sent.headers["Location"].startswith("/runs?request=")
    walked = [each for each in resources.of_provider("kommo") if not each.unlisted]
    assert len(web.rung) == len(walked)
    assert "sincronização pedida" in web.client.get("/status").text
    assert web.client.post("/sync/nobody", data={"csrf": csrf}).status_code == 404


def test_without_a_database_there_is_a_page_that_says_so(make: Make, web: Web) -> None:
    web.login()
    away = make(settings_for("postgresql://ponte@127.0.0.1:1/none"))
    stolen = web.client.get_cookie("ponte_session")
    assert stolen
    away.client.set_cookie("ponte_session", stolen.value)
    page = away.client.get("/status")
    assert page.status_code == 503
    assert "O banco de dados não responde" in page.text
    problem = away.client.get("/api/runs", headers={"Authorization": "Bearer x"})
    assert problem.status_code == 503
    assert problem.content_type == "application/problem+json"


def test_metrics_come_from_the_database(busy: Web) -> None:
    busy.mirror("gestao_click.lojas", {"id": "1"})
    lines = busy.get("/metrics").text
    kommo = busy.integration("kommo").id
    for sample in (
        "ponte_deliveries_waiting 1.0",
        f'ponte_rows{{integration="{kommo}",resource="kommo.leads"}} 1.0',
        f'ponte_rows_deleted{{integration="{kommo}",resource="kommo.leads"}} 1.0',
        f'ponte_drift_rows{{integration="{kommo}",resource="kommo.leads"}} 1.0',
        'ponte_runs{mode="full",resource="kommo.leads",state="done"} 2.0',
        'ponte_requests_total{budget="gestao-click:9"} 100.0',
        'ponte_limited_total{budget="gestao-click:9"} 2.0',
        'ponte_budget_left{budget="gestao-click:9"} 29900.0',
        "ponte_workers 1.0",
    ):
        assert sample in lines, sample
    assert f'ponte_freshness_seconds{{integration="{kommo}",resource="kommo.leads"}}' in lines
    assert "ponte_deliveries_oldest_seconds" in lines
    assert 'ponte_rejects{integration="' in lines


def test_readiness_names_what_is_missing(
    make: Make, web: Web, redis_url: str, postgres_url: str
) -> None:
    url = web.own.settings.database_url
    assert url
    settings = settings_for(url.get_secret_value(), redis_url=SecretStr(redis_url))
    assert make(settings).client.get("/readyz").status_code == 200

    no_redis = web.client.get("/readyz")
    assert no_redis.status_code == 503
    checks = no_redis.json["checks"]
    assert [name for name, check in checks.items() if not check["ok"]] == ["redis"]

    empty = make(settings_for(postgres_url)).client.get("/readyz").json["checks"]
    assert "ponte db upgrade" in empty["migrations"]["why"]


def test_a_frozen_redis_does_not_hold_readiness_up(make: Make, web: Web) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = SecretStr(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        url = web.own.settings.database_url
        assert url
        frozen = make(settings_for(url.get_secret_value(), redis_url=there))
        began = time.monotonic()
        assert frozen.client.get("/readyz").status_code == 503
        assert time.monotonic() - began < 3


def test_liveness_needs_nothing(make: Make, web: Web) -> None:
    away = make(settings_for("postgresql://ponte@127.0.0.1:1/none"))
    assert away.client.get("/healthz").json == {"success": True, "message": "alive"}


def test_webhooks_are_served_while_everything_else_is_stuck(web: Web) -> None:
    for _ in range(ORDINARY):
        web.own.ordinary.acquire()
    assert web.client.get("/api/runs").status_code == 503
    assert web.client.get("/healthz").status_code == 200
    assert web.client.post("/webhooks/kommo/hook-secret-0123456789").status_code == 200
    web.own.ordinary.release()
    assert web.client.get("/api/runs").status_code == 401


@pytest.mark.parametrize(
    ("differences", "repaired", "told", "said"),
    [
        (
            0,
            0,
            "02:10 às 02:58, 0 diferenças",
            "compared in full 24/11 02:10 to 02:58, 0 differences",
        ),
        (1, 0, "1 diferença", "1 difference"),
        (3, 3, "3 diferenças, 3 reparadas", "3 differences, 3 repaired"),
    ],
)
def test_the_status_page_tells_when_a_list_was_compared(
    busy: Web, differences: int, repaired: int, told: str, said: str
) -> None:
    def audited(c: Connection) -> None:
        c.execute(
            insert(db.audits).values(
                integration_id=busy.integration("kommo").id,
                resource="kommo.leads",
                trigger="schedule",
                state="done",
                scope="in full",
                started_at=datetime(2026, 11, 24, 5, 10, tzinfo=UTC),
                ended_at=datetime(2026, 11, 24, 5, 58, tzinfo=UTC),
                only_here=differences,
                repaired=repaired,
            )
        )

    busy.run(audited)
    busy.login()
    page = busy.client.get("/status").text
    assert told in page
    busy.client.set_cookie("ponte_lang", "en")
    assert said in busy.client.get("/status").text
    assert ("ponte audit --repair" in page) is (differences > repaired)
