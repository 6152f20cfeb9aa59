"""How stale a shop's mirror gets: `python -m tests.days.freshness --sales 100000` measures it and prints the table
of docs/freshness.md.

Before each turn of the schedule the age of the stalest row of each class is taken from the stamps; requests
are counted by the sandbox.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from shared import logs
from shared.db.mirror import rows_table, stamps_table
from shared.resources import BY_NAME
from tests.clock import template_on
from tests.days.company import Company, company_on
from tests.servers import postgres_server
from worker.commands import planning
from worker.commands.printing import span

TURNS = 96
"""A day has so many: one each 15 minutes."""
TITLES = dict.fromkeys(
    ("recebimentos", "pagamentos"), "coalesce(r.data_liquidacao, r.data_vencimento)"
)
DOCUMENTS = dict.fromkeys(("vendas", "ordens_servicos", "orcamentos"), "r.data")
TODAY = "(select max(today) from ponte.local_days)"
CLASSES = {
    "documents of the last 30 days": (DOCUMENTS, "{at} >= {today} - 30"),
    "titles due or paid within 30 days of today": (
        TITLES,
        "{at} between {today} - 30 and {today} + 30",
    ),
    "older open titles": (TITLES, "not r.liquidado and {at} < {today} - 30"),
    "open titles further ahead": (TITLES, "not r.liquidado and {at} > {today} + 30"),
    "every document and title until today": ({**DOCUMENTS, **TITLES}, "{at} <= {today}"),
}
"""What is measured: lists, each with its date, and which of their rows."""


@dataclass
class Measured:
    """worst: seconds, the age of the stalest row of each class; requests: as the ERP counted them, turn by turn."""

    worst: dict[str, float] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0.0))
    requests: list[int] = field(default_factory=list)


def live(company: Company, turns: int, told: Callable[[int], None] = lambda _: None) -> Measured:
    """So many turns of the schedule, 15 minutes apart; business goes on between them."""
    found = Measured()
    for number in range(turns):
        company.box.trade.moment(TURNS)
        company.follow()
        for name, age in ages(company).items():
            found.worst[name] = max(found.worst[name], age)
        before = company.requests("gestao-click")
        company.turn()
        found.requests.append(company.requests("gestao-click") - before)
        told(number)
    return found


def ages(company: Company) -> dict[str, float]:
    """Seconds since the stalest row of each class was met."""
    return {
        name: max(_age(company, of, where.format(at=at, today=TODAY)) for of, at in lists.items())
        for name, (lists, where) in CLASSES.items()
    }


def _age(company: Company, name: str, where: str) -> float:
    resource = BY_NAME[f"gestao_click.{name}"]
    rows, stamps = rows_table(resource), stamps_table(resource)
    found = company.scalar(
        f"select extract(epoch from clock_timestamp() - min(s.observed_at)) from {rows} r"
        f" join {stamps} s using (integration_id, id)"
        f" where r.deleted_at is null and r.missing_since is null and {where}"
    )
    return float(found or 0.0)


def main() -> None:
    asked = _asked()
    logs.configure("freshness", "WARNING")
    console = Console(width=120)
    shop = {"leads": 0, "sales": asked.sales, "stores": asked.stores, "months": asked.months}
    doubts = {"other_tool": asked.other, "liquidado_filters": asked.liquidado}
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres_server(Path(folder)) as server,
        template_on(server) as url,
        pytest.MonkeyPatch.context() as patch,
        company_on(url, patch, seed=7, trade=asked.trade, **doubts, **shop) as company,
    ):
        began = time.monotonic()
        company.turn()
        first = company.requests("gestao-click")
        console.print(
            f"first import: {first:,} requests, {time.monotonic() - began:,.0f} s of this machine"
        )
        turns = round(asked.days * TURNS)
        show(company, live(company, turns, lambda n: _each(company, console, n, turns)), console)


def _each(company: Company, console: Console, turn: int, turns: int) -> None:
    if turn % 24 == 0:
        console.print(f"turn {turn} of {turns}")
        tidy(company)


def tidy(company: Company) -> None:
    """What autovacuum does; servers of tests have none."""
    with company.reach.engine.connect().execution_options(
        isolation_level="AUTOCOMMIT"
    ) as connection:
        connection.execute(text("vacuum (analyze)"))


def show(company: Company, found: Measured, console: Console) -> None:
    table = Table("what", "stalest, before its turn", box=None)
    for name, age in found.worst.items():
        table.add_row(name, span(age))
    console.print(table)
    a_day = sum(found.requests) * TURNS / len(found.requests)
    console.print(f"{a_day:,.0f} requests a day, asked of the ERP; answers: {_answers(company)}")
    planning.show(planning.read(company.reach), console)


def _answers(company: Company) -> dict[str, int]:
    return dict(company.box.stats()["gestao-click"]["by_status"])


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sales", type=int, default=100_000)
    parser.add_argument("--stores", type=int, default=3)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--trade", type=float, default=700.0, help="acts of a business day")
    parser.add_argument("--other", type=int, default=0, help="requests a day of another tool")
    parser.add_argument(
        "--liquidado", action="store_true", help="the ERP acts upon its filter of open titles"
    )
    parser.add_argument("--days", type=float, default=1.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
