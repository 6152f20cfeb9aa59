"""Routes that show a list from another side: one entity's notes and links, stages, summaries."""

from collections.abc import Iterable

import orjson

from sandbox.http import Request, Response, json_response
from sandbox.kommo.event_types import event_types
from sandbox.kommo.pages import HAL, NO_CONTENT
from sandbox.kommo.query import read_query
from sandbox.kommo.views import href, links
from sandbox.records import Json, Key, Record, Table, key_of
from sandbox.world import World

LINKABLE = ("leads", "contacts", "companies", "customers")
ENDS = ("contacts", "companies", "leads", "customers", "catalog_elements")
"""What `_embedded` may lead to, in the order of the samples."""


def statuses(pipelines: Table, pipeline: str, status: str, described: bool) -> Response:
    """/leads/pipelines/{id}/statuses[/{id}], with=descriptions (5.4)."""
    record = pipelines.live.get(key_of(pipeline))
    if record is None:
        return NO_CONTENT
    found: list[Json] = record.open()["_embedded"]["statuses"]
    if described:
        found = [{**stage, "descriptions": []} for stage in found]
    if not status:
        body = {"_total_items": len(found), "_embedded": {"statuses": found}}
        return json_response(body, kind=HAL)
    one = next((s for s in found if str(s["id"]) == status), None)
    return json_response(one, kind=HAL) if one else NO_CONTENT


def links_of(record: Record) -> list[Json]:
    """5.16: one row for each end; `metadata` is null but for contacts and elements."""
    embedded = record.open().get("_embedded") or {}
    return [_link(end, item) for end in ENDS for item in embedded.get(end) or []]


def entity_links(path: str, record: Record, request: Request) -> Response:
    """/{entity}/{id}/links."""
    found = [row for row in links_of(record) if _wanted(row, request)]
    if not found:
        return NO_CONTENT
    body = {"_total_items": len(found), "_links": links(path), "_embedded": {"links": found}}
    return json_response(body, kind=HAL)


def bulk_links(table: Table, seen: Iterable[Key], request: Request) -> Response:
    """/{entity}/links?filter[entity_id][]=: rows say which entity they are of (SDK)."""
    wanted = read_query(request).filters.get("entity_id")
    keys = {key_of(value) for value in wanted.values} if wanted else set()
    kind = table.spec.name
    found = [
        {"entity_id": key, "entity_type": kind, **row}
        for key in seen
        if key in keys
        for row in links_of(table.live[key])
        if _wanted(row, request)
    ]
    if not found:
        return NO_CONTENT
    where = links(f"{table.spec.path}/links")
    body = {"_total_items": len(found), "_links": where, "_embedded": {"links": found}}
    return json_response(body, kind=HAL)


def unsorted_summary(table: Table) -> Response:
    """5.19, after the SDK's UnsortedSummaryModel: counts by category."""
    records = [table.live[key].open() for key in table.ids]
    counts = dict.fromkeys(("sip", "mail", "forms", "chats"), 0)
    for record in records:
        counts[record["category"]] = counts.get(record["category"], 0) + 1
    categories = {name: {"total": count} for name, count in counts.items()}
    body = {
        "total": len(records),
        "accepted": 0,
        "declined": 0,
        "average_sort_time": 0,
        "categories": categories,
        "_links": links("/leads/unsorted/summary"),
    }
    return json_response(body, kind=HAL)


def types_of_events(world: World, language: str) -> Response:
    """/events/types?language_code=: those of the account's own fields too (5.11)."""
    found = event_types(world)
    own = {"self": {"href": f"{href('/events/types')}?language_code={language}"}}
    body = {"_total_items": len(found), "_links": own, "_embedded": {"events_types": found}}
    return Response(200, orjson.dumps(body), HAL)


def _link(end: str, item: Json) -> Json:
    metadata: Json | None = None
    if "metadata" in item:
        metadata = item["metadata"]
    elif "is_main" in item:
        metadata = {"main_contact": item["is_main"]}
    return {"to_entity_id": item["id"], "to_entity_type": end, "metadata": metadata}


def _wanted(row: Json, request: Request) -> bool:
    filters = read_query(request).filters
    tests = {name: filters[name].values for name in ("to_entity_id", "to_entity_type")
             if name in filters}  # fmt: skip
    return all(str(row[name]) in values for name, values in tests.items())
