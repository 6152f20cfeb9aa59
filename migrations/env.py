"""Alembic's entrance: `ponte db upgrade` hands a connection over, `alembic revision` opens its own."""

import os

from alembic import context
from alembic.autogenerate import rewriter
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy import Connection

from shared.db import alerting, bookkeeping, mirror, wallet
from shared.db.engine import connect

SCHEMAS = ("kommo", "gestao_click", "sync", "ponte", "reports")


def ours(name: str | None, kind: str, parents: object) -> bool:
    """Only Ponte's own schemas are compared: a user's tables beside them are left alone."""
    return kind != "schema" or name in SCHEMAS


following = rewriter.Rewriter()


@following.rewrites(ops.CreateTableOp)
def count_rows(
    _: MigrationContext, __: object, made: ops.CreateTableOp
) -> list[ops.MigrateOperation]:
    """Of a mirrored list it is kept how many rows there are (migration 0024)."""
    if "missing_since" not in {getattr(column, "name", None) for column in made.columns}:
        return [made]
    kept = f"select sync.keep_row_count('{made.schema}.{made.table_name}')"
    return [made, ops.ExecuteSQLOp(kept)]


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=mirror.metadata,
        include_schemas=True,
        include_name=ours,
        process_revision_directives=following,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


for declared in (
    bookkeeping.runs,
    wallet.opening_balances,
    alerting.alert_rules,
):  # imported for their tables
    assert declared.metadata is mirror.metadata  # noqa: S101
given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with connect(os.environ["DATABASE_URL"]).connect() as own:
        migrate(own)
