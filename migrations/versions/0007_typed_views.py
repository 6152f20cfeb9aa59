"""Typed views: the names of their columns, how stored values are read, and the history of stages"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("create schema if not exists reports")
    for statements in (TABLES, READERS, SEEN, MOVES, HISTORY, DURATIONS):
        op.get_bind().exec_driver_sql(statements)


TABLES = """
    create table ponte.field_columns (
        integration_id integer not null,
        entity_type text not null,
        field_id bigint not null,
        column_name text not null,
        position integer not null,
        assigned_at timestamptz default clock_timestamp() not null,
        primary key (integration_id, entity_type, field_id),
        unique (integration_id, entity_type, column_name)
    );

    create table ponte.report_views (
        name text not null,
        integration_id integer not null,
        digest text,
        refreshed_at timestamptz,
        problem text,
        primary key (name)
    );

    create table kommo.status_changes (
        integration_id integer not null,
        lead_id bigint not null,
        at timestamptz not null,
        pipeline_id bigint not null,
        status_id bigint not null,
        from_pipeline_id bigint,
        from_status_id bigint,
        not_before timestamptz,
        seen_at timestamptz not null,
        changed_by bigint,
        primary key (integration_id, lead_id, at, pipeline_id, status_id)
    );

    comment on column ponte.field_columns.column_name is 'given once, kept when the field is renamed';
    comment on column ponte.report_views.digest is 'of the definition that stands';
    comment on column ponte.report_views.problem is 'why the view is not as it should be';
    comment on table kommo.status_changes is
    'Moves of leads between stages that the mirror itself saw; see reports.kommo_stage_history';
    comment on column kommo.status_changes.at is 'by the vendor''s clock where it tells';
    comment on column kommo.status_changes.not_before is
    'updated_at of the row before: the lead had not moved yet';
    comment on column kommo.status_changes.changed_by is
    'who touched the lead last when the move was seen';

    create index events_of_moves on kommo.events (integration_id, entity_id)
    where type = 'lead_status_changed';
"""

# Every function answers null, never an error, for whatever a stranger's JSON may hold: each cast stands
# behind a CASE that proves it. Moments end with the year 9999, where Python's datetime does.
READERS = r"""
    create function reports.as_list(sent jsonb) returns jsonb language sql immutable parallel safe
    return case jsonb_typeof(sent)
        when 'array' then sent
        when 'object' then case
            when sent ? 'value' then jsonb_build_array(sent)
            else jsonb_path_query_array(sent, '$.*') end
        end;
    comment on function reports.as_list is 'A list as sent; a map (numeric keys) becomes a list, else null';

    create function reports.field_values(fields jsonb, field text) returns jsonb
    language sql immutable parallel safe
    return reports.as_list(fields -> field -> 'values');
    comment on function reports.field_values is 'The values of one custom field, as sent; null when absent';

    create function reports.as_text(sent jsonb) returns text language sql immutable parallel safe
    return case jsonb_typeof(sent -> 0) when 'object' then sent -> 0 ->> 'value' else sent ->> 0 end;
    comment on function reports.as_text is 'The first value of a list of values';

    create function reports.as_texts(sent jsonb, member text) returns text[]
    language sql immutable parallel safe
    return array(
        select word from (
            select case jsonb_typeof(element)
                when 'object' then element ->> member else element #>> '{}' end, nth
            from jsonb_array_elements(coalesce(reports.as_list(sent), '[]')) with ordinality as e (element, nth)
        ) as words (word, nth)
        where word is not null group by word order by min(nth)
    );
    comment on function reports.as_texts is 'One member of every element, each text once, in order';

    create function reports.as_number(word text) returns numeric language sql stable parallel safe
    return case
        when word ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*$' and pg_input_is_valid(word, 'numeric')
        then word::numeric end;
    comment on function reports.as_number is 'A number with a decimal point; null for anything else';

    create function reports.as_flag(sent jsonb) returns boolean language sql immutable parallel safe
    return case lower(coalesce(reports.as_text(sent), ''))
        when 'true' then true when '1' then true
        when 'false' then false when '0' then false when '' then false end;
    comment on function reports.as_flag is 'A checkbox: absent is false, what is neither yes nor no is null';

    create function reports.as_id(word text) returns bigint language sql immutable parallel safe
    return case when word ~ '^\d{1,18}$' then word::bigint end;

    create function reports.as_moment(word text) returns timestamptz language sql stable parallel safe
    return case
        when word ~ '^-?\d{1,12}$' then case
            when word::bigint between -30610224000 and 253370764800 then to_timestamp(word::bigint) end
        when word ~ '^[12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:?\d\d)$'
            and pg_input_is_valid(word, 'timestamptz') then word::timestamptz end;
    comment on function reports.as_moment is 'Unix seconds or RFC 3339';

    create function reports.as_day(word text, zone text) returns date language sql stable parallel safe
    return case
        when word ~ '^-?\d{1,12}$' then (reports.as_moment(word) at time zone zone)::date
        when word ~ '^[12]\d{3}-\d\d-\d\d' then case
            when pg_input_is_valid(left(word, 10), 'date') then left(word, 10)::date end
        when word ~ '^\d\d\.\d\d\.[12]\d{3}$' then case
            when pg_input_is_valid(right(word, 4) || '-' || substr(word, 4, 2) || '-' || left(word, 2), 'date')
            then make_date(right(word, 4)::int, substr(word, 4, 2)::int, left(word, 2)::int) end
        end;
    comment on function reports.as_day is 'Unix seconds of midnight in a time zone, 1985-03-12 or 12.03.1985';
"""

# Only a row that really moves calls the function: WHEN is decided inside the executor, and a first load
# only inserts. An older look never gets here as a move (its updated_at is smaller), nor twice (the key).
SEEN = """
    create function kommo.keep_status_change() returns trigger language plpgsql as $$
    begin
        insert into kommo.status_changes values (
            new.integration_id, new.id,
            case
                when new.status_id in (142, 143) and new.closed_at > old.updated_at
                    and new.closed_at <= new.updated_at then new.closed_at
                when new.updated_at > old.updated_at then new.updated_at
                else new.changed_at
            end,
            new.pipeline_id, new.status_id, old.pipeline_id, old.status_id,
            old.updated_at, new.changed_at, reports.as_id(new.raw ->> 'updated_by')
        ) on conflict do nothing;
        return null;
    end $$;

    create trigger keep_status_change after update on kommo.leads for each row
    when (
        (old.pipeline_id, old.status_id) is distinct from (new.pipeline_id, new.status_id)
        and new.pipeline_id is not null and new.status_id is not null
        and (new.updated_at < old.updated_at) is not true
    ) execute function kommo.keep_status_change();
"""

# Kommo's clock stamps both the events and updated_at; events may be written some seconds later.
MOVES = """
    create function reports.place_in_chain(befores text[], afters text[], mine bigint) returns integer
    language plpgsql immutable parallel safe as $$
    declare
        open bigint[] := array(select generate_series(1, cardinality(befores)));
        here bigint := coalesce((
            select nth from unnest(befores) with ordinality as b (stage, nth)
            where not stage = any(afters) order by nth limit 1), 1);
    begin
        for place in 1 .. cardinality(befores) loop
            if here = mine then return place; end if;
            open := array_remove(open, here);
            here := coalesce((
                select nth from unnest(open) as nth where befores[nth] = afters[here] order by nth limit 1
            ), open[1]);
        end loop;
        return null;
    end $$;
    comment on function reports.place_in_chain is
    'Which one `mine` is when the moves of one second are put so that each begins where another ended';

    create view reports.kommo_stage_moves as
    select
        integration_id, lead_id, at, from_pipeline_id, from_status_id, pipeline_id, status_id,
        changed_by, learnt,
        row_number() over (partition by integration_id, lead_id order by at, place, id) as nth
    from (
        select *, case when count(*) over same_second = 1 then 1 else reports.place_in_chain(
            array_agg(from_pipeline_id || '/' || from_status_id) over same_second,
            array_agg(pipeline_id || '/' || status_id) over same_second,
            row_number() over (partition by integration_id, lead_id, at order by id)
        ) end as place
        from (
            select
                integration_id, entity_id as lead_id, created_at as at,
                reports.as_id(value_before #>> '{0,lead_status,pipeline_id}') as from_pipeline_id,
                reports.as_id(value_before #>> '{0,lead_status,id}') as from_status_id,
                reports.as_id(value_after #>> '{0,lead_status,pipeline_id}') as pipeline_id,
                reports.as_id(value_after #>> '{0,lead_status,id}') as status_id,
                min(created_by) as changed_by, min(id) as id, 'event' as learnt
            from kommo.events
            where type = 'lead_status_changed' and created_at is not null
            group by 1, 2, 3, 4, 5, 6, 7
            union all
            select
                integration_id, lead_id, at, from_pipeline_id, from_status_id, pipeline_id, status_id,
                changed_by, '~', 'mirror'
            from kommo.status_changes c
            where not exists (
                select from kommo.events e
                where e.integration_id = c.integration_id and e.entity_id = c.lead_id
                and e.type = 'lead_status_changed'
                and reports.as_id(e.value_after #>> '{0,lead_status,pipeline_id}') = c.pipeline_id
                and reports.as_id(e.value_after #>> '{0,lead_status,id}') = c.status_id
                and e.created_at >= coalesce(c.not_before, '-infinity')
                and e.created_at <= c.at + interval '10 seconds'
            )
        ) as learned
        where status_id is not null
        window same_second as (
            partition by integration_id, lead_id, at order by id
            rows between unbounded preceding and unbounded following
        )
    ) as placed;
    comment on view reports.kommo_stage_moves is
    'One row for each known move of a lead: told by an event, or seen by the mirror and told by none yet';
"""

# An entry is kept when the stage differs from the entry before it. The lead's own row counts as an entry
# when nothing else is known, or when it is newer than the last move and says another stage.
HISTORY = """
    create view reports.kommo_stage_history as
    select
        h.integration_id, i.account_id, h.lead_id, l.name as lead, h.nth,
        h.pipeline_id, p.name as pipeline, h.status_id, s.name as status,
        h.entered_at, h.left_at, coalesce(h.left_at, now()) - h.entered_at as stayed,
        round(extract(epoch from coalesce(h.left_at, now()) - h.entered_at) / 86400, 2) as days,
        h.entered_by_id, u.name as entered_by, h.learnt
    from (
        select
            integration_id, lead_id, pipeline_id, status_id, entered_at, entered_by_id, learnt,
            row_number() over (partition by integration_id, lead_id order by nth) as nth,
            coalesce(
                lead(entered_at) over (partition by integration_id, lead_id order by nth), gone_at
            ) as left_at
        from (
            select
                integration_id, lead_id, pipeline_id, status_id, nth, entered_by_id, gone_at,
                case when nth_known > 1 and learnt = 'row' then greatest(entered_at, before_at)
                    when learnt = 'row' then alone_at else entered_at end as entered_at,
                case when nth_known = 1 and learnt = 'row' and alone_at is not distinct from created_at
                    then 'creation' else learnt end as learnt
            from (
                select
                    *, row_number() over earlier as nth_known, lag(entered_at) over earlier as before_at,
                    lag(pipeline_id) over earlier as before_pipeline_id,
                    lag(status_id) over earlier as before_status_id
                from (
                    select
                        m.integration_id, m.lead_id, e.pipeline_id, e.status_id, e.entered_at, e.nth,
                        e.entered_by_id, e.learnt, coalesce(l.deleted_at, l.missing_since) as gone_at,
                        null::timestamptz as created_at, null::timestamptz as alone_at,
                        null::timestamptz as looked_at
                    from reports.kommo_stage_moves m
                    left join kommo.leads l on l.integration_id = m.integration_id and l.id = m.lead_id
                    cross join lateral (
                        select m.pipeline_id, m.status_id, m.at, m.nth, m.changed_by, m.learnt
                        union all
                        select m.from_pipeline_id, m.from_status_id, least(l.created_at, m.at), 0, null,
                            'creation'
                        where m.nth = 1 and m.from_status_id is not null and l.created_at is not null
                    ) as e (pipeline_id, status_id, entered_at, nth, entered_by_id, learnt)
                    union all
                    select
                        integration_id, id, pipeline_id, status_id,
                        case when status_id in (142, 143) then coalesce(closed_at, updated_at)
                            else updated_at end,
                        9223372036854775807, null, 'row', coalesce(deleted_at, missing_since), created_at,
                        case when status_id in (142, 143) then coalesce(closed_at, created_at)
                            else created_at end,
                        updated_at
                    from kommo.leads where status_id is not null
                ) as entries
                window earlier as (partition by integration_id, lead_id order by nth)
            ) as known
            where nth_known = 1 or (
                (pipeline_id, status_id) is distinct from (before_pipeline_id, before_status_id)
                and (learnt <> 'row' or looked_at >= before_at)
            )
        ) as kept
    ) as h
    left join ponte.integration_settings i on i.id = h.integration_id
    left join kommo.leads l on l.integration_id = h.integration_id and l.id = h.lead_id
    left join kommo.pipelines p on p.integration_id = h.integration_id and p.id = h.pipeline_id
    left join kommo.statuses s on s.integration_id = h.integration_id
        and s.pipeline_id = h.pipeline_id and s.id = h.status_id
    left join kommo.users u on u.integration_id = h.integration_id and u.id = h.entered_by_id;
    comment on view reports.kommo_stage_history is
    'One row for each stay of a lead in a stage; deleted leads keep theirs';
    comment on column reports.kommo_stage_history.nth is 'the first stay of the lead is 1';
    comment on column reports.kommo_stage_history.left_at is
    'null: still there; for a lead that is deleted or missing, when that was learnt';
    comment on column reports.kommo_stage_history.entered_by is 'null: a robot, the system, or not known';
    comment on column reports.kommo_stage_history.learnt is
    'event: Kommo''s log; mirror: seen, no event yet; creation: the first known stage; row: the lead itself';
"""

DURATIONS = """
    create view reports.kommo_stage_durations as
    select
        h.integration_id, h.account_id, h.pipeline_id, h.pipeline, h.status_id, h.status, s.sort as status_sort,
        count(distinct h.lead_id) as leads, count(*) as stays,
        round((percentile_cont(0.5) within group (order by h.days)
            filter (where h.left_at is not null))::numeric, 2) as median_days,
        round(avg(h.days) filter (where h.left_at is not null), 2) as mean_days,
        count(*) filter (where h.left_at is null) as now_there,
        round(avg(h.days) filter (where h.left_at is null), 2) as mean_days_of_those_there
    from reports.kommo_stage_history h
    left join kommo.statuses s on s.integration_id = h.integration_id
        and s.pipeline_id = h.pipeline_id and s.id = h.status_id
    group by 1, 2, 3, 4, 5, 6, 7;
    comment on view reports.kommo_stage_durations is
    'How long leads stay in each stage: median and mean over the stays that have ended';
"""
