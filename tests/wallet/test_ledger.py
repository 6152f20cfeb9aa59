"""Status, sums and balances of any titles at all, against a ledger kept in plain Python."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, text

from shared.db.engine import connect
from shared.db.mirror import rows_table
from shared.db.wallet import opening_balances
from shared.resources import BY_NAME
from tests.clock import STOP
from tests.wallet.conftest import NOON, TODAY
from webhook_app.wallet.filters import Narrowed
from webhook_app.wallet.flow import Flow, flow_of
from webhook_app.wallet.periods import Period, cut

ACCOUNT = 77
WALLETS = ("a1", "a2", None)
DAYS = st.integers(-70, 40).map(lambda n: TODAY + timedelta(days=n))
CENTS = st.integers(-10_000, 1_000_000).map(lambda n: Decimal(n) / 100)


@dataclass(frozen=True)
class Title:
    list: str
    wallet: str | None
    net: Decimal
    due: date
    paid: date | None

    @property
    def signed(self) -> Decimal:
        return self.net if self.list == "recebimentos" else -self.net

    @property
    def day(self) -> date:
        return self.paid or self.due

    @property
    def status(self) -> str:
        return "cleared" if self.paid else "overdue" if self.due < TODAY else "pending"


TITLES = st.lists(
    st.builds(
        Title,
        st.sampled_from(["recebimentos", "pagamentos"]),
        st.sampled_from(WALLETS),
        CENTS,
        DAYS,
        st.none() | DAYS,
    ),
    max_size=25,
)
OPENINGS = st.dictionaries(st.sampled_from(["a1", "a2", "none"]), st.tuples(DAYS, CENTS))


@dataclass(frozen=True)
class Ledger:
    """Every title is an entry of its day."""

    titles: list[Title]
    openings: dict[str, tuple[date, Decimal]]

    def of(self, wallet: str) -> list[Title]:
        return [title for title in self.titles if (title.wallet or "none") == wallet]

    @property
    def wallets(self) -> set[str]:
        return {title.wallet or "none" for title in self.titles}

    def balance(self, wallet: str, evening: date) -> Decimal | None:
        """When a day has ended; not known before the morning of the opening balance."""
        if wallet not in self.openings:
            return None
        since, amount = self.openings[wallet]
        if evening < since - timedelta(days=1):
            return None
        moved = [t.signed for t in self.of(wallet) if t.paid and since <= t.paid <= evening]
        return amount + sum(moved, Decimal(0))

    def open(self, wallet: str, evening: date) -> Decimal:
        due = [t.signed for t in self.of(wallet) if not t.paid and t.due <= evening]
        return sum(due, Decimal(0))


@pytest.fixture
def engine(clock_url: str) -> Iterator[Engine]:
    made = connect(clock_url)
    with made.begin() as connection:
        connection.execute(STOP, {"at": NOON})
        connection.execute(
            text(
                "insert into ponte.integration_settings (id, user_id, provider) overriding system value"
                f" values ({ACCOUNT}, 'x', 'gestao-click')"
            )
        )
    yield made
    made.dispose()


def write(connection: Connection, ledger: Ledger) -> None:
    for id_, title in enumerate(ledger.titles):
        row = {
            "integration_id": ACCOUNT,
            "id": str(id_),
            "valor_total": title.net,
            "liquidado": title.paid is not None,
            "data_vencimento": title.due,
            "data_liquidacao": title.paid,
            "conta_bancaria_id": title.wallet,
            "raw": {},
            "changed_at": TODAY,
        }
        connection.execute(insert(rows_table(BY_NAME[f"gestao_click.{title.list}"])).values(row))
    for wallet, (as_of, amount) in ledger.openings.items():
        key = {"integration_id": ACCOUNT, "wallet_id": wallet}
        connection.execute(insert(opening_balances).values(**key, as_of=as_of, amount=amount))


def check_titles(connection: Connection, ledger: Ledger) -> None:
    asked = text("select id, status, amount, effective_on from ponte.wallet_transactions")
    found = {int(row.id): tuple(row)[1:] for row in connection.execute(asked)}
    assert found == {n: (t.status, t.signed, t.day) for n, t in enumerate(ledger.titles)}


def check_wallets(connection: Connection, ledger: Ledger) -> None:
    rows = {row.id: row for row in connection.execute(text("select * from ponte.wallets"))}
    assert set(rows) == ledger.wallets
    for id_, row in rows.items():
        assert row.balance == ledger.balance(id_, max(TODAY, since(ledger, id_)))
        settled = [t for t in ledger.of(id_) if t.paid]
        assert row.net_movement == sum((t.signed for t in settled), Decimal(0))
        assert row.settled_ahead == sum((t.signed for t in settled if t.day > TODAY), Decimal(0))


def since(ledger: Ledger, wallet: str) -> date:
    """An opening balance of the future stands as it was entered."""
    return ledger.openings.get(wallet, (TODAY, None))[0] - timedelta(days=1)


def amount(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def check_flow(connection: Connection, ledger: Ledger, by: str, first: date, last: date) -> None:
    periods = cut(by, first, last)
    flow = Flow(ACCOUNT, Narrowed(), by, "paid", "wallet", periods)
    rows, _ = flow_of(connection, flow)
    found = {(row["from"], row["group_id"]): row for row in rows}
    for period in periods:
        for wallet in ledger.wallets:
            moved = [t for t in ledger.of(wallet) if period.first <= t.day <= period.last]
            row = found.pop((period.first, wallet), None)
            assert (row is not None) == bool(moved)
            if row is not None:
                check_row(row, ledger, wallet, period, moved)
    assert found == {}


def check_row(
    row: dict[str, Any], ledger: Ledger, wallet: str, period: Period, moved: list[Title]
) -> None:
    settled = sum((t.signed for t in moved if t.paid), Decimal(0))
    open_ = sum((t.signed for t in moved if not t.paid), Decimal(0))
    assert (amount(row["actual_net"]), amount(row["expected_net"])) == (settled, open_)
    evening_before = period.first - timedelta(days=1)
    assert amount(row["opening_balance"]) == ledger.balance(wallet, evening_before)
    closing = ledger.balance(wallet, period.last)
    assert amount(row["closing_balance"]) == closing
    projected = None if closing is None else closing + ledger.open(wallet, period.last)
    assert amount(row["projected_balance"]) == projected


def check_whole(connection: Connection, ledger: Ledger, by: str, first: date, last: date) -> None:
    periods = cut(by, first, last)
    rows, _ = flow_of(connection, Flow(ACCOUNT, Narrowed(), by, "paid", None, periods))
    assert [(row["from"], row["to"]) for row in rows] == [(p.first, p.last) for p in periods]
    seen = {t.wallet or "none" for t in ledger.titles if t.day <= last} | set(ledger.openings)
    for row in rows:
        balances = [ledger.balance(wallet, row["to"]) for wallet in seen]
        known = [one for one in balances if one is not None]
        whole = sum(known, Decimal(0)) if seen and len(known) == len(balances) else None
        assert amount(row["closing_balance"]) == whole


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    titles=TITLES,
    openings=OPENINGS,
    by=st.sampled_from(["day", "week", "month"]),
    first=DAYS,
    length=st.integers(0, 60),
)
def test_views_and_flows_say_what_the_ledger_says(
    engine: Engine,
    titles: list[Title],
    openings: dict[str, tuple[date, Decimal]],
    by: str,
    first: date,
    length: int,
) -> None:
    ledger, last = Ledger(titles, openings), first + timedelta(days=length)
    with engine.connect() as connection, connection.begin() as transaction:
        write(connection, ledger)
        check_titles(connection, ledger)
        check_wallets(connection, ledger)
        check_flow(connection, ledger, by, first, last)
        check_whole(connection, ledger, by, first, last)
        transaction.rollback()
