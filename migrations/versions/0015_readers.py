"""Readers of custom fields stand behind tests that are decided before any cast

A plan made for one value evaluates what is immutable in it while it is made, whatever CASE stands around
it: as soon as a test is only stable (pg_input_is_valid), a bad number or day ended the whole question.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# 255 digits on either side and an exponent of three always fit; a cast to date waits until it is asked.
READERS = r"""
    create or replace function reports.as_number(word text) returns numeric
    language sql stable parallel safe
    return case
        when word ~ '^\s*[-+]?(\d{1,255}\.?\d{0,255}|\.\d{1,255})([eE][-+]?\d{1,3})?\s*$'
        then word::numeric end;

    create or replace function reports.as_day(word text, zone text) returns date
    language sql stable parallel safe
    return case
        when word ~ '^-?\d{1,12}$' then (reports.as_moment(word) at time zone zone)::date
        when word ~ '^[12]\d{3}-\d\d-\d\d' then case
            when pg_input_is_valid(left(word, 10), 'date') then left(word, 10)::date end
        when word ~ '^\d\d\.\d\d\.[12]\d{3}$' then case
            when pg_input_is_valid(right(word, 4) || '-' || substr(word, 4, 2) || '-' || left(word, 2), 'date')
            then (right(word, 4) || '-' || substr(word, 4, 2) || '-' || left(word, 2))::date end
        end;
"""
BEFORE = r"""
    create or replace function reports.as_number(word text) returns numeric
    language sql stable parallel safe
    return case
        when word ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*$' and pg_input_is_valid(word, 'numeric')
        then word::numeric end;

    create or replace function reports.as_day(word text, zone text) returns date
    language sql stable parallel safe
    return case
        when word ~ '^-?\d{1,12}$' then (reports.as_moment(word) at time zone zone)::date
        when word ~ '^[12]\d{3}-\d\d-\d\d' then case
            when pg_input_is_valid(left(word, 10), 'date') then left(word, 10)::date end
        when word ~ '^\d\d\.\d\d\.[12]\d{3}$' then case
            when pg_input_is_valid(right(word, 4) || '-' || substr(word, 4, 2) || '-' || left(word, 2), 'date')
            then make_date(right(word, 4)::int, substr(word, 4, 2)::int, left(word, 2)::int) end
        end;
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(READERS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(BEFORE)
