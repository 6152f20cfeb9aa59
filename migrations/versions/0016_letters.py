"""Dead letters: how often workers died at something, where a reject stands, and who is to be looked up again"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for table in ("deliveries", "runs", "audits", "rejects"):
        op.execute(f"alter table sync.{table} add column deaths smallint not null default 0")
        op.execute(
            f"comment on column sync.{table}.deaths is 'how often its worker died over it; "
            "parked after the third time'"
        )
    op.execute(REJECTS)
    op.execute(DEAD)


REJECTS = """
    alter table sync.rejects add column slice jsonb, add column wanted_at timestamptz;
    comment on column sync.rejects.slice is 'the parameters with which it was asked for';
    comment on column sync.rejects.wanted_at is 'from then on it is to be looked up again';
"""

# the few among millions that are settled well
DEAD = """
    create index deliveries_dead on sync.deliveries (integration_id, outcome, id)
    where outcome in ('failed', 'undecodable', 'other account');
"""
