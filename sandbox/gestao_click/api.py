"""The routes /x and /api/x: lists and details of every fixture (gestaoclick-api.md 1, 6)."""

from sandbox.gestao_click import envelope
from sandbox.gestao_click.listing import Listing
from sandbox.gestao_click.rules import LIST_ONLY, Rules, rules_for
from sandbox.http import Request, Response
from sandbox.records import Key, Table, key_of
from sandbox.world import World

DEFAULT_LIMIT = 20
MOST = 100


class GestaoClickApi:
    def __init__(self, world: World) -> None:
        self.world = world
        self.listing = Listing(world.options)

    def answer(self, request: Request) -> Response:
        path = below_prefix(request.path)
        with self.world.lock:
            table = self._table(path)
            if table is not None:
                return self._list(table, request) if _reads(request) else envelope.INVALID
            parent, _, last = path.rpartition("/")
            table = self._table(parent)
            if table is None or not _has_detail(table):
                return envelope.controller_missing(path)
            return self._detail(table, last) if _reads(request) else envelope.INVALID

    def first_row(self, request: Request) -> tuple[Table, Key] | None:
        """The list and the first row of the walk this request belongs to (for page shifts)."""
        with self.world.lock:
            table = self._table(below_prefix(request.path))
            keys = self._keys(table, request) if table is not None else []
            return (table, keys[0]) if table is not None and keys else None

    def _table(self, path: str) -> Table | None:
        return self.world.at("gestao-click", path)

    def _keys(self, table: Table, request: Request) -> list[Key]:
        rules = rules_for(table.spec.path)
        return self.listing.keys(table, rules, request, self._stores(), self.world.now())

    def _stores(self) -> list[str]:
        stores = self._table("/lojas")
        return [str(key) for key in stores.ids] if stores else []

    def _list(self, table: Table, request: Request) -> Response:
        rules = rules_for(table.spec.path)
        page, limit = request.number("pagina", 1), _limit(rules, request)
        keys = self._keys(table, request)
        chosen = keys[(page - 1) * limit : page * limit]
        rows = [table.live[key].raw for key in chosen]
        if table.spec.name in self.world.options.wrapped:
            wrapper = _wrapper(table, rules).encode()
            rows = [b'{"%s":%s}' % (wrapper, row) for row in rows]
        return envelope.list_page(table.spec, request, rows, len(keys), page, limit)

    def _detail(self, table: Table, last: str) -> Response:
        record = table.live.get(key_of(last))
        return envelope.detail(record.raw) if record else envelope.NOT_FOUND


def below_prefix(path: str) -> str:
    """Section 1: /vendas and /api/vendas both work, a trailing slash is tolerated."""
    path = path.rstrip("/")
    return path.removeprefix("/api") if path.startswith("/api/") else path


def _has_detail(table: Table) -> bool:
    return bool(table.spec.options.get("detail", table.spec.path not in LIST_ONLY))


def _limit(rules: Rules, request: Request) -> int:
    """Section 2: above 100 silently becomes 100."""
    limit = request.number("limite", 0)
    if not limit and rules.also_limit:
        limit = request.number("limit", 0)
    return min(limit or DEFAULT_LIMIT, MOST)


def _wrapper(table: Table, rules: Rules) -> str:
    declared = table.spec.options.get("wrapper") or rules.wrapper
    return str(declared or table.spec.name.title().replace("_", ""))


def _reads(request: Request) -> bool:
    return request.method in ("GET", "HEAD")
