"""Erasure that lasts: what the vendors still send of an erased person is scrubbed before it is written.

People are known by keyed hashes alone (`ponte.erased_people`), their records by key (`ponte.erased_records`).
Called with the writer's lock held, so a page either stood before the erasure, which then found it, or comes
after it. Where nobody was erased it costs one look into an empty table.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Text, cast, column, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, insert

from shared.db.bookkeeping import erased_people, erased_records, person_key
from shared.identities import Identity, in_text, said_by
from shared.resources.grammar import About, Resource
from shared.secrets import Keyring
from worker.people import scrubbing
from worker.people.scrubbing import Scope
from worker.sync import rows
from worker.sync.journal import key_text
from worker.sync.rows import Batch, Key, Rejected

Owner = tuple[str, str]
"""A record as `erased_records` names it: resource, key."""


@dataclass(frozen=True)
class Applied:
    """batch: with the rows of erased people scrubbed; new: of which of them nobody had known yet that they
    are an erased person's, and by which request they are."""

    batch: Batch
    new: Mapping[Key, int] = field(default_factory=dict)


def apply(connection: Connection, integration_id: int, resource: Resource, batch: Batch) -> Applied:
    """Reads only; what is new is noted by who writes the rows."""
    if not resource.is_personal or not (batch.rows or batch.rejects):
        return Applied(batch)
    dead = {row.digest: row.request_id for row in connection.execute(select(erased_people))}
    if not dead:
        return Applied(batch)
    known = _erased(connection, integration_id, _named(resource, batch))
    secret = hashing_key(connection)
    told = {row.key: _requests(secret, dead, _spoken(resource, row)) for row in batch.rows}
    scopes = {row.key: _scope(resource, row, known, told[row.key]) for row in batch.rows}
    kept = tuple(
        scrubbing.scrubbed(resource, row, scopes[row.key]) if scopes[row.key].columns else row
        for row in batch.rows
    )
    rejects = tuple(_without_people(resource, each, known, secret, dead) for each in batch.rejects)
    new = {
        row.key: min(told[row.key] | _owners_requests(resource, row, known))
        for row in batch.rows
        if scopes[row.key].whole and (resource.full_name, key_text(row.key)) not in known
    }
    return Applied(replace(batch, rows=kept, rejects=rejects), new)


def _spoken(resource: Resource, row: rows.Row) -> Iterator[Identity]:
    yield from said_by(resource.columns, row.values)
    for child, lines in zip(resource.children, row.children, strict=True):
        for line in lines:
            yield from said_by(child.columns, line)


def _requests(secret: bytes, dead: Mapping[str, int], spoken: Iterable[Identity]) -> frozenset[int]:
    digests = {digest(secret, identity) for identity in spoken}
    return frozenset(dead[each] for each in digests & dead.keys())


def _scope(
    resource: Resource, row: rows.Row, known: Mapping[Owner, int], told: frozenset[int]
) -> Scope:
    found = Scope()
    if told or (resource.full_name, key_text(row.key)) in known:
        found = scrubbing.whole(resource)
    for about, owner in owners(resource, row):
        if owner in known:
            found |= scrubbing.scope_of(resource, about)
    return found


def _owners_requests(
    resource: Resource, row: rows.Row, known: Mapping[Owner, int]
) -> frozenset[int]:
    found = (known.get(owner) for about, owner in owners(resource, row) if about.whole)
    return frozenset(each for each in found if each is not None)


def owners(resource: Resource, row: rows.Row) -> Iterator[tuple[About, Owner]]:
    """Whose a row is, as its columns say."""
    if not resource.about:
        return
    named = dict(zip((each.name for each in resource.columns), row.values, strict=True))
    for about in resource.about:
        if any(named[name] != wanted for name, wanted in about.where.items()):
            continue
        for id_ in _embedded(row, about.embedded) if about.embedded else (named[about.by],):
            if id_ is not None:
                yield about, (about.to, str(id_))


def _embedded(row: rows.Row, name: str) -> Iterator[Any]:
    inside = (orjson.loads(row.raw).get("_embedded") or {}).get(name) or []
    for each in inside.values() if isinstance(inside, dict) else inside:
        if isinstance(each, dict):
            yield each.get("id")


def _named(resource: Resource, batch: Batch) -> set[Owner]:
    """Every record that might be an erased one: the rows themselves, and whose they are."""
    found = {(resource.full_name, key_text(row.key)) for row in batch.rows}
    found |= {(resource.full_name, each.key) for each in batch.rejects if each.key}
    return found | {owner for row in batch.rows for _, owner in owners(resource, row)}


def _erased(connection: Connection, integration_id: int, named: set[Owner]) -> dict[Owner, int]:
    table = erased_records
    mine = table.c.integration_id == integration_id
    found = connection.execute(select(table).where(mine, among(table, sorted(named))))
    return {(row.resource, row.key): row.request_id for row in found}


def among(table: Any, named: Sequence[Owner]) -> ColumnElement[bool]:
    """Is a row's (resource, key) one of these? Two arrays travel, however many there are."""
    names, keys = [resource for resource, _ in named], [key for _, key in named]
    arrays = func.unnest(cast(names, ARRAY(Text)), cast(keys, ARRAY(Text)))
    given = arrays.table_valued(column("resource", Text), column("key", Text)).render_derived()
    return tuple_(table.c.resource, table.c.key).in_(select(given.c.resource, given.c.key))


def _without_people(
    resource: Resource,
    reject: Rejected,
    known: Mapping[Owner, int],
    secret: bytes,
    dead: Mapping[str, int],
) -> Rejected:
    """A record that can be no row: of an erased person's only the id is kept, and no word of the reason."""
    theirs = (resource.full_name, reject.key) in known
    if not theirs and not _requests(secret, dead, in_text(reject.record)):
        return reject
    return rows.withheld(reject)


def note(
    connection: Connection, integration_id: int, resource: Resource, new: Mapping[Key, int]
) -> None:
    """Records of which it is known from now on that they are an erased person's."""
    if not new:
        return
    lines = [
        {
            "integration_id": integration_id,
            "resource": resource.full_name,
            "key": key_text(key),
            "request_id": request_id,
        }
        for key, request_id in new.items()
    ]
    connection.execute(insert(erased_records).on_conflict_do_nothing(), lines)


def bury(connection: Connection, identities: Iterable[Identity], request_id: int) -> int:
    """From now on whoever is known by one of these is erased wherever they come up.

    Returns the request under which the records are kept: that of the first erasure, if this one repeats it.
    """
    secret = hashing_key(connection)
    digests = [digest(secret, each) for each in identities]
    lines = [{"digest": each, "request_id": request_id} for each in digests]
    connection.execute(insert(erased_people).on_conflict_do_nothing(), lines)
    mine = erased_people.c.digest.in_(digests)
    first = select(func.min(erased_people.c.request_id)).where(mine)
    kept_under: int = connection.execute(first).scalar_one()
    return kept_under


def lift(connection: Connection, identities: Iterable[Identity]) -> int:
    """Takes tombstones away; records go with the last one of their request. Returns how many there were."""
    secret = hashing_key(connection)
    digests = [digest(secret, each) for each in identities]
    mine = erased_people.c.digest.in_(digests)
    gone = connection.execute(erased_people.delete().where(mine).returning(erased_people))
    requests = [row.request_id for row in gone]
    left = erased_records.c.request_id.not_in(select(erased_people.c.request_id))
    theirs = erased_records.c.request_id.in_(requests)
    connection.execute(erased_records.delete().where(theirs, left))
    return len(requests)


def erased_by(
    connection: Connection, integration_id: int, resource: Resource, key: Key
) -> Row[Any] | None:
    """The line that says that a record is an erased person's: request_id, at."""
    table = erased_records
    mine = table.c.integration_id == integration_id
    return connection.execute(
        select(table).where(mine, among(table, [(resource.full_name, key_text(key))]))
    ).first()


def hashing_key(connection: Connection) -> bytes:
    """The key of the hashes, made once, kept encrypted: it outlives every change of PONTE_SECRET_KEY."""
    keyring: Keyring = connection.get_execution_options()["keys"]
    sealed = connection.scalar(select(person_key.c.sealed))
    if sealed is None:
        new = keyring.encrypt(secrets.token_hex(32))
        connection.execute(insert(person_key).values(id=1, sealed=new).on_conflict_do_nothing())
        sealed = connection.scalars(select(person_key.c.sealed)).one()
    return bytes.fromhex(keyring.decrypt(bytes(sealed)))


def digest(secret: bytes, identity: Identity) -> str:
    """`phone:9f3c…`: tells again whether it is the same, and nothing else."""
    keyed = hmac.new(secret, str(identity).encode(), hashlib.sha256).hexdigest()
    return f"{identity.kind}:{keyed}"
