"""The mirror of Kommo: everything that can be read; what an account does not get"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIGINT, TEXT, NUMERIC, BOOLEAN = sa.BigInteger(), sa.Text(), sa.Numeric(), sa.Boolean()
MOMENT = sa.DateTime(timezone=True)
TEXTS, DOCUMENT = postgresql.ARRAY(sa.Text()), postgresql.JSONB()

ADDED: dict[str, dict[str, Any]] = {
    "account": {
        "customers_mode": TEXT,
        "is_unsorted_on": BOOLEAN,
        "is_loss_reason_enabled": BOOLEAN,
        "task_types": DOCUMENT,
        "users_groups": DOCUMENT,
    },
    "leads": {"source_id": BIGINT},
    "contacts": {},
    "companies": {},
}
BOTH: dict[str, Any] = {
    "tags": TEXTS,
    "created_by": BIGINT,
    "updated_by": BIGINT,
    "group_id": BIGINT,
    "closest_task_at": MOMENT,
}


def _mirrored(table: str, key: dict[str, Any], /, **columns: Any) -> None:
    """A table of rows and its narrow table of stamps."""

    def keys() -> list[sa.Column[Any]]:
        return [sa.Column(column, type_, nullable=False) for column, type_ in key.items()]

    op.create_table(
        table,
        sa.Column("integration_id", sa.Integer(), nullable=False),
        *keys(),
        *(sa.Column(column, type_) for column, type_ in columns.items()),
        sa.Column("raw", DOCUMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT),
        sa.Column("missing_since", MOMENT),
        sa.PrimaryKeyConstraint("integration_id", *key),
        schema="kommo",
    )
    op.create_table(
        f"kommo_{table}_stamps",
        sa.Column("integration_id", sa.Integer(), nullable=False),
        *keys(),
        sa.Column("hash", sa.Uuid()),
        sa.Column("observed_at", MOMENT, nullable=False),
        sa.Column("gone", BOOLEAN, nullable=False, server_default=sa.false()),
        sa.Column("misses", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("integration_id", *key),
        schema="sync",
        postgresql_with={"fillfactor": "70"},
    )


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    _mirrored(
        "catalogs",
        {"id": BIGINT},
        name=TEXT,
        type=TEXT,
        sort=BIGINT,
        created_by=BIGINT,
        updated_by=BIGINT,
        created_at=MOMENT,
        updated_at=MOMENT,
        can_add_elements=BOOLEAN,
        can_show_in_cards=BOOLEAN,
        can_link_multiple=BOOLEAN,
    )
    _mirrored(
        "catalog_elements",
        {"catalog_id": BIGINT, "id": BIGINT},
        name=TEXT,
        created_by=BIGINT,
        updated_by=BIGINT,
        created_at=MOMENT,
        updated_at=MOMENT,
        custom_fields=DOCUMENT,
    )
    _mirrored(
        "custom_field_groups",
        {"entity_type": TEXT, "id": TEXT},
        name=TEXT,
        type=TEXT,
        sort=BIGINT,
        is_predefined=BOOLEAN,
        fields=DOCUMENT,
    )
    _mirrored(
        "customers",
        {"id": BIGINT},
        name=TEXT,
        next_price=NUMERIC,
        next_date=MOMENT,
        status_id=BIGINT,
        periodicity=BIGINT,
        ltv=NUMERIC,
        purchases_count=BIGINT,
        average_check=NUMERIC,
        responsible_user_id=BIGINT,
        created_at=MOMENT,
        updated_at=MOMENT,
        custom_fields=DOCUMENT,
        tags=TEXTS,
    )
    _mirrored(
        "events",
        {"id": TEXT},
        type=TEXT,
        entity_type=TEXT,
        entity_id=BIGINT,
        created_by=BIGINT,
        created_at=MOMENT,
        value_before=DOCUMENT,
        value_after=DOCUMENT,
    )
    _mirrored(
        "loss_reasons", {"id": BIGINT}, name=TEXT, sort=BIGINT, created_at=MOMENT, updated_at=MOMENT
    )
    _mirrored(
        "notes",
        {"entity_type": TEXT, "id": BIGINT},
        entity_id=BIGINT,
        note_type=TEXT,
        text=TEXT,
        params=DOCUMENT,
        responsible_user_id=BIGINT,
        created_by=BIGINT,
        updated_by=BIGINT,
        created_at=MOMENT,
        updated_at=MOMENT,
    )
    _mirrored("roles", {"id": BIGINT}, name=TEXT, rights=DOCUMENT, users=DOCUMENT)
    _mirrored(
        "sources",
        {"id": BIGINT},
        name=TEXT,
        pipeline_id=BIGINT,
        external_id=TEXT,
        is_default=BOOLEAN,
        origin_code=TEXT,
        services=DOCUMENT,
    )
    _mirrored("tags", {"entity_type": TEXT, "id": BIGINT}, name=TEXT, color=TEXT)
    _mirrored(
        "talks",
        {"id": BIGINT},
        contact_id=BIGINT,
        chat_id=TEXT,
        entity_type=TEXT,
        entity_id=BIGINT,
        origin=TEXT,
        is_in_work=BOOLEAN,
        is_read=BOOLEAN,
        rate=BIGINT,
        missed_at=MOMENT,
        created_at=MOMENT,
        updated_at=MOMENT,
    )
    _mirrored(
        "unsorted",
        {"uid": TEXT},
        source_uid=TEXT,
        source_name=TEXT,
        category=TEXT,
        pipeline_id=BIGINT,
        lead_id=BIGINT,
        contact_id=BIGINT,
        created_at=MOMENT,
        metadata=DOCUMENT,
    )
    _mirrored(
        "webhooks",
        {"id": BIGINT},
        destination=TEXT,
        disabled=BOOLEAN,
        settings=DOCUMENT,
        sort=BIGINT,
        created_by=BIGINT,
        created_at=MOMENT,
        updated_at=MOMENT,
    )

    for table, columns in ADDED.items():
        wanted = columns if table == "account" else {**BOTH, **columns}
        for column, type_ in wanted.items():
            op.add_column(table, sa.Column(column, type_), schema="kommo")
    op.create_table(
        "unavailable",
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column(
            "slice", TEXT, nullable=False, comment="entity_type=customers; empty: the whole list"
        ),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("since", MOMENT, nullable=False, server_default=sa.text("now()")),
        sa.Column("checked_at", MOMENT, nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("integration_id", "resource", "slice"),
        schema="sync",
    )
    op.drop_constraint("runs_state", "runs", schema="sync")
    op.create_check_constraint(
        "runs_state",
        "runs",
        "state in ('queued', 'running', 'done', 'failed', 'unavailable')",
        schema="sync",
    )
    op.execute(LINKS)


# What leads, contacts, companies and customers carry of each other: nothing to fetch, nothing to be stale.
# An embedded list may come as a map with numeric keys (kommo-api.md 5).
LINKS = """
create view kommo.links as
with carriers as (
    select integration_id, 'leads' as entity_type, id, raw from kommo.leads
    where deleted_at is null and missing_since is null
    union all
    select integration_id, 'contacts', id, raw from kommo.contacts
    where deleted_at is null and missing_since is null
    union all
    select integration_id, 'companies', id, raw from kommo.companies
    where deleted_at is null and missing_since is null
    union all
    select integration_id, 'customers', id, raw from kommo.customers
    where deleted_at is null and missing_since is null
)
select distinct
    c.integration_id,
    c.entity_type,
    c.id as entity_id,
    list.name as to_entity_type,
    (item ->> 'id')::bigint as to_entity_id,
    (item ->> 'is_main') in ('true', '1') as is_main,
    case when item #>> '{metadata,catalog_id}' ~ '^[0-9]{1,18}$'
        then (item #>> '{metadata,catalog_id}')::bigint end as catalog_id,
    case when jsonb_typeof(item #> '{metadata,quantity}') = 'number'
        then (item #>> '{metadata,quantity}')::numeric end as quantity
from carriers c
cross join lateral (
    values ('leads'), ('contacts'), ('companies'), ('customers'), ('catalog_elements')
) as list (name)
cross join lateral jsonb_array_elements(
    case jsonb_typeof(c.raw -> '_embedded' -> list.name)
        when 'array' then c.raw -> '_embedded' -> list.name
        when 'object' then jsonb_path_query_array(c.raw -> '_embedded' -> list.name, '$.*')
        else '[]' end
) as item
where item ->> 'id' ~ '^[0-9]{1,18}$'
"""
