"""Kommo as a Source: pages, looks by id, news."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.http import Request, Response
from shared.errors import FilterIgnored, NotAvailable, VendorUnavailable
from shared.resources import BY_NAME
from shared.resources.columns import Context
from tests.worker.sources.vendors import Vendor, fixture, reply, vendor
from worker.sources import kommo
from worker.sources.kommo import Kommo
from worker.sources.protocol import Ask, Page
from worker.sync import rows

LEADS, CONTACTS, STATUSES, USERS, FIELDS, ACCOUNT = (
    BY_NAME[f"kommo.{name}"]
    for name in ("leads", "contacts", "statuses", "users", "custom_fields", "account")
)
SINCE = datetime(2026, 11, 1, tzinfo=UTC)


def source(there: Vendor) -> Kommo:
    return Kommo(there.door(kommo.dialect("t")))


def page(answer: Any, resource: Any = LEADS, number: int = 1, **slice_: str) -> Page:
    with vendor(answer) as there:
        return source(there).page(Ask(resource, slice_), number)


def leads(
    count: int, *, following: bool = False, limit: int | None = None, **head: Any
) -> Response:
    links: dict[str, Any] = {"self": {"href": f"https://x/leads?limit={limit or 250}&page=1"}}
    if following:
        links["next"] = {"href": "https://elsewhere.example.com/leads?page=2"}
    records = [{"id": n} for n in range(1, count + 1)]
    return reply(200, {**head, "_links": links, "_embedded": {"leads": records}})


@pytest.mark.parametrize("name", ["leads", "contacts", "companies"])
def test_every_record_of_the_fixtures_becomes_a_row(name: str) -> None:
    resource = BY_NAME[f"kommo.{name}"]
    got = page(reply(200, fixture(f"kommo/{name}__page1.json")), resource)
    batch = rows.batch(resource, got.records, Context())
    assert batch.rejects == ()
    assert len(batch.rows) == len(got.records) > 0


def test_what_is_asked_follows_from_the_declaration() -> None:
    with vendor(Response(204)) as there:
        source(there).page(Ask(LEADS, {}, SINCE), 3)
        source(there).page(Ask(FIELDS, {"entity_type": "contacts"}), 1)
        first, second = there.heard
    assert first.path == "/api/v4/leads"
    assert dict(first.pairs) == {
        "with": LEADS.params["with"],
        "order[id]": "asc",
        "filter[updated_at][from]": str(int(SINCE.timestamp())),
        "limit": "250",
        "page": "3",
    }
    assert second.path == "/api/v4/contacts/custom_fields"


def test_a_look_asks_for_the_same_extras_as_a_walk() -> None:
    with vendor(Response(204)) as there:
        source(there).look(Ask(LEADS), ["1", "2"])
        (asked,) = there.heard
    assert asked.one("with") == LEADS.params["with"]
    assert [v for k, v in asked.pairs if k == "filter[id][]"] == ["1", "2"]


@pytest.mark.parametrize(
    ("answer", "more"),
    [
        (Response(204), None),
        (reply(200, {"_embedded": {"leads": []}}), None),
        (leads(3), False),
        (leads(250), None),
        (leads(250, following=True), True),
        (leads(3, following=True), True),
        (leads(50, limit=50), None),
        (leads(49, limit=50), False),
    ],
)
def test_whether_more_follows_is_told_by_next_and_by_the_effective_limit(
    answer: Response, more: bool | None
) -> None:
    assert page(answer).more is more


def test_lists_may_come_as_maps_and_empty_maps_as_lists() -> None:
    as_map = reply(200, {"_embedded": {"leads": {"0": {"id": 1}, "7": {"id": 2}}}})
    assert [r["id"] for r in page(as_map).records] == [1, 2]
    assert page(reply(200, {"_embedded": []})).records == []
    assert page(reply(200, [])).records == []


def test_stages_are_found_inside_their_pipelines_and_have_no_total_of_their_own() -> None:
    pipelines = [{"id": 1, "_embedded": {"statuses": [{"id": 142}, {"id": 143}]}}, {"id": 2}]
    body = {"_total_items": 2, "_embedded": {"pipelines": pipelines}}
    got = page(reply(200, body), STATUSES)
    assert [r["id"] for r in got.records] == [142, 143]
    assert (got.total, got.more) == (None, False)


def test_a_total_is_told_where_the_vendor_counts() -> None:
    assert (
        page(reply(200, {"_total_items": 7, "_embedded": {"users": [{"id": 1}]}}), USERS).total == 7
    )


def test_a_single_object_is_a_list_of_one() -> None:
    got = page(reply(200, {"id": 1, "name": "x"}), ACCOUNT)
    assert (len(got.records), got.more) == (1, False)
    assert page(reply(200, {"id": 1}), ACCOUNT, number=2).records == []


# --- looks


def test_what_a_look_does_not_bring_is_absent_without_a_word() -> None:
    with vendor(leads(2)) as there:
        found = source(there).look(Ask(LEADS), ["1", "2", "3"])
    assert [r["id"] for r in found.records] == [1, 2]
    assert (found.told, found.refused) == (False, ())


def test_records_that_nobody_asked_for_show_that_the_filter_was_ignored() -> None:
    with vendor(leads(3)) as there, pytest.raises(FilterIgnored):
        source(there).look(Ask(LEADS), ["1", "2"])


def test_what_is_no_record_in_an_answer_does_not_spoil_a_look() -> None:
    body = {"_embedded": {"leads": [{"id": 1}, None, "x", {"name": "no id"}]}}
    with vendor(reply(200, body)) as there:
        assert len(source(there).look(Ask(LEADS), ["1", "2"]).records) == 4


def test_a_refused_batch_is_halved_until_the_bad_id_stands_alone() -> None:
    def answer(request: Request) -> Response:
        wanted = [v for k, v in request.pairs if k == "filter[id][]"]
        if "13" in wanted:
            return reply(400, {"title": "Bad Request"})
        return reply(200, {"_embedded": {"leads": [{"id": int(id_)} for id_ in wanted]}})

    ids = [str(n) for n in range(1, 33)]
    with vendor(answer) as there:
        found = source(there).look(Ask(LEADS), ids)
        assert len(there.heard) <= 2 * 5 + 1
    assert found.refused == ("13",)
    assert {r["id"] for r in found.records} == set(range(1, 33)) - {13}


def asked_ids(request: Request) -> list[str]:
    return [value for name, value in request.pairs if name == "filter[id][]"]


def test_a_batch_that_is_too_heavy_is_halved_until_it_is_answered() -> None:
    def answer(request: Request) -> Response:
        wanted = asked_ids(request)
        if len(wanted) > 2:
            return reply(504, "<html>504 Gateway Time-out</html>", "text/html")
        return reply(200, {"_embedded": {"leads": [{"id": int(id_)} for id_ in wanted]}})

    with vendor(answer) as there:
        found = Kommo(there.door(kommo.dialect("t"), 1)).look(Ask(LEADS), list("1234567"))
        assert all(r.one("limit") == str(len(asked_ids(r))) for r in there.heard)
    assert {r["id"] for r in found.records} == set(range(1, 8))


def test_a_single_id_that_is_too_heavy_is_absent_from_nothing() -> None:
    with (
        vendor(reply(504, "<html>504</html>", "text/html")) as there,
        pytest.raises(VendorUnavailable),
    ):
        source(there).look(Ask(LEADS), ["1", "2"])


@pytest.mark.parametrize("linked", [True, False], ids=["next", "no next"])
def test_what_a_lowered_limit_cut_off_is_looked_at_again_and_not_taken_for_absent(
    linked: bool,
) -> None:
    """The server may answer fewer rows than were asked for (kommo-api.md 4.2)."""

    def answer(request: Request) -> Response:
        there = [int(id_) for id_ in asked_ids(request) if id_ != "7"][:50]
        if not there:
            return Response(204)
        links = {"next": {"href": "x"}} if linked else {}
        return reply(200, {"_links": links, "_embedded": {"leads": [{"id": n} for n in there]}})

    with vendor(answer) as there:
        found = source(there).look(Ask(LEADS), [str(n) for n in range(1, 121)])
        assert len(there.heard) <= 4
    assert {r["id"] for r in found.records} == set(range(1, 121)) - {7}


def test_two_hundred_and_fifty_ids_fit_into_one_request() -> None:
    ids = [str(40_000_000_000 + n) for n in range(250)]
    with vendor(Response(204)) as there:
        source(there).look(Ask(LEADS), ids)
        (asked,) = there.heard
        length = sum(len(quote(k)) + len(v) + 2 for k, v in asked.pairs)
    assert len([1 for k, _ in asked.pairs if k == "filter[id][]"]) == 250
    assert length < 14_000, "servers refuse longer addresses"


# --- news


def event(number: int, kind: str, at: datetime) -> dict[str, Any]:
    return {"type": kind, "entity_id": number, "created_at": int(at.timestamp())}


def events(*items: dict[str, Any], following: bool = False) -> Response:
    links = {"next": {"href": "x"}} if following else {}
    return reply(200, {"_embedded": {"events": list(items)}, "_links": links})


def test_news_are_read_to_their_last_page_and_come_oldest_first() -> None:
    later, before = SINCE + timedelta(hours=2), SINCE + timedelta(hours=1)
    answers = (
        events(event(2, "lead_restored", later), following=True),
        events(event(1, "lead_deleted", before)),
    )
    with vendor(*answers) as there:
        told = source(there).news(LEADS, SINCE)
        assert [dict(r.pairs)["page"] for r in there.heard] == ["1", "2"]
        assert there.heard[0].one("filter[type]") == ",".join(LEADS.news)
    assert [(item.id, item.deleted) for item in told] == [("1", True), ("2", False)]


def test_news_go_on_behind_a_full_page_without_next() -> None:
    """The link may be missing although more rows exist (kommo-api.md 9, 2)."""
    full = events(*(event(n, "lead_deleted", SINCE) for n in range(1, 1 + kommo.EVENTS_LIMIT)))
    with vendor(full, events(event(1000, "lead_deleted", SINCE))) as there:
        assert len(source(there).news(LEADS, SINCE)) == kommo.EVENTS_LIMIT + 1


def test_news_of_other_kinds_or_from_before_are_left_out_though_the_filter_was_ignored() -> None:
    old = event(1, "lead_deleted", SINCE - timedelta(seconds=1))
    other = event(2, "contact_deleted", SINCE)
    new = event(3, "lead_deleted", SINCE)
    with vendor(events(old, other, new)) as there:
        assert [item.id for item in source(there).news(LEADS, SINCE)] == ["3"]


def test_where_there_is_no_audit_log_the_trash_tells_but_only_what_says_that_it_is_deleted() -> (
    None
):
    at = int(SINCE.timestamp())
    trash = [
        {"id": 1, "is_deleted": True, "updated_at": at},
        {"id": 2, "is_deleted": True, "updated_at": at - 1},
        {"id": 3, "is_deleted": False, "updated_at": at},
        {"id": 4, "updated_at": at, "name": "alive"},
    ]

    def answer(request: Request) -> Response:
        if request.path.endswith("/events"):
            return reply(402, {"title": "Payment Required"})
        return reply(200, {"_embedded": {"leads": trash}})

    with vendor(answer) as there:
        told = source(there).news(LEADS, SINCE)
    assert [(item.id, item.deleted) for item in told] == [("1", True)]


def test_the_account_names_itself_its_country_and_its_zone() -> None:
    body = {
        "id": 31990001,
        "name": "Acme",
        "country": "BR",
        "_embedded": {"datetime_settings": {"timezone": "America/Manaus"}},
    }
    with vendor(reply(200, body)) as there:
        found = source(there).account()
    assert (found.ids, found.country, found.timezone) == (("31990001",), "BR", "America/Manaus")
    with vendor(reply(200, {"name": "no id"})) as there, pytest.raises(VendorUnavailable):
        source(there).account()


def test_rights_that_are_missing_end_the_run_of_that_list() -> None:
    with (
        vendor(reply(403, {"detail": "scope"})) as there,
        pytest.raises(NotAvailable, match="scope"),
    ):
        source(there).page(Ask(USERS, {}), 1)
