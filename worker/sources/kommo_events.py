"""Kommo's audit log as news: which records an event asks to look at. Facts: kommo-api.md 4.4, 5.11."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.resources.columns import Record
from shared.resources.grammar import Resource
from shared.resources.kommo_activity import NOTES
from worker.sources.bodies import whole
from worker.sources.protocol import News

PLURAL = {
    "lead": "leads",
    "contact": "contacts",
    "company": "companies",
    "customer": "customers",
    "task": "tasks",
}
"""Events name entities in the singular, lists in the plural (kommo-api.md 9, 37)."""
MERGED = "entity_merged"
EPOCH = datetime.fromtimestamp(0, UTC)


def news_of(resource: Resource, event: Record, unknown: datetime = EPOCH) -> Iterator[News]:
    """What one event says about records of a resource: its own entity, and those that its values name.

    unknown: the moment of an event that does not tell its own; a look too many does no harm.
    """
    kind = str(event.get("type")) if isinstance(event, Mapping) else ""
    if kind not in resource.news:
        return
    at = moment_of(event.get("created_at"), unknown)
    gone = kind.endswith("_deleted") or kind == MERGED
    slice_, ids = _about(resource, event, kind)
    for id_ in dict.fromkeys(str(whole(each)) for each in ids if whole(each) is not None):
        yield News(id_, gone, at, f"event {kind}", slice_)


def moment_of(said: Any, unknown: datetime) -> datetime:
    """Unix seconds; `unknown` where nothing usable is said."""
    seconds = whole(said)
    try:
        return unknown if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # datetime's ways of refusing moments far away
        return unknown


def _about(resource: Resource, event: Record, kind: str) -> tuple[dict[str, str], list[str]]:
    entity = PLURAL.get(str(event.get("entity_type"))) or PLURAL.get(
        kind.split("_", maxsplit=1)[0], ""
    )
    values = [event.get("value_before"), event.get("value_after")]
    if resource is NOTES:
        return {"entity_type": entity}, list(_ids_under("note", values)) if entity else []
    ids = [str(event["entity_id"])] if entity == resource.name and event.get("entity_id") else []
    ids += _named(resource.name, values)
    if kind == MERGED and entity == resource.name:
        # no sample of a merge is known: every id in it may be a loser's
        ids += _ids(values)
    return {}, ids


def _maps(value: Any) -> Iterator[Record]:
    """Every map inside a value, however deep."""
    if isinstance(value, dict):
        yield value
    for part in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from _maps(part)


def _named(name: str, values: Iterable[Any]) -> list[str]:
    """Ids of maps that say of which entity they are: {"type": "contact", "id": 50010001}."""
    return [
        str(found.get("id") or found.get("entity_id"))
        for value in values
        for found in _maps(value)
        if PLURAL.get(str(found.get("type") or found.get("entity_type"))) == name
        and (found.get("id") or found.get("entity_id"))
    ]


def _ids_under(key: str, values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        for found in _maps(value):
            inner = found.get(key)
            if isinstance(inner, dict) and inner.get("id"):
                yield str(inner["id"])


def _ids(values: Iterable[Any]) -> list[str]:
    return [str(found["id"]) for value in values for found in _maps(value) if found.get("id")]
