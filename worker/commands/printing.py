"""What commands print: JSON, a connection in a few lines, how long something is."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import orjson


def print_json(found: Any) -> None:
    # SQLAlchemy's column names are a subclass of str
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(found, default=str, option=options).decode() + "\n")


def report_connection(found: Mapping[str, Any]) -> Iterator[str]:
    """The answer of test-connection for people (worker/inquiry.py)."""
    yield f"{found['status']}: {found['message']}"
    if not found["ok"]:
        yield str(found["todo"])
        return
    account = found["account"]
    token = account["token"]
    yield f"account {account['id']} {account.get('name') or ''} at {account['domains']['asked']}"
    if "expires_at" in token:
        scopes = ", ".join(token.get("scopes", ())) or "not told"
        yield f"token until {token['expires_at'][:10]}, {token['days_left']} days; scopes: {scopes}"
    for name, feature in found["features"].items():
        yield f"{name}: {'available' if feature['available'] else feature['reason']}"
    for record in found["sample"][:1]:
        yield f"for example: {record['id']} {record['name']}"


def span(seconds: float) -> str:
    """`15 min`, `6 h`, `7 days`."""
    length = timedelta(seconds=seconds)
    for size, unit in (
        (timedelta(days=2), "days"),
        (timedelta(hours=2), "h"),
        (timedelta(minutes=2), "min"),
    ):
        if length >= size:
            one = size / 2
            return f"{length / one:.0f} {unit}"
    return f"{seconds:.0f} s"
