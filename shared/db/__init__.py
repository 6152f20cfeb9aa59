"""PostgreSQL: the engine, the tables of the mirror, the bookkeeping beside them, the migrations."""
