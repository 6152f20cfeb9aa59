"""Which sale a won deal became: sales of the deal's people near the day on which it was won, by number and value.

The deal's people are its main contact and its company, the sale's is its client; who is who is told by
`ponte.matches`. One statement judges all deals that a change concerns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from shared.db.engine import clock
from shared.db.matching import deal_sales
from shared.matches import holding
from worker.matching import marks
from worker.matching.marks import BEGINNING, MARGIN, Mark

NAME = deal_sales.name
BEFORE, AFTER = 30, 60
"""Days from the deal's end to the sale, at most."""
NEAR = 0.05
"""Of the deal's value: so much a sale may differ and still be near it."""


def refresh(connection: Connection, kommo: int, erp: Sequence[int], field: str = "") -> int:
    """Judges the deals of one account that something has changed about, all of them after another choice of `field`;
    returns how many pairs changed. field: KOMMO_SALE_NUMBER_FIELD."""
    now = clock(connection)
    mark = marks.read(connection, kommo, NAME)
    if mark.record != field:
        mark = BEGINNING
    # after a first load nobody has counted yet, and plans for empty tables take hours
    if mark == BEGINNING:
        connection.exec_driver_sql("analyze kommo.leads, gestao_click.vendas, ponte.matches")
    given: dict[str, Any] = {
        "since": mark.through,
        "kommo": kommo,
        "erp": list(erp),
        "before": BEFORE,
        "after": AFTER,
        "near": NEAR,
        "field": field,
    }
    for statement in (DEALS, "analyze deals", FOUND):
        connection.exec_driver_sql(statement, given)
    changed = sum(connection.exec_driver_sql(each, given).rowcount for each in (CLEAR, WRITE))
    for statement in (CONCERNED, "analyze concerned", PART, JOIN):
        connection.exec_driver_sql(statement, given)
    marks.write(connection, kommo, NAME, Mark(now - MARGIN, field))
    return changed


# one branch for each, or no join by hash is possible
_WON = """
    (select integration_id, id, 'kommo.contacts' as resource, main_contact_id::text as record
    from kommo.leads where status_id = 142 and main_contact_id is not null
    union all
    select integration_id, id, 'kommo.companies', company_id::text
    from kommo.leads where status_id = 142 and company_id is not null) w"""
_OF = "(m.integration_id, m.resource, m.record) = (w.integration_id, w.resource, w.record)"
DEALS = f"""
    create temp table deals on commit drop as
    select l.id from kommo.leads l
    where l.integration_id = %(kommo)s and l.status_id = 142 and l.changed_at > %(since)s
    union
    select l.id from ponte.deal_sales p
    join kommo.leads l on l.integration_id = p.integration_id and l.id = p.lead_id
    where p.integration_id = %(kommo)s and l.changed_at > %(since)s
    union
    select lead_id from ponte.deal_sales where integration_id = %(kommo)s and changed_at > %(since)s
    union
    select w.id from ponte.matches m join {_WON} on {_OF}
    where m.integration_id = %(kommo)s and m.changed_at > %(since)s
    union
    select w.id from gestao_click.vendas v
    join ponte.matches m on m.erp_integration_id = v.integration_id
        and m.erp_resource = 'gestao_click.clientes' and m.erp_record = v.cliente_id
    join {_WON} on {_OF}
    where v.integration_id = any(%(erp)s::int[]) and v.changed_at > %(since)s and m.integration_id = %(kommo)s"""  # noqa: S608
_NUMBERED = """
    exists (
        select from jsonb_each(l.custom_fields) f (id, field), jsonb_array_elements(field -> 'values') value
        where case when %(field)s::text = '' then reports.sem_acentos(field ->> 'name') ~ '(venda|pedido)'
            else lower(%(field)s) in (id, lower(field ->> 'name'), lower(field ->> 'code')) end
            and reports.numero_do_codigo(value ->> 'value') = reports.numero_do_codigo(v.codigo))"""
FOUND = f"""
    create temp table found on commit drop as
    with near as (
        select distinct l.integration_id, l.id as lead_id, v.integration_id as erp_integration_id, v.id as sale_id,
            v.data - (l.closed_at at time zone d.time_zone)::date as days,
            abs(v.valor_total - l.price) as gap, l.price, {_NUMBERED} as numbered
        from deals
        join kommo.leads l on l.integration_id = %(kommo)s and l.id = deals.id
        join ponte.local_days d on d.integration_id = l.integration_id
        cross join lateral (values
            ('kommo.contacts', l.main_contact_id::text), ('kommo.companies', l.company_id::text)) w (resource, record)
        join ponte.matches m on m.integration_id = l.integration_id and m.resource = w.resource
            and m.record = w.record and {holding("m")}
        join ponte.sales v on v.integration_id = m.erp_integration_id and v.cliente_id = m.erp_record
        where l.status_id = 142 and l.deleted_at is null and l.missing_since is null
            and m.erp_resource = 'gestao_click.clientes' and m.erp_integration_id = any(%(erp)s::int[]) and v.counts
            and v.data between (l.closed_at at time zone d.time_zone)::date - %(before)s
                and (l.closed_at at time zone d.time_zone)::date + %(after)s),
    graded as (
        select *, case when numbered then 3 when gap < 0.01 then 2 when price > 0 and gap <= %(near)s * price then 1
            else 0 end as grade
        from near),
    compared as (
        select *,
            max(grade) over (partition by integration_id, lead_id) as best_of_deal,
            count(*) over (partition by integration_id, lead_id, grade) as like_it_of_deal,
            count(*) over (partition by erp_integration_id, sale_id, grade) as like_it_of_sale
        from graded)
    select integration_id, lead_id, erp_integration_id, sale_id,
        case when grade = 3 or (grade > 0 and like_it_of_deal = 1 and like_it_of_sale = 1) then 'matched'
            else 'doubtful' end as state,
        case when grade = 3 then 0.99
            when grade = 2 then case when like_it_of_deal = 1 and like_it_of_sale = 1 then 0.95 else 0.6 end
            when grade = 1 then case when like_it_of_deal = 1 and like_it_of_sale = 1 then 0.8 else 0.5 end
            else 0.3 end as strength,
        concat_ws('; ', 'the same client',
            case grade when 3 then 'the deal names the sale''s number' when 2 then 'the same value'
                when 1 then 'nearly the same value' else 'another value' end,
            case when days = 0 then 'on the same day'
                when days > 0 then format('%%s days after the deal', days) else format('%%s days before the deal', -days) end,
            case when like_it_of_deal > 1 then format('%%s sales are like this', like_it_of_deal) end,
            case when like_it_of_sale > 1 then format('%%s deals are like this', like_it_of_sale) end) as why
    from compared
    where grade = best_of_deal and (grade > 0 or like_it_of_deal = 1)"""  # noqa: S608
CLEAR = """
    with stale as (
        select p.id, p.verdict from ponte.deal_sales p join deals on deals.id = p.lead_id
        left join found f using (integration_id, lead_id, erp_integration_id, sale_id)
        where p.integration_id = %(kommo)s and f.state is null),
    forgotten as (
        delete from ponte.deal_sales p using stale where p.id = stale.id and stale.verdict is null)
    update ponte.deal_sales p set state = 'apart', strength = 0, why = 'nothing ties them any more',
        changed_at = clock_timestamp()
    from stale where p.id = stale.id and stale.verdict is not null and p.state <> 'apart'"""
WRITE = """
    insert into ponte.deal_sales as p (integration_id, lead_id, erp_integration_id, sale_id, state, strength, why)
    select integration_id, lead_id, erp_integration_id, sale_id, state, strength, why from found
    on conflict on constraint deal_sales_pair do update
    set state = excluded.state, strength = excluded.strength, why = excluded.why, changed_at = clock_timestamp()
    where (p.state, p.strength, p.why) is distinct from (excluded.state, excluded.strength, excluded.why)"""
# the deals' sales that they had, and those that they may have
CONCERNED = """
    create temp table concerned on commit drop as
    select s.erp_integration_id, s.sale_id from ponte.sold_deals s join deals on deals.id = s.lead_id
    where s.integration_id = %(kommo)s
    union
    select p.erp_integration_id, p.sale_id from ponte.deal_sales p join deals on deals.id = p.lead_id
    where p.integration_id = %(kommo)s"""
PART = """
    delete from ponte.sold_deals s using concerned c
    where (s.erp_integration_id, s.sale_id) = (c.erp_integration_id, c.sale_id) and not exists (
        select from reports.negocios_vendas n where (n.erp_integration_id, n.venda_id, n.integration_id, n.lead_id)
            = (s.erp_integration_id, s.sale_id, s.integration_id, s.lead_id))"""
JOIN = """
    insert into ponte.sold_deals (erp_integration_id, sale_id, integration_id, lead_id)
    select n.erp_integration_id, n.venda_id, n.integration_id, n.lead_id
    from reports.negocios_vendas n
    join concerned c on (n.erp_integration_id, n.venda_id) = (c.erp_integration_id, c.sale_id)
    on conflict (erp_integration_id, sale_id) do nothing"""
