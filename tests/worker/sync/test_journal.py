"""What was it then: the journal and the row together answer for every moment, whatever came in which order."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared import deliveries
from shared.deliveries import Arrival
from shared.resources import BY_NAME
from shared.resources.columns import Context
from tests.ground import reaching, settings_for
from tests.servers import copy_of
from worker import tasks
from worker.reach import Reach
from worker.sync import journal, rows
from worker.sync.journal import Kind, State, as_of, key_of, key_text
from worker.sync.upsert import Mirror

LEADS, STATUSES = BY_NAME["kommo.leads"], BY_NAME["kommo.statuses"]
ZERO = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def base(postgres_url: str, template_url: str) -> Iterator[Reach]:
    with (
        copy_of(postgres_url, template_url) as url,
        reaching(settings_for(url)) as (reach, _),
    ):
        yield reach


def at(moment: float) -> datetime:
    return ZERO + timedelta(seconds=moment)


def batch(**names: str) -> rows.Batch:
    return rows.batch(LEADS, [{"id": int(k[1:]), "name": v} for k, v in names.items()], Context())


class Books:
    """One integration's leads: puts and gones, each in a transaction of its own."""

    def __init__(self, reach: Reach, cause: str = "") -> None:
        self.reach, self.integration, self.cause = reach, next(NUMBERS), cause

    def put(self, moment: int, run_id: int | None = 1, **names: str) -> None:
        with self.reach.engine.begin() as connection:
            mirror = Mirror(connection, self.integration, LEADS, self.cause)
            mirror.put(batch(**names), at(moment), at(0), run_id)

    def gone(self, moment: int, *ids: int, told: bool, how: str = "") -> None:
        with self.reach.engine.begin() as connection:
            mirror = Mirror(connection, self.integration, LEADS, self.cause)
            mirror.gone([(id_,) for id_ in ids], at(moment), told=told, how=how)

    def entries(self, id_: int = 1) -> list[Any]:
        with self.reach.engine.begin() as connection:
            return journal.entries(connection, self.integration, LEADS, (id_,))

    def kinds(self, id_: int = 1) -> list[str]:
        return [entry.kind for entry in self.entries(id_)]

    def as_of(self, moment: float, id_: int = 1) -> tuple[str, str] | None:
        """(state, name)"""
        with self.reach.engine.begin() as connection:
            found = as_of(connection, self.integration, LEADS, (id_,), at(moment))
        return (found.state, found.record["name"]) if found else None

    def how(self, id_: int = 1) -> str | None:
        asked = text("select how from sync.kommo_leads_stamps where integration_id=:i and id=:id")
        with self.reach.engine.begin() as connection:
            given = {"i": self.integration, "id": id_}
            how: str | None = connection.scalar(asked, given)
            return how


def test_a_walk_that_meets_rows_for_the_first_time_or_unchanged_tells_nothing(base: Reach) -> None:
    books = Books(base)
    books.put(1, i1="a", i2="b")
    books.put(2, i1="a", i2="b")
    assert books.kinds(1) == books.kinds(2) == []


def test_a_change_is_told_with_its_cause_and_what_was_before(base: Reach) -> None:
    books = Books(base, "run 12")
    books.put(1, i1="a")
    books.put(3, i1="b")
    (entry,) = books.entries()
    assert (entry.kind, entry.cause, entry.was) == (Kind.CHANGED, "run 12", State.LIVE)
    assert (entry.since, entry.at) == (at(1), at(3))
    assert entry.before == {"id": 1, "name": "a"}


def test_a_row_that_a_look_brought_first_is_told(base: Reach) -> None:
    books = Books(base, "deliveries 33, 34")
    books.put(1, run_id=None, i1="a")
    (entry,) = books.entries()
    assert (entry.kind, entry.cause, entry.since, entry.before) == (
        Kind.FIRST_SEEN,
        "deliveries 33, 34",
        None,
        None,
    )


def test_the_same_record_under_a_new_declaration_is_told_without_an_image(base: Reach) -> None:
    books = Books(base)
    books.put(1, i1="a")
    known = LEADS.fingerprint
    vars(LEADS)["fingerprint"] = b"another"
    try:
        books.put(2, i1="a")
    finally:
        vars(LEADS)["fingerprint"] = known
    (entry,) = books.entries()
    assert (entry.kind, entry.before) == (Kind.READ_ANEW, None)
    assert books.as_of(1.5) == (State.LIVE, "a")


def test_a_deletion_keeps_the_record_and_how_it_was_learnt_until_the_record_is_back(
    base: Reach,
) -> None:
    books = Books(base)
    books.put(1, i1="a")
    books.gone(2, 1, told=False, how="absent, asked by id")
    assert books.how() == "absent, asked by id"
    books.gone(3, 1, told=True, how="webhook")
    books.gone(4, 1, told=True, how="event")
    books.gone(5, 1, told=False, how="absent, asked by id")
    assert books.how() == "webhook"
    told = [(e.kind, e.was, e.how, e.before) for e in books.entries()]
    assert told == [
        (Kind.MISSING, State.LIVE, "absent, asked by id", None),
        (Kind.DELETED, State.MISSING, "webhook", None),
    ]
    assert books.as_of(9) == (State.DELETED, "a")
    books.put(6, i1="a")
    assert books.how() is None
    back = books.entries()[-1]
    assert (back.kind, back.was, back.before) == (Kind.RESTORED, State.DELETED, None)


def test_a_record_that_is_back_and_changed_is_told_with_what_it_was(base: Reach) -> None:
    books = Books(base)
    books.put(1, i1="a")
    books.gone(2, 1, told=True)
    books.put(3, i1="b")
    assert books.entries()[-1].before == {"id": 1, "name": "a"}
    assert [books.as_of(moment) for moment in (0.5, 1, 2, 2.5, 3)] == [
        None,
        (State.LIVE, "a"),
        (State.DELETED, "a"),
        (State.DELETED, "a"),
        (State.LIVE, "b"),
    ]


def test_what_was_never_there_cannot_go_but_how_it_was_told_is_kept(base: Reach) -> None:
    books = Books(base)
    books.gone(2, 1, told=True, how="webhook")
    assert (books.kinds(), books.how(), books.as_of(5)) == ([], "webhook", None)


def test_an_older_look_that_would_have_changed_something_is_told_as_ignored(base: Reach) -> None:
    books = Books(base)
    books.put(5, i1="new", i2="new")
    books.put(4, i1="old", i2="new")
    assert (books.kinds(1), books.kinds(2)) == ([Kind.IGNORED], [])
    books.gone(3, 2, told=True, how="webhook")
    assert [(e.kind, e.how) for e in books.entries(2)] == [(Kind.IGNORED, "webhook")]
    assert books.as_of(9, 2) == (State.LIVE, "new")
    books.gone(6, 2, told=True)
    books.put(5, i2="new")
    assert books.kinds(2) == [Kind.IGNORED, Kind.IGNORED, Kind.DELETED]


def test_a_key_of_several_parts_is_written_with_slashes_and_read_back(base: Reach) -> None:
    one = next(NUMBERS)
    with base.engine.begin() as connection:
        mirror = Mirror(connection, one, STATUSES)
        for moment, name in ((1, "a"), (2, "b")):
            record = {"pipeline_id": 9100001, "id": 142, "name": name}
            mirror.put(rows.batch(STATUSES, [record], Context()), at(moment), at(0), 1)
        mirror.gone([(9100001, 142)], at(3), told=False)
        found = journal.entries(connection, one, STATUSES, (9100001, 142))
    assert {entry.key for entry in found} == {"9100001/142"}
    assert [entry.kind for entry in found] == [Kind.CHANGED, Kind.MISSING]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("kommo.leads", (123,)),
        ("kommo.statuses", (9100001, 142)),
        ("kommo.custom_fields", ("catalogs/9001", 7)),
        ("gestao_click.vendas", ("90001",)),
    ],
)
def test_keys_are_read_as_they_are_written(name: str, key: tuple[Any, ...]) -> None:
    assert key_of(BY_NAME[name], key_text(key)) == key


@pytest.mark.parametrize("written", ["142", "/142", "a/142", ""])
def test_what_is_no_key_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        key_of(STATUSES, written)


def test_tidy_forgets_old_entries(base: Reach) -> None:
    books = Books(base)
    books.put(1, i1="a")
    books.put(2, i1="b")
    with base.engine.begin() as connection:
        now = datetime.now(UTC)
        aged = text("update sync.journal set at = :at where integration_id = :integration")
        days = base.settings.ponte_journal_days
        given = {"at": now - timedelta(days=days - 1), "integration": books.integration}
        connection.execute(aged, given)
    tasks.tidy(base)
    assert books.kinds() == [Kind.CHANGED]
    with base.engine.begin() as connection:
        connection.execute(aged, given | {"at": now - timedelta(days=days + 1)})
    tasks.tidy(base)
    assert books.kinds() == []
    assert books.as_of(1.5) is None
    assert books.as_of(2) == (State.LIVE, "b")


def test_a_delivery_is_found_by_what_it_told_of(base: Reach) -> None:
    one, owner = next(NUMBERS), uuid4()
    with base.engine.begin() as connection:
        ids = deliveries.keep(connection, [Arrival(one, b"")] * 3)
        deliveries.claim(connection, one, owner, 60, 10)
        about = {ids[0]: ["kommo.leads:1", "kommo.leads:2", "kommo.leads:1"], ids[1]: []}
        assert deliveries.settle(connection, owner, ids, "done", about=about) == 3
        asked = text("select id, about from sync.deliveries where about @> array['kommo.leads:2']")
        assert [tuple(row) for row in connection.execute(asked)] == [
            (ids[0], ["kommo.leads:1", "kommo.leads:2"])
        ]


PUT = st.tuples(st.just("put"), st.integers(1, 2), st.integers(1, 9), st.sampled_from("abc"))
GONE = st.tuples(
    st.just("gone"), st.integers(1, 2), st.integers(1, 9), st.sampled_from(["told", "not"])
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(PUT | GONE, min_size=1, max_size=14), st.booleans())
def test_whatever_came_in_which_order_each_moment_is_answered_as_a_simple_model_does(
    base: Reach, looks: list[tuple[str, int, int, str]], by_walk: bool
) -> None:
    books, model = Books(base), Model()
    for kind, id_, moment, what in looks:
        if kind == "put":
            books.put(moment, 1 if by_walk else None, **{f"i{id_}": what})
        else:
            books.gone(moment, id_, told=what == "told")
        model.look(kind, id_, moment, what)
    for id_ in (1, 2):
        for half in range(22):
            assert books.as_of(half / 2, id_) == model.as_of(half / 2, id_)


class Model:
    """For each key the looks that were newer than all before, and what each of them left."""

    def __init__(self) -> None:
        self.left: dict[int, list[tuple[int, tuple[str, str] | None]]] = {1: [], 2: []}

    def look(self, kind: str, id_: int, moment: int, what: str) -> None:
        left = self.left[id_]
        last, was = left[-1] if left else (0, None)
        if moment > last:
            left.append((moment, (State.LIVE, what) if kind == "put" else self._gone(was, what)))

    def _gone(self, was: tuple[str, str] | None, what: str) -> tuple[str, str] | None:
        """Missing becomes deleted when somebody says so, never the other way round."""
        if was is None or was[0] == State.DELETED:
            return was
        return (State.DELETED if what == "told" else State.MISSING, was[1])

    def as_of(self, moment: float, id_: int) -> tuple[str, str] | None:
        return next((left for at_, left in reversed(self.left[id_]) if at_ <= moment), None)
