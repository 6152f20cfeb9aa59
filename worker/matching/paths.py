"""Where leads came from and which stages they have been in: kept as rows, for both are dear to work out.

`reports.kommo_stage_history` decides of the stages; here its answers for the leads that a change concerns, their own
or an event's, are put in place of those that stood.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from shared.db.engine import clock
from worker.matching import marks
from worker.matching.marks import BEGINNING, Mark
from worker.matching.titles import MARGIN

BATCH = 2000
STATUSES, LEADS, EVENTS = "paths of statuses", "paths of leads", "paths of events"
LISTS = (LEADS, EVENTS)
"""Whose changes concern a lead, as its marks are called."""


def follow_statuses(connection: Connection, kommo: int) -> None:
    """Stages in another order: what went on is another thing, so all leads are read again. The caller commits."""
    mark = marks.read(connection, kommo, STATUSES)
    newest = connection.exec_driver_sql(NEWEST_STATUS, {"kommo": kommo}).scalar()
    if newest is not None and newest > mark.through:
        marks.write(connection, kommo, STATUSES, Mark(newest))
        marks.write(connection, kommo, LEADS, BEGINNING)


def refresh(connection: Connection, kommo: int, list_: str) -> bool:
    """Reads the leads that up to BATCH changes of a list concern; True when there are more. The caller commits."""
    now = clock(connection)
    mark = marks.read(connection, kommo, list_)
    # all leads have just been read, with what events tell of them
    if mark == BEGINNING and list_ == EVENTS:
        marks.write(connection, kommo, list_, Mark(now - MARGIN))
        return False
    # after a first load nobody has counted yet, and plans for empty tables take hours
    if mark == BEGINNING:
        connection.exec_driver_sql("analyze kommo.leads, kommo.events, kommo.status_changes")
    given: dict[str, Any] = {"kommo": kommo, "since": mark.through, "after": mark.record}
    rows = connection.exec_driver_sql(CHANGED[list_], {**given, "most": BATCH}).all()
    if rows:
        mark = Mark(rows[-1].changed_at, str(rows[-1].id))
        given["leads"] = sorted({row.lead_id for row in rows})
        for statement in (STAYS, "analyze stays", FORGET, STAGES, PATHS):
            connection.exec_driver_sql(statement, given)
    more = len(rows) == BATCH
    marks.write(connection, kommo, list_, mark if more else Mark(now - MARGIN))
    return more


NEWEST_STATUS = "select max(changed_at) from kommo.statuses where integration_id = %(kommo)s"
CHANGED = {
    LEADS: """
        select id, id as lead_id, changed_at from kommo.leads
        where integration_id = %(kommo)s
            and (changed_at, id) > (%(since)s, coalesce(nullif(%(after)s, '')::bigint, 0))
        order by changed_at, id limit %(most)s""",
    EVENTS: """
        select id, entity_id as lead_id, changed_at from kommo.events
        where integration_id = %(kommo)s and type = 'lead_status_changed' and (changed_at, id) > (%(since)s, %(after)s)
        order by changed_at, id limit %(most)s""",
}
STAYS = """
    create temp table stays on commit drop as
    select h.lead_id, h.pipeline_id, h.status_id, h.nth, h.entered_at, s.sort
    from reports.kommo_stage_history h
    left join kommo.statuses s
        on s.integration_id = h.integration_id and s.pipeline_id = h.pipeline_id and s.id = h.status_id
    where h.integration_id = %(kommo)s and h.lead_id = any(%(leads)s::bigint[])"""
FORGET = """
    delete from ponte.deal_stages d
    where d.integration_id = %(kommo)s and d.lead_id = any(%(leads)s::bigint[]) and not exists (
        select from stays s
        where (s.lead_id, s.pipeline_id, s.status_id) = (d.lead_id, d.pipeline_id, d.status_id))"""
STAGES = """
    insert into ponte.deal_stages as d (integration_id, lead_id, pipeline_id, status_id, entered_at, went_on)
    select distinct on (lead_id, pipeline_id, status_id)
        %(kommo)s, lead_id, pipeline_id, status_id, entered_at, coalesce(later > place, false)
    from (
        select *, max(place) filter (where status_id <> 143) over (
            partition by lead_id, pipeline_id order by nth rows between 1 following and unbounded following) as later
        from (
            select *, case status_id when 142 then 'infinity' else coalesce(sort, 1e9) end::float as place
            from stays where pipeline_id is not null) placed) seen
    order by lead_id, pipeline_id, status_id, nth
    on conflict (integration_id, lead_id, pipeline_id, status_id) do update
    set entered_at = excluded.entered_at, went_on = excluded.went_on
    where (d.entered_at, d.went_on) is distinct from (excluded.entered_at, excluded.went_on)"""
PATHS = """
    insert into ponte.deal_paths as d
        (integration_id, lead_id, tags, utm_source, utm_medium, utm_campaign, first_move_at, entered_at)
    select l.integration_id, l.id, coalesce(l.tags, reports.as_texts(l.raw #> '{_embedded,tags}', 'name'), '{}'),
        u.source, u.medium, u.campaign, s.entered_at, e.entered_at
    from kommo.leads l
    left join stays s on s.lead_id = l.id and s.nth = 2
    left join ponte.deal_stages e on e.integration_id = l.integration_id and e.lead_id = l.id
        and e.pipeline_id = l.pipeline_id and e.status_id = l.status_id
    cross join lateral (
        select max(said) filter (where code = 'UTM_SOURCE') as source,
            max(said) filter (where code = 'UTM_MEDIUM') as medium,
            max(said) filter (where code = 'UTM_CAMPAIGN') as campaign
        from (
            select field ->> 'code' as code, field #>> '{values,0,value}' as said
            from jsonb_each(l.custom_fields) f (id, field)) said
    ) u
    where l.integration_id = %(kommo)s and l.id = any(%(leads)s::bigint[])
    on conflict (integration_id, lead_id) do update
    set tags = excluded.tags, utm_source = excluded.utm_source, utm_medium = excluded.utm_medium,
        utm_campaign = excluded.utm_campaign, first_move_at = excluded.first_move_at, entered_at = excluded.entered_at
    where d is distinct from excluded"""
