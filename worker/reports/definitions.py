"""What the views should be: an account's custom fields, the names given to them, its time zone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.sql import Identifier, Literal
from sqlalchemy import Connection, delete, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from shared import integrations
from shared.db.bookkeeping import field_columns
from shared.integrations import Integration
from worker.reports import columns, names
from worker.reports.columns import Column, Field

UTC = "UTC"


@dataclass(frozen=True)
class View:
    """One view of the schema `reports`, wanted."""

    name: str
    integration_id: int
    entity_type: str
    comment: str
    columns: tuple[Column, ...]

    @property
    def select(self) -> str:
        wanted = ",\n".join(f"  {one.sql} as {quoted(one.name)}" for one in self.columns)
        return (
            f"select\n{wanted}\nfrom {' '.join(columns.FROM[self.entity_type])}\n"
            f"where t.integration_id = {self.integration_id}\n"
            "and t.deleted_at is null and t.missing_since is null"
        )

    @property
    def comments(self) -> list[str]:
        place = f"reports.{quoted(self.name)}"
        return [
            f"comment on view {place} is {literal(self.comment)}",
            *(
                f"comment on column {place}.{quoted(one.name)} is {literal(one.comment)}"
                for one in self.columns
            ),
        ]

    @property
    def digest(self) -> str:
        """Changes with the definition and with what the comments say."""
        return hashlib.sha256("\n".join([self.select, *self.comments]).encode()).hexdigest()


def quoted(name: str) -> str:
    return Identifier(name).as_string()


def literal(words: str) -> str:
    return Literal(words).as_string()


def of(connection: Connection, integration_id: int) -> list[View]:
    """The views of one integration; none before its account is known."""
    known = by_rank(connection)
    mine = next((one for one in known if one.id == integration_id), None)
    if mine is None or mine != next(one for one in known if one.account_id == mine.account_id):
        return []
    prefixes = [f"kommo_{mine.account_id}"] + (["kommo"] if mine == known[0] else [])
    return [view for entity in columns.BASE for view in _views(connection, mine, entity, prefixes)]


def by_rank(connection: Connection) -> list[Integration]:
    """Accounts of Kommo that have been met; the first is the main one: default, sandbox, lowest id."""
    ranks = {"default": 0, "sandbox": 1}
    met = [
        one
        for one in integrations.all_of(connection)
        if one.provider == "kommo" and one.account_id and one.account_id.isdigit()
    ]
    return sorted(met, key=lambda one: (ranks.get(one.user_id, 2), one.id))


def _views(
    connection: Connection, mine: Integration, entity: str, prefixes: Sequence[str]
) -> list[View]:
    wanted = (*columns.BASE[entity], *_field_columns(connection, mine.id, entity))
    comment = (
        f"{entity} of Kommo account {mine.account_id} (integration {mine.id}), one column for each "
        "custom field; without those that are deleted or missing"
    )
    return [
        View(f"{prefix}_{entity}", mine.id, entity, comment, tuple(wanted)) for prefix in prefixes
    ]


def _field_columns(connection: Connection, integration_id: int, entity: str) -> list[Column]:
    """In the order in which the fields got their names, so that new ones stand at the end."""
    fields = {field.id: field for field in _fields(connection, integration_id, entity)}
    named = _named(connection, integration_id, entity, list(fields.values()))
    zone = _zone(connection, integration_id)
    return [columns.of_field(fields[id_], name, zone) for id_, name in named.items()]


def _fields(connection: Connection, integration_id: int, entity: str) -> list[Field]:
    rows = connection.execute(
        text(
            "select id, name, type, coalesce(deleted_at, missing_since) as gone_at"
            " from kommo.custom_fields where integration_id = :integration and entity_type = :entity"
            " order by sort nulls last, id"
        ),
        {"integration": integration_id, "entity": entity},
    )
    return [Field(row.id, row.name, row.type, row.gone_at) for row in rows]


def _named(
    connection: Connection, integration_id: int, entity: str, fields: Sequence[Field]
) -> dict[int, str]:
    """Field id → its column's name, in order of assignment. A field that is gone gets no new one."""
    table = field_columns
    place = {"integration_id": integration_id, "entity_type": entity}
    rows = connection.execute(select(table).filter_by(**place).order_by(table.c.position)).all()
    stored = {row.field_id: row.column_name for row in rows}
    base = {column.name for column in columns.BASE[entity]}
    given = {id_: name for id_, name in stored.items() if name not in base}
    known = {field.id: field.name for field in fields if field.id in stored or not field.gone_at}
    order = [id_ for id_ in stored if id_ in known] + [id_ for id_ in known if id_ not in stored]
    reserved = base | _kept_by_sql(connection)
    named = names.assign([(id_, known[id_]) for id_ in order], given, reserved)
    fresh = {id_: name for id_, name in named.items() if stored.get(id_) != name}
    last = max((row.position for row in rows), default=0)
    for position, (id_, name) in enumerate(fresh.items(), start=last + 1):
        row = insert(table).values(**place, field_id=id_, column_name=name, position=position)
        connection.execute(
            row.on_conflict_do_update(constraint=table.primary_key, set_={"column_name": name})
        )
    return named


def _kept_by_sql(connection: Connection) -> set[str]:
    """Words that would have to be quoted as a column's name: order, user, end, …"""
    asked = text("select word from pg_get_keywords() where catcode in ('R', 'T')")
    return set(connection.scalars(asked))


def _zone(connection: Connection, integration_id: int) -> str:
    """The account's time zone if PostgreSQL knows it: an unknown one would break every date."""
    asked = text(
        "select timezone from kommo.account where integration_id = :integration"
        " and timezone ~ '^[A-Za-z_]+/[A-Za-z0-9_+/-]+$'"
        " and pg_input_is_valid('2000-01-01 00:00 ' || timezone, 'timestamptz')"
    )
    return connection.scalar(asked, {"integration": integration_id}) or UTC


def forget_gone(connection: Connection, integration_id: int) -> int:
    """Gives up the columns of fields that Kommo does not list any more; how many there were."""
    gone = [
        (entity, field.id)
        for entity in columns.BASE
        for field in _fields(connection, integration_id, entity)
        if field.gone_at
    ]
    table = field_columns
    given_up = delete(table).where(
        table.c.integration_id == integration_id,
        tuple_(table.c.entity_type, table.c.field_id).in_(gone),
    )
    return connection.execute(given_up).rowcount
