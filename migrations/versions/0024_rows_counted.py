"""How many rows each list has is kept: pages of the API, the dashboard and /metrics tell it without counting"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Every statement that changes a number adds a row, so that writers never wait for each other; now and then one
# of them puts together what is there.
COUNTS = """
    create table sync.row_counts (
        integration_id integer not null,
        resource text not null,
        live bigint not null,
        gone bigint not null
    );
    comment on table sync.row_counts is 'Added up: how many rows of a mirrored list are live and gone';
    comment on column sync.row_counts.gone is 'marked deleted or missing';
    create index row_counts_of on sync.row_counts (integration_id, resource);
"""
FOLD = """
    create function sync.fold_row_counts(integration integer, of_resource text) returns void
    language sql as $$
        with taken as (
            delete from sync.row_counts
            where ctid = any(array(
                select ctid from sync.row_counts
                where integration_id = integration and resource = of_resource for update skip locked))
            returning live, gone
        )
        insert into sync.row_counts
        select integration, of_resource, sum(live), sum(gone) from taken
        having sum(live) <> 0 or sum(gone) <> 0
    $$
"""
CHANGED = """
    create function sync.count_rows() returns trigger language plpgsql as $$
    declare
        name constant text := tg_table_schema || '.' || tg_table_name;
        changed record;
    begin
        if tg_op = 'INSERT' then
            insert into sync.row_counts
            select integration_id, name, count(*) filter (where live), count(*) filter (where not live)
            from (select integration_id, deleted_at is null and missing_since is null as live from fresh) f
            group by integration_id;
        elsif tg_op = 'DELETE' then
            insert into sync.row_counts
            select integration_id, name, -count(*) filter (where live), -count(*) filter (where not live)
            from (select integration_id, deleted_at is null and missing_since is null as live from former) f
            group by integration_id;
        else
            insert into sync.row_counts
            select integration_id, name, sum(by) filter (where live), sum(by) filter (where not live)
            from (
                select integration_id, deleted_at is null and missing_since is null as live, 1 as by from fresh
                union all
                select integration_id, deleted_at is null and missing_since is null, -1 from former
            ) moved
            group by integration_id
            having sum(by) filter (where live) <> 0;
        end if;
        if found and random() < 0.02 then
            for changed in select distinct integration_id from sync.row_counts where resource = name loop
                perform sync.fold_row_counts(changed.integration_id, name);
            end loop;
        end if;
        return null;
    end $$
"""
KEPT = """
    create function sync.keep_row_count(list regclass) returns void language plpgsql as $$
    declare name constant text := (
        select nspname || '.' || relname from pg_class c join pg_namespace n on n.oid = relnamespace
        where c.oid = list);
    begin
        execute format('create trigger counted_in after insert on %s referencing new table as fresh
            for each statement execute function sync.count_rows()', list);
        execute format('create trigger counted_out after delete on %s referencing old table as former
            for each statement execute function sync.count_rows()', list);
        execute format('create trigger counted_over after update on %s
            referencing old table as former new table as fresh
            for each statement execute function sync.count_rows()', list);
        execute format('insert into sync.row_counts
            select integration_id, %L, count(*) filter (where live), count(*) filter (where not live)
            from (select integration_id, deleted_at is null and missing_since is null as live from %s) t
            group by integration_id', name, list);
    end $$;
    comment on function sync.keep_row_count is 'From now on the rows of this mirrored list are counted';
"""
EVERY_LIST = """
    select sync.keep_row_count(cast(c.oid as regclass))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('kommo', 'gestao_click') and c.relkind = 'r' and 2 = (
        select count(*) from pg_attribute a
        where a.attrelid = c.oid and a.attname in ('deleted_at', 'missing_since') and not a.attisdropped)
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for statements in (COUNTS, FOLD, CHANGED, KEPT, EVERY_LIST):
        op.execute(statements)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop function sync.keep_row_count")
    op.execute("drop function sync.count_rows cascade")
    op.execute("drop function sync.fold_row_counts")
    op.execute("drop table sync.row_counts")
