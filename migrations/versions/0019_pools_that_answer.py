"""A pool says when it was last seen to work: one that lives but takes no messages is told from an idle one"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(
        "alter table sync.workers add column busy_at timestamptz not null default clock_timestamp()"
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("alter table sync.workers drop column busy_at")
