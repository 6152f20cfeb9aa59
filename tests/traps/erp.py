"""What the tests of Gestão Click's traps share: its lists, reading them, and meddling with what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.http import Request, Response
from shared.resources import BY_NAME
from shared.resources.grammar import Resource
from tests.ground import Ground, Row

STORES, CLIENTS, PRODUCTS, SITUATIONS, ACCOUNTS = (
    BY_NAME[f"gestao_click.{name}"]
    for name in ("lojas", "clientes", "produtos", "situacoes_vendas", "contas_bancarias")
)
SALES, QUOTES, ORDERS, PURCHASES = (
    BY_NAME[f"gestao_click.{name}"]
    for name in ("vendas", "orcamentos", "ordens_servicos", "compras")
)
RECEIVABLES, PAYABLES = (BY_NAME[f"gestao_click.{name}"] for name in ("recebimentos", "pagamentos"))


def truth(ground: Ground, resource: Resource) -> dict[str, Row]:
    """What the ERP has, by id."""
    return {record["id"]: record for record in ground.box.truth("gestao-click", resource.name)}


def live(ground: Ground, resource: Resource) -> dict[str, Row]:
    """Rows that are neither deleted nor missing, by id."""
    rows = ground.rows(resource)
    return {r["id"]: r for r in rows if r["deleted_at"] is None and r["missing_since"] is None}


def read(ground: Ground, *wanted: Resource, full: bool = False) -> Row:
    """Syncs lists to their end; the report of the last one."""
    report: Row = {}
    for resource in wanted:
        report = ground.sync(resource, full=full)
        assert report["state"] == "done", report["reason"]
    return report


def quietly(ground: Ground, resource: Resource, id_: str, **fields: Any) -> None:
    """Sets fields of a record and nothing else: not even modificado_em moves."""
    with ground.box.world.lock:
        table = ground.box.world.table("gestao-click", resource.name)
        held = table.live[next(key for key in table.ids if str(key) == id_)]
        table.put(table.make({**held.open(), **fields}, held.hidden))


def remove(ground: Ground, resource: Resource, *ids: str) -> None:
    """As somebody deletes records in the ERP: nobody is told, their details are 404."""
    ground.box.gestao_click.delete(resource.name, list(ids))


@contextmanager
def meddling(
    ground: Ground, edit: Callable[[Request, Callable[[Request], Response]], Response]
) -> Iterator[None]:
    """Every request goes through `edit`, which may ask the ERP."""
    vendor: Any = ground.box.doors["gestao-click"].vendor
    answer = vendor.answer
    vendor.answer = lambda request: edit(request, answer)
    try:
        yield
    finally:
        vendor.answer = answer


@contextmanager
def heard(ground: Ground, path: str) -> Iterator[list[dict[str, str]]]:
    """The parameters of every question for a list."""
    asked: list[dict[str, str]] = []

    def note(request: Request, answer: Callable[[Request], Response]) -> Response:
        if request.path.removeprefix("/api") == path:
            asked.append(dict(request.pairs))
        return answer(request)

    with meddling(ground, note):
        yield asked
