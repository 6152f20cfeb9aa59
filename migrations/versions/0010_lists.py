"""Indexes for the lists of the HTTP API: the usual order, and numbers in whatever way they are typed"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Every end of every number (of four digits or more) is a lexeme, so that a prefix of a lexeme is any
# part of a number: `numbers @@ '98765:*'` finds "(11) 9 8765-4321" and "123.456.987-65" by an index.
# No record is too much for it: a tsvector holds 1 MB, 5,000 lexemes of 48 digits are a quarter;
# whole numbers come first.
NUMBERS = r"""
    create function sync.numbers(texts text[], fields jsonb) returns tsvector
    language sql immutable parallel safe as $$
        with said as (
            select unnest(texts) as words
            union all
            select value #>> '{}' from jsonb_path_query(fields, '$.*.values[*].value') as value
        ), typed as (
            select distinct regexp_replace(found[1], '[^0-9]', '', 'g') as digits
            from said, regexp_matches(words, '[0-9][0-9 ()+./-]{2,}[0-9]', 'g') as found
        ), ends as (
            select substr(digits, start, 48) as lexeme
            from typed, generate_series(1, least(length(digits), 200) - 3) as start
            group by lexeme order by min(start), lexeme limit 5000
        )
        select array_to_tsvector(coalesce(array_agg(lexeme), '{}')) from ends
    $$
"""
LIVE = "where deleted_at is null and missing_since is null"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(NUMBERS)
    for table, order in {
        "leads": "updated_at desc nulls last, id",
        "contacts": "updated_at desc nulls last, id",
        "companies": "updated_at desc nulls last, id",
        "tasks": "updated_at desc nulls last, id",
        "notes": "updated_at desc nulls last, entity_type, id",
        "events": "created_at desc nulls last, id",
    }.items():
        op.execute(f"create index {table}_newest on kommo.{table} (integration_id, {order}) {LIVE}")
    for table, texts in {
        "leads": "array[name]",
        "contacts": "array[name] || phones || emails",
        "companies": "array[name] || phones || emails",
    }.items():
        numbers = f"sync.numbers({texts}, custom_fields)"
        op.execute(f"create index {table}_numbers on kommo.{table} using gin ({numbers})")
