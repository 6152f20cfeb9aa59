"""The tables beside the mirror: integrations, deliveries, runs, checkpoints, journal, budgets, tokens, views."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
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
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared import resources
from shared.db.mirror import metadata, rows_table
from shared.db.moments import NOW, moment


def _deaths() -> Column[Any]:
    """See shared/deaths.py."""
    return Column(
        "deaths",
        SmallInteger,
        nullable=False,
        server_default=text("0"),
        comment="how often its worker died over it; parked after the third time",
    )


def _sealed(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    """Encrypted with PONTE_SECRET_KEY: written anew when that is rotated."""
    return Column(name, LargeBinary, nullable=nullable, comment=comment, info={"sealed": True})


def _of_audit() -> Column[Any]:
    """What belongs to one audit goes with it."""
    return Column(
        "audit_id",
        BigInteger,
        ForeignKey("sync.audits.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )


integration_settings = Table(
    "integration_settings",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("wallet_id", Text, nullable=False, server_default="global"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("auto_sync", Boolean, nullable=False, server_default=text("true")),
    Column(
        "sync_frequency",
        Text,
        comment="hourly, daily, weekly or minutes; null: the settings' intervals",
    ),
    Column("history_from", Date, comment="first day of history; null: GESTAO_CLICK_HISTORY_FROM"),
    Column("stores", ARRAY(Text), comment="ids of the stores to read; null: all"),
    Column("daily_share", Numeric, comment="0 to 1, of the daily limit; null: PONTE_DAILY_SHARE"),
    Column("url", Text, comment="the account's own address; null: the settings'"),
    Column(
        "account_id", Text, comment="the account at the vendor that this integration is bound to"
    ),
    _sealed("credentials", "encrypted; null: they come from the environment", nullable=True),
    Column("credentials_seen", Text, comment="keyed hash of the credentials last proved"),
    Column("webhook_digest", Text, comment="sha256 of the secret of its webhook's path"),
    _sealed("webhook_secret", "the secret itself, encrypted", nullable=True),
    Column("metadata", JSONB, nullable=False, server_default=text("'{}'")),
    moment("created_at", nullable=False, server_default=NOW),
    moment("updated_at", nullable=False, server_default=NOW),
    UniqueConstraint("user_id", "provider", "wallet_id"),
    UniqueConstraint("webhook_digest"),
    schema="ponte",
)

oauth_states = Table(
    "oauth_states",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="sha256 of the one-time state"),
    _sealed("wanted", "encrypted: what is being added"),
    moment("expires_at", nullable=False),
    schema="ponte",
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("jti", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scope", Text, nullable=False),
    moment("created_at", nullable=False, server_default=NOW),
    moment("expires_at", nullable=False),
    moment("revoked_at"),
    moment("used_at"),
    Column("signed_by", Text, comment="which PONTE_SECRET_KEY; null: not known yet"),
    CheckConstraint("scope in ('read', 'sync', 'admin')", name="api_tokens_scope"),
    schema="ponte",
)

login_links = Table(
    "login_links",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="sha256 of the one-time secret"),
    moment("expires_at", nullable=False),
    Column("scope", Text, nullable=False, server_default=text("'sync'")),
    CheckConstraint("scope in ('read', 'sync', 'admin')", name="login_links_scope"),
    schema="ponte",
)

DEAD: ColumnElement[bool] = literal_column(
    "outcome in ('failed', 'undecodable', 'other account')", Boolean
)
"""Deliveries that failed for good."""


sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="sha256 of what the cookie holds"),
    moment("opened_at", nullable=False, server_default=NOW),
    moment("expires_at", nullable=False),
    schema="ponte",
    comment="Sessions of the dashboard: who has no row here is not logged in",
)

wrong_logins = Table(
    "wrong_logins",
    metadata,
    Column("address", Text, primary_key=True, comment="of IPv6 its network of 64 bits"),
    moment("at", primary_key=True, comment="to the second"),
    Column("times", Integer, nullable=False),
    schema="ponte",
    comment="Made-up login links of the last minutes, by where they came from",
)

former_webhook_secrets = Table(
    "former_webhook_secrets",
    metadata,
    Column("digest", Text, primary_key=True, comment="sha256 of the secret of a webhook's path"),
    Column("integration_id", Integer, nullable=False),
    _sealed("secret", "the secret itself, encrypted"),
    moment("replaced_at", nullable=False, server_default=NOW),
    moment("ends_at", comment="until then it is taken; null: the next one is not proven yet"),
    moment("left_at", comment="when Kommo was told to call it no more"),
    schema="ponte",
)

stranger_looks = Table(
    "stranger_looks",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, nullable=False),
    moment("at", nullable=False, server_default=NOW),
    Column("looks", Integer, nullable=False),
    schema="sync",
    comment="Requests of the last minute for ids that only a webhook has named",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, nullable=False),
    moment("received_at", nullable=False, server_default=NOW),
    Column("body", LargeBinary, nullable=False),
    Column("content_type", Text),
    Column("owner", Uuid),
    moment("lease_until"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    moment("next_at", nullable=False, server_default=NOW),
    moment("settled_at"),
    Column("outcome", Text, comment="done, not mirrored yet, undecodable, other account, …"),
    Column("reason", Text),
    Column("about", ARRAY(Text), comment="the rows that it told of: kommo.leads:123; once settled"),
    _deaths(),
    Index(
        "deliveries_waiting",
        "integration_id",
        "next_at",
        postgresql_where=text("settled_at is null"),
    ),
    Index("deliveries_settled", "settled_at", postgresql_where=text("settled_at is not null")),
    Index("deliveries_dead", "integration_id", "outcome", "id", postgresql_where=DEAD),
    # partial: a delivery that comes in costs it nothing
    Index(
        "deliveries_about",
        "about",
        postgresql_using="gin",
        postgresql_where=text("about is not null"),
    ),
    schema="sync",
)

ACTIVE = text("state in ('queued', 'running')")

runs = Table(
    "runs",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("request_ids", ARRAY(Uuid), nullable=False, comment="who asked for it: HTTP, CLI, beat"),
    Column("integration_id", Integer, nullable=False),
    Column("resource", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("trigger", Text, nullable=False),
    Column("owner", Uuid),
    moment("lease_until"),
    moment("next_at", nullable=False, server_default=NOW),
    moment("created_at", nullable=False, server_default=NOW),
    moment("started_at"),
    moment("finished_at"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("position", JSONB),
    Column("requests", Integer, nullable=False, server_default=text("0")),
    Column("pages", Integer, nullable=False, server_default=text("0")),
    Column("seen", BigInteger, nullable=False, server_default=text("0")),
    Column("written", BigInteger, nullable=False, server_default=text("0")),
    Column("gone", Integer, nullable=False, server_default=text("0")),
    Column("rejected", Integer, nullable=False, server_default=text("0")),
    Column("reason", Text),
    _deaths(),
    CheckConstraint("mode in ('full', 'incremental')", name="runs_mode"),
    CheckConstraint(
        "state in ('queued', 'running', 'done', 'failed', 'unavailable')", name="runs_state"
    ),
    Index("runs_one_active", "integration_id", "resource", unique=True, postgresql_where=ACTIVE),
    Index("runs_request", "request_ids", postgresql_using="gin"),
    Index("runs_recent", "integration_id", "resource", "id"),
    schema="sync",
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("resource", Text, primary_key=True),
    moment("cursor", nullable=False, comment="changes since then are asked for next"),
    moment("walked_at", comment="start of the last complete full walk"),
    moment("updated_at", nullable=False, server_default=NOW),
    Column("run_id", BigInteger, nullable=False),
    schema="sync",
)

audits = Table(
    "audits",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, nullable=False),
    Column("resource", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("repair", Boolean, nullable=False, server_default=text("false")),
    Column("scope", Text, comment="in full, recent or by id: what was compared"),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("owner", Uuid),
    moment("lease_until"),
    moment("next_at", nullable=False, server_default=NOW),
    moment("created_at", nullable=False, server_default=NOW),
    moment("started_at"),
    moment("ended_at"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("position", JSONB),
    Column("requests", Integer, nullable=False, server_default=text("0")),
    Column("pages", Integer, nullable=False, server_default=text("0")),
    Column("compared", BigInteger, nullable=False, server_default=text("0")),
    Column("only_there", Integer, nullable=False, server_default=text("0")),
    Column("only_here", Integer, nullable=False, server_default=text("0")),
    Column("different", Integer, nullable=False, server_default=text("0")),
    Column("repaired", Integer, nullable=False, server_default=text("0")),
    moment("verified_through", comment="up to then the mirror is proved true: the audit's start"),
    Column("reason", Text),
    _deaths(),
    CheckConstraint(
        "state in ('queued', 'running', 'done', 'failed', 'unavailable')", name="audits_state"
    ),
    Index("audits_one_active", "integration_id", "resource", unique=True, postgresql_where=ACTIVE),
    Index("audits_recent", "integration_id", "resource", "id"),
    schema="sync",
)

audit_findings = Table(
    "audit_findings",
    metadata,
    _of_audit(),
    Column("key", Text, primary_key=True, comment="its parts joined by /: 123, leads/120001"),
    Column("kind", Text, nullable=False, comment="only there, only here, different"),
    Column("detail", Text, nullable=False),
    Column("asked", JSONB, nullable=False, comment="the slice in which it stands"),
    Column("hash", Uuid, comment="what the last look at the vendor saw; null: nothing"),
    Column("looks", SmallInteger, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default="doubted"),
    moment("found_at", nullable=False, server_default=NOW),
    CheckConstraint(
        "state in ('doubted', 'late', 'drift', 'repaired')", name="audit_findings_state"
    ),
    schema="sync",
)

audit_met = Table(
    "audit_met",
    metadata,
    _of_audit(),
    Column("key", Text, primary_key=True),
    Column("walk", Integer, nullable=False, comment="counts the walks of slices in this audit"),
    schema="sync",
)

rejects = Table(
    "rejects",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, nullable=False),
    Column("resource", Text, nullable=False),
    Column("key", Text),
    Column("record", JSONB, nullable=False),
    Column("digest", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("run_id", BigInteger),
    Column("times", Integer, nullable=False, server_default=text("1")),
    moment("created_at", nullable=False, server_default=NOW),
    moment("seen_at", nullable=False, server_default=NOW),
    Column("slice", JSONB, comment="the parameters with which it was asked for"),
    moment("wanted_at", comment="from then on it is to be looked up again"),
    _deaths(),
    UniqueConstraint("integration_id", "resource", "digest"),
    schema="sync",
)

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, nullable=False),
    Column("resource", Text, nullable=False),
    Column("key", Text, nullable=False, comment="its parts joined by /: 123, leads/120001"),
    moment("at", nullable=False, comment="of the look that brought it"),
    Column("kind", Text, nullable=False, comment="changed, deleted, restored, …: sync/journal.py"),
    moment("since", comment="when began what was until then; null: nothing was, or stays"),
    Column("was", Text, comment="live, deleted or missing, until then"),
    Column("before", JSONB, comment="the record until then; null: it is the same still"),
    Column("cause", Text, comment="run 12; deliveries 33, 34; live look; audit"),
    Column("how", Text, comment="how it was learnt that the record is gone"),
    Index("journal_key", "integration_id", "resource", "key"),
    # entries come in the order of time: a few pages of index for years of them
    Index("journal_at", "at", postgresql_using="brin"),
    schema="sync",
)

person_requests = Table(
    "person_requests",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    moment("at", nullable=False, server_default=NOW),
    Column("kind", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("person", ARRAY(Text), nullable=False, comment="keyed hashes: phone:9f3c…"),
    Column("held", JSONB, nullable=False, comment="how many, by what: never the data"),
    CheckConstraint("kind in ('export', 'erase', 'lift')", name="person_requests_kind"),
    schema="ponte",
    comment="Who asked for a person's data, or for their erasure, and when",
)

person_key = Table(
    "person_key",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    _sealed("sealed", "the key of the hashes, encrypted"),
    CheckConstraint("id = 1", name="person_key_one"),
    schema="ponte",
)

erased_people = Table(
    "erased_people",
    metadata,
    Column("digest", Text, primary_key=True, comment="keyed hash of a phone, an e-mail, a tax id"),
    Column("request_id", BigInteger, nullable=False),
    schema="ponte",
    comment="Whoever is known by one of these is scrubbed before anything is written",
)

erased_records = Table(
    "erased_records",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("resource", Text, primary_key=True),
    Column("key", Text, primary_key=True, comment="its parts joined by /: 123, leads/120001"),
    Column("request_id", BigInteger, nullable=False),
    moment("at", nullable=False, server_default=NOW),
    schema="ponte",
    comment="The records of erased people: what is theirs, or comes to be, is scrubbed",
)

unavailable = Table(
    "unavailable",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("resource", Text, primary_key=True),
    Column("slice", Text, primary_key=True, comment="entity_type=customers; empty: the whole list"),
    Column("reason", Text, nullable=False),
    moment("since", nullable=False, server_default=text("now()")),
    moment("checked_at", nullable=False, server_default=text("now()")),
    schema="sync",
)

pauses = Table(
    "pauses",
    metadata,
    Column("budget", Text, primary_key=True),
    moment("until", nullable=False),
    Column("strikes", SmallInteger, nullable=False, server_default=text("1")),
    Column(
        "asked",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="requests of the day when it began: those since then were answered",
    ),
    Column("reason", Text, nullable=False),
    moment("announced_at", nullable=False, server_default=NOW),
    schema="sync",
)

usage = Table(
    "usage",
    metadata,
    Column("budget", Text, primary_key=True),
    moment("hour", primary_key=True),
    Column("requests", Integer, nullable=False, server_default=text("0")),
    Column("limited", Integer, nullable=False, server_default=text("0"), comment="answers of 429"),
    Column(
        "others",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="requests of other tools in the day before, where refusals told of them",
    ),
    schema="sync",
)

windows = Table(
    "windows",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("resource", Text, primary_key=True),
    Column("tier", Text, primary_key=True, comment="near, open, ahead, history, whole"),
    Column("slice", Text, primary_key=True, comment="of history the month; empty: all of the tier"),
    moment("walked_at", nullable=False),
    Column("requests", Integer, nullable=False, comment="that the last walk took"),
    Column("rows", Integer, nullable=False, comment="that it met"),
    schema="sync",
    comment="When each part of a list was last read to its end, and what that cost",
)

questions = Table(
    "questions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    _sealed("question", "encrypted: it may hold credentials"),
    moment("asked_at", nullable=False, server_default=NOW),
    moment("claimed_at"),
    Column("answer", JSONB),
    schema="sync",
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("queues", Text, nullable=False),
    moment("started_at", nullable=False, server_default=NOW),
    moment("seen_at", nullable=False, server_default=NOW),
    moment("busy_at", nullable=False, server_default=NOW),
    schema="sync",
)

field_columns = Table(
    "field_columns",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("entity_type", Text, primary_key=True),
    Column("field_id", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "column_name", Text, nullable=False, comment="given once, kept when the field is renamed"
    ),
    Column("position", Integer, nullable=False),
    moment("assigned_at", nullable=False, server_default=NOW),
    UniqueConstraint("integration_id", "entity_type", "column_name"),
    schema="ponte",
)

report_views = Table(
    "report_views",
    metadata,
    Column("name", Text, primary_key=True),
    Column("integration_id", Integer, nullable=False),
    Column("digest", Text, comment="of the definition that stands"),
    moment("refreshed_at"),
    Column("problem", Text, comment="why the view is not as it should be"),
    schema="ponte",
)

_events = rows_table(resources.BY_NAME["kommo.events"])
Index(
    "events_of_moves",
    _events.c.integration_id,
    _events.c.entity_id,
    postgresql_where=text("type = 'lead_status_changed'"),
)

status_changes = Table(
    "status_changes",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("lead_id", BigInteger, primary_key=True, autoincrement=False),
    moment("at", primary_key=True, comment="by the vendor's clock where it tells"),
    Column("pipeline_id", BigInteger, primary_key=True, autoincrement=False),
    Column("status_id", BigInteger, primary_key=True, autoincrement=False),
    Column("from_pipeline_id", BigInteger),
    Column("from_status_id", BigInteger),
    moment("not_before", comment="updated_at of the row before: the lead had not moved yet"),
    moment("seen_at", nullable=False),
    Column("changed_by", BigInteger, comment="who touched the lead last when the move was seen"),
    schema="kommo",
    comment="Moves of leads between stages that the mirror itself saw; see reports.kommo_stage_history",
)

sale_situations = Table(
    "sale_situations",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("situacao_id", Text, primary_key=True),
    Column("counts", Boolean, nullable=False),
    moment("updated_at", nullable=False, server_default=NOW),
    schema="ponte",
    comment="Whether sales in a situation count; without a row its name decides (cancel: they do not)",
)

row_counts = Table(
    "row_counts",
    metadata,
    Column("integration_id", Integer, nullable=False),
    Column("resource", Text, nullable=False),
    Column("live", BigInteger, nullable=False),
    Column("gone", BigInteger, nullable=False, comment="marked deleted or missing"),
    Index("row_counts_of", "integration_id", "resource"),
    schema="sync",
    comment="Added up: how many rows of a mirrored list are live and gone",
)

targets = Table(
    "targets",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, nullable=False),
    Column("month", Date, nullable=False, comment="its first day"),
    Column("store_id", Text, comment="loja_id; null: all stores together"),
    Column("seller_id", Text, comment="vendedor_id; null: all sellers together"),
    Column("amount", Numeric, nullable=False),
    moment("updated_at", nullable=False, server_default=NOW),
    CheckConstraint("extract(day from month) = 1", name="targets_month"),
    CheckConstraint("amount >= 0", name="targets_amount"),
    UniqueConstraint(
        "integration_id",
        "month",
        "store_id",
        "seller_id",
        name="targets_one",
        postgresql_nulls_not_distinct=True,
    ),
    schema="ponte",
)

_SALES, _ORDERS, _PURCHASES, _RECEIVABLES, _PAYABLES = (
    rows_table(resources.BY_NAME[f"gestao_click.{name}"])
    for name in ("vendas", "ordens_servicos", "compras", "recebimentos", "pagamentos")
)
for _documents, _letter in ((_SALES, "v"), (_ORDERS, "o"), (_PURCHASES, "c")):
    Index(
        f"{_documents.name}_numero",
        _documents.c.integration_id,
        text(f"('{_letter}:' || reports.numero_do_codigo(codigo))"),
    )
for _titles in (_RECEIVABLES, _PAYABLES):
    Index(
        f"{_titles.name}_documento",
        _titles.c.integration_id,
        text("reports.documento_do_texto(descricao)"),
    )
