"""A table of a million leads out of some thousand: what the engine has written once is copied in PostgreSQL, under
the ids, names and moments that the vendor's other leads have (bench/repeated.py).

Rows, stamps and the contacts that the records name; indexes are kept up meanwhile, as the engine would.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from bench.leads import EPOCH, FIRST_CONTACT, STEP, id_of
from shared.resources.kommo import LEADS

TOGETHER = 20_000
"""Rows a transaction, about."""
OWN = {
    "id": "id + %(ids)s",
    "name": "'Pedido ' || %(numbers)s + 1 + (id - %(first)s) / %(step)s || ' revisão 0'",
    "created_at": "created_at + make_interval(secs => %(numbers)s)",
    "updated_at": "updated_at + make_interval(secs => %(numbers)s)",
    "raw": "raw || jsonb_build_object('id', id + %(ids)s)",
}
"""What is every lead's own, out of the lead that it repeats."""
COLUMNS = ("integration_id", *(column.name for column in LEADS.columns), "raw", "changed_at")
STAMPS = ("integration_id", "id", "hash", "observed_at")
CONTACTS = """
    insert into kommo.contacts (integration_id, id, name, created_at, updated_at, raw, changed_at)
    select %(integration)s, %(contact)s + n, 'Contato ' || n, to_timestamp(%(epoch)s + n),
    to_timestamp(%(epoch)s + n), '{}', clock_timestamp() from generate_series(0, %(written)s - 1) n
"""


def fill(url: str, written: int, leads: int) -> None:
    """From `written` leads, which the engine has read, to `leads` of them."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("select min(integration_id) from kommo.leads").fetchone()
        named = {"integration": row and row[0], "contact": FIRST_CONTACT, "epoch": EPOCH}
        connection.execute(CONTACTS, {**named, "written": written})
        for first in range(written, leads, written):
            for start in range(0, min(written, leads - first), TOGETHER):
                _copy(connection, first, start, min(start + TOGETHER, written, leads - first))


def _copy(connection: psycopg.Connection[object], numbers: int, start: int, end: int) -> None:
    """Leads `start` to `end` once more, `numbers` places further on."""
    places = {
        "numbers": numbers,
        "ids": numbers * STEP,
        "first": id_of(0),
        "step": STEP,
        "from": id_of(start),
        "to": id_of(end),
    }
    with connection.transaction():
        connection.execute(_statement(("kommo", "leads"), COLUMNS), places)
        connection.execute(_statement(("sync", "kommo_leads_stamps"), STAMPS), places)


def _statement(table: tuple[str, str], columns: tuple[str, ...]) -> sql.Composed:
    made = "insert into {table} ({names}) select {values} from {table} {where}"
    return sql.SQL(made).format(
        table=sql.Identifier(*table),
        names=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(sql.SQL(OWN.get(name, name)) for name in columns),
        where=sql.SQL("where id >= %(from)s and id < %(to)s order by id"),
    )
