"""What the parts memory, growth and hosts are made of."""

import os
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from bench import copies, hosts, memory
from bench.costs import Costs, cpu_of
from bench.explained import Plan, document
from bench.leads import id_of, lead
from bench.vendor import Desk
from sandbox.tokens import ACCOUNT_ID
from shared.db.engine import connect
from shared.resources.columns import Context
from shared.resources.kommo import LEADS
from worker.sources.kommo_webhooks import LARGEST_BODY, decode
from worker.sync import rows
from worker.sync.upsert import Mirror


def test_memory_that_grows_is_told_from_memory_that_does_not() -> None:
    assert memory.grown([10, 90, 100, 100, 100, 100]) == 1.0
    assert memory.grown([0, 0, 100, 100, 110, 110]) == pytest.approx(1.1)


def test_a_large_body_is_as_large_as_can_be_and_still_decoded() -> None:
    entries = memory.large_body()
    body = b"&".join(entries)
    assert LARGEST_BODY - 20_000 < len(body) < LARGEST_BODY
    assert [look.id for look in decode(body).looks] == [str(id_of(n)) for n in range(len(entries))]


def test_copied_leads_are_the_ones_that_the_vendor_has(database_url: str) -> None:
    engine, now = connect(database_url), datetime.now(UTC)
    with engine.begin() as connection:
        batch = rows.batch(LEADS, [lead(number, 0) for number in range(4)], Context({}, "BR"))
        Mirror(connection, 7, LEADS).put(batch, now, now)
    copies.fill(database_url, written=4, leads=10)
    own = "id, name, created_at, updated_at, raw->>'id' from kommo.leads order by id"
    with engine.begin() as connection:
        found = [tuple(row) for row in connection.execute(text(f"select {own}"))]
        stamped = connection.scalar(text("select count(*) from sync.kommo_leads_stamps"))
        contacts = connection.scalar(text("select count(*) from kommo.contacts"))
    engine.dispose()
    assert found == [own_of(number) for number in range(10)]
    assert (stamped, contacts) == (10, 4)


def own_of(number: int) -> tuple[object, ...]:
    record = lead(number, 0)
    moments = (datetime.fromtimestamp(record[name], UTC) for name in ("created_at", "updated_at"))
    return (record["id"], record["name"], *moments, str(record["id"]))


def test_plans_are_kept_the_heaviest_first() -> None:
    plans = [Plan("/light", 12.0, ("Seq Scan",)), Plan("/heavy", 99.6, ("Sort", "  Seq Scan"))]
    told = document(plans, "2 cores", leads=1_000_000)
    assert told.index("## 100 ms: `/heavy`") < told.index("## 12 ms: `/light`")
    assert "with 1,000,000 leads" in told and "```\nSort\n  Seq Scan\n```" in told


def test_every_account_is_answered_as_itself_and_has_a_limit_of_its_own() -> None:
    desk = Desk(3, living=True)
    desk.answer("/_bench?limit=1")
    said = [desk.answer("/api/v4/account", account)[0] for account in (ACCOUNT_ID, 32_000_001)]
    assert b'"id":31990001' in said[0] and b'"id":32000001' in said[1]
    refused, _ = desk.answer("/api/v4/account", 32_000_001)
    assert refused.startswith(b"HTTP/1.1 429 ")


def test_what_is_carried_on_paper_follows_from_what_a_page_costs() -> None:
    a_page = Costs(worker=2.0, postgres=1.0, redis=0.1, operations=700, wal=5e7).per(100)
    found = {figure.name: figure.value for figure in hosts.on_paper(a_page)}
    assert found["one core of workers carries"] == pytest.approx(50 / 7)
    assert found["one core of PostgreSQL carries"] == pytest.approx(100 / 7)
    assert found["a disk that takes 100 MB of WAL a second carries"] == pytest.approx(200 / 7)


def test_cpu_is_counted_of_a_process_and_of_its_children() -> None:
    before = cpu_of(os.getpid())
    sum(number * number for number in range(3_000_000))
    assert cpu_of(os.getpid()) > before
