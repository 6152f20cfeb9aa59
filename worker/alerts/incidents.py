"""Incidents: opened once when a sign has lasted, closed when it has been away for some minutes, each told once.

A subject has one living incident of a rule (a partial unique index), so that two who look at once do no harm.
Everything happens in the caller's transaction, the notices with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.alerts.rules import Rule
from shared.db.alerting import LIVING, alert_channels, alert_notices
from shared.db.alerting import alert_incidents as table
from worker.alerts.signs import Sign

NOW = func.clock_timestamp()
WELL = timedelta(minutes=3)
"""So long nothing may be found before an incident is closed: what flaps is one incident."""


def settle(connection: Connection, rule: Rule, signs: Sequence[Sign]) -> None:
    """What a rule has found, everything that it has found: the rest of its incidents is well."""
    for sign in signs:
        _see(connection, rule, sign)
    seen = [sign.subject for sign in signs]
    ours = and_(table.c.rule == rule.name, LIVING)
    well = and_(ours, table.c.subject.not_in(seen))
    connection.execute(delete(table).where(well, table.c.opened_at.is_(None)))
    connection.execute(
        update(table).where(well, table.c.well_since.is_(None)).values(well_since=NOW)
    )
    _open(connection, and_(ours, table.c.subject.in_(seen)), rule)
    _close(connection, and_(well, table.c.well_since <= NOW - WELL))
    if rule.remind_hours is not None:
        _remind(connection, and_(ours, table.c.subject.in_(seen)), rule.remind_hours)


def end(connection: Connection, rule: Rule) -> None:
    """The rule was switched off: what it had found is closed, and nobody is told."""
    ours = and_(table.c.rule == rule.name, LIVING)
    connection.execute(delete(table).where(ours, table.c.opened_at.is_(None)))
    connection.execute(update(table).where(ours).values(closed_at=NOW))


def _see(connection: Connection, rule: Rule, sign: Sign) -> None:
    told = {"figure": sign.figure, "said_pt": sign.said.pt, "said_en": sign.said.en}
    seen = insert(table).values(rule=rule.name, subject=sign.subject, **told)
    connection.execute(
        seen.on_conflict_do_update(
            index_elements=["rule", "subject"],
            index_where=LIVING,
            set_={**told, "well_since": None},
        )
    )


def _open(connection: Connection, ours: ColumnElement[bool], rule: Rule) -> None:
    lasted = and_(ours, table.c.opened_at.is_(None), table.c.since <= NOW - rule.patience)
    opened = update(table).where(lasted).values(opened_at=NOW, told_at=NOW)
    for id_ in connection.scalars(opened.returning(table.c.id)).all():
        _tell(connection, id_, "opened", select(alert_channels.c.id))


def _close(connection: Connection, over: ColumnElement[bool]) -> None:
    """Told where the opening was."""
    closed = update(table).where(over).values(closed_at=NOW, told_at=NOW)
    for id_ in connection.scalars(closed.returning(table.c.id)).all():
        told = alert_notices.c.channel_id
        who = select(told).where(alert_notices.c.incident_id == id_)
        _tell(connection, id_, "closed", who.where(alert_notices.c.kind == "opened"))


def _remind(connection: Connection, ours: ColumnElement[bool], hours: int) -> None:
    due = and_(ours, table.c.told_at <= NOW - timedelta(hours=hours))
    told = {"told_at": NOW, "reminders": table.c.reminders + 1}
    reminded = update(table).where(due).values(told)
    ids = connection.execute(reminded.returning(table.c.id, table.c.reminders)).all()
    for id_, turn in ids:
        _tell(connection, id_, "reminder", select(alert_channels.c.id), turn)


def _tell(connection: Connection, id_: int, kind: str, channels: Any, turn: int = 0) -> None:
    """Writes a notice for each channel; sending is somebody else's."""
    columns = ("incident_id", "kind", "turn", "channel_id")
    who = channels.subquery()
    rows = select(literal(id_), literal(kind), literal(turn), who.c[0])
    connection.execute(insert(alert_notices).from_select(columns, rows).on_conflict_do_nothing())


def forget(connection: Connection, days: int) -> int:
    """Deletes incidents, and their notices, that were closed longer than `days` ago."""
    old = table.c.closed_at < NOW - timedelta(days=days)
    return connection.execute(delete(table).where(old)).rowcount
