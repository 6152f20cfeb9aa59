"""The vendor of the bench says what a Kommo says, as far as loads ask for it."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
import requests
from pydantic import SecretStr

from bench import leads
from bench.vendor import Vendor
from sandbox import Sandbox
from shared.resources.kommo import LEADS
from tests.ground import UNLIMITED, Ground, reaching, settings_for

COUNT = 500


@pytest.fixture(scope="module")
def started() -> Iterator[Vendor]:
    with Vendor(COUNT) as made:
        yield made


@pytest.fixture
def vendor(started: Vendor) -> Vendor:
    started.tell(revision=0, latency_ms=0, limit=0, reset=1)
    return started


def ask(vendor: Vendor, question: str) -> requests.Response:
    return requests.get(f"{vendor.url}/api/v4/leads?{question}", timeout=5)


def listed(vendor: Vendor, question: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(vendor, question).json()["_embedded"]["leads"]
    return found


def test_pages_follow_each_other_by_their_links_to_an_empty_one(vendor: Vendor) -> None:
    first = ask(vendor, "limit=250&with=contacts").json()
    second = requests.get(first["_links"]["next"]["href"], timeout=5).json()
    assert (first["_page"], second["_page"]) == (1, 2)
    ids = [lead["id"] for page in (first, second) for lead in page["_embedded"]["leads"]]
    assert ids == [leads.id_of(number) for number in range(COUNT)]
    behind = requests.get(second["_links"]["next"]["href"], timeout=5)
    assert (behind.status_code, behind.content) == (204, b"")


def test_a_lead_has_the_size_and_the_parts_that_are_measured(vendor: Vendor) -> None:
    assert 1800 < vendor.stats()["bytes_a_lead"] < 2000
    (lead,) = listed(vendor, "limit=1")
    assert lead == leads.lead(0, 0)
    assert len(lead["custom_fields_values"]) == 6
    parts = {name: len(lead["_embedded"][name]) for name in ("tags", "contacts", "companies")}
    assert parts == {"tags": 2, "contacts": 1, "companies": 1}


def test_it_finds_leads_by_id_and_by_when_they_changed(vendor: Vendor) -> None:
    ids = f"filter[id][]={leads.id_of(7)}&filter[id][]={leads.id_of(3)}&filter[id][]=1&limit=3"
    assert [lead["id"] for lead in listed(vendor, ids)] == [leads.id_of(3), leads.id_of(7)]
    since = f"filter[updated_at][from]={leads.updated_at(COUNT - 2, 0)}&limit=250"
    assert [lead["id"] for lead in listed(vendor, since)] == [leads.id_of(498), leads.id_of(499)]


def test_it_counts_what_comes_and_refuses_what_is_too_much(vendor: Vendor) -> None:
    vendor.tell(limit=2)
    assert [ask(vendor, "limit=1").status_code for _ in range(3)] == [200, 200, 429]
    counted = vendor.tell(limit=0, reset=1)
    assert (counted["requests"], counted["by_status"]) == (3, {"200": 2, "429": 1})
    assert counted["max_in_any_second"] == 3
    assert vendor.stats()["requests"] == 0


def test_the_engine_reads_all_of_it_and_then_all_that_changed(
    vendor: Vendor, database_url: str
) -> None:
    token = SecretStr(vendor.token)
    settings = settings_for(
        database_url, kommo_jwt_token=token, kommo_api_url=vendor.url, **UNLIMITED
    )
    with reaching(settings) as (reach, rung):
        ground = Ground(cast(Sandbox, None), reach, rung)
        for revision, written in ((0, COUNT), (1, COUNT), (1, 0)):
            vendor.tell(revision=revision)
            run = ground.sync(LEADS, full=True)
            assert (run["state"], run["seen"], run["written"]) == ("done", COUNT, written)
            prices = [row["price"] for row in ground.rows(LEADS)]
            assert prices == [leads.price(number, revision) for number in range(COUNT)]
