"""Setting fields of a record: whole, or dotted ("_embedded.tags")."""

from typing import Any

import orjson

from sandbox.records import Json


def patched(record: Json, fields: Json) -> Json:
    """A changed copy. A record that is no object, or a path through none, is a ValueError."""
    after: Json = orjson.loads(orjson.dumps(record))
    for path, value in fields.items():
        _put(after, path.split("."), value)
    return after


def _put(node: Any, path: list[str], value: Any) -> None:
    for part in path[:-1]:
        if not isinstance(node, dict):
            raise ValueError(f"no object at {part!r}")
        node = node.setdefault(part, {})
    if not isinstance(node, dict):
        raise ValueError(f"no object at {path[-1]!r}")
    node[path[-1]] = value
