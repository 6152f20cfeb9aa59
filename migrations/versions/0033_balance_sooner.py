"""What the accounts hold and what is overdue is added up from indexes alone: the start page asks for it at each look"""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

LIVE = "where deleted_at is null and missing_since is null"
BEFORE = "id, valor_total, liquidado, data_vencimento, loja_id, nome_loja, cliente_id"
NOW = (
    "id, valor_total, liquidado, data_vencimento, data_competencia, conta_bancaria_id, "
    "loja_id, nome_loja, cliente_id"
)
OPEN = f"{LIVE} and not coalesce(liquidado, false)"
WHOSE = "include (valor_total, loja_id, cliente_id, nome_cliente)"
PAID = "id, valor_total, liquidado, data_vencimento, data_competencia, conta_bancaria_id"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    _receipts(NOW)
    op.execute(
        "create index pagamentos_paid on gestao_click.pagamentos (integration_id, data_liquidacao)"
        f" include ({PAID}) {LIVE}"
    )
    _open(WHOSE)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop index gestao_click.pagamentos_paid")
    _receipts(BEFORE)
    _open("")


def _receipts(held: str) -> None:
    op.execute("drop index gestao_click.recebimentos_paid")
    op.execute(
        "create index recebimentos_paid on gestao_click.recebimentos (integration_id, data_liquidacao)"
        f" include ({held}) {LIVE}"
    )


def _open(held: str) -> None:
    for table in ("recebimentos", "pagamentos"):
        op.execute(f"drop index gestao_click.{table}_open")
        op.execute(
            f"create index {table}_open on gestao_click.{table} (integration_id, data_vencimento)"
            f" {held} {OPEN}"
        )
