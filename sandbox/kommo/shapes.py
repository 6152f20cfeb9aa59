"""Other shapes of the same record: PHP's lists as objects keyed by index, names, minor units.

kommo-api.md 4.3, 5, 5.5, 5.13.
"""

from typing import Any

import orjson

from sandbox.options import Options
from sandbox.world import World

LISTS = {"lead": "leads", "contact": "contacts", "company": "companies", "customer": "customers"}
"""An event's word for an entity -> its list."""


def reshaped(row: bytes, options: Options) -> bytes:
    """The row as the options want it; as it is unless one of them is on."""
    if not (options.enums_as_object or options.lists_as_objects or options.minor_units):
        return row
    record: Any = orjson.loads(row)
    if isinstance(record, dict):
        if options.enums_as_object and isinstance(record.get("enums"), list):
            record["enums"] = keyed(record["enums"])
        if options.lists_as_objects and isinstance(record.get("custom_fields_values"), list):
            record["custom_fields_values"] = keyed(record["custom_fields_values"])
        if options.minor_units and isinstance(record.get("price"), int):
            record["price_with_minor_units"] = record["price"] + 0.5
    return orjson.dumps(record)


def with_names(row: bytes, world: World, withs: frozenset[str]) -> bytes:
    """4.3: `with=lead_name` and so on put the entity's name into an event's `_embedded`."""
    event: Any = orjson.loads(row)
    entity = event.get("entity_type") if isinstance(event, dict) else None
    table = world.at("kommo", f"/{LISTS[entity]}") if entity in LISTS else None
    if table is None or f"{entity}_name" not in withs or event["entity_id"] not in table.live:
        return row
    event["_embedded"]["entity"]["name"] = table.live[event["entity_id"]].open().get("name")
    return orjson.dumps(event)


def keyed(items: list[Any]) -> Any:
    """An empty list stays one: PHP cannot tell."""
    return {str(number): item for number, item in enumerate(items)} or []
