"""A login link says what its session may do"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("alter table ponte.login_links add column scope text not null default 'sync'")
    op.execute(
        "alter table ponte.login_links add constraint login_links_scope"
        " check (scope in ('read', 'sync', 'admin'))"
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("alter table ponte.login_links drop column scope")
