"""People are found by the beginnings of their names' words, and what is theirs without a look at each row"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

WORDS = """
    create function ponte.words(names text[]) returns tsvector
    language sql immutable parallel safe as $$
        select array_to_tsvector(array(
            select distinct left(word, 60) from unnest(names) as name, unnest(string_to_array(name, ' ')) as word
            where word <> ''))
    $$
"""
WHOSE = {
    "gestao_click.vendas": "cliente_id",
    "gestao_click.recebimentos": "cliente_id",
    "gestao_click.pagamentos": "fornecedor_id",
}


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(WORDS)
    op.execute("create index parties_words on ponte.parties using gin (ponte.words(names))")
    for table, column in WHOSE.items():
        name = f"{table.partition('.')[2]}_of_whom"
        op.execute(f"create index {name} on {table} (integration_id, {column})")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for table in WHOSE:
        schema, _, name = table.partition(".")
        op.execute(f"drop index {schema}.{name}_of_whom")
    op.execute("drop index ponte.parties_words")
    op.execute("drop function ponte.words")
