"""PHP's other shapes of the same record: a list as an object keyed by index (kommo-api.md 5, 5.13)."""

from typing import Any

import orjson

from sandbox.options import Options


def reshaped(row: bytes, options: Options) -> bytes:
    """The row as the options want it; as it is unless one of them is on."""
    if not (options.enums_as_object or options.lists_as_objects):
        return row
    record: Any = orjson.loads(row)
    if isinstance(record, dict):
        if options.enums_as_object and isinstance(record.get("enums"), list):
            record["enums"] = keyed(record["enums"])
        if options.lists_as_objects and isinstance(record.get("custom_fields_values"), list):
            record["custom_fields_values"] = keyed(record["custom_fields_values"])
    return orjson.dumps(record)


def keyed(items: list[Any]) -> Any:
    """An empty list stays one: PHP cannot tell."""
    return {str(number): item for number, item in enumerate(items)} or []
