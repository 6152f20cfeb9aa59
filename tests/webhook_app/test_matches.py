"""Pairs over HTTP: what is listed, and the last word."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from shared.db.matching import deal_sales, matches
from tests.webhook_app.conftest import Web


@pytest.fixture
def pairs(web: Web) -> list[int]:
    """The ids of a matched, a doubtful and another doubtful pair."""
    common: dict[str, Any] = {
        "integration_id": web.integration("kommo").id,
        "resource": "kommo.contacts",
        "erp_integration_id": web.integration("gestao-click").id,
        "erp_resource": "gestao_click.clientes",
        "facts": ["phone:+551188887777"],
        "why": "the same phone; the names differ",
    }
    rows = [
        {"record": "1", "erp_record": "11", "state": "matched", "strength": 0.93},
        {"record": "2", "erp_record": "12", "state": "doubtful", "strength": 0.4},
        {"record": "3", "erp_record": "12", "state": "doubtful", "strength": 0.5},
    ]
    made = [insert(matches).values(**common, **row).returning(matches.c.id) for row in rows]
    return web.run(lambda c: [c.scalar(each) for each in made])  # type: ignore[no-any-return]


def listed(web: Web, query: str = "") -> list[str]:
    answer = web.get(f"/api/matches{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json["pagination"]["total"] == len(answer.json["data"])
    return [row["record"] for row in answer.json["data"]]


def test_pairs_are_listed_the_strongest_first(web: Web, pairs: list[int]) -> None:
    assert listed(web) == ["1", "3", "2"]
    assert listed(web, "?standing=review") == ["3", "2"]
    assert listed(web, "?standing=matched") == ["1"]
    assert listed(web, "?erp_record=12&record=2") == ["2"]
    assert listed(web, f"?integration={web.integration('gestao-click').id}") == []
    (row,) = web.get("/api/matches?record=1").json["data"]
    assert row["why"] == "the same phone; the names differ"
    assert (row["strength"], row["facts"], row["verdict"]) == (0.93, ["phone:+551188887777"], None)


def test_a_person_has_the_last_word(web: Web, pairs: list[int]) -> None:
    matched, doubtful, _ = pairs
    assert (
        web.put(f"/api/matches/{matched}", {"verdict": "rejected"}).json["data"]["standing"]
        == "rejected"
    )
    said = web.put(f"/api/matches/{doubtful}", {"verdict": "accepted"}).json["data"]
    assert (said["standing"], said["decided_by"]) == ("matched", "sync")
    assert said["decided_at"]
    assert listed(web, "?standing=matched") == ["2"]
    assert listed(web, "?standing=rejected") == ["1"]
    back = web.put(f"/api/matches/{matched}", {"verdict": None}).json["data"]
    assert (back["standing"], back["decided_by"], back["decided_at"]) == ("matched", None, None)


@pytest.mark.parametrize(
    "body", [{}, {"verdict": "maybe"}, {"verdict": "accepted", "by": "me"}, []]
)
def test_what_is_no_verdict_changes_nothing(web: Web, pairs: list[int], body: Any) -> None:
    assert web.put(f"/api/matches/{pairs[1]}", body).status_code == 400
    assert listed(web, "?standing=review") == ["3", "2"]


def test_a_pair_that_is_not_there_is_told(web: Web, pairs: list[int]) -> None:
    answer = web.put("/api/matches/4711", {"verdict": "accepted"})
    assert answer.status_code == 404
    assert "4711" in answer.json["message"]
    assert web.get("/api/matches?standing=maybe").status_code == 400


def test_reading_is_not_deciding(web: Web, pairs: list[int]) -> None:
    assert (
        web.put(f"/api/matches/{pairs[0]}", {"verdict": "rejected"}, scope="read").status_code
        == 403
    )


def test_deals_and_their_sales_are_judged_the_same_way(web: Web) -> None:
    values = {
        "integration_id": web.integration("kommo").id,
        "lead_id": 40100001,
        "erp_integration_id": web.integration("gestao-click").id,
        "sale_id": "51001",
        "state": "doubtful",
        "strength": 0.6,
        "why": "the same client; the same value; 2 sales are like this",
    }
    id_ = web.run(lambda c: c.scalar(insert(deal_sales).values(values).returning(deal_sales.c.id)))
    (row,) = web.get("/api/deal-sales?standing=review&lead_id=40100001&sale_id=51001").json["data"]
    assert (row["id"], row["standing"], row["why"]) == (id_, "review", values["why"])
    assert (
        web.put(f"/api/deal-sales/{id_}", {"verdict": "accepted"}).json["data"]["standing"]
        == "matched"
    )
    assert web.get("/api/deal-sales?standing=review").json["data"] == []
    assert web.get("/api/deal-sales?lead_id=1").json["data"] == []
    assert web.put("/api/deal-sales/4711", {"verdict": None}).status_code == 404
    assert web.get("/api/deal-sales?lead_id=x").status_code == 400
