"""Finds the keys a list request means: what acts, what is ignored (gestaoclick-api.md 3 to 6)."""

from collections import OrderedDict
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from sandbox.gestao_click.clock import month_of, today
from sandbox.gestao_click.rules import (
    AT_LEAST,
    AT_MOST,
    CONTAINS,
    DIGITS,
    EQUAL,
    SORTABLE,
    Rules,
)
from sandbox.http import Request
from sandbox.options import Options
from sandbox.records import Json, Key, Record, Table

REMEMBERED = 32
ALWAYS = ("", "9999-12-31")
SWITCHES = ("hide_inactive", "liquidado_filters", "titles_current_month", "head_office_only")


class Listing:
    def __init__(self, options: Options) -> None:
        self.options = options
        self._known: OrderedDict[str, list[Key]] = OrderedDict()

    def keys(
        self, table: Table, rules: Rules, request: Request, stores: list[str], now: float
    ) -> list[Key]:
        asked = sorted(p for p in request.pairs if p[0] not in ("pagina", "limite"))
        switches = tuple(getattr(self.options, name) for name in SWITCHES)
        name = repr((table.spec.path, table.version, asked, today(now), switches))
        if name not in self._known:
            self._known[name] = self._find(table, rules, request, stores, now)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return self._known[name]

    def _find(
        self, table: Table, rules: Rules, request: Request, stores: list[str], now: float
    ) -> list[Key]:
        low, high = self._period(rules, request, now)
        store = self._store(rules, request, stores)
        keys = table.shelves.between(low, high, store, _kind(rules, request))
        tests = self._tests(table, rules, request, now)
        if tests:
            keys = [k for k in keys if _passes(table.live[k], tests)]
        return _ordered(table, rules, request, keys)

    def _store(self, rules: Rules, request: Request, stores: list[str]) -> str:
        """Section 5: without loja_id, or with an unknown one, the head office."""
        if not rules.per_store or not stores:
            return ""
        asked = request.one("loja_id")
        if asked in stores:
            return asked
        return stores[0] if self.options.head_office_only else ""

    def _period(self, rules: Rules, request: Request, now: float) -> tuple[str, str]:
        low, high = request.one("data_inicio"), request.one("data_fim")
        if not rules.date:
            return ALWAYS
        if low or high:
            return low, high or ALWAYS[1]
        if rules.date == "effective" and self.options.titles_current_month:
            return month_of(today(now))
        return ALWAYS

    def _tests(self, table: Table, rules: Rules, request: Request, now: float) -> list["Test"]:
        asked = {name: request.one(name) for name in rules.filters}
        tests = [_test(*rules.filters[name], value) for name, value in asked.items() if value]
        if rules.date == "effective" and self.options.liquidado_filters:
            tests += _liquidado(request.one("liquidado"), today(now).isoformat())
        if table.spec.path == "/clientes" and self.options.hide_inactive and not asked["situacao"]:
            tests.append(_test("ativo", EQUAL, "1"))
        return tests


Test = Callable[[Json], bool]


def _kind(rules: Rules, request: Request) -> str:
    """Section 5: without tipo, or with an unknown one, the first kind."""
    if not rules.kinds:
        return ""
    asked = request.one("tipo")
    return asked if asked in rules.kinds else rules.kinds[0]


def _passes(record: Record, tests: list[Test]) -> bool:
    opened = record.open()
    return all(test(opened) for test in tests)


def _test(field: str, how: str, value: str) -> Test:
    if how == CONTAINS:
        return lambda row: value.casefold() in str(row.get(field) or "").casefold()
    if how == DIGITS:
        return lambda row: _digits(value) in _digits(str(row.get(field) or ""))
    if how in (AT_LEAST, AT_MOST):
        return _amount_test(field, how, value)
    return lambda row: str(row.get(field)) == value


def _amount_test(field: str, how: str, value: str) -> Test:
    try:
        wanted = Decimal(value)
    except InvalidOperation:
        return lambda _: True

    def test(row: Json) -> bool:
        amount = Decimal(str(row.get(field) or 0))
        return amount >= wanted if how == AT_LEAST else amount <= wanted

    return test


def _liquidado(asked: str, day: str) -> list[Test]:
    """ab open, at overdue, pg paid; only when the switch says that it filters (section 4)."""
    if asked == "pg":
        return [_test("liquidado", EQUAL, "1")]
    if asked == "ab":
        return [_test("liquidado", EQUAL, "0")]
    if asked == "at":
        return [lambda row: row["liquidado"] == "0" and str(row["data_vencimento"]) < day]
    return []


def _ordered(table: Table, rules: Rules, request: Request, keys: list[Key]) -> list[Key]:
    """`keys` come by business day, then id: the titles' order; others by id (section 3, a doubt)."""
    name = request.one("ordenacao")
    if name in SORTABLE:
        opened = {key: str(table.live[key].open().get(name) or "") for key in keys}
        down = request.one("direcao").lower() == "desc"
        return sorted(keys, key=lambda k: (opened[k], k), reverse=down)
    return keys if rules.date == "effective" else sorted(keys)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())
