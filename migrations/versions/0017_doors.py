"""Doors: sessions that end here, wrong logins counted, former webhook secrets, looks at unknown ids"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column(
        "api_tokens",
        sa.Column("signed_by", sa.Text(), comment="which PONTE_SECRET_KEY; null: not known yet"),
        schema="ponte",
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(), comment="sha256 of what the cookie holds"),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        schema="ponte",
        comment="Sessions of the dashboard: who has no row here is not logged in",
    )
    op.create_table(
        "wrong_logins",
        sa.Column("address", sa.Text(), comment="of IPv6 its network of 64 bits"),
        sa.Column("at", sa.DateTime(timezone=True), comment="to the second"),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address", "at"),
        schema="ponte",
        comment="Made-up login links of the last minutes, by where they came from",
    )
    op.create_table(
        "former_webhook_secrets",
        sa.Column("digest", sa.Text(), comment="sha256 of the secret of a webhook's path"),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column(
            "secret", sa.LargeBinary(), nullable=False, comment="the secret itself, encrypted"
        ),
        sa.Column("replaced_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column(
            "ends_at",
            sa.DateTime(timezone=True),
            comment="until then it is taken; null: the next one is not proven yet",
        ),
        sa.Column(
            "left_at",
            sa.DateTime(timezone=True),
            comment="when Kommo was told to call it no more",
        ),
        sa.PrimaryKeyConstraint("digest"),
        schema="ponte",
    )
    op.create_table(
        "stranger_looks",
        sa.Column("id", sa.BigInteger(), sa.Identity()),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="sync",
        comment="Requests of the last minute for ids that only a webhook has named",
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_table("stranger_looks", schema="sync")
    for name in ("former_webhook_secrets", "wrong_logins", "sessions"):
        op.drop_table(name, schema="ponte")
    op.drop_column("api_tokens", "signed_by", schema="ponte")
