"""What every resource owes its users, proven on a real database against both vendors in a box."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.http import Request, Response
from shared import resources
from shared.db.engine import clock
from shared.resources.columns import Context
from shared.resources.grammar import Child, Resource
from tests.contract.changes import bring_back, remove, rewrite, spoilt, text_column
from tests.contract.worlds import (
    Expected,
    children_of,
    keyed,
    tables_of,
    value_of,
    world,
    wrong_columns,
)
from tests.ground import Ground, Row, ground_on, pages_of, reaching
from tests.servers import copy_of
from worker.sync import rows
from worker.sync.rows import Batch
from worker.sync.upsert import Mirror, Written


def each(chosen: Iterable[Resource]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("resource", list(chosen), ids=lambda each: each.full_name)


WALKED = [r for r in resources.ALL if not r.unlisted]
every_resource = each(resources.ALL)
walked = each(WALKED)
lists = each(r for r in WALKED if not r.single)
sweepable = each(r for r in WALKED if not r.single and not r.append_only)
unconfirmed = each(r for r in WALKED if not r.single and not r.append_only and not r.by_id)
carriers = each(r for r in WALKED if r.children)
tellers = each(r for r in WALKED if (r.tombstone and r.news) or r.name == "tasks")


def done(report: Row) -> Row:
    assert (report["state"], report["reason"]) == ("done", None)
    return report


# --- (c) the first run


@walked
def test_the_first_run_brings_the_whole_world(ground: Ground, resource: Resource) -> None:
    report = done(ground.sync(resource))
    expected = {each.key(resource): each for each in world(ground.box, resource)}
    mirrored = keyed(resource, ground.rows(resource))
    assert report["mode"] == "full"
    assert set(mirrored) == set(expected)
    assert (report["seen"], report["written"], report["rejected"]) == (len(expected),) * 2 + (0,)
    for key, row in mirrored.items():
        assert row["raw"] == expected[key].record
        assert row["deleted_at"] is row["missing_since"] is None
    assert wrong_columns(resource, expected, mirrored) == []
    for child in resource.children:
        assert carried(ground, resource, child) == owed(resource, child, expected.values())


def carried(ground: Ground, resource: Resource, child: Child) -> list[Row]:
    """A child's table, without the column that all its rows share."""
    found = ground.children(resource, child)
    return [{k: v for k, v in row.items() if k != "integration_id"} for row in found]


def owed(resource: Resource, child: Child, expected: Iterable[Expected]) -> list[Row]:
    """What that table must hold."""
    rows = [row for each in expected for row in children_of(resource, child, each)]
    return sorted(rows, key=lambda row: (row[child.parent], row["ordem"]))


@every_resource
def test_most_columns_can_be_checked_against_the_world(
    shared_ground: Ground, resource: Resource
) -> None:
    """The test before this one is worth something: keys and most columns are compared."""
    first = world(shared_ground.box, resource)[0]
    told = [c.name for c in resource.columns if value_of(resource, c, first) is not ...]
    assert set(resource.key) <= set(told)
    assert len(told) * 2 >= len(resource.columns)


@carriers
def test_some_record_of_the_world_carries_every_child(
    shared_ground: Ground, resource: Resource
) -> None:
    """What is compared above is worth something: every child's table gets rows, and every column a value."""
    expected = world(shared_ground.box, resource)
    for child in resource.children:
        rows = owed(resource, child, expected)
        filled = {name for row in rows for name, value in row.items() if value is not None}
        assert len(filled) * 2 > len(child.columns), child.name


# --- (d) the second run


@walked
def test_a_second_run_writes_nothing_and_stamps_every_row(
    ground: Ground, resource: Resource
) -> None:
    done(ground.sync(resource))
    before = ground.rows(resource)
    report = done(ground.sync(resource, full=True))
    assert report["written"] == report["gone"] == 0
    assert ground.rows(resource) == before
    assert all(stamp["observed_at"] >= report["started_at"] for stamp in ground.stamps(resource))
    assert len(ground.stamps(resource)) == len(before)
    report = done(ground.sync(resource))
    assert report["mode"] == "incremental"
    assert report["written"] == report["gone"] == 0


# --- (e) changes; the newest look wins


@walked
def test_a_changed_record_is_written_and_no_other(ground: Ground, resource: Resource) -> None:
    done(ground.sync(resource))
    before = keyed(resource, ground.rows(resource))
    chosen = world(ground.box, resource)[-1]
    name = text_column(resource, chosen.record)
    value = said(resource, name, "Outro valor")
    rewrite(ground.box, resource, chosen, **{name: value})
    report = done(ground.sync(resource, full=not resource.since or resource.append_only))
    after = keyed(resource, ground.rows(resource))
    key = chosen.key(resource)
    assert report["written"] == 1
    assert after[key][name] == value != before[key][name]
    assert after[key]["changed_at"] > before[key]["changed_at"]
    assert {k: row for k, row in after.items() if k != key} == {
        k: row for k, row in before.items() if k != key
    }


@carriers
def test_an_edit_replaces_what_its_record_carries_and_nothing_else(
    ground: Ground, resource: Resource
) -> None:
    done(ground.sync(resource))
    before = {child.name: carried(ground, resource, child) for child in resource.children}
    chosen = next(e for e in world(ground.box, resource) if _carries(resource, e))
    arrays = {child.path[0] for child in resource.children}
    shorter = {name: chosen.record[name][1:] for name in arrays if chosen.record.get(name)}
    rewrite(ground.box, resource, chosen, **shorter)
    assert done(ground.sync(resource, full=True))["written"] == 1
    (key,) = chosen.key(resource)
    after = {e.key(resource): e for e in world(ground.box, resource)}
    for child in resource.children:
        found = carried(ground, resource, child)
        assert found == owed(resource, child, after.values())
        others = [row for row in before[child.name] if row[child.parent] != key]
        assert [row for row in found if row[child.parent] != key] == others


def _carries(resource: Resource, expected: Expected) -> bool:
    """Carries something in its first child."""
    return any(children_of(resource, child, expected) for child in resource.children)


NUMBERS = itertools.count(1000)


@pytest.fixture(scope="module")
def shared_ground(postgres_url: str, template_url: str) -> Iterator[Ground]:
    """One for all tests that put rows by hand: each does so as an integration of its own."""
    with copy_of(postgres_url, template_url) as url, ground_on(url) as made:
        yield made


def said(resource: Resource, name: str, value: str) -> str:
    """A value as it is kept: of addresses that hold secrets only the host."""
    return f"https://{value.replace(' ', '-')}.example/…" if name in resource.masked else value


class Looks:
    """Puts versions of one record by hand, each with its own moment."""

    def __init__(self, ground: Ground, resource: Resource) -> None:
        self.ground, self.resource = ground, resource
        self.expected = world(ground.box, resource)[0]
        self.integration = next(NUMBERS)
        self.key = self.expected.key(resource)
        with ground.reach.engine.begin() as connection:
            self.zero = clock(connection)
        self.name = text_column(resource, self.expected.record)

    def at(self, seconds: float) -> datetime:
        return self.zero + timedelta(seconds=seconds)

    def batch(self, value: str, **fields: Any) -> Batch:
        named = {self.name: said(self.resource, self.name, value)}
        record = {**self.expected.record, **named, **fields}
        return rows.batch(self.resource, [record], Context(self.expected.asked))

    def put(self, value: str, seconds: float, **fields: Any) -> Written:
        with self.ground.reach.engine.begin() as connection:
            mirror = Mirror(connection, self.integration, self.resource)
            return mirror.put(self.batch(value, **fields), self.at(seconds), self.zero)

    def gone(self, seconds: float, *, told: bool = True) -> int:
        with self.ground.reach.engine.begin() as connection:
            mirror = Mirror(connection, self.integration, self.resource)
            return mirror.gone([self.key], self.at(seconds), told=told)

    def rows(self) -> list[Row]:
        return self._mine(self.ground.rows(self.resource))

    def children(self) -> dict[str, list[Row]]:
        every = self.resource.children
        return {c.name: self._mine(self.ground.children(self.resource, c)) for c in every}

    def stamps(self) -> list[Row]:
        return self._mine(self.ground.stamps(self.resource))

    @property
    def row(self) -> Row:
        (row,) = self.rows()
        return row

    def _mine(self, found: list[Row]) -> list[Row]:
        return [row for row in found if row["integration_id"] == self.integration]


@every_resource
def test_an_older_page_after_a_newer_one_changes_nothing(
    shared_ground: Ground, resource: Resource
) -> None:
    looks = Looks(shared_ground, resource)
    assert looks.put("newer", 2).written == 1
    before = (looks.row, looks.stamps())
    assert looks.put("older", 1).written == 0
    assert looks.put("as old", 2).written == 0
    assert (looks.row, looks.stamps()) == before


@carriers
def test_an_older_page_replaces_nothing_that_a_newer_row_carries(
    shared_ground: Ground, resource: Resource
) -> None:
    looks = Looks(shared_ground, resource)
    looks.expected = next(e for e in world(shared_ground.box, resource) if _carries(resource, e))
    looks.key = looks.expected.key(resource)
    assert looks.put("newer", 2).written == 1
    before = looks.children()
    assert any(before.values())
    arrays = {child.path[0] for child in resource.children}
    for moment in (1, 2):
        assert looks.put("older", moment, **dict.fromkeys(arrays)).written == 0
        assert looks.children() == before
    assert looks.put("newest", 3, **dict.fromkeys(arrays)).written == 1
    assert not any(looks.children().values())


@every_resource
@pytest.mark.parametrize("told", [True, False], ids=["deleted", "missing"])
def test_a_stale_page_does_not_revive_what_is_gone_but_a_newer_one_does(
    shared_ground: Ground, resource: Resource, told: bool
) -> None:
    looks = Looks(shared_ground, resource)
    looks.put("there", 1)
    assert looks.gone(3, told=told) == 1
    mark = "deleted_at" if told else "missing_since"
    assert looks.put("stale", 2).written == 0
    assert looks.row[mark] == looks.at(3)
    assert looks.row[looks.name] == said(resource, looks.name, "there")
    assert looks.put("there", 4).written == 1
    assert looks.row["deleted_at"] is looks.row["missing_since"] is None


@every_resource
def test_a_stale_page_does_not_first_insert_what_is_known_to_be_gone(
    shared_ground: Ground, resource: Resource
) -> None:
    looks = Looks(shared_ground, resource)
    looks.gone(2)
    assert looks.put("stale", 1).written == 0
    assert looks.rows() == []
    assert looks.put("back", 3).written == 1
    assert looks.row[looks.name] == said(resource, looks.name, "back")


@every_resource
def test_an_older_word_of_its_end_does_not_mark_what_was_seen_since(
    shared_ground: Ground, resource: Resource
) -> None:
    looks = Looks(shared_ground, resource)
    looks.put("there", 2)
    assert looks.gone(1) == 0
    assert looks.row["deleted_at"] is None


# --- (f) rejects


@lists
def test_a_bad_record_is_rejected_with_its_reason_and_the_others_arrive(
    ground: Ground, resource: Resource
) -> None:
    expected = world(ground.box, resource)
    bad = spoilt(resource, expected[0])
    _plant(ground, resource, expected[0], bad)
    report = done(ground.sync(resource))
    (reject,) = ground.rejects()
    assert reject["resource"] == resource.full_name
    assert reject["record"] == bad
    assert reject["reason"]
    assert (reject["run_id"], report["rejected"]) == (report["id"], 1)
    assert set(keyed(resource, ground.rows(resource))) == {e.key(resource) for e in expected}
    done(ground.sync(resource, full=True))
    assert [r["times"] for r in ground.rejects()] == [2]


def _plant(ground: Ground, resource: Resource, sound: Expected, bad: Row) -> None:
    table = sound.table
    if len(resource.records) < 2:
        ground.box.plant(resource.provider, table.spec.name, bad, sound.hidden or None)
        return
    inner: Any = (parent := table.live[sound.parent].open())
    for name in resource.records[1:]:
        inner = inner["_embedded"][name]
    inner.append(bad)
    with ground.box.world.lock:
        table.put(table.make(parent))


# --- (g) interrupted


@contextmanager
def listening(ground: Ground, resource: Resource) -> Iterator[Counter[str]]:
    """Counts the questions that arrive for the resource's own list."""
    heard: Counter[str] = Counter()
    server = ground.box._servers[resource.provider]
    really = server.app
    paths = {table.spec.path for table, _ in tables_of(ground.box, resource)}

    def app(request: Request) -> Response:
        path = request.path.removeprefix("/api/v4")
        if path in paths and any(name in ("page", "pagina") for name, _ in request.pairs):
            heard[f"{path}?{sorted(request.pairs)}"] += 1
        return really(request)

    server.app = app
    try:
        yield heard
    finally:
        server.app = really


@walked
def test_an_interrupted_run_resumes_at_its_page_and_ends_with_the_same_rows(
    ground: Ground, resource: Resource
) -> None:
    for needed in resource.needs:
        done(ground.sync(resources.BY_NAME[needed]))
    stretches = 0
    with pages_of(resource, 7), listening(ground, resource) as heard:
        run_id = ground.order(resource, full=True)
        while (report := ground.carry_once(run_id))["state"] == "queued":
            stretches += 1
            assert stretches < 500
    done(report)
    expected = {each.key(resource) for each in world(ground.box, resource)}
    assert set(keyed(resource, ground.rows(resource))) == expected
    assert (report["seen"], report["written"]) == (len(expected), len(expected))
    assert stretches >= report["pages"]
    assert not resource.by_id or report["pages"] >= len(expected) / 7
    assert max(heard.values(), default=1) <= 2


# --- (h) vanished


@sweepable
def test_a_record_that_vanished_is_marked_by_the_rules_and_comes_back(
    ground: Ground, resource: Resource
) -> None:
    done(ground.sync(resource))
    chosen = world(ground.box, resource)[-1]
    key = chosen.key(resource)
    remove(ground.box, resource, chosen)
    report = done(ground.sync(resource, full=True))
    row = ground.row(resource, *key)
    if not resource.by_id:
        assert row["deleted_at"] is row["missing_since"] is None, "one walk is no proof"
        report = done(ground.sync(resource, full=True))
        row = ground.row(resource, *key)
    told = (
        resource.by_id is not None and resource.source == "gestao_click"
    )  # a 404 of its detail says so
    assert report["gone"] == 1
    assert (row["deleted_at"] is not None, row["missing_since"] is not None) == (told, not told)
    others = [r for k, r in keyed(resource, ground.rows(resource)).items() if k != key]
    assert all(r["deleted_at"] is r["missing_since"] is None for r in others)

    bring_back(ground.box, resource, chosen)
    assert done(ground.sync(resource, full=True))["written"] == 1
    row = ground.row(resource, *key)
    assert row["deleted_at"] is row["missing_since"] is None


@unconfirmed
def test_a_record_that_one_walk_missed_and_the_next_met_is_never_marked(
    ground: Ground, resource: Resource
) -> None:
    done(ground.sync(resource))
    chosen = world(ground.box, resource)[-1]
    for _ in range(2):
        remove(ground.box, resource, chosen)
        assert done(ground.sync(resource, full=True))["gone"] == 0
        bring_back(ground.box, resource, chosen)
        assert done(ground.sync(resource, full=True))["gone"] == 0
    assert ground.row(resource, *chosen.key(resource))["missing_since"] is None


@tellers
def test_the_next_incremental_run_hears_of_a_deletion_and_of_its_restore(
    ground: Ground, resource: Resource
) -> None:
    done(ground.sync(resource))
    chosen = world(ground.box, resource)[-1]
    ground.box.kommo.delete(chosen.table.spec.name, [chosen.parent], silent=True)
    assert done(ground.sync(resource))["gone"] == 1
    row = ground.row(resource, *chosen.key(resource))
    assert row["deleted_at"]
    assert row["missing_since"] is None
    ground.box.kommo.restore(chosen.table.spec.name, [chosen.parent], silent=True)
    done(ground.sync(resource))
    assert ground.row(resource, *chosen.key(resource))["deleted_at"] is None


# --- (i) credentials


@walked
def test_refused_credentials_cost_one_request_and_nothing_is_deleted(
    ground: Ground, resource: Resource
) -> None:
    done(ground.sync(resource))
    before = ground.rows(resource)
    ground.box.faults.add({"vendor": resource.provider, "kind": "401"})
    ground.box.reset_stats()
    report = ground.sync(resource, full=True)
    assert report["state"] == "failed"
    assert "refused the credentials" in report["reason"]
    assert ground.requests(resource.provider) == 1
    assert ground.carry(ground.order(resource, trigger="schedule"))["state"] == "failed"
    assert ground.requests(resource.provider) == 1, "known to be refused: not asked again"
    assert ground.rows(resource) == before


@walked
def test_credentials_that_were_never_good_cost_one_request(
    ground: Ground, resource: Resource
) -> None:
    wrong = {"kommo_jwt_token": SecretStr("wrong"), "gestao_click_api_key": SecretStr("wrong")}
    with reaching(ground.reach.settings.model_copy(update=wrong)) as (reach, _):
        stranger = Ground(ground.box, reach)
        report = stranger.carry(stranger.order(resource))
    assert report["state"] == "failed"
    assert ground.requests(resource.provider) == 1
    assert ground.rows(resource) == []
