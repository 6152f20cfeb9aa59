"""The routes under /api/v4: every fixture's list, its by-id route, what branches off, webhooks."""

from collections.abc import Sequence
from dataclasses import replace

import orjson

from sandbox.faults import HTML
from sandbox.http import Request, Response, json_response
from sandbox.kommo import branches
from sandbox.kommo.access import Access
from sandbox.kommo.listing import Listing
from sandbox.kommo.pages import HAL, NO_CONTENT, Place, page
from sandbox.kommo.problems import Problem, invalid
from sandbox.kommo.query import MOST, Filter, ListQuery, read_query
from sandbox.kommo.rules import Rules, rules_for
from sandbox.kommo.shapes import reshaped, with_names
from sandbox.kommo.views import API, skeleton, view
from sandbox.options import Options
from sandbox.records import Key, Table, key_of
from sandbox.webhooks.subscriptions import Subscriptions
from sandbox.world import World

ONLY_DELETED = "only_deleted"


class KommoApi:
    def __init__(self, world: World, subscriptions: Subscriptions) -> None:
        self.world = world
        self.subscriptions = subscriptions
        self.listing = Listing()
        self.access = Access(world)

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
        self.access.check(path)
        if path == "/webhooks" and request.method in ("POST", "DELETE"):
            return self._subscribe(request)
        if request.method not in ("GET", "HEAD"):
            raise _unknown(request)
        with self.world.lock:
            table = self._table(path)
            if table is None:
                return self._below(request, path)
            if _is_single(table):
                return self._single(table, request)
            if not self._rules(table).listed:
                raise _unknown(request)
            return self._list(table, request, self._query(request, table))

    def _table(self, path: str) -> Table | None:
        return self.world.at("kommo", path)

    def _rules(self, table: Table) -> Rules:
        rules = rules_for(table.spec.path)
        options = self.world.options
        if table.spec.path == "/tasks" and options.tasks_order_updated_at:
            rules = replace(rules, orders=rules.orders | {"updated_at"})
        if not options.only_deleted_everywhere and table.spec.path != "/leads":
            rules = replace(rules, trash=False)
        return rules

    def _query(self, request: Request, table: Table) -> ListQuery:
        options, rules = self.world.options, self._rules(table)
        most = options.page_max.get(table.spec.path, MOST)
        if table.spec.path == "/events":
            most = min(most, options.events_page_max)
        query = read_query(request, most, options.cap_limit, rules.usual_limit)
        if not rules.paged:
            query.page, query.limit = 1, max(1, len(table.ids))
        _check_filters(rules, query)
        return query

    def _list(self, table: Table, request: Request, query: ListQuery, path: str = "") -> Response:
        """`path`: where the list is asked for, if not at its own address."""
        rules, options = self._rules(table), self.world.options
        if query.withs and 0 < options.heavy_rows < query.limit:
            return HTML["504_html"]
        trash = rules.trash and ONLY_DELETED in query.withs
        if trash and not options.only_deleted_filters:
            query.filters.clear()
        if query.text and options.query_lag:
            query.found_until = self.world.now() - options.query_lag
        found = self.listing.keys(table, rules, query, trash)
        keys = self.access.visible(table, found)
        start = (query.page - 1) * query.limit
        rows = self._rows(table, rules, query, keys[start : start + query.limit])
        more = len(rows) == query.limit or options.next_always
        if (rules.next_if_limited and not request.one("limit")) or _unlinked(options, table):
            more = False
        place = Place(path or table.spec.path, _embedded(table, rules), rules)
        return page(place, request, query, rows, len(keys), more)

    def _rows(
        self, table: Table, rules: Rules, query: ListQuery, keys: Sequence[Key]
    ) -> list[bytes]:
        if rules.trash and ONLY_DELETED in query.withs:
            return [skeleton(table.gone[key]) for key in keys]
        rows = [view(table.live[key], rules, query.withs) for key in keys]
        if table.spec.name == "events":
            return [with_names(row, self.world, query.withs) for row in rows]
        return [reshaped(row, self.world.options) for row in rows]

    def _below(self, request: Request, path: str) -> Response:
        """What stands below a list: /{list}/{id}, and whatever branches off there."""
        parent, _, last = path.rpartition("/")
        table = self._table(parent)
        if table is None or _is_single(table):
            return self._deeper(request, path)
        if last == "links" and table.spec.name in branches.LINKABLE:
            seen = self.access.visible(table, table.ids)
            return branches.bulk_links(table, seen, request)
        if path == "/leads/unsorted/summary":
            return branches.unsorted_summary(table)
        if path == "/events/types":
            return branches.types_of_events(self.world, request.one("language_code") or "en")
        return self._by_id(table, request, last)

    def _deeper(self, request: Request, path: str) -> Response:
        """/{entity}/{id}/notes, /{entity}/{id}/links, /leads/pipelines/{id}/statuses[/{id}]."""
        head, _, rest = path.partition("/statuses")
        pipelines = self._table(head.rpartition("/")[0])
        if pipelines is not None and pipelines.spec.path == "/leads/pipelines":
            described = request.one("with") == "descriptions"
            pipeline = head.rpartition("/")[2]
            return branches.statuses(pipelines, pipeline, rest.strip("/"), described)
        entity, _, last = path.rpartition("/")
        table, key = self._table(entity.rpartition("/")[0]), key_of(entity.rpartition("/")[2])
        if table is None or table.spec.name not in branches.LINKABLE:
            raise _unknown(request)
        if key not in table.live or not self.access.sees(table.spec.name, key):
            return NO_CONTENT
        notes = self._table(f"{table.spec.path}/notes")
        if last == "notes" and notes is not None:
            query = self._query(request, notes)
            query.filters["entity_id"] = Filter([str(key)])
            return self._list(notes, request, query, path)
        if last == "links":
            return branches.entity_links(path, table.live[key], request)
        raise _unknown(request)

    def _by_id(self, table: Table, request: Request, last: str) -> Response:
        """kommo-api.md 4.4, 5.5: unknown, deleted, no right: 204; 200 with only_deleted."""
        rules = self._rules(table)
        withs = frozenset(request.one("with").split(","))
        key = key_of(last)
        if not self.access.visible(table, [key] if key in table.live or key in table.gone else []):
            return NO_CONTENT
        if rules.trash and ONLY_DELETED in withs and key in table.gone:
            return Response(200, skeleton(table.gone[key]), HAL)
        if key not in table.live:
            return NO_CONTENT
        row = view(table.live[key], rules, withs, alone=True)
        return Response(200, reshaped(row, self.world.options), HAL)

    def _single(self, table: Table, request: Request) -> Response:
        record = table.live[table.ids[0]]
        withs = frozenset(request.one("with").split(","))
        return Response(200, view(record, self._rules(table), withs), HAL)

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


def _check_filters(rules: Rules, query: ListQuery) -> None:
    """kommo-api.md 3, 5.11: what a filter asks of another, and how many values it takes."""
    for name, other in rules.needs.items():
        if name in query.filters and len(_values(query.filters.get(other))) != 1:
            raise invalid(f"filter.{name}", f"Exactly one filter[{other}] is needed.")
    for name, most in rules.at_most.items():
        if len(_values(query.filters.get(name))) > most:
            raise invalid(f"filter.{name}", f"At most {most} values.")


def _values(wanted: Filter | None) -> list[str]:
    return [v for value in wanted.values for v in value.split(",")] if wanted else []


def _unlinked(options: Options, table: Table) -> bool:
    """kommo-api.md 4.2 (ISS-76): `next` is missing although more rows exist."""
    return any(table.spec.path.startswith(prefix) for prefix in options.next_missing)


def _unknown(request: Request) -> Problem:
    return Problem(404, f"Cannot {request.method} {request.path}")
