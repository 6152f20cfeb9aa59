"""A watch: rules on a real database, a channel that leads to a receiver of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, select, text, update

from shared.alerts import channels, rules
from shared.alerts.rules import Rule, Said
from shared.db.alerting import alert_incidents, alert_notices
from tests.worker.alerts.receivers import Mailbox, Receiver, http_receiver, smtp_receiver
from worker.alerts import incidents
from worker.alerts import round as alerts
from worker.alerts.signs import Sign
from worker.reach import Reach

SECRET = "a-secret-of-the-channel"


def sign(figure: int = 12, subject: str = "integration:1") -> Sign:
    return Sign(subject, Decimal(figure), Said(f"{figure} registros", f"{figure} records"))


@dataclass
class Watch:
    reach: Reach
    rule: Rule = rules.REJECTS_ABOVE

    def run(self, work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        with self.reach.engine.begin() as connection:
            return work(connection, *args, **named)

    def see(self, *signs: Sign) -> None:
        self.run(incidents.settle, self.rule, signs)

    def tell(self) -> None:
        assert not alerts.tell(self.reach, 30)

    def incidents(self) -> list[dict[str, Any]]:
        return self._all(alert_incidents)

    def notices(self) -> list[dict[str, Any]]:
        return self._all(alert_notices)

    def _all(self, table: Any) -> list[dict[str, Any]]:
        def read(connection: Connection) -> list[dict[str, Any]]:
            rows = connection.execute(select(table).order_by(table.c.id))
            return [dict(row) for row in rows.mappings()]

        found: list[dict[str, Any]] = self.run(read)
        return found

    def pass_time(self, **time: float) -> None:
        """As if it had passed since everything that was kept."""
        for table, names in (
            (alert_incidents, ("since", "opened_at", "well_since", "told_at")),
            (alert_notices, ("next_at", "lease_until")),
        ):
            earlier = {name: table.c[name] - timedelta(**time) for name in names}
            self.run(lambda c, t=table, e=earlier: c.execute(update(t).values(e)))

    def sql(self, statement: str, **given: Any) -> None:
        self.run(lambda c: c.execute(text(statement), given))

    def channel(self, kind: str, name: str = "ops", language: str = "pt-BR", **given: Any) -> int:
        made = self.run(
            channels.add, self.reach.keys, kind=kind, name=name, settings=given, language=language
        )
        return int(made.id)


@pytest.fixture
def watch(reach: Reach) -> Watch:
    return Watch(reach)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as made:
        yield made


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_receiver() as made:
        yield made


@pytest.fixture
def ops(watch: Watch, receiver: Receiver) -> int:
    """A webhook that leads to the receiver."""
    return watch.channel("webhook", url=f"{receiver.url}/hook", secret=SECRET)
