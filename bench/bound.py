"""What PostgreSQL and psycopg alone can do with rows that are ready: no sync of leads is faster than this.

Rows with the typed columns of kommo.leads, their raw record and a hash go through COPY into a temporary table
and one INSERT … ON CONFLICT into a table with nothing but its primary key; a row whose hash is the same is left
alone. With `--fetch` a thread fetches and decodes the pages meanwhile, as any sync must.

A program of its own, for the part "load": DATABASE_URL, VENDOR_URL and VENDOR_TOKEN stand in its environment.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import orjson
import psycopg

from shared import interpreter
from shared.resources.columns import Context
from shared.resources.kommo import LEADS
from worker.sync import rows

BATCH = 5_000
"""Rows a transaction: so many that their commit weighs nothing beside them."""
PAGE = 250
TABLE = "bench.leads"
COLUMNS = [*(column.name for column in LEADS.columns), "raw", "hash"]
NAMES = ", ".join(COLUMNS)
MAKE = f"""
    create schema if not exists bench;
    create table if not exists {TABLE} (like kommo.leads, hash uuid, primary key (id));
    alter table {TABLE} drop column if exists integration_id, drop column if exists changed_at;
    create temp table stage (like {TABLE}) on commit delete rows
"""
WRITE = f"""
    insert into {TABLE} as t ({NAMES}) select {NAMES} from stage
    on conflict (id) do update set {", ".join(f"{name} = excluded.{name}" for name in COLUMNS)}
    where t.hash is distinct from excluded.hash
"""  # noqa: S608 - names of our own declaration
Ready = tuple[Any, ...]


def pages() -> Iterator[Any]:
    """Every page of leads, decoded."""
    url, token = urlsplit(os.environ["VENDOR_URL"]), os.environ["VENDOR_TOKEN"]
    connection = HTTPConnection(url.netloc)
    for number in range(1, 1_000_000):
        path = f"/api/v4/leads?limit={PAGE}&page={number}"
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        body = connection.getresponse().read()
        if not body:
            return
        yield orjson.loads(body)


def ready_rows() -> list[Ready]:
    """As the product makes them; not a part of what is measured."""
    found: list[Ready] = []
    for page in pages():
        batch = rows.batch(LEADS, page["_embedded"]["leads"], Context({}, "BR"))
        found += [(*row.values, row.raw, row.hash) for row in batch.rows]
    return found


def write(connection: psycopg.Connection[Any], ready: Sequence[Ready], size: int) -> None:
    source = iter(ready)
    while batch := list(islice(source, size)):
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(f"copy stage ({NAMES}) from stdin") as copy:
                for row in batch:
                    copy.write_row(row)
            cursor.execute(WRITE)


def exhaust() -> None:
    for _ in pages():
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fetch", action="store_true")
    parser.add_argument("--batch", type=int, default=BATCH)
    options = parser.parse_args()
    ready = ready_rows()
    interpreter.settle()  # or the collector would look through all of them, again and again
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(MAKE)
        beside = threading.Thread(target=exhaust if options.fetch else lambda: None)
        began = time.monotonic()
        beside.start()
        write(connection, ready, options.batch)
        beside.join()
        seconds = time.monotonic() - began
    print(orjson.dumps({"seconds": seconds}).decode())


if __name__ == "__main__":
    main()
