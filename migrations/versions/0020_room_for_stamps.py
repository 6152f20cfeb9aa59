"""Pages of stamps have room for every stamp of theirs once more: a walk rewrites them all, in place

At 70 percent four in ten went to another page, which the primary key's index then has to be told.
Pages that are full already stay so until they are written anew (vacuum full).
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

STAMPS = r"select relname from pg_class where relnamespace = 'sync'::regnamespace and relkind = 'r' and relname like '%\_stamps'"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    _set_fillfactor(45)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    _set_fillfactor(70)


def _set_fillfactor(percent: int) -> None:
    op.execute(
        f"""
        do $$ declare name text; begin
            for name in {STAMPS} loop
                execute format('alter table sync.%I set (fillfactor = {percent})', name);
            end loop;
        end $$
        """
    )
