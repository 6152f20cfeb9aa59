"""A mirrored world whose rows are then altered behind the engine's back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from shared.resources.grammar import Resource
from tests.ground import Ground, Row
from worker.audit import auditor, books
from worker.audit.carry import carry_out


@dataclass
class Audits:
    """Audits on a ground; `plant` alters the mirror in PostgreSQL."""

    ground: Ground

    def order(self, resource: Resource, *, repair: bool = False, trigger: str = "cli") -> int:
        integration = self.ground.integration(resource.provider)
        return int(
            self.ground.run(books.request, integration.id, resource, trigger=trigger, repair=repair)
        )

    def carry(self, audit_id: int, seconds: float = 60.0) -> Row:
        """To its end."""
        while carry_out(self.ground.reach, audit_id, seconds):
            pass
        return self.report(audit_id)

    def report(self, audit_id: int) -> Row:
        (found,) = self.ground.run(books.listed, [audit_id])
        return dict(found)

    def audit(self, resource: Resource, *, repair: bool = False) -> Row:
        return self.carry(self.order(resource, repair=repair))

    def found(self, report: Row) -> set[tuple[str, str, str]]:
        """(key, kind, detail)"""
        rows = self.ground.run(books.findings, [report["id"]])
        return {(row["key"], row["kind"], row["detail"]) for row in rows}

    def states(self, report: Row) -> set[tuple[str, str]]:
        """(key, state)"""
        rows = self.ground.run(books.findings, [report["id"]])
        return {(row["key"], row["state"]) for row in rows}

    def plant(self, sql: str, **values: Any) -> int:
        def work(connection: Any) -> int:
            return int(connection.execute(text(sql), values).rowcount)

        return int(self.ground.run(work))


@pytest.fixture
def audits(ground: Ground) -> Audits:
    return Audits(ground)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor, "MOMENT", 0.0)
