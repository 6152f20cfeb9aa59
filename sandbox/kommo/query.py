"""Reads the query of a list request: PHP brackets, percent-encoded or not (kommo-api.md 1.3)."""

import re
from dataclasses import dataclass, field
from math import inf

from sandbox.http import Request
from sandbox.kommo.problems import Problem

BRACKETS = re.compile(r"\[([^\]]*)\]")
USUAL_LIMIT = 50
MOST = 250


@dataclass
class Filter:
    """`values` came as a list or as one scalar; `low` and `high` from [from] and [to]."""

    values: list[str] = field(default_factory=list)
    scalar: bool = False
    low: int | None = None
    high: int | None = None


@dataclass
class ListQuery:
    page: int
    limit: int
    orders: list[tuple[str, bool]]
    """(field, descending)."""
    withs: frozenset[str]
    filters: dict[str, Filter]
    stages: list[tuple[str, str]]
    """(pipeline_id, status_id) pairs of filter[statuses]."""
    text: str
    found_until: float = inf
    """Text is found in what was changed up to here: the index lags behind (4.3)."""


def read_query(
    request: Request, most: int = MOST, cap: bool = False, usual: int = USUAL_LIMIT
) -> ListQuery:
    """`most`: what the server lowers a limit to; `usual`: the limit of who gives none."""
    return ListQuery(
        page=request.number("page", 1),
        limit=_limit(request, most, cap, usual),
        orders=_orders(request),
        withs=frozenset(w.strip() for w in request.one("with").split(",") if w.strip()),
        filters=_filters(request),
        stages=_stages(request),
        text=request.one("query"),
    )


def _limit(request: Request, most: int, cap: bool, usual: int) -> int:
    limit = request.number("limit", usual)
    if limit > MOST and not cap:
        raise Problem(422, f"Limit {MOST} per page")
    return min(limit, most)


def _orders(request: Request) -> list[tuple[str, bool]]:
    return [
        (BRACKETS.findall(name)[0], value.lower() == "desc")
        for name, value in request.pairs
        if name.startswith("order[") and BRACKETS.search(name)
    ]


def _filters(request: Request) -> dict[str, Filter]:
    filters: dict[str, Filter] = {}
    for name, value in request.pairs:
        if not name.startswith("filter["):
            continue
        match BRACKETS.findall(name):
            case [field_name]:
                filters[field_name] = Filter([value], scalar=True)
            case [field_name, "from"]:
                filters.setdefault(field_name, Filter()).low = _moment(name, value)
            case [field_name, "to"]:
                filters.setdefault(field_name, Filter()).high = _moment(name, value)
            case [field_name, index] if index == "" or index.isdecimal():
                filters.setdefault(field_name, Filter()).values.append(value)
    return filters


def _stages(request: Request) -> list[tuple[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, value in request.pairs:
        parts = BRACKETS.findall(name) if name.startswith("filter[statuses]") else []
        if len(parts) == 3:
            found.setdefault(parts[1], {})[parts[2]] = value
    return [(s.get("pipeline_id", ""), s.get("status_id", "")) for s in found.values()]


def _moment(name: str, value: str) -> int:
    """kommo-api.md 7: a malformed filter is a 400."""
    try:
        return int(value)
    except ValueError:
        raise Problem(400, f"{name} must be a unix time") from None
