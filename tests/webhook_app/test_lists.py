"""Lists read the mirror: paging, search, filters, order, and what they refuse."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert

from shared.db.bookkeeping import checkpoints
from tests.webhook_app.conftest import Web

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


@pytest.fixture
def contacts(web: Web) -> Web:
    web.mirror(
        "kommo.contacts",
        {"id": 1, "name": "Ana 100% Silva", "phones": ["+5511987654321"], "updated_at": NOW},
        {
            "id": 2,
            "name": "Bruno_Costa",
            "emails": ["bruno@example.com"],
            "responsible_user_id": 7,
            "updated_at": NOW - timedelta(days=1),
        },
        {"id": 3, "name": "Carla", "deleted_at": NOW, "updated_at": NOW + timedelta(days=1)},
        {"id": 4, "name": "Davi", "missing_since": NOW, "updated_at": None},
        {"id": 5, "name": "Eva", "updated_at": None},
    )
    return web


def ids(web: Web, query: str) -> list[Any]:
    answer = web.get(f"/api/kommo/contacts?{query}")
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json["data"]]  # type: ignore[index]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 5]),
        ("deleted=true", [3, 1, 2, 4, 5]),
        ("sort=name", [1, 2, 5]),
        ("sort=-id", [5, 2, 1]),
        ("limit=1&page=2", [2]),
        ("limit=1&page=99", []),
        ("query=ana", [1]),
        ("query=100%25", [1]),
        ("query=_", [2]),
        ("query=%25", [1]),
        ("query=BRUNO%40", [2]),
        ("query=11+98765-4321", [1]),
        ("query=(11)+98765", [1]),
        ("query='--", []),
        ("responsible_user_id=7", [2]),
        ("name=Eva", [5]),
        ("phones=%2B5511987654321", [1]),
        ("updated_at_from=2026-05-04T00:00:00Z", [1]),
        ("updated_at_to=2026-05-04T09:30:00-03:00", [1, 2]),
        ("updated_since=2000-01-01T00:00:00+00:00", [1, 2, 5]),
        ("updated_since=2100-01-01T00:00:00Z", []),
    ],
)
def test_a_list_gives_what_is_asked(contacts: Web, query: str, expected: list[int]) -> None:
    assert ids(contacts, query) == expected


def test_the_envelope_says_how_much_and_how_fresh(contacts: Web) -> None:
    one = contacts.integration("kommo")
    values = {"cursor": NOW, "walked_at": NOW, "run_id": 1}
    contacts.run(
        lambda c: c.execute(
            insert(checkpoints).values(integration_id=one.id, resource="kommo.contacts", **values)
        )
    )
    answer = contacts.get("/api/kommo/contacts?limit=2").json
    assert answer["success"] is True
    assert answer["pagination"] == {"page": 1, "limit": 2, "total": 3, "pageCount": 2}
    assert answer["freshness"]["full_walk_at"] == "2026-05-04T12:30:00Z"
    assert 0 <= answer["freshness"]["age_seconds"] < 60


def test_values_keep_every_digit(web: Web) -> None:
    fields = {"9": {"name": "x", "values": [{"value": 123456789012345678901234567890}]}}
    web.mirror(
        "kommo.leads",
        {"id": 1, "price": Decimal("1234.50"), "custom_fields": fields, "created_at": NOW},
    )
    answer = web.get("/api/kommo/deals?raw=true&price=1234.5")
    row = answer.json["data"][0]
    assert row["price"] == "1234.50"
    assert row["created_at"] == "2026-05-04T12:30:00Z"
    assert row["raw"] == {}
    assert "123456789012345678901234567890" in answer.text


def test_a_table_s_own_name_is_an_alias(web: Web) -> None:
    web.mirror("gestao_click.vendas", {"id": "1", "tipo": "produto", "data": "2026-05-04"})
    for name in ("sales", "vendas"):
        for query in ("tipo=produto", "data=2026-05-04", "data_from=2026-05-04&data_to=2026-05-04"):
            assert web.get(f"/api/gestao-click/{name}?{query}").json["pagination"]["total"] == 1
        assert web.get(f"/api/gestao-click/{name}?tipo=servico").json["data"] == []


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "page=1.0",
        "page=99999999999999999999",
        "limit=251",
        "limit=",
        "nonsense=1",
        "sort=raw",
        "sort=name;drop",
        "deleted=yes",
        "responsible_user_id=9999999999999999999",
        "query=%00",
        "updated_since=yesterday",
        "page=1&page=2",
        "jwtToken=abc",
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(web: Web, query: str) -> None:
    answer = web.get(f"/api/kommo/contacts?{query}")
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert answer.json["success"] is False
    assert query.split("=", maxsplit=1)[0] in answer.json["message"]
    assert "abc" not in answer.text


def test_unknown_parameters_are_answered_with_the_known_ones(web: Web) -> None:
    told = web.get("/api/kommo/deals?pipeline=1").json["errors"][0]
    assert told["field"] == "pipeline"
    assert "pipeline_id" in told["problem"]


def test_one_row_by_its_id(contacts: Web) -> None:
    assert contacts.get("/api/kommo/contacts/3").json["data"]["deleted_at"]
    assert contacts.post("/api/kommo/contacts", {"contactId": 2}, "read").json["data"]["id"] == 2
    absent = contacts.get("/api/kommo/contacts/77")
    assert absent.status_code == 404
    assert "3 rows are mirrored" in absent.json["detail"]
    assert contacts.get("/api/kommo/contacts/x").status_code == 400


def test_the_original_s_bodies_still_work(contacts: Web) -> None:
    listed = contacts.post("/api/kommo/contacts", {"page": 1, "limit": 1, "userId": "1"}, "read")
    assert len(listed.json["data"]) == 1
    told = contacts.post("/api/kommo/contacts", {"contactId": 1, "jwtToken": "eyJx"}, "read")
    assert "ignored" in told.json["message"]
    assert "eyJx" not in told.text
    for body in (b"{", b"[]", b'{"contactId": "1"}', b'{"contact": 1}', b'{"limit": true}'):
        assert contacts.post("/api/kommo/contacts", body, "read").status_code == 400


def test_rows_of_another_integration_are_not_mixed_in(contacts: Web) -> None:
    web = contacts
    mine = web.integration("kommo").id
    assert web.get(f"/api/kommo/contacts?integration_id={mine}").json["pagination"]["total"] == 3
    other = web.get("/api/kommo/contacts?integration_id=99")
    assert other.status_code == 404
    assert f"there are: {mine}" in other.json["detail"]


def test_an_unknown_list_is_answered_with_those_that_exist(web: Web) -> None:
    answer = web.get("/api/gestao-click/invoices")
    assert answer.status_code == 404
    assert "/api/gestao-click/clients" in answer.json["detail"]
    wrong = web.client.delete("/api/kommo/contacts", headers=web.token("sync"))
    assert wrong.status_code == 405
    assert wrong.headers["Allow"]
