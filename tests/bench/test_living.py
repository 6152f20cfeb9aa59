"""Leads that change one by one, and what the vendor of the bench says of them."""

from typing import Any

import orjson

from bench.leads import id_of, price, render
from bench.living import Living
from bench.vendor import Desk

IDS = "&".join(f"filter[id][]={id_of(number)}" for number in (1, 2))


def said(desk: Desk, target: str) -> Any:
    answer, _ = desk.answer(target)
    head, _, body = answer.partition(b"\r\n\r\n")
    return orjson.loads(body) if body else int(head.split()[1])


def prices(desk: Desk) -> list[int]:
    found = said(desk, f"/api/v4/leads?limit=250&{IDS}")
    return [lead["price"] for lead in found["_embedded"]["leads"]]


def test_they_are_the_leads_that_are_rendered_beforehand_elsewhere() -> None:
    living, rendered = Living(20, 1), render(20, 1)
    assert living.between(5, 25) == rendered.between(5, 25)
    assert living.some([id_of(3), id_of(99)]) == rendered.some([id_of(3), id_of(99)])
    moment = 1_702_000_012
    assert living.since(moment) == rendered.since(moment) == 12


def test_one_lead_changes_and_no_other() -> None:
    desk = Desk(10, living=True)
    desk.answer("/_bench?lead=2&at=5")
    assert prices(desk) == [price(1, 0), price(2, 5)]


def test_a_new_revision_of_all_ends_what_single_ones_were_at() -> None:
    desk = Desk(10, living=True)
    desk.answer("/_bench?lead=2&at=5")
    desk.answer("/_bench?revision=1")
    assert prices(desk) == [price(1, 1), price(2, 1)]


def test_an_account_grows() -> None:
    desk = Desk(2, living=True)
    assert len(said(desk, "/api/v4/leads?limit=250")["_embedded"]["leads"]) == 2
    desk.answer("/_bench?leads=1000000")
    page = said(desk, "/api/v4/leads?limit=250&page=4000")["_embedded"]["leads"]
    assert [page[0]["id"], page[-1]["id"]] == [id_of(999_750), id_of(999_999)]


def test_each_long_list_has_its_own_name_and_others_are_empty() -> None:
    desk = Desk(3, living=True, lists=("leads", "contacts"))
    assert len(said(desk, "/api/v4/contacts?limit=250")["_embedded"]["contacts"]) == 3
    assert said(desk, "/api/v4/companies?limit=250") == 204


def test_looks_are_counted_apart_from_pages() -> None:
    desk = Desk(3, living=True)
    desk.answer("/api/v4/leads?limit=250")
    prices(desk)
    counted = said(desk, "/_bench?reset=1")
    assert (counted["requests"], counted["looks"]) == (2, 1)
    assert counted["last_look_at"] > 0
    assert said(desk, "/_bench")["looks"] == 0
