"""Records become rows: typed, sorted, each key once, with a hash that tells whether it changed."""

import re
from dataclasses import replace
from typing import Any

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from shared.resources import columns
from shared.resources.columns import Context
from shared.resources.grammar import Resource
from worker.sync import rows
from worker.sync.hashing import bare, without_links

THINGS = Resource(
    "kommo",
    "things",
    "/things",
    ("things",),
    ("id",),
    (columns.integer("id"), columns.text("name"), columns.asked("tipo")),
)
PRODUTO = Context({"tipo": "produto"})


def record(id_: Any = 1, **fields: Any) -> dict[str, Any]:
    return {"id": id_, "name": "n", **fields}


def hash_of(resource: Resource = THINGS, context: Context = PRODUTO, **fields: Any) -> Any:
    (row,) = rows.batch(resource, [record(**fields)], context).rows
    return row.hash


def test_rows_are_sorted_by_key_and_the_last_of_a_page_wins() -> None:
    batch = rows.batch(THINGS, [record(3), record(1), record(3, name="again"), record(2)], PRODUTO)
    assert [row.key for row in batch.rows] == [(1,), (2,), (3,)]
    assert batch.rows[2].values == (3, "again", "produto")
    assert batch.rejects == ()


def test_a_record_that_cannot_become_a_row_is_kept_apart_with_its_reason() -> None:
    batch = rows.batch(THINGS, [record(1), record("x"), record(None), record(2)], PRODUTO)
    assert [row.key for row in batch.rows] == [(1,), (2,)]
    assert [reject.key for reject in batch.rejects] == ["x", None]
    assert "'x' is no bigint" in batch.rejects[0].reason
    assert "id must be filled" in batch.rejects[1].reason


@given(
    st.lists(
        st.none()
        | st.integers(-(2**63), 2**63 - 1)
        | st.text()
        | st.lists(st.integers(-99, 99))
        | st.just({}),
        max_size=5,
    )
)
def test_a_page_of_nonsense_becomes_rejects_and_nothing_else(page: list[Any]) -> None:
    batch = rows.batch(THINGS, [record(1), *page], PRODUTO)
    assert len(batch.rows) == 1
    assert len(batch.rejects) == len(page)


def test_links_are_no_part_of_what_is_compared_however_deep() -> None:
    here = {"_links": {"self": "https://a"}, "_embedded": {"tags": [{"id": 1, "_links": 1}]}}
    there = {"_links": {"self": "https://b"}, "_embedded": {"tags": [{"id": 1, "_links": 2}]}}
    assert hash_of(**here) == hash_of(**there)
    assert hash_of(**here) != hash_of(**{**here, "_embedded": {"tags": [{"id": 2}]}})


def test_the_order_of_keys_is_no_change_but_any_value_is_even_in_an_undeclared_field() -> None:
    assert hash_of(a=1, b=2) == hash_of(b=2, a=1)
    assert hash_of(a=1) != hash_of(a=2)
    assert hash_of(a=None) != hash_of()


def test_the_hash_changes_with_the_declaration_what_was_asked_and_the_country() -> None:
    wider = replace(THINGS, columns=(*THINGS.columns, columns.text("more")))
    hashes = [
        hash_of(),
        hash_of(wider),
        hash_of(replace(THINGS, version=2)),
        hash_of(context=Context({"tipo": "servico"})),
        hash_of(context=Context({"tipo": "produto"}, "US")),
    ]
    assert len(set(hashes)) == len(hashes)
    assert hash_of(context=Context({"tipo": "produto", "data_inicio": "2026-01-01"})) == hash_of()


def test_raw_is_the_record_as_sent() -> None:
    sent = record(1, _links={"self": "x"}, extra=[1, {"a": None}])
    (row,) = rows.batch(THINGS, [sent], PRODUTO).rows
    assert orjson.loads(row.raw) == sent


def test_the_same_bad_record_has_the_same_digest() -> None:
    one, two, other = (
        rows.batch(THINGS, [bad], PRODUTO).rejects[0].digest
        for bad in (record("x"), record("x"), record("y"))
    )
    assert one == two != other


def test_a_record_that_says_that_it_was_deleted_gives_its_key_and_nothing_else() -> None:
    """kommo-api.md 4.4 and 9, 8: skeletons must not overwrite what is known."""
    mortal = replace(THINGS, tombstone="is_deleted")
    sent = [record(1, is_deleted=True), record(2, is_deleted=False), record(3, is_deleted=None)]
    batch = rows.batch(mortal, [*sent, record("x", is_deleted=True)], PRODUTO)
    assert batch.deleted == ((1,),)
    assert [row.key for row in batch.rows] == [(2,), (3,)]
    assert [reject.key for reject in batch.rejects] == ["x"]
    assert rows.batch(THINGS, sent, PRODUTO).deleted == ()


def test_of_an_address_that_holds_a_secret_only_its_host_is_kept() -> None:
    masked = replace(THINGS, masked=("name",))
    for sent, kept in (
        ("https://crm.example.com/hook/s3cret?t=s3cret", "https://crm.example.com/…"),
        ("https://user:s3cret@crm.example.com/hook", "…"),
        ("s3cret", "…"),
    ):
        batch = rows.batch(masked, [record(1, name=sent), record("x", name=sent)], PRODUTO)
        assert batch.rows[0].values[1] == kept
        assert "s3cret" not in batch.rows[0].raw + batch.rejects[0].record


# --- what is not read


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('a"\\{},:_links', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("_links", "a", "_", "~", 'b"')), inner, max_size=4)
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(("_links", "a", "z")), JSON))
@example({"_links": {"self": {"href": "{"}}})
@example({"a": '"_links":{', "_links": {"self": {"href": '\\"}'}}, "z": [{"_links": {}}]})
@example({"_links": {"too": {"deep": {"for": {"it": 1}}}}, "a": 1})
def test_links_that_are_cut_out_of_the_text_take_nothing_else_with_them(sent: Any) -> None:
    left, whole = bare(sent), orjson.dumps(without_links(sent), option=orjson.OPT_SORT_KEYS)
    assert read_leniently(left) == without_links(sent)
    assert len(left) - len(whole) <= whole.count(b"}"), "commas at most"


def read_leniently(text: bytes) -> Any:
    """JSON that may have commas before a closing brace, outside of strings."""
    parts = re.split(rb'("(?:[^"\\]|\\.)*+")', text)
    return orjson.loads(b"".join(b if b[:1] == b'"' else b.replace(b",}", b"}") for b in parts))


def test_what_is_known_to_be_the_same_is_not_read() -> None:
    sighted = rows.Sighted(THINGS, [record(1), record(2, name={}), record(3)], PRODUTO)
    batch = sighted.read({(1,), (2,), (9,)})
    assert ([row.key for row in batch.rows], batch.rejects) == ([(3,)], ())
    assert batch.same == ((1,), (2,))
    assert sorted(batch.keys) == [(1,), (2,), (3,)]


def test_what_was_read_ahead_is_taken_as_if_it_were_read_now() -> None:
    sent = [record(1), record(2, name={}), record(3), record(4)]
    ahead, now = (rows.Sighted(THINGS, sent, PRODUTO) for _ in range(2))
    ahead.read_ahead()
    assert ahead.read({(3,)}) == now.read({(3,)})
    assert [row.key for row in now.read({(3,)}).rows] == [(1,), (4,)]
