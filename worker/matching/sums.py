"""Sums that reports would have to work out at each look, kept as rows.

For each table there is a view that works its rows out anew, `ponte.<table>_anew`; what differs is written. That takes
a second for a hundred thousand sales, so it is done when one of the lists has changed, and now and then because what
the view says depends on the day.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, Table, func, select

from shared.db.engine import clock
from shared.db.matching import client_money, stage_weights
from shared.db.mirror import rows_table
from shared.resources import BY_NAME
from worker.matching import marks
from worker.matching.marks import Mark
from worker.matching.titles import MARGIN

STALE = timedelta(hours=6)
FOLLOWED = {
    client_money: ("gestao_click.vendas", "gestao_click.recebimentos"),
    stage_weights: ("kommo.leads", "kommo.statuses", "kommo.events"),
}
"""The lists that a table's sums are of."""


def refresh(connection: Connection, integration_id: int, kept: Table) -> None:
    """Brings an account's rows up to date if anything may have changed them. The caller commits."""
    now = clock(connection)
    mark = marks.read(connection, integration_id, kept.name)
    if now - mark.through < STALE and not _has_changed(connection, integration_id, kept, mark):
        return
    given = {"account": integration_id}
    for statement in (ANEW, "analyze anew", FORGET, WRITE):
        connection.exec_driver_sql(statement.format(**_names(kept)), given)
    marks.write(connection, integration_id, kept.name, Mark(now - MARGIN))


def _has_changed(connection: Connection, integration_id: int, kept: Table, mark: Mark) -> bool:
    return any(
        connection.scalar(
            select(func.max(rows.c.changed_at) > mark.through).where(
                rows.c.integration_id == integration_id
            )
        )
        for rows in (rows_table(BY_NAME[name]) for name in FOLLOWED[kept])
    )


def _names(kept: Table) -> dict[str, str]:
    keys = [column.name for column in kept.primary_key]
    others = [column.name for column in kept.c if column.name not in keys]
    return {
        "kept": kept.name,
        "columns": ", ".join((*keys, *others)),
        "keys": ", ".join(keys),
        "old": ", ".join(f"k.{name}" for name in keys),
        "changes": ", ".join(f"{name} = excluded.{name}" for name in others),
    }


ANEW = """
    create temp table anew on commit drop as
    select {columns} from ponte.{kept}_anew where integration_id = %(account)s"""
FORGET = """
    delete from ponte.{kept} k
    where k.integration_id = %(account)s and ({old}) not in (select {keys} from anew)"""
WRITE = """
    insert into ponte.{kept} as k ({columns}) select {columns} from anew
    on conflict ({keys}) do update set {changes} where k is distinct from excluded"""
