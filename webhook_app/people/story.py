"""What happened with a person, the newest first: deals, sales, titles, notes and tasks of all their records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from webhook_app.people.persons import Person

KINDS = ("deals", "sales", "titles", "notes", "tasks")


@dataclass(frozen=True)
class Event:
    """kind: of KINDS; what: see the statements; at: a moment or a day; state: of the thing, in its vendor's words."""

    kind: str
    what: str
    at: datetime | date | None
    title: str
    amount: Decimal | None
    state: str | None


@dataclass(frozen=True)
class Figures:
    """Counts and sums over all of a person's records; received, open, overdue: of receivables."""

    deals_open: int = 0
    value_open: Decimal = Decimal(0)
    deals_won: int = 0
    value_won: Decimal = Decimal(0)
    sales: int = 0
    sold: Decimal = Decimal(0)
    received: Decimal = Decimal(0)
    open: Decimal = Decimal(0)
    overdue: Decimal = Decimal(0)


def figures(connection: Connection, person: Person) -> Figures:
    summed: dict[str, Any] = {}
    for statement, given in _asked(person, _KOMMO_FIGURES, _ERP_FIGURES):
        for name, value in connection.execute(text(statement), given).mappings().one().items():
            summed[str(name)] = summed.get(str(name), 0) + value
    return Figures(**summed)


def told(
    connection: Connection, person: Person, kind: str | None, limit: int, offset: int
) -> tuple[list[Event], bool]:
    """A page of it, and whether there is more."""
    found: list[Event] = []
    for statement, given in _asked(person, _KOMMO_STORY, _ERP_STORY):
        asked = {**given, "kind": kind, "most": offset + limit + 1}
        found += [Event(*row) for row in connection.execute(text(statement), asked)]
    found.sort(key=_order, reverse=True)
    return found[offset : offset + limit], len(found) > offset + limit


def _order(event: Event) -> tuple[str, str]:
    """Days and moments in one order; what has no day is the oldest."""
    return (event.at.isoformat() if event.at else "", event.title)


def _asked(person: Person, kommo: str, erp: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each account is asked once, for all the person's records there."""
    contacts, companies = person.of("kommo.contacts"), person.of("kommo.companies")
    for id_ in sorted({*contacts, *companies}):
        given = {"contacts": _numbers(contacts.get(id_)), "companies": _numbers(companies.get(id_))}
        yield kommo, {"account": id_, **given}
    clients, suppliers = person.of("gestao_click.clientes"), person.of("gestao_click.fornecedores")
    for id_ in sorted({*clients, *suppliers}):
        given_erp = {"clients": clients.get(id_, []), "suppliers": suppliers.get(id_, [])}
        yield erp, {"account": id_, **given_erp}


def _numbers(ids: Sequence[str] | None) -> list[int]:
    return [int(one) for one in ids or ()]


_LEADS = """
    with leads as (
        select l.* from kommo.leads l where l.integration_id = :account and l.deleted_at is null
            and l.missing_since is null and l.company_id = any(cast(:companies as bigint[]))
        union
        select l.* from unnest(cast(:contacts as bigint[])) as c (id) join kommo.leads l
            on l.integration_id = :account and l.deleted_at is null and l.missing_since is null
            and jsonb_path_query_array(l.raw, '$._embedded.contacts.**{1}.id') @> to_jsonb(c.id))
"""
_KOMMO_FIGURES = (
    _LEADS  # noqa: S608
    + """
    select count(*) filter (where status_id not in (142, 143)) as deals_open,
        coalesce(sum(price) filter (where status_id not in (142, 143)), 0) as value_open,
        count(*) filter (where status_id = 142) as deals_won,
        coalesce(sum(price) filter (where status_id = 142), 0) as value_won
    from leads
"""
)
_KOMMO_STORY = (
    _LEADS  # noqa: S608
    + """
    , places (entity_type, id) as (
        select 'leads', id from leads union all select 'contacts', unnest(cast(:contacts as bigint[]))
        union all select 'companies', unnest(cast(:companies as bigint[]))),
    story as (
        select 'deals' as kind, 'created' as what, l.created_at as at, l.name as title, l.price as amount,
            p.name as state
        from leads l left join kommo.pipelines p on p.integration_id = :account and p.id = l.pipeline_id
        union all
        select 'deals', case l.status_id when 142 then 'won' else 'lost' end, l.closed_at, l.name, l.price,
            r.name
        from leads l left join kommo.loss_reasons r on r.integration_id = :account and r.id = l.loss_reason_id
        where l.status_id in (142, 143)
        union all
        select 'notes', n.note_type, n.created_at,
            left(coalesce(n.text, n.params ->> 'text', n.params ->> 'phone', ''), 400), null, u.name
        from places join kommo.notes n on n.integration_id = :account and n.entity_type = places.entity_type
            and n.entity_id = places.id and n.deleted_at is null and n.missing_since is null
        left join kommo.users u on u.integration_id = :account and u.id = n.responsible_user_id
        union all
        select 'tasks', case when t.is_completed then 'done' when t.complete_till < clock_timestamp() then 'late'
            else 'planned' end, t.complete_till, left(coalesce(t.text, ''), 400), null, u.name
        from places join kommo.tasks t on t.integration_id = :account and t.entity_type = places.entity_type
            and t.entity_id = places.id and t.deleted_at is null and t.missing_since is null
        left join kommo.users u on u.integration_id = :account and u.id = t.responsible_user_id)
    select kind, what, at, coalesce(title, ''), amount, state from story
    where cast(:kind as text) is null or kind = :kind order by at desc nulls last limit :most
"""
)
_TITLES = """
    with sales as (
        select s.* from ponte.sales s where s.integration_id = :account and s.cliente_id = any(:clients)),
    receivables as (
        select r.* from gestao_click.recebimentos r where r.integration_id = :account
            and r.cliente_id = any(:clients) and r.deleted_at is null and r.missing_since is null),
    day as (select coalesce((select today from ponte.local_days where integration_id = :account), current_date) as today)
"""
_ERP_FIGURES = (
    _TITLES  # noqa: S608
    + """
    select s.*, r.* from
        (select count(*) as sales, coalesce(sum(valor_total), 0) as sold from sales where counts) s,
        (select coalesce(sum(valor_total) filter (where liquidado), 0) as received,
            coalesce(sum(valor_total) filter (where not coalesce(liquidado, false)), 0) as open,
            coalesce(sum(valor_total) filter (where not coalesce(liquidado, false)
                and data_vencimento < day.today), 0) as overdue
        from receivables, day) r
"""
)
_ERP_STORY = (
    _TITLES  # noqa: S608
    + """
    , story as (
        select 'sales' as kind, case when counts then 'sold' else 'not counted' end as what, data as at,
            concat_ws(' · ', codigo, nome_loja) as title, valor_total as amount, nome_situacao as state
        from sales
        union all
        select 'titles', case when liquidado then 'received' when data_vencimento < day.today then 'overdue'
            else 'to receive' end,
            case when liquidado then coalesce(data_liquidacao, data_vencimento) else data_vencimento end,
            descricao, valor_total, nome_forma_pagamento
        from receivables, day
        union all
        select 'titles', case when p.liquidado then 'paid' when p.data_vencimento < day.today then 'owed'
            else 'to pay' end,
            case when p.liquidado then coalesce(p.data_liquidacao, p.data_vencimento) else p.data_vencimento end,
            p.descricao, p.valor_total, p.nome_forma_pagamento
        from gestao_click.pagamentos p, day where p.integration_id = :account and p.fornecedor_id = any(:suppliers)
            and p.deleted_at is null and p.missing_since is null)
    select kind, what, at, coalesce(title, ''), amount, state from story
    where cast(:kind as text) is null or kind = :kind order by at desc nulls last limit :most
"""
)
