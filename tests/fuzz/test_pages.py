"""Whatever a vendor answers: records, or one of the declared errors. Nothing else ever comes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.http import Response
from shared import resources
from shared.errors import PonteError
from shared.resources.columns import Context
from shared.resources.grammar import Resource
from tests.fuzz.strange import ANYTHING, asked_of, effort, records
from tests.worker.sources.vendors import Vendor, reply, vendor
from worker.reach import Reach
from worker.sources import gestao_click, kommo
from worker.sources.bodies import parse
from worker.sources.gestao_click import GestaoClick
from worker.sources.kommo import Kommo
from worker.sources.protocol import Ask, Source
from worker.sync import rows
from worker.sync.upsert import Mirror


def _json(body: Any) -> bytes:
    """With numbers that are too long for orjson and half characters, which vendors may send all the same."""
    return json.dumps(body).encode()


SINCE = datetime(2026, 11, 23, tzinfo=UTC)
LEADS, STATUSES, ACCOUNT, TALKS = (
    resources.BY_NAME[f"kommo.{name}"] for name in ("leads", "statuses", "account", "talks")
)
SALES, STORES = (resources.BY_NAME[f"gestao_click.{name}"] for name in ("vendas", "lojas"))


class Asked:
    """Both vendors behind one server that answers what it is told to."""

    def __init__(self, made: Vendor) -> None:
        self._made = made
        self.kommo = Kommo(made.door(kommo.dialect("t"), attempts=1))
        click = gestao_click.dialect("a", "s")
        self.click = GestaoClick(made.door(click, attempts=1))

    def answer(self, status: int, body: bytes) -> None:
        self._made.answers[:] = [reply(status, body)]

    def everything(self, source: Source, some: tuple[Resource, ...]) -> None:
        """Each question that an engine asks; what is refused is refused in a declared way."""
        for resource in some:
            ask = Ask(resource, asked_of(resource))
            with suppress(PonteError):
                rows.batch(resource, source.page(ask, 1).records, Context(ask.slice))
            if resource.by_id:
                with suppress(PonteError):
                    rows.batch(resource, source.look(ask, ["7"]).records, Context(ask.slice))
            with suppress(PonteError):
                source.news(resource, SINCE)
        with suppress(PonteError):
            source.account()


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    with vendor(Response(200, b"{}", "application/json", {})) as made:
        yield Asked(made)


NAMES = ("leads", "pipelines", "statuses", "events", "talks")
INNER = st.one_of(ANYTHING, st.lists(st.one_of(ANYTHING, records(LEADS)), max_size=3))
EMBEDDED = st.one_of(ANYTHING, st.dictionaries(st.sampled_from(NAMES), INNER, max_size=3))
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(LEADS.news)},
    optional=dict.fromkeys(
        ("created_at", "entity_type", "entity_id", "value_before", "value_after"), ANYTHING
    ),
)
TOLD = st.fixed_dictionaries({"events": st.lists(EVENT, max_size=2)})
KOMMO = st.fixed_dictionaries(
    {},
    optional={
        "_embedded": st.one_of(EMBEDDED, TOLD),
        "_links": st.one_of(ANYTHING, st.fixed_dictionaries({"self": ANYTHING})),
        "_total_items": ANYTHING,
        "id": ANYTHING,
        "is_deleted": ANYTHING,
    },
)
META = st.dictionaries(
    st.sampled_from(["total_registros", "total_paginas", "proxima_pagina"]), ANYTHING, max_size=3
)
CLICK = st.fixed_dictionaries(
    {},
    optional={
        "data": st.one_of(ANYTHING, st.lists(records(SALES), max_size=3)),
        "meta": st.one_of(ANYTHING, META),
        "code": ANYTHING,
        "status": st.one_of(ANYTHING, st.just("success")),
    },
)
STATUSES_OF_HTTP = st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 422, 500])


@effort(60)
@given(body=st.one_of(KOMMO, ANYTHING), status=STATUSES_OF_HTTP)
@example(body={"_embedded": {"events": [{"type": "lead_deleted"}]}}, status=200)
@example(body={"_embedded": {"leads": 7}}, status=200)
@example(body={"title": "half a \ud83d"}, status=404)
def test_kommo_gives_records_or_a_declared_error(asked: Asked, body: Any, status: int) -> None:
    asked.answer(status, _json(body))
    asked.everything(asked.kommo, (LEADS, STATUSES, ACCOUNT, TALKS))


@effort(60)
@given(body=st.one_of(CLICK, ANYTHING), status=STATUSES_OF_HTTP)
@example(body={"data": [7], "meta": {"total_registros": "9" * 5000}}, status=200)
def test_gestao_click_gives_records_or_a_declared_error(
    asked: Asked, body: Any, status: int
) -> None:
    asked.answer(status, _json(body))
    asked.everything(asked.click, (SALES, STORES))


@effort(100)
@given(st.one_of(st.binary(max_size=60), ANYTHING.map(_json)))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b"1" * 100_000)
@example(b'"\\ud800\\u0000"')
@example(b"NaN")
def test_any_bytes_are_a_value_or_no_json(body: bytes) -> None:
    with suppress(ValueError):
        orjson.dumps(parse(body))


def test_of_any_records_each_becomes_a_row_or_a_reject() -> None:
    for resource in resources.ALL:
        _ensure_one_or_the_other(resource)


def _ensure_one_or_the_other(resource: Resource) -> None:
    @effort(4)
    @given(st.lists(records(resource), max_size=4))
    def each_is_one_or_the_other(sent: list[Any]) -> None:
        batch = rows.batch(resource, parse(_json(sent)), Context(asked_of(resource)))
        assert bool(sent) == bool(batch.rows or batch.rejects or batch.deleted)

    each_is_one_or_the_other()


STORED = [LEADS, SALES, *(resources.BY_NAME[n] for n in ("kommo.events", "gestao_click.clientes"))]


@pytest.mark.parametrize("resource", STORED, ids=lambda each: each.full_name)
def test_what_became_a_row_or_a_reject_can_be_stored(reach: Reach, resource: Resource) -> None:
    @effort(15)
    @given(st.lists(records(resource), max_size=4))
    def is_stored(sent: list[Any]) -> None:
        now = datetime.now(UTC)
        read = parse(_json(sent))
        batch = rows.batch(resource, read, Context(asked_of(resource)))
        with reach.engine.begin() as connection:
            Mirror(connection, 1, resource, "fuzz").put(batch, now, now)

    is_stored()
