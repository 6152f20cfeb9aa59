"""Accounts of Kommo in a database, filled by hand: rows as the mirror would have written them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, text

from worker import reports
from worker.reports.views import Outcome

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Shop:
    """One account; every method is a transaction of its own."""

    engine: Engine
    id: int
    account: int

    def run(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        with self.engine.begin() as connection:
            found = connection.execute(text(sql), {"i": self.id, **values})
            return [dict(row._mapping) for row in found] if found.returns_rows else []

    def one(self, sql: str, **values: Any) -> dict[str, Any]:
        (row,) = self.run(sql, **values)
        return row

    def put(self, table: str, **values: Any) -> None:
        """A row of a mirrored table, over the one that has its key."""
        row = {"integration_id": self.id, "raw": {}, "changed_at": START, **values}
        given = {k: json.dumps(v) if k in JSON_COLUMNS else v for k, v in row.items()}
        key = ["integration_id", *KEYS.get(table, ["id"])]
        rest = ", ".join(f"{name} = excluded.{name}" for name in row if name not in key)
        self.run(
            f"insert into kommo.{table} ({', '.join(row)}) values"
            f" ({', '.join(f':{name}' for name in row)})"
            f" on conflict ({', '.join(key)}) do update set {rest}",
            **given,
        )

    def field(
        self, id_: int, name: str | None, type_: str = "text", entity: str = "leads", **more: Any
    ) -> None:
        self.put("custom_fields", id=id_, name=name, type=type_, entity_type=entity, **more)

    def lead(self, id_: int = 1, **values: Any) -> None:
        self.put("leads", id=id_, **values)

    def refresh(self, *, prune: bool = False) -> dict[str, Outcome]:
        with self.engine.begin() as connection:
            return {one.view: one for one in reports.refresh(connection, self.id, prune=prune)}

    def columns(self, view: str = "kommo_leads") -> dict[str, str]:
        """Name → type of the view's columns, in order."""
        rows = self.run(
            "select attname, format_type(atttypid, atttypmod) as type from pg_attribute"
            " where attrelid = to_regclass(:view) and attnum > 0 order by attnum",
            view=f"reports.{view}",
        )
        return {row["attname"]: row["type"] for row in rows}

    def comment(self, column: str, view: str = "kommo_leads") -> str:
        found = self.one(
            "select col_description(attrelid, attnum) as words from pg_attribute"
            " where attrelid = to_regclass(:view) and attname = :column",
            view=f"reports.{view}",
            column=column,
        )
        return str(found["words"])


JSON_COLUMNS = {"raw", "custom_fields", "value_before", "value_after", "enums"}
KEYS = {"custom_fields": ["entity_type", "id"], "statuses": ["pipeline_id", "id"]}


def fields(**values: list[Any]) -> dict[str, Any]:
    """Custom fields as they are stored: fields(_1400002=[{"value": "x"}])."""
    return {
        name.removeprefix("_"): {"name": "n", "code": None, "type": "t", "values": sent}
        for name, sent in values.items()
    }


def open_shop(
    engine: Engine, account: int = 31990001, user: str = "default", zone: str = "America/Sao_Paulo"
) -> Shop:
    with engine.begin() as connection:
        id_ = connection.execute(
            text(
                "insert into ponte.integration_settings (user_id, provider, account_id)"
                " values (:user, 'kommo', :account) returning id"
            ),
            {"user": user, "account": str(account)},
        ).scalar_one()
    shop = Shop(engine, id_, account)
    shop.put("account", id=account, timezone=zone)
    return shop
