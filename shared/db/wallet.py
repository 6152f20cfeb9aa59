"""What people enter for the wallet; everything else of it is a view over the mirror (docs/wallet.md)."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Integer, Numeric, Table, Text, text

from shared.db.mirror import metadata, rows_table
from shared.db.moments import NOW, moment
from shared.resources import BY_NAME

TITLES = (BY_NAME["gestao_click.recebimentos"], BY_NAME["gestao_click.pagamentos"])
OPEN = "deleted_at is null and missing_since is null and not coalesce(liquidado, false)"
HELD = ("valor_total", "loja_id", "cliente_id", "nome_cliente")
"""What is overdue, and whose, is added up from the index alone."""

for _titles in TITLES:
    _rows = rows_table(_titles)
    _order = (_rows.c.integration_id, _rows.c.data_vencimento)
    Index(f"{_titles.name}_open", *_order, postgresql_include=HELD, postgresql_where=text(OPEN))

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
    moment("updated_at", nullable=False, server_default=NOW),
    schema="ponte",
    comment="What was in a bank account when a day began: the ERP has no balances, people enter them",
)

category_mappings = Table(
    "category_mappings",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("plano_contas_id", Text, primary_key=True),
    Column("category", Text, nullable=False),
    moment("updated_at", nullable=False, server_default=NOW),
    schema="ponte",
    comment="What people call an account of the ERP's plan; one without a row here keeps the ERP's name",
)
