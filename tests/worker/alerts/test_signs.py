"""What each rule finds: nothing where all is well, and the figure, in words, where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, text

from shared import integrations, resources
from shared.alerts import rules
from shared.alerts.rules import Rule
from shared.db.bookkeeping import audits, checkpoints, deliveries, integration_settings, rejects
from shared.db.bookkeeping import runs as runs_table
from shared.db.mirror import rows_table
from tests.worker.alerts.conftest import Watch
from worker.alerts import round as alerts
from worker.alerts import signs
from worker.alerts.signs import Look, Sign

AGO = text("clock_timestamp() - interval '3 days'")


@pytest.fixture(autouse=True)
def known(watch: Watch) -> dict[str, int]:
    """Ids of both accounts of the environment."""
    made = watch.run(integrations.ensure, watch.reach.settings)
    return {one.provider: one.id for one in made}


def found(watch: Watch, rule: Rule) -> list[Sign]:
    def look(connection: Any) -> list[Sign]:
        working = integrations.worked_on(connection, watch.reach.settings)
        return signs.of(Look(connection, watch.reach.settings, working), rule)

    seen: list[Sign] = watch.run(look)
    return seen


def put(watch: Watch, table: Any, **values: Any) -> None:
    watch.run(lambda c: c.execute(insert(table).values(**values)))


def read(watch: Watch, id_: int, name: str, **more: Any) -> None:
    """A list that was read, now unless more is said."""
    place = {"integration_id": id_, "resource": name, "run_id": 1}
    put(watch, checkpoints, **place, cursor=datetime.now(UTC), **more)


def note(watch: Watch, id_: int, **said: Any) -> None:
    """Into the metadata of an integration."""
    table = integration_settings
    changed = table.update().where(table.c.id == id_)
    watch.run(lambda c: c.execute(changed.values(metadata=table.c.metadata.op("||")(said))))


@pytest.mark.parametrize("rule", [one for one in rules.ALL if one is not rules.NO_WORKER])
def test_where_nothing_is_wrong_nothing_is_found(watch: Watch, rule: Rule) -> None:
    assert found(watch, rule) == []


def test_lists_that_are_late_are_one_sign_for_their_account(
    watch: Watch, known: dict[str, int]
) -> None:
    kommo = known["kommo"]
    for name in ("leads", "contacts", "tasks", "companies", "users", "pipelines"):
        read(watch, kommo, f"kommo.{name}", updated_at=AGO)
    read(watch, known["gestao-click"], "gestao_click.vendas")
    (sign,) = found(watch, rules.SYNC_STALE)
    assert sign.subject == f"integration:{kommo}"
    assert sign.figure == 864, "three days in intervals of five minutes"
    assert sign.said.pt.startswith("Kommo: listas atrasadas, até 864 intervalos: ")
    assert sign.said.en.endswith(" and 1 more.")
    assert found(watch, replace(rules.SYNC_STALE, threshold=Decimal(900))) == []


def test_what_is_read_once_a_day_or_by_order_only_is_not_late_after_hours(
    watch: Watch, known: dict[str, int]
) -> None:
    kommo = known["kommo"]
    read(watch, kommo, "kommo.leads", updated_at=AGO)
    watch.sql("update ponte.integration_settings set sync_frequency = 'daily'")
    assert found(watch, rules.SYNC_STALE) == []
    watch.sql("update ponte.integration_settings set sync_frequency = null, auto_sync = false")
    assert found(watch, rules.SYNC_STALE) == []


def test_a_list_that_never_could_be_read_is_late_too(watch: Watch, known: dict[str, int]) -> None:
    run = {
        "integration_id": known["kommo"],
        "resource": "kommo.leads",
        "mode": "full",
        "request_ids": [],
    }
    put(watch, runs_table, **run, trigger="schedule", state="failed", created_at=AGO)
    (sign,) = found(watch, rules.SYNC_STALE)
    assert "kommo.leads" in sign.said.en
    put(watch, runs_table, **run, trigger="schedule", state="running")
    assert found(watch, rules.SYNC_STALE) == [], "it is being read"


@pytest.mark.parametrize(
    ("days", "figure", "said"),
    [(20, None, ""), (3.5, "3.5", "expires in 3.5 days"), (-1, "0", "has expired")],
)
def test_a_token_near_its_end(
    watch: Watch, known: dict[str, int], days: float, figure: str | None, said: str
) -> None:
    ends = datetime.now(UTC) + timedelta(days=days)
    note(watch, known["kommo"], token={"expires_at": ends.isoformat(), "warned": None})
    seen = found(watch, rules.TOKEN_EXPIRING)
    assert [str(sign.figure) for sign in seen] == ([figure] if figure else [])
    assert all(said in sign.said.en for sign in seen)


def test_credentials_that_were_refused(watch: Watch, known: dict[str, int]) -> None:
    note(watch, known["gestao-click"], refused="digest")
    (sign,) = found(watch, rules.CREDENTIALS_REFUSED)
    assert sign.said.pt.startswith("Gestão Click: as credenciais foram recusadas")
    watch.sql("update ponte.integration_settings set active = false")
    assert found(watch, rules.CREDENTIALS_REFUSED) == [], "who paused it knows"


@pytest.mark.parametrize(
    ("state", "lost"),
    [("subscribed", 0), ("not available", 0), ("failed", 1), ("switched off by hand", 1)],
)
def test_a_subscription_that_is_lost(
    watch: Watch, known: dict[str, int], state: str, lost: int
) -> None:
    note(watch, known["kommo"], webhook={"state": state, "message": "…"})
    assert len(found(watch, rules.WEBHOOK_LOST)) == lost


def test_changes_that_no_webhook_told(watch: Watch, known: dict[str, int]) -> None:
    kommo = known["kommo"]
    note(watch, kommo, webhook={"state": "subscribed"})
    run = {
        "integration_id": kommo,
        "resource": "kommo.leads",
        "mode": "incremental",
        "request_ids": [],
    }
    done = {"trigger": "schedule", "state": "done", "written": 7, "started_at": datetime.now(UTC)}
    put(watch, runs_table, **run, **done)
    (sign,) = found(watch, rules.WEBHOOK_LOST)
    assert sign.figure == 7
    assert sign.said.pt.endswith("a leitura achou 7 mudanças.")
    put(watch, deliveries, integration_id=kommo, body=b"x")
    assert found(watch, rules.WEBHOOK_LOST) == [], "one has just come"


def test_what_the_last_audit_found_and_did_not_mend(watch: Watch, known: dict[str, int]) -> None:
    ended = {"state": "done", "trigger": "schedule", "ended_at": datetime.now(UTC)}
    place = {"integration_id": known["kommo"], "resource": "kommo.leads"}
    put(watch, audits, **place, **ended, different=3, only_here=2, repaired=1)
    (sign,) = found(watch, rules.DRIFT_FOUND)
    assert (sign.figure, "4 rows that differ, unrepaired: kommo.leads" in sign.said.en) == (4, True)
    put(watch, audits, **place, **ended, different=3, repaired=3)
    assert found(watch, rules.DRIFT_FOUND) == []


def test_rejects_are_counted_by_account(watch: Watch, known: dict[str, int]) -> None:
    for number in range(11):
        put(
            watch,
            rejects,
            integration_id=known["kommo"],
            resource="kommo.leads" if number else "kommo.tasks",
            record={},
            digest=f"00000000-0000-0000-0000-{number:012d}",
            reason="no id",
        )
    (sign,) = found(watch, rules.REJECTS_ABOVE)
    assert sign.figure == 11
    assert "11 records could not become rows: kommo.leads, kommo.tasks" in sign.said.en
    assert found(watch, replace(rules.REJECTS_ABOVE, threshold=Decimal(11))) == []


def test_overdue_receivables_are_summed_to_the_cent(watch: Watch, known: dict[str, int]) -> None:
    erp = known["gestao-click"]
    titles = rows_table(resources.BY_NAME["gestao_click.recebimentos"])
    common = {"integration_id": erp, "raw": {}, "changed_at": datetime.now(UTC)}
    rows = [("1", "10000.00", False), ("2", "0.01", False), ("3", "500.00", True)]
    for id_, amount, settled in rows:
        put(
            watch,
            titles,
            **common,
            id=id_,
            valor_total=amount,
            liquidado=settled,
            data_vencimento=date(2020, 1, 1),
        )
    (sign,) = found(watch, rules.OVERDUE_ABOVE)
    assert sign.figure == Decimal("10000.01")
    assert sign.said.pt == "Gestão Click: R$\xa010.000,01 em 2 recebíveis vencidos."
    assert sign.said.en == "Gestão Click: R$10,000.01 in 2 overdue receivables."
    assert found(watch, replace(rules.OVERDUE_ABOVE, threshold=Decimal("10000.01"))) == []


def test_the_inbox_that_waits(watch: Watch, known: dict[str, int]) -> None:
    watch.sql(
        "insert into sync.deliveries (integration_id, body, received_at)"
        " values (:id, 'x', clock_timestamp() - interval '20 minutes')",
        id=known["kommo"],
    )
    (sign,) = found(watch, rules.INBOX_WAITING)
    assert (sign.subject, sign.figure) == ("inbox", 20)


@pytest.fixture
def alive(watch: Watch) -> Iterator[None]:
    watch.sql(
        "insert into sync.workers (name, queues, started_at, seen_at)"
        " values ('sync@here', 'beat,sync', clock_timestamp(), clock_timestamp())"
    )
    yield


@pytest.mark.usefixtures("alive")
def test_a_pool_that_is_not_there(watch: Watch) -> None:
    assert [sign.subject for sign in found(watch, rules.NO_WORKER)] == ["queue:webhooks"]


@pytest.mark.usefixtures("alive")
def test_a_whole_round_keeps_what_it_finds(watch: Watch, known: dict[str, int]) -> None:
    note(watch, known["kommo"], refused="digest")
    alerts.look(watch.reach)
    opened = {one["rule"] for one in watch.incidents() if one["opened_at"]}
    assert opened == {"credentials_refused"}
    assert {one["subject"] for one in watch.incidents()} == {
        f"integration:{known['kommo']}",
        "queue:webhooks",
    }
