"""What is read of an account at the ERP: since when, of which stores, with what share of the day's requests.

A null in the row means: as the settings say; of stores: all of them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TypedDict

from sqlalchemy import Connection, func, select

from shared import resources
from shared.db.mirror import rows_table
from shared.errors import Conflict, Misuse
from shared.integrations import Integration

EARLIEST = date(2000, 1, 1)
STORES = resources.BY_NAME["gestao_click.lojas"]
NAMES = ("history_from", "stores", "daily_share")


class Coverage(TypedDict, total=False):
    history_from: date | None
    stores: list[str] | None
    daily_share: Decimal | None


def ensure_possible(connection: Connection, there: Integration, wanted: Coverage) -> None:
    """Raises Misuse, or Conflict, for what cannot be read so."""
    said = [name for name in NAMES if name in wanted]
    if said and there.provider != "gestao-click":
        raise Misuse(
            f"{', '.join(said)}: integration {there.id} is {there.provider}; "
            "only Gestão Click is read by periods, stores and a daily share"
        )
    _ensure_past(connection, wanted.get("history_from"))
    _ensure_known(connection, there, wanted.get("stores"))
    share = wanted.get("daily_share")
    if share is not None and not (share.is_finite() and 0 < share <= 1):
        raise Misuse(
            f"daily share {share}: write more than 0 and at most 1 (0.5: half of the day's)"
        )


def _ensure_past(connection: Connection, first: date | None) -> None:
    if first is None:
        return
    today = connection.execute(select(func.current_date())).scalar_one()
    if not EARLIEST <= first <= today:
        raise Misuse(f"history from {first}: write a day from {EARLIEST} to today, {today}")


def _ensure_known(connection: Connection, there: Integration, wanted: list[str] | None) -> None:
    if wanted is None:
        return
    if not wanted:
        raise Misuse("no store at all would be read: name some, or null (all of them)")
    table = rows_table(STORES)
    chosen = select(table.c.id, table.c.nome).where(
        table.c.integration_id == there.id,
        table.c.deleted_at.is_(None),
        table.c.missing_since.is_(None),
    )
    known = {row.id: row.nome for row in connection.execute(chosen.order_by(table.c.id))}
    if not known:
        raise Conflict(
            f"no store of integration {there.id} is mirrored yet: read them first "
            "(ponte sync gestao-click.lojas), then choose"
        )
    if unknown := sorted(set(wanted) - set(known)):
        named = ", ".join(f"{id_} ({name})" for id_, name in known.items())
        raise Misuse(f"unknown stores: {', '.join(unknown)}; there are: {named}")
