"""What was found: open and closed incidents, as they are listed. Those that have not lasted long enough to be told are
nobody's business yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, select

from shared.alerts import rules
from shared.db.alerting import alert_channels, alert_notices
from shared.db.alerting import alert_incidents as table

OPEN = and_(table.c.opened_at.is_not(None), table.c.closed_at.is_(None))
CLOSED = and_(table.c.opened_at.is_not(None), table.c.closed_at.is_not(None))
STATES = {"open": OPEN, "closed": CLOSED, "all": table.c.opened_at.is_not(None)}


def listed(
    connection: Connection,
    state: str = "open",
    rule: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[dict[str, Any]], int]:
    """(incidents, how many there are in all), the newest first; `notices`: what each channel was told."""
    wanted = STATES[state] if rule is None else and_(STATES[state], table.c.rule == rule)
    total = connection.scalar(select(func.count()).select_from(table).where(wanted)) or 0
    newest = table.c.opened_at.desc(), table.c.id.desc()
    page = select(table).where(wanted).order_by(*newest).limit(limit).offset(offset)
    rows = [row._asdict() for row in connection.execute(page)]
    told = _notices(connection, [row["id"] for row in rows])
    return [_told(row, told.get(row["id"], [])) for row in rows], total


def _told(row: dict[str, Any], notices: list[dict[str, Any]]) -> dict[str, Any]:
    rule = rules.BY_NAME.get(row["rule"])
    state = "open" if row["closed_at"] is None else "closed"
    return {**row, "unit": rule.unit if rule else "", "state": state, "notices": notices}


def _notices(connection: Connection, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    names = ("kind", "state", "attempts", "settled_at", "reason")
    asked = (
        select(
            alert_notices.c.incident_id,
            alert_channels.c.name.label("channel"),
            *(alert_notices.c[name] for name in names),
        )
        .join(alert_channels, alert_channels.c.id == alert_notices.c.channel_id)
        .where(alert_notices.c.incident_id.in_(ids))
        .order_by(alert_notices.c.id)
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(asked):
        told = row._asdict()
        found.setdefault(told.pop("incident_id"), []).append(told)
    return found


def open_by_rule(connection: Connection) -> dict[str, int]:
    """How many are open, of every rule."""
    counted = select(table.c.rule, func.count()).where(OPEN).group_by(table.c.rule)
    found = {rule: int(count) for rule, count in connection.execute(counted)}
    return {**dict.fromkeys(rules.BY_NAME, 0), **found}
