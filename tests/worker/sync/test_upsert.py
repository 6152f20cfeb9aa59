"""The newest look wins, whoever comes when, and writers who overlap never wait for each other's end in a ring."""

import itertools
import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.resources import BY_NAME
from shared.resources.columns import Context
from tests.ground import reaching, settings_for
from tests.servers import copy_of
from worker.reach import Reach
from worker.sync import rows
from worker.sync.upsert import Mirror

LEADS = BY_NAME["kommo.leads"]
ZERO = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def base(postgres_url: str, template_url: str) -> Iterator[Reach]:
    with (
        copy_of(postgres_url, template_url) as url,
        reaching(settings_for(url)) as (reach, _),
    ):
        yield reach


def at(moment: int) -> datetime:
    return ZERO + timedelta(seconds=moment)


def batch(**names: str) -> rows.Batch:
    """`batch(i1="a")`: lead 1 is called a."""
    return rows.batch(LEADS, [{"id": int(k[1:]), "name": v} for k, v in names.items()], Context())


def leads(reach: Reach, integration: int) -> dict[int, Any]:
    with reach.engine.begin() as connection:
        found = connection.exec_driver_sql(
            "select * from kommo.leads where integration_id = %s", (integration,)
        )
        return {row.id: row for row in found}


def test_a_page_writes_what_is_new_stamps_what_is_the_same_and_counts_both(base: Reach) -> None:
    one = next(NUMBERS)
    with base.engine.begin() as connection:
        mirror = Mirror(connection, one, LEADS)
        assert mirror.put(batch(i1="a", i2="b"), at(1), at(0)) == (written := type_of(2, 2, 2))
        assert mirror.put(batch(i1="a", i2="c"), at(2), at(0)) == type_of(2, 0, 1)
        assert mirror.put(batch(i1="a", i3="d"), at(3), at(3)) == type_of(2, 2, 1)
        assert written.seen == 2
    found = leads(base, one)
    assert {id_: row.name for id_, row in found.items()} == {1: "a", 2: "c", 3: "d"}
    assert found[1].changed_at == at(1)


def type_of(seen: int, first: int, written: int) -> Any:
    from worker.sync.upsert import Written

    return Written(seen, first, written)


def test_integrations_do_not_see_each_other(base: Reach) -> None:
    one, two = next(NUMBERS), next(NUMBERS)
    with base.engine.begin() as connection:
        Mirror(connection, one, LEADS).put(batch(i1="mine"), at(1), at(0))
        Mirror(connection, two, LEADS).put(batch(i1="yours"), at(5), at(0))
        Mirror(connection, two, LEADS).gone([(1,)], at(6), told=True)
    assert leads(base, one)[1].name == "mine"
    assert leads(base, one)[1].deleted_at is None
    assert leads(base, two)[1].deleted_at == at(6)


def test_a_reject_is_counted_each_time_and_forgotten_when_it_has_become_a_row(base: Reach) -> None:
    one = next(NUMBERS)
    bad = rows.batch(LEADS, [{"id": 7, "price": "dear"}], Context())
    with base.engine.begin() as connection:
        mirror = Mirror(connection, one, LEADS)
        mirror.put(bad, at(1), at(0), run_id=3)
        mirror.put(bad, at(2), at(0), run_id=4)
        (kept,) = rejects(connection, one)
        assert (kept.key, kept.times, kept.run_id) == ("7", 2, 4)
        mirror.put(batch(i7="fine"), at(3), at(0))
        assert rejects(connection, one) == []


def rejects(connection: Any, integration: int) -> list[Any]:
    asked = "select * from sync.rejects where integration_id = %s"
    return list(connection.exec_driver_sql(asked, (integration,)))


def test_missing_becomes_deleted_when_somebody_says_so_and_never_the_other_way_round(
    base: Reach,
) -> None:
    one = next(NUMBERS)
    with base.engine.begin() as connection:
        mirror = Mirror(connection, one, LEADS)
        mirror.put(batch(i1="a"), at(1), at(0))
        assert mirror.gone([(1,)], at(2), told=False) == 1
        assert mirror.gone([(1,)], at(3), told=True) == 0
        assert mirror.gone([(1,)], at(4), told=False) == 0
    row = leads(base, one)[1]
    assert (row.deleted_at, row.missing_since) == (at(3), None)


def test_the_first_moment_of_being_gone_is_kept(base: Reach) -> None:
    one = next(NUMBERS)
    with base.engine.begin() as connection:
        mirror = Mirror(connection, one, LEADS)
        mirror.put(batch(i1="a", i2="b"), at(1), at(0))
        for moment in (2, 3):
            mirror.gone([(1,)], at(moment), told=True)
            mirror.gone([(2,)], at(moment), told=False)
    found = leads(base, one)
    assert (found[1].deleted_at, found[2].missing_since) == (at(2), at(2))


PUT = st.tuples(st.just("put"), st.integers(1, 3), st.integers(1, 8), st.sampled_from("abc"))
GONE = st.tuples(
    st.just("gone"), st.integers(1, 3), st.integers(1, 8), st.sampled_from(["told", "not"])
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(PUT | GONE, min_size=1, max_size=14))
def test_whatever_the_order_of_looks_the_newest_of_each_key_decides(
    base: Reach, looks: list[tuple[str, int, int, str]]
) -> None:
    one = next(NUMBERS)
    for kind, id_, moment, what in looks:
        with base.engine.begin() as connection:
            mirror = Mirror(connection, one, LEADS)
            if kind == "put":
                mirror.put(batch(**{f"i{id_}": what}), at(moment), at(0))
            else:
                mirror.gone([(id_,)], at(moment), told=what == "told")
    found = leads(base, one)
    for id_, (kind, what) in _newest(looks).items():
        row = found.get(id_)
        if kind == "put":
            assert row is not None
            assert (row.name, row.deleted_at, row.missing_since) == (what, None, None)
        else:
            assert row is None or row.deleted_at or row.missing_since


def _newest(looks: list[tuple[str, int, int, str]]) -> dict[int, tuple[str, str]]:
    """Of two looks of the same moment the first that came stays."""
    newest: dict[int, tuple[int, str, str]] = {}
    for kind, id_, moment, what in looks:
        if id_ not in newest or newest[id_][0] < moment:
            newest[id_] = (moment, kind, what)
    return {id_: (kind, what) for id_, (_, kind, what) in newest.items()}


def test_writers_with_overlapping_shuffled_ids_never_deadlock_and_the_newest_wins(
    base: Reach,
) -> None:
    one, failures = next(NUMBERS), []

    def write(number: int) -> None:
        order = random.Random(number)
        try:
            for turn in range(8):
                moment = turn * 6 + number
                ids = order.sample(range(1, 41), 30)
                with base.engine.begin() as connection:
                    mirror = Mirror(connection, one, LEADS)
                    mirror.put(
                        batch(**{f"i{id_}": f"at {moment}" for id_ in ids}), at(moment), at(0)
                    )
                    mirror.gone([(order.randint(1, 40),)], at(moment - 1), told=True)
        except Exception as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    for row in leads(base, one).values():
        assert row.name == f"at {round((row.changed_at - ZERO).total_seconds())}" or row.deleted_at


def test_writers_that_ask_the_statement_itself_lose_against_a_newer_stamp(base: Reach) -> None:
    """The guard stands in SQL too: what was known before the lock may be old."""
    one = next(NUMBERS)
    with base.engine.begin() as connection:
        mirror = Mirror(connection, one, LEADS)
        mirror.put(batch(i1="new"), at(5), at(0))
        mirror._write(list(batch(i1="old").rows), at(4))
    assert leads(base, one)[1].name == "new"


def test_odd_texts_arrive_as_they_are(base: Reach) -> None:
    one = next(NUMBERS)
    odd = ["tab\there", "back\\slash", "\\N", "new\nline", "quote\"'", "{a,b}", "🙂", "", "\u2028"]
    fields = [{"field_code": "EMAIL", "field_id": 1, "values": [{"value": v} for v in odd]}]
    contacts = BY_NAME["kommo.contacts"]
    records = [
        {"id": n, "name": text, "custom_fields_values": fields} for n, text in enumerate(odd, 1)
    ]
    with base.engine.begin() as connection:
        page = rows.batch(contacts, records, Context())
        Mirror(connection, one, contacts).put(page, at(1), at(0))
        found = list(
            connection.exec_driver_sql(
                "select * from kommo.contacts where integration_id = %s order by id", (one,)
            )
        )
    assert [row.name for row in found] == odd
    assert found[0].raw == records[0]
    assert found[0].emails == [value.strip().lower() for value in odd if value]
