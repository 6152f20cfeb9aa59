"""The parties of both systems, kept in step with the mirror: whatever row has changed since a mark is read anew.

A party that is read anew makes dirty, of Kommo's, everyone who is or was known by one of its facts: their pairs
have to be judged again. That is in the books with it, so a worker that dies has lost nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, and_, case, cast, literal, select, true, tuple_

from shared import resources
from shared.db.engine import clock
from shared.db.matching import parties as table
from shared.db.mirror import child_table, rows_table
from shared.plain_names import plain
from shared.resources.columns import FINDING, Column
from shared.resources.grammar import Resource
from worker.matching import facts, marks
from worker.matching.judging import NAME
from worker.matching.marks import MARGIN, Mark

BATCH = 5000
NAMES = {
    "kommo.contacts": ("name",),
    "kommo.companies": ("name",),
    "gestao_click.clientes": ("nome", "razao_social"),
    "gestao_click.fornecedores": ("nome", "razao_social"),
}
"""The lists whose rows are parties, and the columns that name them."""
KOMMO, ERP = (
    tuple(name for name in NAMES if name.startswith(source))
    for source in ("kommo.", "gestao_click.")
)


ALONE, CROWDED = 3, 200
"""Whoever is known by a name that more have, or by a phone that so many have, is not judged anew for it: it says nothing."""


@dataclass(frozen=True)
class Read:
    """A row as a party."""

    record: str
    names: list[str]
    city: str | None
    changed_at: datetime
    facts: set[str]


def refresh(connection: Connection, integration_id: int, name: str) -> bool:
    """Reads up to BATCH changed rows of a list; True when there are more. The caller commits, and calls again."""
    resource, now = resources.BY_NAME[name], clock(connection)
    mark = marks.read(connection, integration_id, name)
    rows = _changed(connection, integration_id, resource, mark)
    if rows:
        read = _read(connection, integration_id, resource, [row for row in rows if row["live"]])
        _replace(connection, integration_id, name, [row["record"] for row in rows], read)
        mark = Mark(rows[-1]["changed_at"], rows[-1]["record"])
    more = len(rows) == BATCH
    marks.write(connection, integration_id, name, mark if more else Mark(now - MARGIN))
    return more


def _changed(
    connection: Connection, integration_id: int, resource: Resource, mark: Mark
) -> list[dict[str, Any]]:
    """Rows behind a mark that are not the parties that stand, in the order in which they changed; gone ones too."""
    row, telling = rows_table(resource), _telling(resource.columns)
    key = row.c[resource.key[0]]
    record = cast(key, Text)
    stands = (
        select(table.c.changed_at)
        .where(
            table.c.integration_id == integration_id,
            table.c.resource == resource.full_name,
            table.c.record == record,
        )
        .offset(0)  # or the planner, who expects one row, compares each with all parties
        .lateral("stands")
    )
    after = cast(literal(mark.record or "0"), key.type)
    behind = tuple_(row.c.changed_at, key) > tuple_(literal(mark.through), after)
    live = and_(row.c.deleted_at.is_(None), row.c.missing_since.is_(None))
    known = case((live, row.c.changed_at))
    wanted = dict.fromkeys([*NAMES[resource.full_name], *(each.name for each in telling)])
    asked = (
        select(
            record.label("record"),
            row.c.changed_at,
            live.label("live"),
            *(row.c[each] for each in wanted),
        )
        .select_from(row.outerjoin(stands, true()))
        .where(row.c.integration_id == integration_id, behind)
        .where(stands.c.changed_at.is_distinct_from(known))
        .order_by(row.c.changed_at, key)
        .limit(BATCH)
    )
    return [dict(found) for found in connection.execute(asked).mappings()]


def _read(
    connection: Connection, integration_id: int, resource: Resource, rows: Sequence[dict[str, Any]]
) -> list[Read]:
    telling = _telling(resource.columns)
    more = _children(connection, integration_id, resource, [row["record"] for row in rows])
    found = []
    for row in rows:
        names = facts.names_of(row, NAMES[resource.full_name])
        known = facts.facts_of(telling, (row[column.name] for column in telling), names)
        told, city = more.get(row["record"], (set(), None))
        city = city or facts.city_of(row.get("custom_fields"))
        found.append(Read(row["record"], names, city, row["changed_at"], known | told))
    return found


def _telling(columns: Iterable[Column]) -> list[Column]:
    """Those that may tell by what somebody is known."""
    return [column for column in columns if column.personal in FINDING]


def _children(
    connection: Connection, integration_id: int, resource: Resource, records: Sequence[str]
) -> dict[str, tuple[set[str], str | None]]:
    """What the rows' children tell: facts of contacts, the city of the first address."""
    told: dict[str, set[str]] = defaultdict(set)
    cities: dict[str, str] = {}
    for child in resource.children:
        lines = child_table(resource, child)
        telling = _telling(child.columns)
        city = lines.c.get("nome_cidade")
        if not telling and city is None:
            continue
        asked = select(lines).where(
            lines.c.integration_id == integration_id, lines.c[child.parent].in_(records)
        )
        for line in connection.execute(asked.order_by(lines.c.ordem)).mappings():
            record = str(line[child.parent])
            told[record] |= facts.facts_of(telling, (line[each.name] for each in telling), ())
            if city is not None and line["nome_cidade"]:
                cities.setdefault(record, plain(line["nome_cidade"]))
    return {record: (told[record], cities.get(record)) for record in told.keys() | cities.keys()}


def _replace(
    connection: Connection,
    integration_id: int,
    name: str,
    records: Sequence[str],
    read: Sequence[Read],
) -> None:
    """Puts parties and facts anew, in place of those of `records`, and makes dirty whom it concerns."""
    mine = {"integration": integration_id, "resource": name}
    lines = [(each.record, fact) for each in read for fact in sorted(each.facts)]
    columns: Mapping[str, Iterable[Any]] = {
        "record": (each.record for each in read),
        "changed_at": (each.changed_at for each in read),
        "city": (each.city for each in read),
        "names": ("\n".join(each.names) for each in read),
    }
    connection.exec_driver_sql(TOUCH, {**mine, "records": list(records)})
    connection.exec_driver_sql(FORGET_FACTS, {**mine, "records": list(records)})
    gone = sorted(set(records) - {each.record for each in read})
    for statement in (FORGET, FORGET_PAIRS):
        connection.exec_driver_sql(statement, {**mine, "records": gone})
    connection.exec_driver_sql(
        PUT, {**mine, **{key: list(column) for key, column in columns.items()}}
    )
    given = {"record": [record for record, _ in lines], "fact": [fact for _, fact in lines]}
    connection.exec_driver_sql(PUT_FACTS, {**mine, **given})
    connection.exec_driver_sql(TOUCH, {**mine, "records": list(records)})


_MINE = "integration_id = %(integration)s and resource = %(resource)s and record = any(%(records)s::text[])"
FORGET_FACTS = f"delete from ponte.party_facts where {_MINE}"  # noqa: S608
FORGET = f"delete from ponte.parties where {_MINE}"  # noqa: S608
FORGET_PAIRS = f"""
    update ponte.matches set state = 'apart', strength = 0, facts = '{{}}', why = 'the record is gone',
        changed_at = clock_timestamp() where {_MINE} and state <> 'apart'"""  # noqa: S608
PUT = """
    insert into ponte.parties as p (integration_id, resource, record, names, city, changed_at, dirty)
    select %(integration)s, %(resource)s, g.record, string_to_array(g.names, chr(10)), g.city, g.changed_at,
        starts_with(%(resource)s, 'kommo.')
    from unnest(%(record)s::text[], %(names)s::text[], %(city)s::text[], %(changed_at)s::timestamptz[])
        as g (record, names, city, changed_at)
    on conflict (integration_id, resource, record) do update
    set names = excluded.names, city = excluded.city, changed_at = excluded.changed_at, dirty = excluded.dirty"""
PUT_FACTS = """
    insert into ponte.party_facts (integration_id, resource, record, fact)
    select %(integration)s, %(resource)s, g.record, g.fact
    from unnest(%(record)s::text[], %(fact)s::text[]) as g (record, fact)"""
TOUCH = f"""
    update ponte.parties p set dirty = true from (
        select distinct other.integration_id, other.resource, other.record
        from (
            select fact from ponte.party_facts
            where fact in (select fact from ponte.party_facts where {_MINE})
            group by fact having count(*) <= case when fact like '{NAME}:%%' then {ALONE} else {CROWDED} end) mine
        join ponte.party_facts other using (fact) where other.resource like 'kommo.%%') t
    where (p.integration_id, p.resource, p.record) = (t.integration_id, t.resource, t.record)
    and not p.dirty"""  # noqa: S608
