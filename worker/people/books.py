"""What the books beside the mirror hold of a person: journal, rejects, deliveries.

Of the journal's records what is nobody's stays, as of rows; rejects go, for the vendor sends them again; of a
settled delivery the body goes, what became of it stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote_plus

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Text, and_, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from shared import resources
from shared.db.bookkeeping import deliveries, erased_records, journal, rejects
from shared.db.matching import matches, parties, party_facts
from shared.identities import Identity, in_text
from shared.resources.grammar import Resource
from worker.people import scrubbing
from worker.people.scrubbing import Scope
from worker.sync.journal import key_text
from worker.sync.rows import Key

EMPTIED = "its body was emptied: a person was erased"


def scrub(
    connection: Connection, integration_id: int, resource: Resource, held: Mapping[Key, Scope]
) -> None:
    """Of records that are an erased person's, or in which one is named."""
    by_key = {key_text(key): scope for key, scope in held.items()}
    for entry in of_journal(connection, integration_id, resource, list(held)):
        _scrub_entry(connection, entry, by_key[entry.key])
    keys = [key for key, scope in held.items() if scope.whole]
    connection.execute(rejects.delete().where(_rejected(integration_id, resource, keys)))
    _empty(connection, _told_of(integration_id, resource, keys))
    _forget_party(connection, integration_id, resource, [key_text(key) for key in keys])


def _forget_party(
    connection: Connection, integration_id: int, resource: Resource, records: Sequence[str]
) -> None:
    """By what the person was known: matching reads again what is left."""
    for table in (parties, party_facts):
        whose = (table.c.integration_id == integration_id, table.c.resource == resource.full_name)
        connection.execute(table.delete().where(*whose, table.c.record.in_(records)))
    ours = (matches.c.integration_id, matches.c.resource, matches.c.record)
    theirs = (matches.c.erp_integration_id, matches.c.erp_resource, matches.c.erp_record)
    for integration, name, record in (ours, theirs):
        mine = (integration == integration_id, name == resource.full_name, record.in_(records))
        connection.execute(update(matches).where(*mine).values(facts=[]))


def scrub_mentions(connection: Connection, identities: Sequence[Identity]) -> None:
    """What names the person anywhere, whatever record it is of."""
    for entry in list(journal_naming(connection, identities)):
        _scrub_entry(connection, entry, scrubbing.whole(resources.BY_NAME[entry.resource]))
    ids = [row.id for row in rejects_naming(connection, identities)]
    connection.execute(rejects.delete().where(rejects.c.id.in_(ids)))
    bodies = [row.id for row in deliveries_naming(connection, identities)]
    _empty(connection, deliveries.c.id.in_(bodies))


def _scrub_entry(connection: Connection, entry: Row[Any], scope: Scope) -> None:
    before = scrubbing.scrub(resources.BY_NAME[entry.resource], entry.before, scope)
    connection.execute(update(journal).where(journal.c.id == entry.id).values(before=before))


def _empty(connection: Connection, which: ColumnElement[bool]) -> None:
    """What waits still is settled first: it says where to look."""
    over = and_(which, deliveries.c.settled_at.is_not(None), deliveries.c.body != b"")
    connection.execute(update(deliveries).where(over).values(body=b"", reason=EMPTIED))


def empty_told(connection: Connection) -> None:
    """The bodies that told of erased people's records since."""
    for integration_id in list(
        connection.scalars(select(erased_records.c.integration_id).distinct())
    ):
        mine = erased_records.c.integration_id == integration_id
        name = erased_records.c.resource + ":" + erased_records.c.key
        names = func.array(select(name).where(mine).scalar_subquery(), type_=ARRAY(Text))
        told = and_(deliveries.c.about.is_not(None), deliveries.c.about.overlap(names))
        _empty(connection, and_(deliveries.c.integration_id == integration_id, told))


def of_journal(
    connection: Connection, integration_id: int, resource: Resource, keys: Sequence[Key]
) -> list[Row[Any]]:
    mine = (
        journal.c.integration_id == integration_id,
        journal.c.resource == resource.full_name,
        journal.c.key.in_([key_text(key) for key in keys]),
        journal.c.before.is_not(None),
    )
    return list(connection.execute(select(journal).where(*mine).order_by(journal.c.id)))


def of_rejects(
    connection: Connection, integration_id: int, resource: Resource, keys: Sequence[Key]
) -> list[Row[Any]]:
    mine = _rejected(integration_id, resource, keys)
    return list(connection.execute(select(rejects).where(mine).order_by(rejects.c.id)))


def of_deliveries(
    connection: Connection, integration_id: int, resource: Resource, keys: Sequence[Key]
) -> list[Row[Any]]:
    mine = and_(_told_of(integration_id, resource, keys), deliveries.c.body != b"")
    return list(connection.execute(select(deliveries).where(mine).order_by(deliveries.c.id)))


def _rejected(integration_id: int, resource: Resource, keys: Sequence[Key]) -> ColumnElement[bool]:
    """Rejects keep only the record's own id, the last part of a key."""
    return and_(
        rejects.c.integration_id == integration_id,
        rejects.c.resource == resource.full_name,
        rejects.c.key.in_([str(key[-1]) for key in keys]),
    )


def _told_of(integration_id: int, resource: Resource, keys: Sequence[Key]) -> ColumnElement[bool]:
    names = [f"{resource.full_name}:{key_text(key)}" for key in keys]
    return and_(
        deliveries.c.integration_id == integration_id,
        deliveries.c.about.is_not(None),
        deliveries.c.about.overlap(cast(names, ARRAY(Text))),
    )


def journal_naming(connection: Connection, identities: Sequence[Identity]) -> Iterator[Row[Any]]:
    said = func.lower(cast(journal.c.before, Text))
    found = connection.execute(select(journal).where(holding(said, identities)))
    return (row for row in found if _names(orjson.dumps(row.before).decode(), identities))


def rejects_naming(connection: Connection, identities: Sequence[Identity]) -> Iterator[Row[Any]]:
    said = func.lower(cast(rejects.c.record, Text))
    found = connection.execute(select(rejects).where(holding(said, identities)))
    return (row for row in found if _names(orjson.dumps(row.record).decode(), identities))


def deliveries_naming(connection: Connection, identities: Sequence[Identity]) -> Iterator[Row[Any]]:
    said = func.lower(func.encode(deliveries.c.body, "escape"))
    found = connection.execute(select(deliveries).where(holding(said, identities)))
    return (row for row in found if _names(body_text(row.body), identities))


def body_text(body: bytes) -> str:
    """A form as people read it."""
    return unquote_plus(bytes(body).decode(errors="replace"))


def holding(said: ColumnElement[str], identities: Sequence[Identity]) -> ColumnElement[bool]:
    """May a text, in lower case, name one of them? What passes is read and judged."""
    return or_(
        *(
            and_(*(said.contains(part, autoescape=True) for part in identity.fragments))
            for identity in identities
        )
    )


def _names(text: str, identities: Sequence[Identity]) -> bool:
    return not set(identities).isdisjoint(in_text(text))
