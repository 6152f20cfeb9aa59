"""Stand-in for the lists that stage history reads"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("""
    create table kommo.events (integration_id integer not null, id text not null, type text, entity_type text,
        entity_id bigint, created_by bigint, created_at timestamptz, value_before jsonb, value_after jsonb,
        raw jsonb not null, changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id));
    create table kommo.loss_reasons (integration_id integer not null, id bigint not null, name text, sort bigint,
        created_at timestamptz, updated_at timestamptz,
        raw jsonb not null, changed_at timestamptz not null, deleted_at timestamptz, missing_since timestamptz,
        primary key (integration_id, id));
    """)
