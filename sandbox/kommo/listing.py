"""Finds the keys a list request means, on the live world (kommo-api.md 4.2, 4.3).

Answers are remembered per state of the table, so that walking 400 pages filters once.
"""

from collections import OrderedDict
from collections.abc import Callable

import orjson

from sandbox.kommo.query import Filter, ListQuery
from sandbox.kommo.rules import Rules
from sandbox.records import Json, Key, Record, Table, key_of

REMEMBERED = 32
EVER = 2**62


class Listing:
    def __init__(self) -> None:
        self._known: OrderedDict[str, list[Key]] = OrderedDict()

    def keys(self, table: Table, rules: Rules, query: ListQuery, trash: bool) -> list[Key]:
        """All matching keys in order; do not change the list."""
        name = repr((table.spec.path, table.version, trash, query.orders, query.filters,
                     query.stages, query.text, query.found_until))  # fmt: skip
        if name not in self._known:
            self._known[name] = find(table, rules, query, trash)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return self._known[name]


def find(table: Table, rules: Rules, query: ListQuery, trash: bool) -> list[Key]:
    source = table.gone if trash else table.live
    keys = _candidates(table, rules, query, trash)
    tests = _tests(rules, query)
    if tests:
        keys = [k for k in keys if _passes(source[k], tests)]
    return _ordered(table, rules, query, source, keys)


Test = Callable[[Record, Json], bool]


def _candidates(table: Table, rules: Rules, query: ListQuery, trash: bool) -> list[Key]:
    """Narrow down by index: ids named, or a span of updated_at."""
    source = table.gone if trash else table.live
    named = query.filters.get("id")
    if named and "id" in rules.equal and named.values:
        wanted = {key_of(v) for value in named.values for v in value.split(",")}
        return sorted(k for k in wanted if k in source)
    if trash:
        return sorted(source)
    span = query.filters.get("updated_at")
    if span and "updated_at" in rules.ranges and not span.values:
        low = -EVER if span.low is None else span.low
        return table.updated_between(low, EVER if span.high is None else span.high)
    return table.ids


def _tests(rules: Rules, query: ListQuery) -> list[Test]:
    """Unknown filters are silently ignored (kommo-api.md 0.1.10)."""
    tests = []
    for name, wanted in query.filters.items():
        if wanted.values and name != "id" and name in rules.equal | rules.ranges:
            tests.append(_value_test(name, wanted, rules))
        elif (wanted.low, wanted.high) != (None, None) and name in rules.ranges:
            tests.append(_range_test(name, wanted))
    if query.stages and "pipeline_id" in rules.equal:
        tests.append(_stage_test(query.stages))
    if query.text and rules.query:
        tests.append(_text_test(query.text, query.found_until))
    return tests


def _passes(record: Record, tests: list[Test]) -> bool:
    opened = record.open()
    return all(test(record, opened) for test in tests)


def _value_test(name: str, wanted: Filter, rules: Rules) -> Test:
    if name in rules.ranges and wanted.scalar and rules.scalar_is_after:
        low, _, high = wanted.values[0].partition(",")
        return _range_test(name, Filter(low=_int(low, 0), high=_int(high, EVER)))
    field = {"entity": "entity_type", "task_type": "task_type_id"}.get(name, name)
    values = {v for value in wanted.values for v in value.split(",")} | set(wanted.values)
    return lambda _, opened: _text(opened.get(field)) in values


def _range_test(name: str, wanted: Filter) -> Test:
    low = -EVER if wanted.low is None else wanted.low
    high = EVER if wanted.high is None else wanted.high

    def test(_: Record, opened: Json) -> bool:
        value = opened.get(name)
        return isinstance(value, int) and low <= value <= high

    return test


def _stage_test(stages: list[tuple[str, str]]) -> Test:
    return lambda _, opened: (
        (_text(opened.get("pipeline_id")), _text(opened.get("status_id"))) in stages
    )


def _text_test(text: str, until: float) -> Test:
    """kommo-api.md 4.3: full text over filled fields, phone digits and tags included."""
    needle = text.casefold()
    digits = "".join(c for c in text if c.isdecimal())

    def test(record: Record, opened: Json) -> bool:
        if record.facts.updated_at > until:
            return False
        parts = [opened.get("name"), opened.get("custom_fields_values")]
        parts.append(opened.get("_embedded", {}).get("tags"))
        filled = orjson.dumps(parts).decode().casefold()
        if needle in filled:
            return True
        return len(digits) > 5 and digits in "".join(c for c in filled if c.isdecimal())

    return test


def _ordered(
    table: Table, rules: Rules, query: ListQuery, source: dict[Key, Record], keys: list[Key]
) -> list[Key]:
    orders = [(name, down) for name, down in query.orders if name in rules.orders]
    if not orders:
        if rules.newest_first:
            return sorted(keys, key=lambda k: (source[k].facts.created_at, k), reverse=True)
        return keys if keys is table.ids else sorted(keys)
    name, down = orders[0]
    if name == "id":
        ordered = keys if keys is table.ids else sorted(keys)
        return ordered[::-1] if down else ordered
    if name == "updated_at" and keys is table.ids and source is table.live:
        ordered = [key for _, key in table.by_updated]
        return ordered[::-1] if down else ordered
    return sorted(keys, key=lambda k: (_sort_value(source[k], name), k), reverse=down)


def _sort_value(record: Record, name: str) -> int:
    if name == "updated_at":
        return record.facts.updated_at
    if name == "created_at":
        return record.facts.created_at
    return int(record.open().get(name) or 0)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def _int(text: str, default: int) -> int:
    return int(text) if text.isdecimal() else default
