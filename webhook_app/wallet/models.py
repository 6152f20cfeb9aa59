"""The models of the wallet's routes: what may be asked, what is answered. Money is text."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from webhook_app.envelopes import Answer, Freshness, Pagination
from webhook_app.parsing import Body, Day, Limit, Page, Words, chosen
from webhook_app.wallet.filters import SPANS, Asked, Narrowed, PartyKind, Status, Type

SORTS = [sign + name for name in (*SPANS, "net") for sign in ("", "-")]
ListName = Literal["recebimentos", "pagamentos"]
Age = Literal["1-30", "31-60", "61-90", ">90"]
Period = Literal["day", "week", "month"]
Group = Literal["wallet", "category", "cost_center", "store"]
Basis = Literal["paid", "due", "competence"]


class OfTitles(Answer):
    """today: the date where the account lives, by which overdue is judged; freshness: of the titles."""

    today: date
    freshness: Freshness


class WalletPath(BaseModel):
    id: Words


class WalletModel(BaseModel):
    """balance: opening_balance and what was settled from balance_since to today; the ERP has none."""

    integration_id: int
    id: str
    name: str | None
    listed: bool = Field(description="false: only titles name it")
    balance: str | None
    balance_since: date | None
    opening_balance: str | None
    received: str
    paid: str
    net_movement: str
    settled_ahead: str = Field(description="settled with a date after today: not in balance")
    receivable: str
    payable: str
    overdue_receivable: str
    overdue_payable: str
    transactions: int
    undated: int
    first_on: date | None
    last_on: date | None


class WalletsAnswer(OfTitles):
    data: list[WalletModel]


class WalletAnswer(OfTitles):
    data: WalletModel


class TransactionModel(BaseModel):
    """difference: net less (gross + interest - discount - fees); the ERP's net stands, whatever it is."""

    integration_id: int
    list: ListName
    id: str
    type: Type
    status: Status
    due_on: date | None
    paid_on: date | None
    competence_on: date | None
    effective_on: date | None
    gross: str | None
    interest: str | None
    discount: str | None
    fees: str
    net: str | None
    amount: str | None
    difference: str | None
    days_overdue: int | None
    age: Age | None
    wallet_id: str
    wallet: str | None
    plano_contas_id: str | None
    category: str | None
    erp_category: str | None
    cost_center_id: str | None
    cost_center: str | None
    store_id: str | None
    store: str | None
    party_kind: PartyKind
    party_id: str | None
    party: str | None
    payment_form_id: str | None
    payment_form: str | None
    code: str | None
    description: str | None


class TransactionsQuery(Asked):
    page: Page = 1
    limit: Limit = 50
    sort: chosen(SORTS) = Field("-effective_on", description="- for descending")  # type: ignore[valid-type]


class Sums(BaseModel):
    cleared: str
    pending: str
    overdue: str
    total: str


class Totals(BaseModel):
    count: int
    income: Sums
    expense: Sums
    amount: str = Field(description="income less expense")


class TransactionsAnswer(OfTitles):
    data: list[TransactionModel]
    pagination: Pagination
    totals: Totals


class CostCenterModel(BaseModel):
    integration_id: int
    id: str
    name: str | None


class CostCentersAnswer(OfTitles):
    data: list[CostCenterModel]


class FlowQuery(Narrowed):
    by: Period = "month"
    group: Group | None = None
    basis: Basis = Field(
        "paid",
        description="the day of a title. paid: the payment's if it is settled, else the due date; "
        "due: the due date; competence: the competence date",
    )
    first: Day | None = Field(None, alias="from", description="absent: this month's first day")
    last: Day | None = Field(None, alias="to", description="absent: this month's last day")


class FlowModel(BaseModel):
    """actual: settled titles; expected: open ones. Balances: see docs/wallet.md; null where not known."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    group_id: str | None
    group: str | None
    actual_income: str
    actual_expense: str
    actual_net: str
    expected_income: str
    expected_expense: str
    expected_net: str
    opening_balance: str | None
    closing_balance: str | None
    projected_balance: str | None


class FlowAnswer(OfTitles):
    data: list[FlowModel]
    without_opening_balance: list[str] = Field(
        description="wallets that have titles and no opening balance: no balance of all without them"
    )


class OverdueQuery(Narrowed):
    by: Literal["party", "age"] = "party"
    type: Type | None = None
    page: Page = 1
    limit: Limit = 50


class OverdueModel(BaseModel):
    """by=age: without the party; ages: net by days overdue."""

    type: Type
    party_kind: PartyKind | None
    party_id: str | None
    party: str | None
    age: Age | None
    count: int
    net: str
    oldest_due_on: date
    days_overdue: int
    ages: dict[Age, str]


class OverdueAnswer(OfTitles):
    data: list[OverdueModel]
    pagination: Pagination
    totals: Totals


def _day(value: Any) -> Any:
    """A strict body knows no dates; JSON has only text."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else value
    except ValueError:
        raise ValueError("write a date as 2026-01-31") from None


class OpeningBalanceBody(Body):
    as_of: Annotated[date, BeforeValidator(_day)] = Field(
        description="titles settled on this day are not in the amount yet"
    )
    amount: str = Field(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,2})?$", examples=["1000.00"])


class MappingPath(BaseModel):
    plano_contas_id: Words


class MappingBody(Body):
    category: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*\S[^\x00]*$")


class MappingModel(BaseModel):
    """An account of the ERP's plan. category: what people call it; null: its own name is used."""

    integration_id: int
    plano_contas_id: str
    erp_category: str | None
    category: str | None
    listed: bool = Field(description="false: only titles, or only a mapping, name it")


class MappingsAnswer(Answer):
    data: list[MappingModel]


class MappingAnswer(Answer):
    data: MappingModel
