"""What the tests of Kommo's traps share: reading, telling by webhook, and meddling between two requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import text

from sandbox.http import Request, Response
from shared.resources import BY_NAME
from shared.resources.grammar import Resource
from tests.ground import Ground, Row
from worker.drain import drain

ACCOUNT, USERS, ROLES, PIPELINES, STATUSES = (
    BY_NAME[f"kommo.{name}"] for name in ("account", "users", "roles", "pipelines", "statuses")
)
LEADS, CONTACTS, COMPANIES, CUSTOMERS = (
    BY_NAME[f"kommo.{name}"] for name in ("leads", "contacts", "companies", "customers")
)
TASKS, NOTES, EVENTS, UNSORTED, TAGS, SOURCES, FIELDS = (
    BY_NAME[f"kommo.{name}"]
    for name in ("tasks", "notes", "events", "unsorted", "tags", "sources", "custom_fields")
)
API = "/api/v4"


def read(ground: Ground, *wanted: Resource, full: bool = False) -> Row:
    """Syncs lists to their end; the report of the last one."""
    report: Row = {}
    for resource in wanted:
        report = ground.sync(resource, full=full)
        assert report["state"] == "done", report["reason"]
    return report


def live(ground: Ground, resource: Resource) -> dict[Any, Row]:
    """Rows that are neither deleted nor missing, by the last column of their key."""
    return {
        row[resource.key[-1]]: row
        for row in ground.rows(resource)
        if row["deleted_at"] is None and row["missing_since"] is None
    }


def ids(ground: Ground, name: str) -> list[int]:
    return [int(record["id"]) for record in ground.box.truth("kommo", name)]


def names(ground: Ground, resource: Resource) -> dict[Any, Any]:
    return {id_: row["name"] for id_, row in live(ground, resource).items()}


def true_names(ground: Ground, name: str) -> dict[int, Any]:
    return {record["id"]: record["name"] for record in ground.box.truth("kommo", name)}


def set_quietly(ground: Ground, name: str, key: int, /, **fields: Any) -> None:
    """Sets fields of a record; nobody is told, and `updated_at` moves only if it is among them."""
    dotted = {field.replace("__", "."): value for field, value in fields.items()}
    ground.box.kommo.change(name, [key], dotted, silent=True, bump=False)


def change(ground: Ground, name: str, key: int, /, **fields: Any) -> None:
    """As somebody edits a record in Kommo while our hook is not told."""
    dotted = {field.replace("__", "."): value for field, value in fields.items()}
    ground.box.kommo.change(name, [key], dotted, silent=True)


def kept(ground: Ground, lead: int, **fields: Any) -> Row:
    """The row of a lead after these fields were set and read."""
    change(ground, "leads", lead, **fields)
    read(ground, LEADS)
    assert [reject for reject in ground.rejects() if reject["key"] == str(lead)] == []
    return live(ground, LEADS)[lead]


def tell(ground: Ground, *pairs: tuple[str, Any]) -> None:
    """A webhook's body arrives, as the receiver keeps it."""
    body = urlencode(pairs).encode()
    ground.keep(ground.integration("kommo").id, body)


def arrived(ground: Ground) -> bytes:
    """Everything that the sandbox has sent is in the inbox: all bodies in one."""
    deadline = time.monotonic() + 20
    while ground.box.courier.public()["pending"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return b"\n".join(row["body"] for row in ground.deliveries())


def drained(ground: Ground) -> list[str]:
    """Works off the inbox once everything is there; the outcomes of all deliveries."""
    arrived(ground)
    assert drain(ground.reach, ground.integration("kommo").id, 30.0) is False
    return [row["outcome"] for row in ground.deliveries()]


@contextmanager
def between(ground: Ground, edit: Callable[[Request, Response], Response]) -> Iterator[None]:
    """Every answer of Kommo's goes through `edit` before it is sent."""
    vendor: Any = ground.box.doors["kommo"].vendor
    answer = vendor.answer
    vendor.answer = lambda request: edit(request, answer(request))
    try:
        yield
    finally:
        vendor.answer = answer


@contextmanager
def meanwhile(ground: Ground, path: str, act: Callable[[], Any]) -> Iterator[None]:
    """Once: after the vendor has made its answer for `path`, and before it is sent, something happens."""
    waiting = [act]

    def late(request: Request, made: Response) -> Response:
        if request.path == API + path and waiting:
            waiting.pop()()
        return made

    with between(ground, late):
        yield
    assert not waiting, f"{path} was never asked for"


@contextmanager
def heard(ground: Ground) -> Iterator[list[Request]]:
    """Every request that Kommo gets meanwhile."""
    requests: list[Request] = []

    def note(request: Request, made: Response) -> Response:
        requests.append(request)
        return made

    with between(ground, note):
        yield requests


def ask(ground: Ground, sql: str, **values: Any) -> list[Row]:
    """SELECT, as somebody who only knows SQL."""
    found = ground.run(lambda c: c.execute(text(sql), values).mappings().all())
    return [dict(row) for row in found]


def shown(ground: Ground, lead: int, field: int) -> Any:
    """What the typed view says of one custom field of a lead."""
    (column,) = ask(
        ground,
        "select column_name from ponte.field_columns where entity_type = 'leads' and field_id = :id",
        id=field,
    )
    sql = f"select {column['column_name']} as answer from reports.kommo_leads where id = :id"
    (row,) = ask(ground, sql, id=lead)
    return row["answer"]
