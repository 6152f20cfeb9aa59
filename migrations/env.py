"""Alembic's entrance: `ponte db upgrade` hands a connection over, `alembic revision` opens its own."""

import os

from alembic import context
from sqlalchemy import Connection

from shared.db import bookkeeping, mirror, wallet
from shared.db.engine import connect

SCHEMAS = ("kommo", "gestao_click", "sync", "ponte", "reports")


def ours(name: str | None, kind: str, parents: object) -> bool:
    """Only Ponte's own schemas are compared: a user's tables beside them are left alone."""
    return kind != "schema" or name in SCHEMAS


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=mirror.metadata,
        include_schemas=True,
        include_name=ours,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


for declared in (bookkeeping.runs, wallet.opening_balances):  # imported for their tables
    assert declared.metadata is mirror.metadata  # noqa: S101
given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with connect(os.environ["DATABASE_URL"]).connect() as own:
        migrate(own)
