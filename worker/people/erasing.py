"""Erasure: tombstones first, then list by list what stands, each under the lock of its writers.

Rows stay, with what is nobody's: the law lets fiscal records be kept (LGPD, art. 16), and sums go on to
balance. What dies half-way is begun again by the same order: it finds what is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    Text,
    and_,
    any_,
    cast,
    false,
    func,
    null,
    or_,
    select,
    update,
)

from shared.db.bookkeeping import erased_people, erased_records, integration_settings
from shared.db.bookkeeping import journal as journal_table
from shared.db.engine import clock
from shared.db.mirror import child_table, rows_table, stamps_table
from shared.identities import Identity
from shared.logs import logger
from shared.resources.columns import Column, Type
from shared.resources.grammar import About, Child, Resource
from worker.people import books, requests, scrubbing, tombstones
from worker.people.scrubbing import Scope
from worker.people.search import Held, Place, Search, conditions, embedded_ids, in_order, row_of
from worker.reach import Reach
from worker.sync import journal
from worker.sync.journal import Kind, key_text
from worker.sync.rows import Key
from worker.sync.upsert import Mirror

log = logger(__name__)


def erase(reach: Reach, identities: Sequence[Identity], asked_by: str) -> tuple[int, Search]:
    """Erases a person; returns the request's id, and what was found."""
    with reach.engine.begin() as connection:
        id_ = requests.note(connection, requests.ERASE, identities, asked_by)
        kept_under = tombstones.bury(connection, identities, id_)
    search = Search(identities)
    for resource in in_order():
        with reach.engine.begin() as connection:
            _lock(connection, resource)
            held = search.look(connection, resource)
            _scrub_all(connection, resource, held, kept_under)
    with reach.engine.begin() as connection:
        books.scrub_mentions(connection, identities)
        requests.note_held(connection, id_, requests.counts(search))
    keep_erased(reach)  # what an erasure that died has left, and what came meanwhile
    log.info("person_erased", request=id_, by=asked_by)
    return id_, search


def keep_erased(reach: Reach) -> int:
    """What came in before the record on which it hangs, and the bodies of deliveries since: scrubbed too.

    Returns how many rows had to be. Nobody waits for it where there is nothing.
    """
    with reach.engine.begin() as connection:
        if not connection.scalar(select(func.count()).select_from(erased_people)):
            return 0
    done = sum(_scrub_left(reach, resource) for resource in in_order())
    with reach.engine.begin() as connection:
        books.empty_told(connection)
    return done


def _scrub_left(reach: Reach, resource: Resource) -> int:
    with reach.engine.begin() as connection:
        if not _left(connection, resource):
            return 0
    with reach.engine.begin() as connection:
        _lock(connection, resource)
        found = _left(connection, resource)
        for request_id, held in found.items():
            _scrub_all(connection, resource, held, request_id)
    return sum(len(held) for held in found.values())


def _lock(connection: Connection, resource: Resource) -> None:
    """Every page of the list was written before, or sees the tombstones."""
    ids = select(integration_settings.c.id).order_by(integration_settings.c.id)
    for id_ in list(connection.scalars(ids)):
        Mirror(connection, id_, resource)


def _scrub_all(
    connection: Connection, resource: Resource, held: Mapping[Place, Held], request_id: int
) -> None:
    by_integration: dict[int, dict[Key, Scope]] = defaultdict(dict)
    for place, each in sorted(held.items()):
        integration_id, key = place
        by_integration[integration_id][key] = each.scope
        _scrub_row(connection, resource, place, each.scope, request_id)
    for integration_id, scopes in by_integration.items():
        books.scrub(connection, integration_id, resource, scopes)
        whole = {key: request_id for key, scope in scopes.items() if scope.whole}
        tombstones.note(connection, integration_id, resource, whole)


def _scrub_row(
    connection: Connection, resource: Resource, place: Place, scope: Scope, request_id: int
) -> None:
    """The row, its children, its stamp and its journal, as a sync would leave them from now on."""
    row = row_of(connection, resource, place)
    record = scrubbing.scrub(resource, row.raw, scope)
    left = {
        column.name: _stored(column, scrubbing.value_of(column, record))
        for column in resource.columns
        if column.name in scope.columns
    }
    if record != row.raw or any(getattr(row, name) != left[name] for name in left):
        now = clock(connection)
        _tell(connection, resource, place, row, request_id, now)
        # without null() jsonb would hold JSON's null
        emptied = {name: null() if value is None else value for name, value in left.items()}
        changes = {**emptied, "raw": record, "changed_at": now}
        table = rows_table(resource)
        connection.execute(update(table).where(_on(table, resource, place)).values(changes))
    asked = [getattr(row, column.name) for column in resource.columns if column.asked]
    stamps = stamps_table(resource)
    alive = and_(_on(stamps, resource, place), stamps.c.hash.is_not(None))
    new = scrubbing.erased_hash(resource, record, asked, scope)
    connection.execute(update(stamps).where(alive).values(hash=new))
    for child in resource.children if scope.whole else ():
        _scrub_children(connection, resource, child, place)


def _stored(column: Column, value: Any) -> Any:
    """Readers give JSON as text."""
    return orjson.loads(value) if column.type is Type.JSON and value is not None else value


def _on(table: Table, resource: Resource, place: Place) -> ColumnElement[bool]:
    integration_id, key = place
    same = [table.c[name] == part for name, part in zip(resource.key, key, strict=True)]
    return and_(table.c.integration_id == integration_id, *same)


def _tell(
    connection: Connection,
    resource: Resource,
    place: Place,
    row: Row[Any],
    request_id: int,
    now: datetime,
) -> None:
    integration_id, key = place
    entry = {
        "integration_id": integration_id,
        "resource": resource.full_name,
        "key": key_text(key),
        "at": now,
        "kind": Kind.ERASED,
        "since": row.changed_at,
        "was": journal.state_of(row),
        "cause": f"person request {request_id}",
    }
    connection.execute(journal_table.insert().values(entry))


def _scrub_children(connection: Connection, resource: Resource, child: Child, place: Place) -> None:
    table = child_table(resource, child)
    integration_id, key = place
    mine = and_(table.c.integration_id == integration_id, table.c[child.parent] == key[0])
    theirs = [column.name for column in child.columns if column.is_personal]
    if len(theirs) == len(child.columns):
        connection.execute(table.delete().where(mine))
    elif theirs:
        connection.execute(update(table).where(mine).values(dict.fromkeys(theirs)))


def _left(connection: Connection, resource: Resource) -> dict[int, dict[Place, Held]]:
    """Rows that hang on an erased record and are as they came, by request."""
    found: dict[int, dict[Place, Held]] = defaultdict(lambda: defaultdict(Held))
    for about in resource.about:
        scope = scrubbing.scope_of(resource, about)
        for request_id, place in _unscrubbed(connection, resource, about, scope):
            found[request_id][place].add(scope, about.to)
    return found


def _unscrubbed(
    connection: Connection, resource: Resource, about: About, scope: Scope
) -> Iterator[tuple[int, Place]]:
    table, owners, own = rows_table(resource), erased_records.alias(), erased_records.alias()
    keys = [table.c[name] for name in resource.key]
    hangs = (
        owners.c.key == any_(embedded_ids(table, about.embedded))
        if about.embedded
        else cast(table.c[about.by], Text) == owners.c.key
    )
    written = func.concat_ws("/", *(cast(each, Text) for each in keys))
    known = and_(
        own.c.integration_id == table.c.integration_id,
        own.c.resource == resource.full_name,
        own.c.key == written,
    )
    said = or_(false(), *(table.c[name].is_not(None) for name in scope.columns))
    rows = connection.execute(
        select(owners.c.request_id, table.c.integration_id, *keys).where(
            owners.c.resource == about.to,
            owners.c.integration_id == table.c.integration_id,
            hangs,
            *conditions(table, about),
            ~select(own.c.key).where(known).exists() if scope.whole else said,
        )
    )
    for row in rows:
        yield row[0], (row[1], tuple(row[2:]))
