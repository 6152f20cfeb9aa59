"""What people enter for the wallet; everything else of it is a view over the mirror (docs/wallet.md)."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Integer, Numeric, Table, Text, text

from shared.db.mirror import metadata

NOW = text("clock_timestamp()")

opening_balances = Table(
    "opening_balances",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column(
        "wallet_id",
        Text,
        primary_key=True,
        comment="conta_bancaria_id of the ERP; none: the titles without an account",
    ),
    Column(
        "as_of",
        Date,
        nullable=False,
        comment="titles that were settled on this day are not in the amount yet",
    ),
    Column("amount", Numeric, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    schema="ponte",
    comment="What was in a bank account when a day began: the ERP has no balances, people enter them",
)

category_mappings = Table(
    "category_mappings",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("plano_contas_id", Text, primary_key=True),
    Column("category", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=NOW),
    schema="ponte",
    comment="What people call an account of the ERP's plan; one without a row here keeps the ERP's name",
)
