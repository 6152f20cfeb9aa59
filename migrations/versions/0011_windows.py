"""What is read when: settings of an integration, windows that were walked, what other tools use"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column(
        "integration_settings",
        sa.Column(
            "history_from",
            sa.Date(),
            comment="first day of history; null: GESTAO_CLICK_HISTORY_FROM",
        ),
        schema="ponte",
    )
    op.add_column(
        "integration_settings",
        sa.Column(
            "stores", postgresql.ARRAY(sa.Text()), comment="ids of the stores to read; null: all"
        ),
        schema="ponte",
    )
    op.add_column(
        "integration_settings",
        sa.Column(
            "daily_share",
            sa.Numeric(),
            comment="0 to 1, of the daily limit; null: PONTE_DAILY_SHARE",
        ),
        schema="ponte",
    )
    op.add_column(
        "usage",
        sa.Column(
            "others",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="requests of other tools in the day before, where refusals told of them",
        ),
        schema="sync",
    )
    op.add_column(
        "pauses",
        sa.Column(
            "asked",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="requests of the day when it began: those since then were answered",
        ),
        schema="sync",
    )
    op.create_table(
        "windows",
        sa.Column("integration_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False, comment="near, open, ahead, history, whole"),
        sa.Column(
            "slice",
            sa.Text(),
            nullable=False,
            comment="of history the month; empty: all of the tier",
        ),
        sa.Column("walked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False, comment="that the last walk took"),
        sa.Column("rows", sa.Integer(), nullable=False, comment="that it met"),
        sa.PrimaryKeyConstraint("integration_id", "resource", "tier", "slice"),
        schema="sync",
        comment="When each part of a list was last read to its end, and what that cost",
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_table("windows", schema="sync")
    op.drop_column("pauses", "asked", schema="sync")
    op.drop_column("usage", "others", schema="sync")
    for column in ("daily_share", "stores", "history_from"):
        op.drop_column("integration_settings", column, schema="ponte")
