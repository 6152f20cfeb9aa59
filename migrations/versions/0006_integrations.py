"""Integrations of their own: schedule, address, webhook; states of OAuth consents under way"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for column in (
        sa.Column("auto_sync", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "sync_frequency",
            sa.Text(),
            comment="hourly, daily, weekly or minutes; null: the settings' intervals",
        ),
        sa.Column("url", sa.Text(), comment="the account's own address; null: the settings'"),
        sa.Column(
            "webhook_digest", sa.Text(), comment="sha256 of the secret of its webhook's path"
        ),
        sa.Column("webhook_secret", sa.LargeBinary(), comment="the secret itself, encrypted"),
    ):
        op.add_column("integration_settings", column, schema="ponte")
    op.create_unique_constraint(None, "integration_settings", ["webhook_digest"], schema="ponte")
    op.create_table(
        "oauth_states",
        sa.Column("digest", sa.LargeBinary(), comment="sha256 of the one-time state"),
        sa.Column(
            "wanted", sa.LargeBinary(), nullable=False, comment="encrypted: what is being added"
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        schema="ponte",
    )
