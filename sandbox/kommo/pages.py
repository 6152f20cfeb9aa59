"""The HAL envelope of a list (kommo-api.md 4.1, 4.2)."""

from math import ceil
from urllib.parse import urlencode

import orjson

from sandbox.http import Request, Response
from sandbox.kommo.query import ListQuery
from sandbox.kommo.views import href
from sandbox.records import Json, ListSpec

HAL = "application/hal+json"
NO_CONTENT = Response(204)


def page(
    spec: ListSpec, request: Request, query: ListQuery, rows: list[bytes], total: int, more: bool
) -> Response:
    """One page; 204 with an empty body when it has no rows (kommo-api.md 0.1.6)."""
    if not rows:
        return NO_CONTENT
    head = _head(spec, request, query, total, more)
    body = b",".join(rows)
    text = b'%s,"_embedded":{"%s":[%s]}}' % (head[:-1], spec.embedded.encode(), body)
    return Response(200, text, HAL)


def _head(spec: ListSpec, request: Request, query: ListQuery, total: int, more: bool) -> bytes:
    counted = bool(spec.options.get("totals"))
    if spec.options.get("paged") is False:
        return orjson.dumps({"_total_items": total, "_links": _own(spec.path)})
    pages = ceil(total / query.limit)
    head: Json = {"_total_items": total} if counted else {}
    head |= {"_page": query.page} | ({"_page_count": pages} if counted else {})
    links = {"self": _link(spec, request, query, query.page)}
    if query.page < pages if counted else more:
        links["next"] = _link(spec, request, query, query.page + 1)
        if counted:
            links["last"] = _link(spec, request, query, pages)
    return orjson.dumps(head | {"_links": links})


def _link(spec: ListSpec, request: Request, query: ListQuery, number: int) -> Json:
    """kommo-api.md 4.2: the effective limit is visible in self.href."""
    kept = [(k, v) for k, v in request.pairs if k not in ("page", "limit")]
    pairs = [*kept, ("page", str(number)), ("limit", str(query.limit))]
    return {"href": f"{href(spec.path)}?{urlencode(pairs)}"}


def _own(path: str) -> Json:
    return {"self": {"href": href(path)}}
