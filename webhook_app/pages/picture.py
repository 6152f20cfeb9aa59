"""The owner's picture of a business: what came in, what is late, what was sold, what somebody should look at.

Every sum is PostgreSQL's. Days are those of the place where the accounts live (`ponte.local_days`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Integer,
    Row,
    Table,
    Text,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared import matches
from shared.db.alerting import alert_incidents as incidents
from shared.db.bookkeeping import rejects
from shared.db.matching import deal_sales
from shared.db.matching import matches as people
from webhook_app.businesses import Business
from webhook_app.wallet.periods import Period


@dataclass(frozen=True)
class Asked:
    """Whose picture. store: of the ERP; seller: a user of Kommo; None: all of them."""

    business: Business
    store: str | None = None
    seller: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "kommo": self.business.of("kommo"),
            "erp": self.business.of("gestao-click"),
            "store": self.store,
            "seller": self.seller,
        }


PARAMETERS: tuple[BindParameter[Any], ...] = (
    bindparam("kommo", type_=ARRAY(Integer)),
    bindparam("erp", type_=ARRAY(Integer)),
    bindparam("store", type_=Text()),
    bindparam("seller", type_=Text()),
)


def _asking(connection: Connection, sql: str, asked: Asked, **more: Any) -> Sequence[Row[Any]]:
    used = [one for one in PARAMETERS if f":{one.key}" in sql]
    given = {one.key: asked.parameters[one.key] for one in used}
    statement = text(sql).bindparams(*used)  # sql: one of this module's constants
    return connection.execute(statement, {**given, **more}).all()


TODAY = """
    select min(today) as today from ponte.local_days
    where integration_id = any(:kommo) or integration_id = any(:erp)
"""


def today(connection: Connection, asked: Asked) -> date | None:
    """The date of this moment where the business is; None while it has no account."""
    day: date | None = _asking(connection, TODAY, asked)[0].today
    return day


@dataclass(frozen=True)
class Money:
    """balance: of the accounts whose opening balance somebody entered, None while there is none; opened: how many."""

    balance: Decimal | None
    accounts: int
    opened: int
    received_today: Decimal
    received_month: Decimal
    received_before: Decimal
    overdue: Decimal
    overdue_titles: int
    due_soon: Decimal
    sold_month: Decimal
    sales_month: int


# As ponte.wallets has it: the view reads every title whole, which a start page has no time for.
BALANCE = """
    with days as materialized (
        select integration_id, wallet_id, day, amount
        from ponte.wallet_days
        where integration_id = any(:erp) and status = 'cleared' and exists (select from ponte.opening_balances)
    )
    select count(*) filter (where o.wallet_id <> 'none') as opened,
        sum(o.amount + coalesce((select sum(m.amount) from days m
            where m.integration_id = o.integration_id and m.wallet_id = o.wallet_id
                and m.day between o.as_of and d.today), 0)) as balance,
        (select count(*) from gestao_click.contas_bancarias a
            where a.integration_id = any(:erp) and a.deleted_at is null and a.missing_since is null) as accounts
    from ponte.opening_balances o
    join ponte.local_days d on d.integration_id = o.integration_id
    where o.integration_id = any(:erp)
"""
RECEIVED = """
    select coalesce(sum(valor_total) filter (where data_liquidacao = :today), 0) as today,
        coalesce(sum(valor_total) filter (where data_liquidacao >= :month), 0) as month,
        coalesce(sum(valor_total) filter (where data_liquidacao <= :then), 0) as before
    from gestao_click.recebimentos
    where integration_id = any(:erp) and deleted_at is null and missing_since is null
        and liquidado and data_liquidacao between :before and :today
        and (:store is null or loja_id = :store)
"""
OPEN = """
    select coalesce(sum(valor_total) filter (where data_vencimento < :today), 0) as overdue,
        count(*) filter (where data_vencimento < :today) as titles,
        coalesce(sum(valor_total) filter (where data_vencimento >= :today), 0) as soon
    from gestao_click.recebimentos
    where integration_id = any(:erp) and deleted_at is null and missing_since is null
        and not coalesce(liquidado, false) and data_vencimento < :today + 7
        and (:store is null or loja_id = :store)
"""
SOLD = """
    select coalesce(sum(valor_total), 0) as amount, count(*) as sales
    from ponte.sales
    where integration_id = any(:erp) and counts and data between :month and :today
        and (:store is null or loja_id = :store)
"""


def money(connection: Connection, asked: Asked, day: date) -> Money:
    days = {"today": day, "month": day.replace(day=1), **_month_before(day)}
    cash = _asking(connection, BALANCE, asked)[0]
    received = _asking(connection, RECEIVED, asked, **days)[0]
    open_ = _asking(connection, OPEN, asked, today=day)[0]
    sold = _asking(connection, SOLD, asked, today=day, month=days["month"])[0]
    return Money(
        balance=cash.balance,
        accounts=cash.accounts,
        opened=cash.opened,
        received_today=received.today,
        received_month=received.month,
        received_before=received.before,
        overdue=open_.overdue,
        overdue_titles=open_.titles,
        due_soon=open_.soon,
        sold_month=sold.amount,
        sales_month=sold.sales,
    )


def _month_before(day: date) -> dict[str, date]:
    """The month before, up to the same day of it: what this month may be compared with."""
    last = day.replace(day=1) - timedelta(days=1)
    return {"before": last.replace(day=1), "then": last.replace(day=min(day.day, last.day))}


@dataclass(frozen=True)
class Deals:
    """Leads of Kommo: made today and in seven days, won this month, open now."""

    new_today: int
    new_week: int
    won: int
    won_value: Decimal
    open: int
    open_value: Decimal


MADE = """
    select count(*) as week, count(*) filter (where l.created_at >= m.today) as today
    from (select integration_id, today::timestamp at time zone time_zone as today,
        (today - 6)::timestamp at time zone time_zone as week
        from ponte.local_days where integration_id = any(:kommo)) m
    join kommo.leads l on l.integration_id = m.integration_id and l.created_at >= m.week
    where l.deleted_at is null and l.missing_since is null
        and (:seller is null or l.responsible_user_id::text = :seller)
"""
WON = """
    select count(*) as deals, coalesce(sum(l.price), 0) as value
    from (select integration_id, cast(:month as timestamp) at time zone time_zone as month
        from ponte.local_days where integration_id = any(:kommo)) m
    join kommo.leads l on l.integration_id = m.integration_id and l.closed_at >= m.month
    where l.status_id = 142 and l.deleted_at is null and l.missing_since is null
        and (:seller is null or l.responsible_user_id::text = :seller)
"""
PIPELINE = """
    select count(*) as deals, coalesce(sum(price), 0) as value
    from kommo.leads
    where integration_id = any(:kommo) and status_id not in (142, 143)
        and deleted_at is null and missing_since is null
        and (:seller is null or responsible_user_id::text = :seller)
"""


def deals(connection: Connection, asked: Asked, day: date) -> Deals:
    made = _asking(connection, MADE, asked)[0]
    won = _asking(connection, WON, asked, month=day.replace(day=1))[0]
    open_ = _asking(connection, PIPELINE, asked)[0]
    return Deals(made.today, made.week, won.deals, won.value, open_.deals, open_.value)


@dataclass(frozen=True)
class Column:
    """One period of the chart."""

    period: Period
    received: Decimal
    sold: Decimal


RECEIVED_BY = """
    select date_trunc(:by, data_liquidacao::timestamp)::date as first, sum(valor_total) as amount
    from gestao_click.recebimentos
    where integration_id = any(:erp) and deleted_at is null and missing_since is null
        and liquidado and data_liquidacao between :since and :until
        and (:store is null or loja_id = :store)
    group by 1
"""
SOLD_BY = """
    select date_trunc(:by, data::timestamp)::date as first, sum(valor_total) as amount
    from ponte.sales
    where integration_id = any(:erp) and counts and data between :since and :until
        and (:store is null or loja_id = :store)
    group by 1
"""


def columns(
    connection: Connection, asked: Asked, by: str, periods: Sequence[Period]
) -> list[Column]:
    """What was received and what was sold in each of the periods; `by`: day or month."""
    span = {"by": by, "since": periods[0].first, "until": periods[-1].last}
    received = _amounts(_asking(connection, RECEIVED_BY, asked, **span))
    sold = _amounts(_asking(connection, SOLD_BY, asked, **span))
    zero = Decimal(0)
    return [
        Column(one, received.get(one.first, zero), sold.get(one.first, zero)) for one in periods
    ]


def _amounts(rows: Sequence[Row[Any]]) -> Mapping[date, Decimal]:
    return {row.first: row.amount or Decimal(0) for row in rows}


LATE = """
    select coalesce(max(c.nome), max(r.nome_cliente)) as party, r.cliente_id, sum(r.valor_total) as amount,
        count(*) as titles, min(r.data_vencimento) as oldest
    from gestao_click.recebimentos r
    left join gestao_click.clientes c on c.integration_id = r.integration_id and c.id = r.cliente_id
    where r.integration_id = any(:erp) and r.deleted_at is null and r.missing_since is null
        and not coalesce(r.liquidado, false) and r.data_vencimento < :today
        and (:store is null or r.loja_id = :store)
    group by r.integration_id, r.cliente_id, case when r.cliente_id is null then r.nome_cliente end
    order by amount desc nulls last, party
    limit 6
"""
CAME_IN = """
    select r.data_liquidacao as day, coalesce(c.nome, r.nome_cliente) as party, r.descricao as what,
        r.valor_total as amount
    from gestao_click.recebimentos r
    left join gestao_click.clientes c on c.integration_id = r.integration_id and c.id = r.cliente_id
    where r.integration_id = any(:erp) and r.deleted_at is null and r.missing_since is null
        and r.liquidado and r.data_liquidacao between :today - 30 and :today
        and (:store is null or r.loja_id = :store)
    order by r.data_liquidacao desc, r.id desc
    limit 6
"""


def late(connection: Connection, asked: Asked, day: date) -> Sequence[Row[Any]]:
    """Who owes most of what is overdue: party, amount, titles, oldest."""
    return _asking(connection, LATE, asked, today=day)


def came_in(connection: Connection, asked: Asked, day: date) -> Sequence[Row[Any]]:
    """The latest receipts: day, party, what, amount."""
    return _asking(connection, CAME_IN, asked, today=day)


@dataclass(frozen=True)
class ToLookAt:
    """How many of each wait for a person."""

    people: int
    deals: int
    unsold: int
    rejects: int


UNSOLD = """
    select count(*) as deals
    from kommo.leads l
    where l.integration_id = any(:kommo) and l.status_id = 142
        and l.deleted_at is null and l.missing_since is null
        and not exists (select from reports.negocios_vendas s
            where s.integration_id = l.integration_id and s.lead_id = l.id)
"""


def to_look_at(connection: Connection, asked: Asked) -> ToLookAt:
    kommo = asked.business.of("kommo")
    accounts = [*kommo, *asked.business.of("gestao-click")]
    refused = select(func.count()).where(rejects.c.integration_id.in_(accounts))
    return ToLookAt(
        people=_waiting(connection, people, kommo),
        deals=_waiting(connection, deal_sales, kommo),
        unsold=_asking(connection, UNSOLD, asked)[0].deals,
        rejects=connection.execute(refused).scalar_one(),
    )


def _waiting(connection: Connection, table: Table, kommo: list[int]) -> int:
    of_business = table.c.integration_id.in_(kommo)
    counted = select(func.count()).select_from(table).where(of_business, matches.to_review(table))
    return connection.execute(counted).scalar_one()


def alerts(connection: Connection) -> Sequence[Row[Any, Any, Any]]:
    """Incidents that are open and were told, the newest first: said_pt, said_en, opened_at."""
    table = incidents.c
    told = select(table.said_pt, table.said_en, table.opened_at)
    living = told.where(table.closed_at.is_(None), table.opened_at.is_not(None))
    return connection.execute(living.order_by(table.opened_at.desc()).limit(5)).all()


STORES = """
    select id, nome as name from gestao_click.lojas
    where integration_id = any(:erp) and deleted_at is null and missing_since is null order by nome, id
"""
SELLERS = """
    select id::text as id, name from kommo.users
    where integration_id = any(:kommo) and deleted_at is null and missing_since is null order by name, id
"""


def stores(connection: Connection, asked: Asked) -> list[tuple[str, str]]:
    return [(row.id, row.name or row.id) for row in _asking(connection, STORES, asked)]


def sellers(connection: Connection, asked: Asked) -> list[tuple[str, str]]:
    return [(row.id, row.name or row.id) for row in _asking(connection, SELLERS, asked)]
