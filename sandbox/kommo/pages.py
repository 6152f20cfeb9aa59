"""The HAL envelope of a list (kommo-api.md 4.1, 4.2)."""

from dataclasses import dataclass
from math import ceil
from urllib.parse import urlencode

import orjson

from sandbox.http import Request, Response
from sandbox.kommo.query import ListQuery
from sandbox.kommo.rules import Rules
from sandbox.kommo.views import href, links
from sandbox.records import Json

HAL = "application/hal+json"
NO_CONTENT = Response(204)
SLASHED = ("/users", "/roles")
"""kommo-api.md 4.1: links of these samples have a slash too many."""


@dataclass(frozen=True)
class Place:
    """The list a page belongs to."""

    path: str
    embedded: str
    rules: Rules


def page(
    at: Place, request: Request, query: ListQuery, rows: list[bytes], total: int, more: bool
) -> Response:
    """One page; 204 with an empty body when it has no rows (kommo-api.md 0.1.6)."""
    if not rows:
        return NO_CONTENT
    head = _head(at, request, query, total, more)
    body = b",".join(rows)
    text = b'%s,"_embedded":{"%s":[%s]}}' % (head[:-1], at.embedded.encode(), body)
    return Response(200, text, HAL)


def _head(at: Place, request: Request, query: ListQuery, total: int, more: bool) -> bytes:
    counted = at.rules.totals
    if not at.rules.paged:
        return orjson.dumps({"_total_items": total, "_links": links(at.path)})
    pages = ceil(total / query.limit)
    head: Json = {"_total_items": total} if counted else {}
    head |= {"_page": query.page} | ({"_page_count": pages} if counted else {})
    path = f"{at.path}/" if at.path in SLASHED else at.path
    own = {"self": _link(path, request, query, query.page)}
    if query.page < pages if counted else more:
        own["next"] = _link(path, request, query, query.page + 1)
        if counted:
            own["last"] = _link(path, request, query, pages)
    return orjson.dumps(head | {"_links": own})


def _link(path: str, request: Request, query: ListQuery, number: int) -> Json:
    """kommo-api.md 4.2: the effective limit is visible in self.href."""
    kept = [(k, v) for k, v in request.pairs if k not in ("page", "limit")]
    pairs = [*kept, ("page", str(number)), ("limit", str(query.limit))]
    return {"href": f"{href(path)}?{urlencode(pairs)}"}
