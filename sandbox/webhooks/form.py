"""A tree as PHP's http_build_query writes it (kommo-api.md 6.1)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus


def encode(tree: dict[str, Any]) -> bytes:
    """Brackets percent-encoded, spaces as +; null and empty arrays dropped, booleans 1 and 0."""
    pairs = (f"{_quote(key)}={_quote(value)}" for key, value in _leaves(tree, ""))
    return "&".join(pairs).encode()


def _leaves(node: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, f"{path}[{key}]" if path else str(key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _leaves(value, f"{path}[{number}]")
    elif isinstance(node, bool):
        yield path, "1" if node else "0"
    elif node is not None:
        yield path, str(node)


def _quote(text: str) -> str:
    return quote_plus(text, safe="").replace("~", "%7E")
