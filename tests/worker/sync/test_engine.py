"""One run from its position to the end, while the vendor misbehaves."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import QueuePool, select, text, update

from shared.db.bookkeeping import runs as runs_table
from shared.db.bookkeeping import unavailable
from shared.db.engine import clock
from shared.resources import BY_NAME
from tests.ground import Ground, Row, ground_on, pages_of
from worker.sync.carry import MUCH_PATIENCE, PATIENCE, carry_out
from worker.sync.rows import Sighted

LEADS, CONTACTS, USERS, FIELDS, CLIENTES, PRODUTOS, VENDAS, RECEBIMENTOS = (
    BY_NAME[name]
    for name in (
        "kommo.leads",
        "kommo.contacts",
        "kommo.users",
        "kommo.custom_fields",
        "gestao_click.clientes",
        "gestao_click.produtos",
        "gestao_click.vendas",
        "gestao_click.recebimentos",
    )
)


@pytest.fixture
def small_pages() -> Iterator[None]:
    with pages_of(LEADS, 7), pages_of(CLIENTES, 4), pages_of(USERS, 2):
        yield


def insist(ground: Ground, run_id: int, tries: int = 12) -> Row:
    """Carries a run out although it was put back for later, as time would."""
    for _ in range(tries):
        report = ground.carry(run_id)
        if report["state"] != "queued":
            return report
        ground.run(
            lambda c: c.execute(update(runs_table).values(next_at=text("clock_timestamp()")))
        )
    raise AssertionError(f"still {report['state']}: {report['reason']}")


def ids(ground: Ground, resource: Any = LEADS) -> set[Any]:
    return {row["id"] for row in ground.rows(resource)}


def live_ids(ground: Ground, name: str = "leads") -> set[int]:
    return {record["id"] for record in ground.box.truth("kommo", name)}


def fault(
    ground: Ground, kind: str, path: str = "/leads", vendor: str = "kommo", **more: Any
) -> None:
    ground.box.faults.add({"vendor": vendor, "kind": kind, "path": path, **more})


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize(
    "kind", ["empty_page", "repeat_page", "500_html", "drop", "truncate", "200_html"]
)
@pytest.mark.parametrize("vendor", ["kommo", "gestao-click"])
def test_trouble_in_mid_walk_leaves_no_hole_and_marks_nothing(
    ground: Ground, kind: str, vendor: str
) -> None:
    resource = LEADS if vendor == "kommo" else CLIENTES
    world = ground.box.truth(vendor, resource.name)
    # two empty pages in a row are the proof of an end, so only one comes by mistake
    fault(ground, kind, resource.path, vendor, times=1 if kind == "empty_page" else 2, after=1)
    report = insist(ground, ground.order(resource))
    assert (report["state"], report["gone"]) == ("done", 0)
    assert ids(ground, resource) == {record["id"] for record in world}


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize(("deaths", "is_read"), [(0, True), (1, False)])
def test_what_will_be_wanted_is_read_ahead_until_a_worker_dies_of_it(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, deaths: int, is_read: bool
) -> None:
    read: list[Sighted] = []

    def read_ahead(page: Sighted) -> None:
        read.append(page)

    monkeypatch.setattr(Sighted, "read_ahead", read_ahead)
    first, again = ground.order(LEADS, full=True), {"deaths": deaths}
    ground.run(lambda c: c.execute(update(runs_table).values(again)))
    assert ground.carry(first)["state"] == "done"
    assert bool(read) == is_read
    read.clear()
    ground.sync(LEADS, full=True)
    assert read == [], "nothing changed, so nothing is wanted"


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("kind", ["repeat_page", "500_html", "empty_page"])
def test_what_was_staged_in_vain_holds_no_connection(ground: Ground, kind: str) -> None:
    fault(ground, kind, times=8, after=5)
    assert insist(ground, ground.order(LEADS), tries=30)["state"] == "done"
    pool = ground.reach.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0


@pytest.mark.usefixtures("small_pages")
def test_a_deletion_that_shifts_the_pages_hides_no_record(ground: Ground) -> None:
    fault(ground, "shift_delete", times=2)
    report = insist(ground, ground.order(LEADS))
    assert report["state"] == "done"
    live = {
        row["id"] for row in ground.rows(LEADS) if not (row["deleted_at"] or row["missing_since"])
    }
    assert live == live_ids(ground)


@pytest.mark.usefixtures("small_pages")
def test_a_list_that_tells_no_news_is_walked_again_when_its_total_moves(ground: Ground) -> None:
    fault(ground, "shift_delete", "/clientes", "gestao-click", times=1)
    report = insist(ground, ground.order(CLIENTES))
    assert report["state"] == "done"
    world = {record["id"] for record in ground.box.truth("gestao-click", "clientes")}
    assert ids(ground, CLIENTES) - world == {"70001"}, "met before it was deleted"
    assert world <= ids(ground, CLIENTES)
    assert ground.sync(CLIENTES)["gone"] == 1
    assert ground.row(CLIENTES, "70001")["deleted_at"]


@pytest.mark.usefixtures("small_pages")
def test_a_total_that_never_agrees_marks_nothing_and_ends_with_the_reason(ground: Ground) -> None:
    ground.sync(CLIENTES)
    ground.box.gestao_click.world.table("gestao-click", "clientes").drop(70002)
    fault(ground, "wrong_total", "/clientes", "gestao-click")
    report = insist(ground, ground.order(CLIENTES, full=True))
    assert report["state"] == "failed"
    assert "cannot be believed" in report["reason"]
    assert report["gone"] == 0
    assert ground.row(CLIENTES, "70002")["deleted_at"] is None


def test_much_that_is_absent_is_doubted_first_and_confirmed_one_by_one_then(
    database_url: str,
) -> None:
    with ground_on(database_url, leads=150) as ground:
        ground.sync(LEADS)
        table = ground.box.world.table("kommo", "leads")
        for key in list(table.ids)[20:]:
            table.drop(key)
        ground.box.reset_stats()
        report = ground.sync(LEADS, full=True)
        assert (report["state"], report["gone"]) == ("done", 130)
        assert "much was absent" in str(report["reason"] or "much was absent")
        assert ground.asked("kommo")["/leads"] == 2 + 1, "two walks, one look by id"
        assert len([row for row in ground.rows(LEADS) if row["missing_since"]]) == 130


def test_a_list_that_comes_empty_by_mistake_marks_nobody(database_url: str) -> None:
    with ground_on(database_url, leads=150) as ground:
        ground.sync(LEADS)
        with ground.box.world.lock:
            table = ground.box.world.table("kommo", "leads")
            listing = ground.box.doors["kommo"].vendor.api.listing  # type: ignore[attr-defined]
            whole = listing.keys
            listing.keys = lambda t, r, q, trash: (
                [] if t is table and "id" not in q.filters else whole(t, r, q, trash)
            )
        report = ground.sync(LEADS, full=True)
        assert (report["state"], report["gone"]) == ("done", 0)
        assert all(row["missing_since"] is None for row in ground.rows(LEADS))


@pytest.fixture
def without_dates(ground: Ground) -> Ground:
    """The ERP ignores dates, in silence."""
    ground.sync(VENDAS)
    ground.sync(RECEBIMENTOS)
    api = ground.box.doors["gestao-click"].vendor.api  # type: ignore[attr-defined]
    api.listing._period = lambda *_: ("", "9999-12-31")
    return ground


def test_a_list_whose_dates_are_ignored_is_read_whole(without_dates: Ground) -> None:
    before = without_dates.rows(VENDAS)
    report = without_dates.sync(VENDAS)
    assert (report["state"], report["gone"]) == ("done", 0)
    assert report["seen"] == len(before)
    assert without_dates.rows(VENDAS) == before


def test_where_a_list_without_dates_is_only_a_part_of_it_ignored_dates_stop_the_run(
    without_dates: Ground,
) -> None:
    before = without_dates.rows(RECEBIMENTOS)
    report = without_dates.sync(RECEBIMENTOS, full=True)
    assert report["state"] == "failed"
    assert "ignored the filter" in report["reason"]
    assert without_dates.rows(RECEBIMENTOS) == before


def test_inactive_products_are_read_too(ground: Ground) -> None:
    for number in (1, 2):
        ground.box.plant("gestao-click", "produtos", {"id": f"99{number}", "ativo": "0"})
    ground.sync(PRODUTOS)
    rows = ground.rows(PRODUTOS)
    assert {row["id"] for row in rows if row["ativo"] is False} == {"991", "992"}
    assert len(rows) == len(ground.box.truth("gestao-click", "produtos"))


def test_rows_older_than_what_was_asked_for_stop_the_run(ground: Ground) -> None:
    ground.sync(LEADS)
    listing = ground.box.doors["kommo"].vendor.api.listing  # type: ignore[attr-defined]
    listing.keys = lambda table, *_: table.ids
    report = ground.sync(LEADS)
    assert report["state"] == "failed"
    assert "ignored the filter" in report["reason"]


def test_an_edit_between_two_incremental_runs_is_never_missed(ground: Ground) -> None:
    ground.sync(LEADS)
    for number in range(3):
        key = sorted(live_ids(ground))[number]
        ground.box.kommo.change("leads", [key], {"name": f"turn {number}"}, silent=True)
        report = ground.sync(LEADS)
        assert report["mode"] == "incremental"
        assert ground.row(LEADS, key)["name"] == f"turn {number}"


def test_records_that_come_and_go_during_the_walk_end_as_the_world_has_them(
    ground: Ground,
) -> None:
    stop = threading.Event()

    def live() -> None:
        while not stop.is_set():
            ground.box.life.run(3, "kommo")
            time.sleep(0.005)

    with pages_of(LEADS, 5), pages_of(CONTACTS, 5):
        life = threading.Thread(target=live)
        life.start()
        try:
            for resource in (LEADS, CONTACTS):
                assert insist(ground, ground.order(resource, full=True))["state"] == "done"
        finally:
            stop.set()
            life.join()
        for resource in (LEADS, CONTACTS):
            assert insist(ground, ground.order(resource))["state"] == "done"
    for resource in (LEADS, CONTACTS):
        truth = {r["id"]: r["name"] for r in ground.box.truth("kommo", resource.name)}
        rows = {
            row["id"]: row["name"]
            for row in ground.rows(resource)
            if not (row["deleted_at"] or row["missing_since"])
        }
        assert rows == {id_: name.replace("\x00", "") for id_, name in truth.items()}


@pytest.mark.parametrize(
    ("trigger", "patience"), [("cli", PATIENCE["cli"]), ("schedule", MUCH_PATIENCE)]
)
def test_a_vendor_that_is_down_puts_the_run_back_later_each_time_and_then_fails_it(
    ground: Ground, trigger: str, patience: int
) -> None:
    fault(ground, "500_html")
    run_id = ground.order(LEADS, trigger=trigger)
    delays = []
    for _ in range(patience - 1):
        report = ground.carry(run_id)
        assert report["state"] == "queued"
        delays.append(report["next_at"] - ground.run(clock))
        ground.run(
            lambda c: c.execute(update(runs_table).values(next_at=text("clock_timestamp()")))
        )
    assert all(before < 2.5 * after for before, after in pairwise(delays))
    assert timedelta(seconds=1) < delays[0] < delays[-1] <= timedelta(seconds=900)
    report = ground.carry(run_id)
    assert report["state"] == "failed"
    assert f"{patience} attempts" in report["reason"]


def test_a_list_that_the_plan_does_not_give_ends_its_run_and_no_other(ground: Ground) -> None:
    ground.box.options.change({"refused": {"/users": 402}})
    report = ground.sync(USERS)
    assert report["state"] == "unavailable"
    assert "HTTP 402" in report["reason"]
    assert lacking(ground) == {("kommo.users", "")}
    assert ground.sync(LEADS)["state"] == "done"
    ground.box.options.change({"refused": {}})
    assert ground.sync(USERS)["state"] == "done"
    assert lacking(ground) == set()


def test_a_slice_that_the_plan_does_not_give_stops_no_other_and_marks_nothing(
    ground: Ground,
) -> None:
    ground.sync(FIELDS)
    rows = len(ground.rows(FIELDS))
    ground.box.options.change({"refused": {"/contacts/custom_fields": 402}})
    for _ in range(3):
        assert ground.sync(FIELDS, full=True)["state"] == "done"
        assert lacking(ground) >= {("kommo.custom_fields", "entity_type=contacts")}
    assert len([row for row in ground.rows(FIELDS) if not row["missing_since"]]) == rows


def lacking(ground: Ground) -> set[tuple[str, str]]:
    found = ground.run(lambda connection: connection.execute(select(unavailable)).all())
    return {(row.resource, row.slice) for row in found}


def test_without_the_audit_log_deletions_are_heard_from_the_trash(ground: Ground) -> None:
    ground.box.options.change({"refused": {"/events": 402}})
    ground.sync(LEADS)
    key = max(live_ids(ground))
    ground.box.kommo.delete("leads", [key], silent=True)
    assert ground.sync(LEADS)["gone"] == 1
    assert ground.row(LEADS, key)["deleted_at"]


def test_the_losers_of_a_merge_are_deleted_and_the_winner_stays(ground: Ground) -> None:
    ground.sync(CONTACTS)
    winner, loser = sorted(live_ids(ground, "contacts"))[-2:]
    ground.box.kommo.merge("contacts", winner, [loser], silent=True)
    ground.sync(CONTACTS)
    assert ground.row(CONTACTS, loser)["deleted_at"]
    assert ground.row(CONTACTS, winner)["deleted_at"] is None


def test_a_run_that_was_taken_by_another_worker_leaves_without_a_trace(ground: Ground) -> None:
    run_id = ground.order(LEADS)
    stolen = threading.Event()
    server = ground.box._servers["kommo"]
    really = server.app

    def app(request: Any) -> Any:
        if request.path.endswith("/leads") and not stolen.is_set():
            stolen.set()
            ground.run(
                lambda c: c.execute(update(runs_table).values(owner=text("gen_random_uuid()")))
            )
        return really(request)

    server.app = app
    assert carry_out(ground.reach, run_id, 60) is False
    report = ground.report(run_id)
    assert (report["state"], report["pages"], report["position"]) == ("running", 0, None)
    assert ground.rows(LEADS) == []


def test_a_run_that_died_is_taken_over_when_its_lease_is_over(ground: Ground) -> None:
    run_id = ground.order(LEADS)
    with pages_of(LEADS, 7):
        ground.carry_once(run_id)
        ground.run(
            lambda c: c.execute(
                update(runs_table).values(
                    state="running",
                    owner=text("gen_random_uuid()"),
                    lease_until=text("clock_timestamp() + interval '1 hour'"),
                )
            )
        )
        assert carry_out(ground.reach, run_id, 60) is False, "its owner may be alive"
        ground.run(
            lambda c: c.execute(update(runs_table).values(lease_until=text("clock_timestamp()")))
        )
        report = ground.carry(run_id)
    assert (report["state"], report["seen"]) == ("done", 40)


def test_a_report_counts_requests_pages_and_rows(ground: Ground) -> None:
    with pages_of(LEADS, 10):
        ground.box.reset_stats()
        report = ground.sync(LEADS)
    assert report["requests"] == ground.requests("kommo")
    assert (report["pages"], report["seen"], report["written"], report["gone"]) == (4, 40, 40, 0)
    assert report["finished_at"] >= report["started_at"]
