"""Alerts: what is watched for, where it is told, what was found, and who has been told of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from shared.db.mirror import metadata
from shared.db.moments import NOW, moment


def _goes_with(name: str, whose: str) -> Column[Any]:
    return Column(
        name, BigInteger, ForeignKey(f"ponte.{whose}.id", ondelete="CASCADE"), nullable=False
    )


alert_rules = Table(
    "alert_rules",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("threshold", Numeric, comment="in the rule's unit; null where it has none"),
    Column("remind_hours", Integer, comment="told again so often while it lasts; null: once"),
    moment("updated_at", nullable=False, server_default=NOW),
    schema="ponte",
    comment="What people changed of the rules; one without a row here is as it is declared",
)

alert_channels = Table(
    "alert_channels",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("language", Text, nullable=False, server_default="pt-BR"),
    Column("place", Text, nullable=False, comment="where it leads, as it may be shown"),
    Column(
        "settings",
        LargeBinary,
        nullable=False,
        comment="address and secrets, encrypted",
        info={"sealed": True},
    ),
    moment("created_at", nullable=False, server_default=NOW),
    moment("told_at", comment="when it last took a notice"),
    Column("problem", Text, comment="why it did not take the last one; null: it did"),
    CheckConstraint("kind in ('webhook', 'email', 'telegram')", name="alert_channels_kind"),
    CheckConstraint("language in ('pt-BR', 'en')", name="alert_channels_language"),
    schema="ponte",
    comment="Where alerts are told",
)

alert_incidents = Table(
    "alert_incidents",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("rule", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="integration:1, queue:sync, inbox"),
    moment("since", nullable=False, server_default=NOW, comment="when it was first seen"),
    moment("opened_at", comment="null: it has not lasted long enough yet to be told"),
    moment("well_since", comment="null: it lasts"),
    moment("closed_at"),
    moment("told_at", comment="when notices of it were last written"),
    Column("reminders", SmallInteger, nullable=False, server_default=text("0")),
    Column("figure", Numeric, nullable=False, comment="the last one, in the rule's unit"),
    Column("said_pt", Text, nullable=False),
    Column("said_en", Text, nullable=False),
    schema="ponte",
    comment="What was found: one row from the first sign until it was well for some minutes",
)
LIVING = alert_incidents.c.closed_at.is_(None)
Index(
    "alert_incidents_one_open",
    alert_incidents.c.rule,
    alert_incidents.c.subject,
    unique=True,
    postgresql_where=text("closed_at is null"),
)
Index("alert_incidents_opened", alert_incidents.c.opened_at)

alert_notices = Table(
    "alert_notices",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _goes_with("incident_id", "alert_incidents"),
    _goes_with("channel_id", "alert_channels"),
    Column("kind", Text, nullable=False),
    Column("turn", SmallInteger, nullable=False, server_default=text("0"), comment="of reminders"),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("owner", Uuid),
    moment("lease_until"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    moment("created_at", nullable=False, server_default=NOW),
    moment("next_at", nullable=False, server_default=NOW),
    moment("settled_at"),
    Column("reason", Text, comment="why the last attempt failed"),
    UniqueConstraint("incident_id", "channel_id", "kind", "turn", name="alert_notices_once"),
    CheckConstraint("kind in ('opened', 'reminder', 'closed')", name="alert_notices_kind"),
    CheckConstraint("state in ('waiting', 'sent', 'given up')", name="alert_notices_state"),
    schema="ponte",
    comment="What a channel is told, written before it is sent",
)
Index(
    "alert_notices_waiting",
    alert_notices.c.next_at,
    postgresql_where=text("state = 'waiting'"),
)
Index("alert_notices_channel", alert_notices.c.channel_id)
