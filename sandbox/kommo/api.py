"""The routes under /api/v4: every fixture's list, its by-id route, stages, webhooks, account."""

from dataclasses import replace

import orjson

from sandbox.http import Request, Response, json_response
from sandbox.kommo.listing import Listing
from sandbox.kommo.pages import HAL, NO_CONTENT, Place, page
from sandbox.kommo.problems import Problem, refused
from sandbox.kommo.query import MOST, ListQuery, read_query
from sandbox.kommo.rules import Rules, rules_for
from sandbox.kommo.views import API, skeleton, view
from sandbox.records import Json, Key, Table, key_of
from sandbox.webhooks.subscriptions import Subscriptions
from sandbox.world import World

ONLY_DELETED = "only_deleted"


class KommoApi:
    def __init__(self, world: World, subscriptions: Subscriptions) -> None:
        self.world = world
        self.subscriptions = subscriptions
        self.listing = Listing()

    def answer(self, request: Request) -> Response:
        try:
            return self._route(request, request.path.removeprefix(API).rstrip("/"))
        except Problem as problem:
            return problem.response()

    def first_row(self, request: Request) -> tuple[Table, Key] | None:
        """The list and the first row of the walk this request belongs to (for page shifts)."""
        table = self._table(request.path.removeprefix(API).rstrip("/"))
        if table is None:
            return None
        with self.world.lock:
            query = self._query(request, table)
            keys = self.listing.keys(table, self._rules(table), query, trash=False)
            return (table, keys[0]) if keys else None

    def _route(self, request: Request, path: str) -> Response:
        if not request.path.startswith(API + "/"):
            raise _unknown(request)
        self._check_rights(path)
        if path == "/webhooks" and request.method in ("POST", "DELETE"):
            return self._subscribe(request)
        if request.method not in ("GET", "HEAD"):
            raise _unknown(request)
        with self.world.lock:
            table = self._table(path)
            if table is not None:
                return (
                    self._single(table, request)
                    if _is_single(table)
                    else self._list(table, request)
                )
            return self._below(request, path)

    def _check_rights(self, path: str) -> None:
        for prefix, status in self.world.options.refused.items():
            if path.startswith(prefix):
                raise refused(status)

    def _table(self, path: str) -> Table | None:
        return next((t for t in self.world.of("kommo") if t.spec.path == path), None)

    def _rules(self, table: Table) -> Rules:
        rules = rules_for(table.spec.path)
        options = self.world.options
        if table.spec.path == "/tasks" and options.tasks_order_updated_at:
            rules = replace(rules, orders=rules.orders | {"updated_at"})
        if not options.only_deleted_everywhere and table.spec.path != "/leads":
            rules = replace(rules, trash=False)
        return rules

    def _query(self, request: Request, table: Table) -> ListQuery:
        options = self.world.options
        most = options.events_page_max if table.spec.path == "/events" else MOST
        query = read_query(request, most, options.cap_limit)
        if not self._rules(table).paged:
            query.page, query.limit = 1, max(1, len(table.ids))
        return query

    def _list(self, table: Table, request: Request) -> Response:
        rules, query = self._rules(table), self._query(request, table)
        trash = rules.trash and ONLY_DELETED in query.withs
        if trash and not self.world.options.only_deleted_filters:
            query.filters.clear()
        keys = self.listing.keys(table, rules, query, trash)
        start = (query.page - 1) * query.limit
        chosen = keys[start : start + query.limit]
        if trash:
            rows = [skeleton(table.gone[key]) for key in chosen]
        else:
            rows = [view(table.live[key], rules, query.withs) for key in chosen]
        more = len(rows) == query.limit or self.world.options.next_always
        place = Place(table.spec.path, _embedded(table, rules), rules)
        return page(place, request, query, rows, len(keys), more)

    def _below(self, request: Request, path: str) -> Response:
        """/{list}/{id}, or the stages of a pipeline."""
        parent, _, last = path.rpartition("/")
        table = self._table(parent)
        if table is not None and not _is_single(table):
            return self._by_id(table, request, last)
        head, _, rest = path.partition("/statuses")
        pipelines = self._table(head.rpartition("/")[0])
        if pipelines is not None and pipelines.spec.path == "/leads/pipelines":
            return self._statuses(pipelines, head.rpartition("/")[2], rest.strip("/"))
        raise _unknown(request)

    def _by_id(self, table: Table, request: Request, last: str) -> Response:
        """kommo-api.md 4.4, 5.5: unknown, deleted: 204; 200 with only_deleted."""
        rules = self._rules(table)
        withs = frozenset(request.one("with").split(","))
        key = key_of(last)
        if rules.trash and ONLY_DELETED in withs and key in table.gone:
            return Response(200, skeleton(table.gone[key]), HAL)
        if key not in table.live:
            return NO_CONTENT
        return Response(200, view(table.live[key], rules, withs, alone=True), HAL)

    def _single(self, table: Table, request: Request) -> Response:
        record = table.live[table.ids[0]]
        withs = frozenset(request.one("with").split(","))
        return Response(200, view(record, self._rules(table), withs), HAL)

    def _statuses(self, pipelines: Table, pipeline: str, status: str) -> Response:
        record = pipelines.live.get(key_of(pipeline))
        if record is None:
            return NO_CONTENT
        statuses: list[Json] = record.open()["_embedded"]["statuses"]
        if not status:
            body = {"_total_items": len(statuses), "_embedded": {"statuses": statuses}}
            return json_response(body, kind=HAL)
        found = next((s for s in statuses if str(s["id"]) == status), None)
        return json_response(found, kind=HAL) if found else NO_CONTENT

    def _subscribe(self, request: Request) -> Response:
        try:
            body = request.json()
        except orjson.JSONDecodeError:
            raise Problem(400, "Malformed JSON") from None
        if not isinstance(body, dict):
            raise Problem(400, "An object is expected")
        if request.method == "DELETE":
            self.subscriptions.remove(body)
            return NO_CONTENT
        return json_response(self.subscriptions.add(body), 201, HAL)


def _is_single(table: Table) -> bool:
    return bool(table.spec.options.get("single"))


def _embedded(table: Table, rules: Rules) -> str:
    """Key in `_embedded`: the fixture's word, the vendor's exception, the end of the path."""
    declared = table.spec.options.get("embedded") or rules.embedded
    return str(declared or table.spec.path.rsplit("/", 1)[-1])


def _unknown(request: Request) -> Problem:
    return Problem(404, f"Cannot {request.method} {request.path}")
