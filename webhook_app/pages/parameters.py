"""What an address asks of a page: a form sends empty fields too, and what means nothing is as if it was not said."""

from __future__ import annotations

from typing import TypeVar

from flask import request

Choice = TypeVar("Choice", bound=str)

LONGEST = 200
ID = "<int(max=9223372036854775807):id_>"
"""In an address: what PostgreSQL's bigint holds."""


def word(name: str) -> str | None:
    """None where nothing is asked for."""
    given = request.args.get(name, "").strip()
    return given if given and "\x00" not in given and len(given) <= LONGEST else None


def one_of(name: str, allowed: tuple[Choice, ...]) -> Choice | None:
    given = word(name)
    return next((one for one in allowed if one == given), None)


def number(name: str) -> int | None:
    """A positive whole number that PostgreSQL's bigint holds."""
    given = word(name) or ""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


def page() -> int:
    """Which page of a list, from 1."""
    return min(max(1, number("page") or 1), 1_000_000)
