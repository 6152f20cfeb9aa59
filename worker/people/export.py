"""Everything that is held on a person, as JSON; and what a report of an erasure says besides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, false, or_, select

from shared.db.bookkeeping import integration_settings
from shared.db.matching import deal_sales, matches
from shared.db.mirror import child_table
from shared.identities import Identity, said_by
from shared.resources.columns import Personal
from shared.resources.grammar import Resource
from shared.settings import Settings
from worker.people import books
from worker.people.search import Held, Place, Search, in_order, row_of
from worker.sync.journal import key_text
from worker.sync.rows import Key


def search_all(connection: Connection, identities: Sequence[Identity]) -> Search:
    search = Search(identities)
    for resource in in_order():
        search.look(connection, resource)
    return search


def everything(
    connection: Connection, settings: Settings, search: Search, identities: Sequence[Identity]
) -> dict[str, Any]:
    """Rows with their children and records, and what the books keep of them."""
    return {
        "records": [_record(connection, *each) for each in _each(search)],
        "pairs": pairs(connection, search),
        **_books(connection, search, identities),
        "also_known_by": also_known_by(connection, search, identities),
        "at_the_vendors": at_the_vendors(connection, search),
        "retention": retention(settings),
    }


def _each(search: Search) -> Iterator[tuple[Resource, Place, Held]]:
    for resource, held in search.found.items():
        for place, each in sorted(held.items()):
            yield resource, place, each


def _record(connection: Connection, resource: Resource, place: Place, held: Held) -> dict[str, Any]:
    """Of a record in which the person is only named, that alone: the rest is another's."""
    row = row_of(connection, resource, place)._mapping
    kept = row if held.scope.whole else {name: row[name] for name in sorted(held.scope.columns)}
    return {
        "list": resource.full_name,
        "integration": place[0],
        "key": key_text(place[1]),
        "why": held.why,
        "row": dict(kept),
        "children": _children(connection, resource, place) if held.scope.whole else {},
    }


def _children(connection: Connection, resource: Resource, place: Place) -> dict[str, Any]:
    integration_id, key = place
    found = {}
    for child in resource.children:
        table = child_table(resource, child)
        mine = (table.c.integration_id == integration_id, table.c[child.parent] == key[0])
        rows = connection.execute(select(table).where(*mine).order_by(table.c.ordem))
        found[child.name] = [dict(row._mapping) for row in rows]
    return {name: rows for name, rows in found.items() if rows}


def pairs(connection: Connection, search: Search) -> list[dict[str, Any]]:
    """Whom or what of the other system the person's own records were paired with, and what was decided of it."""
    mine: dict[Table, list[ColumnElement[bool]]] = {matches: [], deal_sales: []}
    for resource, (integration_id, key), held in _each(search):
        if held.scope.whole:
            for table, condition in _paired(integration_id, resource, key):
                mine[table].append(condition)
    found = []
    for table, conditions in mine.items():
        rows = select(table).where(or_(false(), *conditions)).order_by(table.c.id)
        found += [{"of": table.name, **row._asdict()} for row in connection.execute(rows)]
    return found


def _paired(
    integration_id: int, resource: Resource, key: Key
) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    name, record, m, d = resource.full_name, str(key[-1]), matches.c, deal_sales.c
    if name == "kommo.leads":
        yield deal_sales, and_(d.integration_id == integration_id, d.lead_id == key[-1])
    elif name == "gestao_click.vendas":
        yield deal_sales, and_(d.erp_integration_id == integration_id, d.sale_id == record)
    else:
        ours = (m.integration_id, m.resource, m.record)
        theirs = (m.erp_integration_id, m.erp_resource, m.erp_record)
        for of, list_, id_ in (ours, theirs):
            yield matches, and_(of == integration_id, list_ == name, id_ == record)


def _books(
    connection: Connection, search: Search, identities: Sequence[Identity]
) -> dict[str, Any]:
    """Journal, rejects and deliveries of the person's records, and those that name the person."""
    journal = {row.id: row for row in books.journal_naming(connection, identities)}
    rejects = {row.id: row for row in books.rejects_naming(connection, identities)}
    deliveries = {row.id: row for row in books.deliveries_naming(connection, identities)}
    for resource, (integration_id, key), held in _each(search):
        if held.scope.whole:
            of = (connection, integration_id, resource, [key])
            journal |= {row.id: row for row in books.of_journal(*of)}
            rejects |= {row.id: row for row in books.of_rejects(*of)}
            deliveries |= {row.id: row for row in books.of_deliveries(*of)}
    return {
        "journal": [dict(row._mapping) for row in journal.values()],
        "rejects": [dict(row._mapping) for row in rejects.values()],
        "deliveries": [_delivery(row) for row in deliveries.values()],
    }


def _delivery(row: Row[Any]) -> dict[str, Any]:
    shown = ("id", "integration_id", "received_at", "settled_at", "outcome", "about")
    return {name: row._mapping[name] for name in shown} | {"body": books.body_text(row.body)}


def also_known_by(
    connection: Connection, search: Search, identities: Sequence[Identity]
) -> list[str]:
    """What the person's own records say besides: say it too, and more may be found."""
    found: set[Identity] = set()
    for resource, place, held in _each(search):
        if not held.scope.whole:
            continue
        row = row_of(connection, resource, place)._mapping
        telling = [c for c in resource.columns if c.personal in _SURE]
        found |= set(said_by(telling, [row[column.name] for column in telling]))
    return [str(each) for each in sorted(found - set(identities))]


_SURE = (Personal.PHONE, Personal.EMAIL, Personal.TAX_ID)


def at_the_vendors(connection: Connection, search: Search) -> list[dict[str, Any]]:
    """What Ponte cannot erase: the records themselves, by list and id, and where they are deleted."""
    accounts = {
        row.id: row
        for row in connection.execute(
            select(integration_settings.c.id, integration_settings.c.account_id)
        )
    }
    grouped: dict[tuple[Resource, int], list[str]] = defaultdict(list)
    for resource, place, held in _each(search):
        row = row_of(connection, resource, place)
        if held.scope.whole and row.deleted_at is None:
            grouped[resource, place[0]].append(key_text(place[1]))
    return [
        {
            "vendor": resource.provider,
            "account": accounts[id_].account_id if id_ in accounts else None,
            "list": resource.full_name,
            "ids": ids,
            "where": resource.deleted_there or f"the vendor's list {resource.path}",
        }
        for (resource, id_), ids in grouped.items()
    ]


def retention(settings: Settings) -> Mapping[str, str]:
    """How long what is not a table of rows keeps a person's data."""
    days = f"{settings.settled_days} days after they are settled"
    return {
        "deliveries": f"bodies of webhooks: {days}",
        "runs and audits": f"ids and counts only: {settings.settled_days} days",
        "journal": f"what rows were before: {settings.ponte_journal_days} days",
        "logs": "ids and counts only, on standard output; whoever collects them says how long",
        "redis": "names of tasks and ids only",
        "requests": "keyed hashes and counts, for good: they prove what was asked and done",
        "backups": "as long as you keep them; after restoring one, repeat the erasures since",
    }
