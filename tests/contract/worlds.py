"""What the mirror of a resource must hold, worked out from the sandbox's world without Ponte's readers.

Everything follows from the declaration (path, records, params); what does not stands in ELSEWHERE.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

from sandbox import Sandbox
from sandbox.kommo.rules import rules_for
from sandbox.kommo.views import view
from sandbox.records import Key, Table
from shared.resources import BY_NAME
from shared.resources.columns import Type
from shared.resources.grammar import Child, Horizon, Resource

Json = dict[str, Any]

FISCAL = (
    "ncm",
    "cest",
    "peso_liquido",
    "peso_bruto",
    "valor_aproximado_tributos",
    "valor_fixo_pis",
)
FISCAL += ("valor_fixo_pis_st", "valor_fixo_confins", "valor_fixo_confins_st")

ELSEWHERE: dict[tuple[str, str], tuple[str, ...] | None] = {
    ("kommo.account", "timezone"): ("_embedded", "datetime_settings", "timezone"),
    ("kommo.talks", "id"): ("talk_id",),
    ("kommo.users", "is_active"): ("rights", "is_active"),
    ("kommo.users", "is_admin"): ("rights", "is_admin"),
    ("kommo.users", "group_id"): ("rights", "group_id"),
    ("kommo.users", "role_id"): ("rights", "role_id"),
    ("gestao_click.ordens_servicos", "data"): ("data_entrada",),
    **{("gestao_click.produtos", name): ("fiscal", name) for name in FISCAL},
}
"""Columns whose value does not stand under their own name; a newcomer's are compared where they do."""


@dataclass(frozen=True)
class Expected:
    """A record that must be mirrored. table, parent: the world's list and the record that holds it."""

    record: Json
    asked: Json
    table: Table
    parent: Key
    hidden: Json = field(default_factory=dict)

    def key(self, resource: Resource) -> tuple[Any, ...]:
        by_name = {column.name: column for column in resource.columns}
        return tuple(value_of(resource, by_name[name], self) for name in resource.key)


def tables_of(box: Sandbox, resource: Resource) -> list[tuple[Table, Json]]:
    """The world's lists behind a path, with what its placeholders stand for; only what is asked for."""
    pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(resource.path)))
    asks = resource.asks(_horizon(box, resource))
    found = [
        (table, pattern.fullmatch(table.spec.path)) for table in box.world.of(resource.provider)
    ]
    matching = [(table, match.groupdict()) for table, match in found if match]
    tables = [
        (table, named)
        for table, named in matching
        if any(named.items() <= ask.items() for ask in asks)
    ]
    assert tables, f"the sandbox has no list at {resource.path}: add sandbox/fixtures/…"
    return tables


def _horizon(box: Sandbox, resource: Resource) -> Horizon:
    """Every row of what it needs is there."""
    rows = {
        name: [str(key) for table, _ in tables_of(box, BY_NAME[name]) for key in table.ids]
        for name in resource.needs
    }
    return Horizon(date(2026, 11, 23), date(2021, 11, 1), full=True, rows=rows)


def world(box: Sandbox, resource: Resource) -> list[Expected]:
    """Everything that a full walk has to bring, as the vendor shows it to us."""
    return [
        expected
        for table, asked in tables_of(box, resource)
        for key in table.ids
        for expected in _shown(resource, table, key, asked)
    ]


def _shown(resource: Resource, table: Table, key: Key, asked: Json) -> list[Expected]:
    held = table.live[key]
    raw = held.raw
    if resource.source == "kommo":
        withs = resource.params.get("with", "").split(",")
        raw = view(held, rules_for(table.spec.path), withs)
    records = [_without_nul(orjson.loads(raw))]
    for name in resource.records[1:]:
        records = [inner for record in records for inner in record["_embedded"][name]]
    for name in resource.masked:
        records = [{**r, name: re.sub(r"(://[^/]+)/.*", r"\1/…", r[name])} for r in records]
    records = [{k: v for k, v in r.items() if k not in resource.dropped} for r in records]
    hidden = held.hidden or {}
    return [Expected(record, {**asked, **hidden}, table, key, hidden) for record in records]


def _without_nul(value: Any) -> Any:
    """PostgreSQL cannot hold it: the only thing that a record loses."""
    return json.loads(json.dumps(value).replace("\\u0000", ""))


def value_of(resource: Resource, column: Any, expected: Expected) -> Any:
    """A column's value as this module reads it; ... where it cannot tell."""
    if column.asked:
        value = expected.asked.get(column.name)
        return int(value) if value is not None and column.type == Type.BIGINT else value
    path = ELSEWHERE.get((resource.full_name, column.name)) or (column.name,)
    value: Any = expected.record
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return ...
        value = value[name]
    return converted(resource, column.type, value)


CHILD_ELSEWHERE = {("variacoes_valores", "variacao_id"): "..id"}
CHILD_ELSEWHERE |= {("produtos", "ncm"): "NCM"}


def children_of(resource: Resource, child: Child, expected: Expected) -> list[Json]:
    """The rows that a record's child table must hold, as this module reads them; ... where it cannot tell."""
    found = _inside(expected.record, child.path)
    (key,) = expected.key(resource)
    return [
        {"ordem": number, child.parent: key}
        | {c.name: _child_value(resource, child, c, element) for c in child.columns}
        for number, element in enumerate(found, 1)
    ]


def _inside(record: Json, path: tuple[str, ...]) -> list[Json]:
    elements = [
        next(iter(one.values())) if [type(v) for v in one.values()] == [dict] else one
        for one in record.get(path[0]) or []
    ]
    if len(path) == 1:
        return [{**one, **{f"..{k}": v for k, v in record.items()}} for one in elements]
    return [inner for one in elements for inner in _inside(one, path[1:])]


def _child_value(resource: Resource, child: Child, column: Any, element: Json) -> Any:
    name = CHILD_ELSEWHERE.get((child.name, column.name), column.name)
    return converted(resource, column.type, element[name]) if name in element else None


def keyed(resource: Resource, rows: list[Json]) -> dict[Key, Json]:
    return {tuple(row[name] for name in resource.key): row for row in rows}


Wrong = tuple[Key, str, Any, Any]
"""(key, column, what is stored, what should be)"""


def wrong_columns(
    resource: Resource, expected: dict[Key, Expected], mirrored: dict[Key, Json]
) -> list[Wrong]:
    """Columns that do not hold what the world says; both by key, and each key in both."""
    return [
        (key, column.name, mirrored[key][column.name], value)
        for key, each in expected.items()
        for column in resource.columns
        if (value := value_of(resource, column, each)) is not ...
        and not _same(column.type, mirrored[key][column.name], value)
    ]


def _same(type_: Type, stored: Any, expected: Any) -> bool:
    if type_ == Type.JSON and isinstance(expected, str):
        return bool(stored == orjson.loads(expected))
    return bool(stored == expected)


def converted(resource: Resource, type_: Type, value: Any) -> Any:
    if value is None or type_ == Type.JSON:
        return value
    if isinstance(value, dict | list) or type_ not in AS:
        return ...
    if value == "" and (resource.source != "kommo" or type_ != Type.TEXT):
        return None
    return AS[type_](value)


def _moment(value: Any) -> Any:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int) else ...


def _day(text: str) -> date | None:
    if text[2:3] == "/":
        text = "-".join(reversed(text.split("/")))
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return day if 1900 <= day.year <= 2100 else None


AS: dict[Type, Callable[[Any], Any]] = {
    Type.BIGINT: int,
    Type.TEXT: str,
    Type.NUMERIC: lambda value: Decimal(str(value)),
    Type.BOOLEAN: lambda value: value in (True, "1"),
    Type.MOMENT: _moment,
    Type.DATE: lambda value: _day(str(value)),
}
