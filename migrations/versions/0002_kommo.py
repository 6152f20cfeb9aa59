"""The mirror of Kommo"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(TABLES)


TABLES = """
    create schema if not exists kommo;

    create table kommo.account (
        integration_id integer not null,
        id bigint not null,
        name text,
        subdomain text,
        country text,
        currency text,
        language text,
        timezone text,
        current_user_id bigint,
        created_at timestamptz,
        updated_at timestamptz,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.kommo_account_stamps (
        integration_id integer not null,
        id bigint not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table kommo.users (
        integration_id integer not null,
        id bigint not null,
        name text,
        email text,
        lang text,
        is_active boolean,
        is_admin boolean,
        group_id bigint,
        role_id bigint,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.kommo_users_stamps (
        integration_id integer not null,
        id bigint not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table kommo.pipelines (
        integration_id integer not null,
        id bigint not null,
        name text,
        sort bigint,
        is_main boolean,
        is_archive boolean,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.kommo_pipelines_stamps (
        integration_id integer not null,
        id bigint not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table kommo.statuses (
        integration_id integer not null,
        pipeline_id bigint not null,
        id bigint not null,
        name text,
        sort bigint,
        type bigint,
        color text,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, pipeline_id, id)
    );

    create table sync.kommo_statuses_stamps (
        integration_id integer not null,
        pipeline_id bigint not null,
        id bigint not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, pipeline_id, id)
    ) with (fillfactor = 70);

    create table kommo.custom_fields (
        integration_id integer not null,
        entity_type text not null,
        id bigint not null,
        name text,
        type text,
        code text,
        sort bigint,
        group_id text,
        is_api_only boolean,
        currency text,
        enums jsonb,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, entity_type, id)
    );

    create table sync.kommo_custom_fields_stamps (
        integration_id integer not null,
        entity_type text not null,
        id bigint not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, entity_type, id)
    ) with (fillfactor = 70);

    create table kommo.leads (
        integration_id integer not null,
        id bigint not null,
        name text,
        price numeric,
        pipeline_id bigint,
        status_id bigint,
        responsible_user_id bigint,
        company_id bigint,
        main_contact_id bigint,
        loss_reason_id bigint,
        created_at timestamptz,
        updated_at timestamptz,
        closed_at timestamptz,
        custom_fields jsonb,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.kommo_leads_stamps (
        integration_id integer not null,
        id bigint not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table kommo.contacts (
        integration_id integer not null,
        id bigint not null,
        name text,
        first_name text,
        last_name text,
        responsible_user_id bigint,
        company_id bigint,
        phones text[],
        emails text[],
        created_at timestamptz,
        updated_at timestamptz,
        custom_fields jsonb,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.kommo_contacts_stamps (
        integration_id integer not null,
        id bigint not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);

    create table kommo.companies (
        integration_id integer not null,
        id bigint not null,
        name text,
        responsible_user_id bigint,
        phones text[],
        emails text[],
        created_at timestamptz,
        updated_at timestamptz,
        custom_fields jsonb,
        raw jsonb not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        missing_since timestamptz,
        primary key (integration_id, id)
    );

    create table sync.kommo_companies_stamps (
        integration_id integer not null,
        id bigint not null,
        hash uuid,
        observed_at timestamptz not null,
        gone boolean default false not null,
        misses smallint default 0 not null,
        primary key (integration_id, id)
    ) with (fillfactor = 70);
"""
