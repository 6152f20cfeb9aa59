"""A business whose two systems have been read and matched; a reviewer who knows the truth has told what was in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Table, text

from shared import matches as books
from shared.db.matching import deal_sales, matches
from shared.resources import BY_NAME
from tests.ground import Ground, ground_on
from tests.reports.truth import Truth
from tests.servers import copy_of
from worker.matching import work

Row = dict[str, Any]
READ = [
    *(f"kommo.{name}" for name in ("account", "users", "pipelines", "statuses", "sources")),
    *(f"kommo.{name}" for name in ("companies", "contacts", "leads", "events")),
    *(f"gestao_click.{name}" for name in ("lojas", "funcionarios", "clientes", "produtos")),
    *(f"gestao_click.{name}" for name in ("vendas", "recebimentos", "pagamentos")),
]


@dataclass
class Reports:
    """The views, and what they are to say."""

    ground: Ground
    truth: Truth

    def rows(self, statement: str, **given: Any) -> list[Row]:
        asked = text(statement)
        return [
            dict(r) for r in self.ground.run(lambda c: c.execute(asked, given).mappings().all())
        ]

    def view(self, name: str, *key: str) -> dict[Any, Row]:
        """Its rows by the columns that tell them apart."""
        rows = self.rows(f"select * from reports.{name}")
        told = {_key(row, key): row for row in rows}
        assert len(told) == len(rows), f"{name}: more than one row for a {key}"
        return told

    def review(self) -> None:
        """People first, then deals."""
        known = {**self.truth.persons, **self.truth.firms}
        same = {(str(ours), client) for ours, client in known.items()}
        self._decide(matches, lambda row: (row.record, row.erp_record) in same)
        self.follow()
        deal_of = self.truth.deal_of
        self._decide(deal_sales, lambda row: deal_of.get(row.sale_id) == row.lead_id)
        self.follow()

    def follow(self) -> None:
        while work.carry_out(self.ground.reach, 60.0):
            pass

    def _decide(self, table: Table, is_true: Any) -> None:
        for row in self.ground.run(lambda c: c.execute(table.select()).all()):
            verdict = "accepted" if is_true(row) else "rejected"
            self.ground.run(books.decide, table, row.id, verdict, "who knows")


def _key(row: Row, names: tuple[str, ...]) -> Any:
    return tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]


@pytest.fixture(scope="session")
def reports(postgres_url: str, template_url: str) -> Iterator[Reports]:
    """Nobody changes anything in it."""
    with copy_of(postgres_url, template_url) as url, ground_on(url, leads=160, months=6) as ground:
        for name in READ:
            assert ground.sync(BY_NAME[name])["state"] == "done", name
        made = Reports(ground, Truth(ground.box))
        made.follow()
        made.review()
        yield made
