"""Large lists are filtered, sorted and followed to their contacts without a look at each row"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

LIVE = "where deleted_at is null and missing_since is null"
ORDERS = {
    "companies_created_at": ("companies", "created_at desc nulls last, id) include (updated_at"),
    "companies_facets": ("companies", "responsible_user_id, created_at, updated_at, id"),
    "contacts_created_at": ("contacts", "created_at desc nulls last, id) include (updated_at"),
    "contacts_facets": ("contacts", "responsible_user_id, company_id, created_at, updated_at, id"),
    "events_facets": ("events", "entity_id, created_at, id"),
    "leads_created_at": ("leads", "created_at desc nulls last, id) include (updated_at"),
    "leads_facets": (
        "leads",
        "status_id, pipeline_id, responsible_user_id, company_id, price, created_at, updated_at, id",
    ),
    "leads_price": ("leads", "price desc nulls last, id) include (updated_at"),
    "notes_facets": ("notes", "entity_id, updated_at, entity_type, id"),
    "tasks_facets": (
        "tasks",
        "entity_id, responsible_user_id, is_completed, complete_till, updated_at, id",
    ),
}
CHANGED = (
    *(
        f"gestao_click.{name}"
        for name in (
            "compras",
            "notas_fiscais_consumidores",
            "notas_fiscais_produtos",
            "notas_fiscais_servicos",
            "orcamentos",
            "ordens_servicos",
            "pagamentos",
            "produtos",
            "transportadoras",
        )
    ),
    *(f"kommo.{name}" for name in ("events", "leads", "tasks")),
)
"""Besides those that have such an index already (0022, 0023)."""
LINKS = {
    "companies_of_contacts": ("companies", "contacts"),
    "companies_of_leads": ("companies", "leads"),
    "contacts_of_leads": ("contacts", "leads"),
    "leads_of_contacts": ("leads", "contacts"),
}


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for name, (table, columns) in ORDERS.items():
        op.execute(f"create index {name} on kommo.{table} (integration_id, {columns}) {LIVE}")
    op.execute("drop index kommo.leads_changed")  # of won deals alone
    for table in CHANGED:
        name = f"{table.partition('.')[2]}_changed"
        op.execute(f"create index {name} on {table} (integration_id, changed_at, id)")
    op.execute(
        "create index notes_changed on kommo.notes (integration_id, changed_at, entity_type, id)"
    )
    for name, (table, embedded) in LINKS.items():
        ids = f"jsonb_path_query_array(raw, '$._embedded.{embedded}.**{{1}}.id')"
        op.execute(f"create index {name} on kommo.{table} using gin ({ids} jsonb_path_ops)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for name in (*ORDERS, *LINKS):
        op.execute(f"drop index kommo.{name}")
    for table in (*CHANGED, "kommo.notes"):
        op.execute(f"drop index {table}_changed")
    op.execute(
        "create index leads_changed on kommo.leads (integration_id, changed_at, id) where status_id = 142"
    )
