"""A list of the ERP that breaks off half-way, in every way that the sandbox knows: nothing is deleted,
no cursor moves, and the run says why; or the walk recovers and has what the vendor has."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from sandbox.faults import KINDS, MID_WALK
from shared.resources import BY_NAME
from shared.resources.grammar import Resource
from tests.ground import Ground, Row, ground_on, pages_of

SALES, PRODUCTS = BY_NAME["gestao_click.vendas"], BY_NAME["gestao_click.produtos"]
SHIFTS = {"shift_delete", "shift_insert"}
RECOVERS = {"php_notice"}
PAGE = 2
HASTE = {"kommo_retry_attempts": 2, "gestao_click_timeout": 400}


@pytest.fixture
def ground(database_url: str) -> Iterator[Ground]:
    """A shop of some weeks, read once: sales in six lists, products with prices and variations."""
    with ground_on(database_url, leads=40, months=1) as made:
        hasty = made.reach.settings.model_copy(update=HASTE)
        made.reach = replace(made.reach, settings=hasty)
        yield made


def recent(ground: Ground) -> None:
    """History is the last weeks: a full walk has few windows."""
    since = date.today() - timedelta(days=70)
    made = ground.integration("gestao-click").id
    sql = "update ponte.integration_settings set history_from = %s where id = %s"
    ground.run(lambda c: c.exec_driver_sql(sql, (since, made)))


def kept(ground: Ground, resource: Resource) -> tuple[Any, ...]:
    """Everything that a broken walk must leave alone."""
    sql = "select cursor, walked_at from sync.checkpoints where resource = %s"
    cursor = ground.run(lambda c: c.exec_driver_sql(sql, (resource.full_name,)).all())
    gone = [row["id"] for row in ground.stamps(resource) if row["gone"]]
    return cursor, gone, marked(ground, resource)


def marked(ground: Ground, resource: Resource) -> set[str]:
    return {row["id"] for row in ground.rows(resource) if row["deleted_at"] or row["missing_since"]}


def here(ground: Ground, resource: Resource) -> set[str]:
    return {row["id"] for row in ground.rows(resource)} - marked(ground, resource)


def there(ground: Ground, resource: Resource) -> set[str]:
    """What the vendor has, of the time that is read."""
    since = (date.today() - timedelta(days=70)).isoformat()[:8]
    records = ground.box.truth("gestao-click", resource.name)
    return {r["id"] for r in records if r.get("data", "9999") >= since}


def carried(ground: Ground, resource: Resource) -> list[list[Row]]:
    """Children of live rows."""
    alive = here(ground, resource)
    return [
        [row for row in ground.children(resource, child) if row[child.parent] in alive]
        for child in resource.children
    ]


def calm(ground: Ground) -> None:
    """The trouble is over, and what waits need not wait."""
    ground.box.faults.clear()
    for sql in (
        "update sync.runs set next_at = clock_timestamp()",
        "update sync.pauses set until = clock_timestamp()",
    ):
        ground.run(lambda c, sql=sql: c.exec_driver_sql(sql))


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("resource", [SALES, PRODUCTS], ids=lambda each: each.name)
def test_a_list_that_breaks_off_half_way_deletes_and_moves_nothing(
    ground: Ground, resource: Resource, kind: str
) -> None:
    recent(ground)
    assert ground.sync(resource)["state"] == "done"
    assert here(ground, resource) == there(ground, resource)
    before, lines = kept(ground, resource), carried(ground, resource)
    fault = {"vendor": "gestao-click", "kind": kind, "path": resource.path, "seconds": 1.0}
    fault["after"] = 0 if kind in MID_WALK else 1
    fault["times"] = 3 if kind in SHIFTS else None
    with pages_of(resource, PAGE):
        ground.box.faults.add(fault)
        report = ground.sync(resource, full=True)
        hits = ground.box.faults.public()[0]["hits"]
        assert hits, "the fault was never met"
        if report["state"] == "done":
            assert kind in SHIFTS | RECOVERS
        else:
            assert report["reason"]
            assert kept(ground, resource) == before
            assert carried(ground, resource) == lines
        assert not marked(ground, resource) & there(ground, resource)
        calm(ground)
        if report["state"] == "queued":
            report = ground.carry(report["id"])
            assert report["state"] == "done", report["reason"]
    again = ground.sync(resource, full=True)
    assert again["state"] == "done", again["reason"]
    assert here(ground, resource) == there(ground, resource)


def test_rows_that_push_a_page_onto_the_one_before_it_are_read_again(ground: Ground) -> None:
    """As many as a page has come in front while the run rests: its next page is the last one again."""
    ground.sync(PRODUCTS)
    with pages_of(PRODUCTS, PAGE):
        run_id = ground.order(PRODUCTS, full=True)
        while not (report := ground.carry_once(run_id))["seen"]:
            pass
        first = ground.box.truth("gestao-click", "produtos")[0]
        for number in range(PAGE):
            ground.box.plant("gestao-click", "produtos", {**first, "id": str(number + 1)})
        ground.run(lambda c: c.exec_driver_sql("update sync.runs set next_at = clock_timestamp()"))
        report = ground.carry(run_id)
    assert report["state"] == "done", report["reason"]
    assert here(ground, PRODUCTS) == there(ground, PRODUCTS) | {"1", "2"}
