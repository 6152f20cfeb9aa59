"""Whatever is asked of a list, in whatever combination: an answer or a refusal, never a mistake of ours."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from shared import resources
from shared.db.mirror import rows_table
from shared.resources.grammar import Resource
from shared.resources.kommo import LEADS
from tests.webhook_app.conftest import Web
from webhook_app import asking
from webhook_app.lists import expanding, filtering, listing, models
from webhook_app.lists.filtering import Wanted

LISTS = [resource for resource in resources.ALL if resource.listed]
BAD = [
    "",
    "0",
    "-1",
    "9" * 19,
    "9" * 30,
    "%",
    "\\",
    "'",
    '"',
    "x=y",
    '$."=1',
    "1;",
    "\u202e🌻",
    "٣",
    "\x00",
]
GOOD = [
    "1",
    "true",
    "2026-01-31",
    "2026-01-31T12:00:00Z",
    "kommo",
    "123.456.789-09",
    "80=varejo",
    "id",
]
VALUES = st.one_of(st.sampled_from(BAD + GOOD), st.text(max_size=30))


@st.composite
def asked(draw: st.DrawFn) -> str:
    """An address: a list, and some of its own parameters with some values."""
    resource = draw(st.sampled_from(LISTS))
    assert resource.listed
    known = [one.alias or name for name, one in models.query_model(resource).model_fields.items()]
    names = draw(st.lists(st.sampled_from([*known, "nonsense"]), max_size=4))
    given = [(name, draw(_values(resource, name))) for name in names if name != "live"]
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in given)
    return f"/api/{resource.provider}/{resource.listed.route}?{query}"


def _values(resource: Resource, name: str) -> st.SearchStrategy[str]:
    words = {
        "with": expanding.names(resource),
        "sort": [column.name for column in resource.columns],
    }
    return st.one_of(VALUES, st.sampled_from(words[name])) if name in words else VALUES


def test_any_combination_of_parameters_is_answered_or_refused(web: Web) -> None:
    fields = {"80": {"name": "Segmento", "code": None, "values": [{"value": "Varejo"}, 7, None]}}
    odd = {"_embedded": {"contacts": [1, None, {"id": "x"}, {"id": 1}], "tags": "none"}}
    web.mirror("kommo.leads", {"id": 1, "name": "Ana", "custom_fields": fields, "raw": odd})
    headers, statuses = web.token("read"), set[int]()

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(asked())
    def answers(address: str) -> None:
        answer = web.client.get(address, headers=headers)
        assert answer.status_code in (200, 400, 404), address
        statuses.add(answer.status_code)

    answers()
    assert {200, 400} <= statuses


def test_every_list_answers_with_everything_that_it_can_add(web: Web) -> None:
    for resource in LISTS:
        assert resource.listed
        address = f"/api/{resource.provider}/{resource.listed.route}"
        everything = ",".join(expanding.names(resource))
        searched = ["query=1234", "query=ana"] if resource.listed.search else []
        for query in (f"with={everything}", "include_deleted=true", *searched):
            assert web.get(f"{address}?{query}").status_code == 200, (address, query)


def test_every_list_can_be_asked_for_live_or_says_that_it_cannot(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "ask", lambda *_: {"keys": ["1"], "rows": 1})
    told = {}
    for resource in LISTS:
        assert resource.listed
        address = f"/api/{resource.provider}/{resource.listed.route}"
        one = "/".join(["1"] * len(resource.key))
        answers = [web.get(f"{path}?live=true") for path in (address, f"{address}/{one}")]
        told[resource.full_name] = tuple(answer.status_code for answer in answers)
    assert set(told.values()) <= {(200, 404), (400, 404), (200, 400), (400, 400)}
    assert told["kommo.contacts"] == (200, 404)
    assert told["kommo.notes"] == told["kommo.talks"] == (400, 404)
    assert told["kommo.users"] == (200, 400)
    assert told["kommo.statuses"] == (400, 400)


def _plan(web: Web, resource: Resource, **asked: Any) -> str:
    """How PostgreSQL reads a page when it would rather not read the whole table."""
    wanted = Wanted(1, **asked)
    covered = listing._is_covered(resource, wanted)
    statement = (
        listing._places(resource, wanted, total=1_000_000)
        if covered
        else listing._gathered_places(resource, wanted)
    )
    dialect = web.own.database.engine.dialect
    sql = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))

    def explain(connection: Any) -> str:
        connection.execute(text("set local enable_seqscan = off"))
        return "\n".join(
            row[0] for row in connection.exec_driver_sql("explain " + sql.replace("%", "%%"))
        )

    return str(web.run(explain))


def _fill(web: Web, resource: Resource) -> None:
    """So many rows that an index is worth its while."""
    table = resource.full_name
    rows = "select 1, n, 'Pedido ' || n, '{}', now() from generate_series(1, 5000) n"

    def fill(connection: Connection) -> None:
        connection.execute(
            text(f"insert into {table} (integration_id, id, name, raw, changed_at) {rows}")
        )
        connection.execute(text(f"analyze {table}"))

    web.run(fill)


def test_large_lists_are_paged_and_searched_by_number_through_their_indexes(web: Web) -> None:
    large = [resource for resource in LISTS if resource.listed and resource.listed.large]
    assert large
    for resource in large:
        for page in (1, 100, 19_950):
            pages = _plan(web, resource, page=page)
            assert (
                f"Index Only Scan {'Backward ' if page > 10_000 else ''}using {resource.name}_newest"
                in pages
            )
            assert "Sort" not in pages
        for sort in resource.listed.orders if resource.listed else ():
            assert f"{resource.name}_{sort.removeprefix('-')}" in _plan(web, resource, sort=sort)
        indexes = {index.name for index in rows_table(resource).indexes}
        if f"{resource.name}_numbers" in indexes:
            _fill(web, resource)
            assert f"{resource.name}_numbers" in _plan(web, resource, query="123.456.789-09")
            fields = {"custom_field": ["CPF=123.456.789-09"]}
            assert f"{resource.name}_numbers" in _plan(web, resource, other=fields)


def test_deals_are_filtered_by_an_index_alone_and_found_by_whom_they_are_linked_to(
    web: Web,
) -> None:
    _fill(web, LEADS)
    filtered = _plan(web, LEADS, equal={"status_id": 76000001, "responsible_user_id": 7})
    assert "Index Only Scan using leads_facets" in filtered
    assert "leads_of_contacts" in _plan(web, LEADS, other={"contact_id": 5})
    assert "leads_changed" in _plan(web, LEADS, updated_since=datetime.now(UTC))


def test_a_number_is_kept_by_each_of_its_ends(web: Web) -> None:
    def lexemes(texts: list[str], fields: str = "null") -> list[str]:
        asked = text("select sync.numbers(:texts, cast(:fields as jsonb))::text")
        found = web.run(lambda c: c.scalar(asked, {"texts": texts, "fields": fields}))
        return sorted(found.replace("'", "").split())

    assert lexemes(["(11) 9-876"]) == ["119876", "19876", "9876"]
    assert lexemes(["123 e 45678"]) == ["45678", "5678"]
    assert lexemes([]) == lexemes(["12.3"]) == []
    values = '{"1": {"values": [{"value": "9.999-1"}, {"value": {"vat_id": "8888"}}, 5]}, "2": {"values": 7777}}'
    assert lexemes([], values) == ["8888", "9991", "99991"]
    longest = lexemes(["7" * 150])
    assert {len(one) for one in longest} == set(range(4, filtering.MOST_DIGITS + 1))


def test_no_text_has_too_many_numbers(web: Web) -> None:
    """A row that an index cannot take would stop the page that it came with."""
    many = " e ".join(str(10**11 + number) for number in range(30_000))
    for id_, said in enumerate((many, "7" * 500_000, "1 2 3 4 5 " * 50_000)):
        fields = {"80": {"name": "Observação", "values": [{"value": said}]}}
        web.mirror("kommo.leads", {"id": id_, "name": said, "custom_fields": fields})
    assert web.get("/api/kommo/deals?query=100000000001").json["pagination"]["total"] == 1
