"""Which record is meant: `kommo.leads 123` becomes one key of one resource of one integration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, func, select

from shared import integrations, resources
from shared.db.bookkeeping import deliveries, rejects
from shared.db.mirror import stamps_table
from shared.errors import Misuse, PonteError, UnknownTarget
from shared.integrations import Integration
from shared.resources.grammar import Resource
from shared.settings import Settings
from worker.sync.journal import key_of, key_text
from worker.sync.rows import Key


class UnknownRecord(PonteError):
    """Nothing is known about this key; what is known is told."""


@dataclass(frozen=True)
class Record:
    """What is asked about: one key of one resource of one integration."""

    integration: Integration
    resource: Resource
    key: Key

    @property
    def name(self) -> str:
        """`kommo.leads:123`"""
        return f"{self.resource.full_name}:{key_text(self.key)}"

    def of(self, table: Table) -> Any:
        """The condition that picks it from its table of rows or of stamps."""
        parts = (
            table.c[name] == part for name, part in zip(self.resource.key, self.key, strict=True)
        )
        return and_(table.c.integration_id == self.integration.id, *parts)


def named(
    connection: Connection,
    settings: Settings,
    resource_name: str,
    key: str,
    integration_id: int | None = None,
) -> Record:
    """What `kommo.leads 123` means here.

    Raises Misuse for a resource, key or integration that cannot be, UnknownRecord for a record that
    no integration knows.
    """
    if resource_name not in resources.BY_NAME:
        raise UnknownTarget(resource_name, list(resources.BY_NAME))
    resource = resources.BY_NAME[resource_name]
    try:
        parsed = key_of(resource, key)
    except ValueError as error:
        raise Misuse(f"{key!r}: {error}") from None
    asked = _candidates(connection, resource, integration_id)
    knowing = [
        one for each in asked if _is_known(connection, one := Record(each, resource, parsed))
    ]
    if not knowing:
        raise UnknownRecord(_what_is_known(connection, resource, parsed, asked))
    meant = integrations.of_environment(connection, settings, resource.provider)
    return _one_of(knowing, meant)


def _candidates(
    connection: Connection, resource: Resource, integration_id: int | None
) -> list[Integration]:
    known = [one for one in integrations.all_of(connection) if one.provider == resource.provider]
    if integration_id is None:
        return known
    chosen = [one for one in known if one.id == integration_id]
    if not chosen:
        names = [str(one.id) for one in known]
        raise UnknownTarget(f"integration {integration_id} of {resource.provider}", names)
    return chosen


def _is_known(connection: Connection, record: Record) -> bool:
    stamps = stamps_table(record.resource)
    if connection.scalar(select(func.count()).where(record.of(stamps))):
        return True
    return any(rejects_of(connection, record)) or any(deliveries_about(connection, record))


def _one_of(knowing: Sequence[Record], meant: Integration | None) -> Record:
    """Ids of several accounts overlap: the environment's is meant, else it has to be said."""
    for record in knowing:
        if len(knowing) == 1 or (meant and record.integration.id == meant.id):
            return record
    ids = ", ".join(str(record.integration.id) for record in knowing)
    raise Misuse(f"several integrations know {knowing[0].name}: say --integration, one of {ids}")


def _what_is_known(
    connection: Connection, resource: Resource, key: Key, asked: Sequence[Integration]
) -> str:
    stamps = stamps_table(resource)
    columns = [stamps.c[name] for name in resource.key]
    mine = stamps.c.integration_id.in_([one.id for one in asked])
    count = connection.scalar(select(func.count()).where(mine)) or 0
    first = connection.execute(select(*columns).where(mine).order_by(*columns).limit(1)).first()
    last = connection.execute(
        select(*columns).where(mine).order_by(*(column.desc() for column in columns)).limit(1)
    ).first()
    span = f", from {key_text(first)} to {key_text(last)}" if first and last else ""
    return (
        f"nothing is known about {resource.full_name} {key_text(key)}: {count:,} are mirrored{span}"
    )


def deliveries_about(connection: Connection, record: Record) -> Sequence[Row[Any]]:
    told = deliveries.c.about.contains([record.name])
    mine = deliveries.c.integration_id == record.integration.id
    return connection.execute(select(deliveries).where(told, mine).order_by(deliveries.c.id)).all()


def rejects_of(connection: Connection, record: Record) -> Sequence[Row[Any]]:
    """Rejects keep only the record's own id, the last part of a key."""
    chosen = select(rejects).where(
        rejects.c.integration_id == record.integration.id,
        rejects.c.resource == record.resource.full_name,
        rejects.c.key == str(record.key[-1]),
    )
    return connection.execute(chosen.order_by(rejects.c.id)).all()
