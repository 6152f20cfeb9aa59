"""Every readable list of kommo-api.md section 5 in its documented shape."""

from collections.abc import Callable
from typing import Any

import pytest
from sandbox_client import Client

ONE_OF_EACH = {
    "/roles": ("roles", "id name rights"),
    "/leads/loss_reasons": ("loss_reasons", "id name sort created_at updated_at"),
    "/leads/tags": ("tags", "id name color"),
    "/contacts/tags": ("tags", "id name color"),
    "/companies/tags": ("tags", "id name color"),
    "/customers/tags": ("tags", "id name color"),
    "/leads/custom_fields": ("custom_fields", "id name type enums group_id required_statuses"),
    "/companies/custom_fields": ("custom_fields", "id name type enums entity_type"),
    "/customers/custom_fields": ("custom_fields", "id name type enums"),
    "/customers/segments/custom_fields": ("custom_fields", "id name type"),
    "/catalogs/9001/custom_fields": ("custom_fields", "id catalog_id nested is_visible"),
    "/leads/custom_fields/groups": ("custom_field_groups", "id name type fields entity_type"),
    "/contacts/custom_fields/groups": ("custom_field_groups", "id name type fields"),
    "/catalogs": ("catalogs", "id name type can_add_elements sdk_widget_code"),
    "/catalogs/9001/elements": ("elements", "id name is_deleted custom_fields_values catalog_id"),
    "/leads/notes": ("notes", "id entity_id note_type params created_by"),
    "/contacts/notes": ("notes", "id entity_id note_type params"),
    "/companies/notes": ("notes", "id entity_id note_type params"),
    "/leads/40010001/notes": ("notes", "id entity_id note_type params"),
    "/events": ("events", "id type entity_id entity_type value_after value_before _embedded"),
    "/events/types": ("events_types", "key type lang"),
    "/leads/unsorted": ("unsorted", "uid category metadata pipeline_id created_at _embedded"),
    "/sources": ("sources", "id name pipeline_id external_id services default origin_code"),
    "/webhooks": ("webhooks", "id destination settings disabled sort created_by"),
    "/leads/40010001/links": ("links", "to_entity_id to_entity_type metadata"),
}
COUNTED = ("roles", "loss_reasons", "custom_fields", "sources", "webhooks", "types", "/links")


@pytest.mark.parametrize("path", ONE_OF_EACH)
def test_a_list_has_its_envelope_and_its_keys(client: Client, path: str) -> None:
    embedded, keys = ONE_OF_EACH[path]
    answer = client.kommo(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/hal+json"
    body = answer.json()
    assert list(body["_embedded"]) == [embedded]
    assert set(keys.split()) <= set(body["_embedded"][embedded][0])
    assert ("_total_items" in body) == any(word in path for word in COUNTED)


@pytest.mark.parametrize(
    "path",
    [
        "/roles/3141", "/leads/loss_reasons/5501", "/leads/custom_fields/1400001",
        "/leads/custom_fields/groups/default", "/catalogs/9001", "/catalogs/9001/elements/3001",
        "/leads/notes/120001", "/contacts/notes/121001", "/talks/191", "/sources/4401",
        "/leads/unsorted/400c5eb65b9fa7bbfa813cf593b49d4942f325c7c3fbbcf3acf3bee79b01",
        "/events/01k7a0000000000000000000a1", "/tasks/8001",
    ],
)  # fmt: skip
def test_a_record_is_read_by_id_and_an_unknown_one_is_204(client: Client, path: str) -> None:
    found = client.kommo(path)
    assert found.status_code == 200
    assert path.rsplit("/", 1)[1] in found.text
    assert client.kommo(path.rsplit("/", 1)[0] + "/999999999").status_code == 204


def test_talks_have_no_list(client: Client) -> None:
    assert client.kommo("/talks").status_code == 404


def test_elements_without_a_limit_are_100_rows_and_no_next(
    make_client: Callable[..., Client],
) -> None:
    client = make_client(leads=600)
    plain = client.kommo("/catalogs/9001/elements").json()
    assert len(plain["_embedded"]["elements"]) == 100
    assert "next" not in plain["_links"]
    assert "next" in client.kommo("/catalogs/9001/elements", limit=100).json()["_links"]
    elements = client.walk("/catalogs/9001/elements")
    assert len(elements) == 3 + 600 // 5
    assert {None, False} == {element["is_deleted"] for element in elements}
    assert None in [element["custom_fields_values"] for element in elements]


def test_notes_are_filtered_and_ordered_and_do_not_name_their_parents_kind(client: Client) -> None:
    notes = client.walk("/leads/notes", order__updated_at="asc")
    assert [n["updated_at"] for n in notes] == sorted(n["updated_at"] for n in notes)
    assert not any("entity_type" in note or "is_pinned" in note for note in notes)
    assert [] in [note["params"] for note in notes]
    some = [notes[0]["id"], notes[5]["id"]]
    by_id = client.kommo("/leads/notes", **{"filter[id][0]": some[0], "filter[id][1]": some[1]})
    assert {n["id"] for n in by_id.json()["_embedded"]["notes"]} == set(some)
    since = notes[10]["updated_at"]
    late = client.walk("/leads/notes", filter__updated_at__from=since)
    assert {n["id"] for n in late} == {n["id"] for n in notes if n["updated_at"] >= since}
    of_one = client.walk("/leads/notes", filter__entity_id__=40010002)
    assert [n["id"] for n in of_one] == [120008, 120009]
    assert [n["id"] for n in client.walk("/leads/40010002/notes")] == [120008, 120009]
    calls = client.walk("/leads/notes", filter__note_type__="call_in")
    assert {note["note_type"] for note in calls} == {"call_in"}
    assert client.kommo("/leads/40010003/notes").status_code == 204
    pinned = client.kommo("/leads/notes/120001", **{"with": "is_pinned"}).json()
    assert pinned["is_pinned"] is True


def test_events_take_comma_lists_and_insist_on_one_entity(client: Client) -> None:
    events = client.walk("/events")
    ids = ",".join(event["id"] for event in events[:3])
    assert [e["id"] for e in client.walk("/events", filter__id=ids)] == ids.split(",")
    of_lead = client.walk("/events", filter__entity="lead", filter__entity_id="40010001")
    assert {(e["entity_type"], e["entity_id"]) for e in of_lead} == {("lead", 40010001)}
    assert client.kommo("/events", filter__entity_id="40010001").status_code == 400
    both = {"filter__entity": "lead,contact", "filter__entity_id": "40010001"}
    assert client.kommo("/events", **both).status_code == 400
    eleven = ",".join(str(n) for n in range(11))
    assert client.kommo("/events", filter__created_by=eleven).status_code == 400


@pytest.mark.parametrize(("most", "effective"), [(None, 100), (250, 250)])
def test_a_page_of_events_has_an_effective_limit(
    make_client: Callable[..., Client], most: int | None, effective: int
) -> None:
    client = make_client(leads=400, **({"events_page_max": most} if most else {}))
    page = client.kommo("/events", limit=250).json()
    assert len(page["_embedded"]["events"]) == effective
    assert page["_links"]["self"]["href"].endswith(f"limit={effective}")


def test_the_server_may_lower_any_limit_or_forget_next(make_client: Callable[..., Client]) -> None:
    client = make_client(page_max={"/leads": 20}, next_missing=["/contacts"])
    leads = client.kommo("/leads", limit=250).json()
    assert len(leads["_embedded"]["leads"]) == 20
    assert leads["_links"]["self"]["href"].endswith("limit=20")
    assert "next" not in client.kommo("/contacts", limit=10).json()["_links"]


def test_links_are_read_from_each_side_and_in_bulk(client: Client) -> None:
    links = client.kommo("/leads/40010001/links").json()["_embedded"]["links"]
    assert {"to_entity_id": 50010001, "to_entity_type": "contacts",
            "metadata": {"main_contact": True}} in links  # fmt: skip
    assert {"to_entity_id": 50020001, "to_entity_type": "companies", "metadata": None} in links
    elements = [row for row in links if row["to_entity_type"] == "catalog_elements"]
    assert elements[0]["metadata"]["catalog_id"] == 9001
    back = client.kommo("/contacts/50010001/links").json()["_embedded"]["links"]
    assert 40010001 in [row["to_entity_id"] for row in back if row["to_entity_type"] == "leads"]
    some = {"filter[entity_id][0]": 40010001, "filter[entity_id][1]": 40010002}
    bulk = client.kommo("/leads/links", **some).json()["_embedded"]["links"]
    assert {row["entity_id"] for row in bulk} == {40010001, 40010002}
    only = client.kommo("/leads/40010001/links", filter__to_entity_type="companies").json()
    assert len(only["_embedded"]["links"]) == only["_total_items"] == 1
    assert client.kommo("/leads/1/links").status_code == 204


def test_unsorted_is_found_by_uid_and_summed_up(client: Client) -> None:
    everything = client.walk("/leads/unsorted")
    assert {40010009} <= {r["_embedded"]["leads"][0]["id"] for r in everything}
    assert client.kommo("/leads/40010009").status_code == 200
    uid = everything[-1]["uid"]
    assert [r["uid"] for r in client.walk("/leads/unsorted", filter__uid__=uid)] == [uid]
    summary = client.kommo("/leads/unsorted/summary").json()
    assert summary["total"] == len(everything)
    forms = client.walk("/leads/unsorted", filter__category__="forms")
    assert summary["categories"]["forms"]["total"] == len(forms)


def test_tags_are_searched_and_their_ids_are_their_entitys_own(client: Client) -> None:
    assert [t["id"] for t in client.walk("/leads/tags", query="vip")] == [7001]
    assert [t["id"] for t in client.walk("/leads/tags", filter__name="vip")] == [7001]
    assert client.kommo("/contacts/tags", filter__id__=7001).json()["_embedded"]["tags"] == [
        {"id": 7001, "name": "atacado", "color": None}
    ]
    assert client.kommo("/leads/tags", query="nada").status_code == 204


def test_fields_have_null_and_list_enums_and_some_share_a_name(
    make_client: Callable[..., Client],
) -> None:
    client = make_client()
    fields = client.walk("/leads/custom_fields", order__id="asc")
    names = [field["name"] for field in fields]
    assert names.count("Segmento") == 2
    assert {type(field["enums"]) for field in fields} == {type(None), list}
    chosen = client.walk("/leads/custom_fields", filter__type__0="date")
    assert {field["type"] for field in chosen} == {"date"}
    client.control("POST", "/settings", {"enums_as_object": True, "lists_as_objects": True})
    shaped = client.kommo("/leads/custom_fields/1400002").json()["enums"]
    assert shaped["0"]["value"] == "Varejo"
    lead = client.kommo("/leads/40010001").json()
    assert lead["custom_fields_values"]["0"]["field_id"] == 1400001
    assert client.kommo("/leads/40010003").json()["custom_fields_values"] in ([], None)


def test_every_type_of_value_occurs_somewhere(make_client: Callable[..., Client]) -> None:
    client = make_client(leads=200)
    lists = ("leads", "contacts", "companies", "customers", "catalogs/9001/elements",
             "catalogs/9002/elements")  # fmt: skip
    records = [record for name in lists for record in client.box.truth("kommo", name)]
    values: dict[str, list[Any]] = {}
    for record in records:
        for field in record["custom_fields_values"] or []:
            values.setdefault(field["field_type"], []).extend(field["values"])
    documented = (
        "text numeric checkbox select multiselect multitext date url textarea radiobutton "
        "streetaddress smart_address birthday legal_entity date_time price category items "
        "tracking_data linked_entity chained_list monetary file org_legal_name payer supplier"
    )
    assert set(documented.split()) <= set(values)
    assert all("value" not in one for one in values["chained_list"])
    assert all(one["value"] is True for one in values["checkbox"])
    birthdays = [one["value"] for one in values["birthday"]]
    assert None in birthdays
    assert min(day for day in birthdays if day is not None) < -2_000_000_000
    kinds = {type(one["value"]) for one in values["numeric"]}
    assert kinds == {str, int, float}
    assert {one["value"] % 86400 for one in values["date"]} == {7200, 10800}


def test_every_second_person_of_a_lead_is_known_to_the_other_side(client: Client) -> None:
    elements = {row["id"] for row in client.walk("/catalogs/9001/elements")}
    leads = client.walk("/leads", **{"with": "catalog_elements"})
    bought = {e["id"] for lead in leads for e in lead["_embedded"]["catalog_elements"]}
    assert bought
    assert bought <= elements


def test_events_name_their_entities_when_asked(client: Client) -> None:
    asked = client.walk("/events", **{"with": "lead_name", "filter__entity": "lead"})
    named = [e["_embedded"]["entity"] for e in asked if e["entity_id"] == 40010001]
    assert {entity["name"] for entity in named} == {"Pedido 1001"}
    plain = client.walk("/events", filter__entity="lead")
    assert not any("name" in event["_embedded"]["entity"] for event in plain)
    stages = client.kommo("/leads/pipelines/9100001/statuses", **{"with": "descriptions"}).json()
    assert stages["_embedded"]["statuses"][0]["descriptions"] == []


def test_minor_units_lagging_queries_and_heavy_pages_are_optional(client: Client) -> None:
    lead = "/leads/40010001"
    assert "price_with_minor_units" not in client.kommo(lead).json()
    client.control("POST", "/settings", {"minor_units": True, "query_lag": 60.0, "heavy_rows": 100})
    assert client.kommo(lead).json()["price_with_minor_units"] == 12500.5
    change = {"vendor": "kommo", "list": "leads", "id": 40010001, "set": {"name": "Achável"}}
    client.control("POST", "/change", change)
    assert client.kommo("/leads", query="achável").status_code == 204
    assert client.kommo("/leads", limit=250, **{"with": "contacts"}).status_code == 504
    assert client.kommo("/leads", limit=100, **{"with": "contacts"}).status_code == 200
    assert client.kommo("/leads", limit=250).status_code == 200
    client.control("POST", "/settings", {"query_lag": 0.0})
    assert len(client.walk("/leads", limit=100, query="achável")) == 1


def test_links_of_the_samples_are_inconsistent(client: Client) -> None:
    assert "/api/v4/users/?" in client.kommo("/users").json()["_links"]["self"]["href"]
    assert "/api/v4/leads?" in client.kommo("/leads").json()["_links"]["self"]["href"]
