"""What is watched for: each rule is a declaration; whether it is on, its threshold and reminders are people's.

A rule has one figure for each subject (an account, a pool of workers, the inbox) and fires above its threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.alerting import alert_rules as table
from shared.errors import Misuse, UnknownTarget

LONGEST_REMINDER = 24 * 30
LARGEST = Decimal(10) ** 12


@dataclass(frozen=True)
class Said:
    """A sentence in both languages."""

    pt: str
    en: str


@dataclass(frozen=True)
class Rule:
    """unit: of figure and threshold; threshold: None where any sign is too much; patience: so long it has to
    last before it is told; remind_hours: told again so often while it lasts, None: never; every_minutes:
    it is looked at so often."""

    name: str
    title: Said
    about: Said
    unit: str
    threshold: Decimal | None = None
    enabled: bool = True
    remind_hours: int | None = None
    patience: timedelta = timedelta()
    every_minutes: int = 1


SYNC_STALE = Rule(
    "sync_stale",
    Said("Sincronização atrasada", "Sync is late"),
    Said(
        "Listas que não são lidas há mais vezes o intervalo da agenda do que o limite.",
        "Lists that were not read for more times their schedule's interval than the threshold.",
    ),
    unit="intervals",
    threshold=Decimal(4),
)
TOKEN_EXPIRING = Rule(
    "token_expiring",
    Said("Token perto do fim", "Token about to expire"),
    Said(
        "O token de uma conta termina em menos dias do que o limite.",
        "The token of an account ends in fewer days than the threshold.",
    ),
    unit="days",
    threshold=Decimal(14),
)
CREDENTIALS_REFUSED = Rule(
    "credentials_refused",
    Said("Credenciais recusadas", "Credentials refused"),
    Said(
        "O fornecedor recusou as credenciais de uma conta: nada mais é lido dela.",
        "The vendor refused an account's credentials: nothing more is read of it.",
    ),
    unit="accounts",
)
WEBHOOK_LOST = Rule(
    "webhook_lost",
    Said("Webhook perdido", "Webhook lost"),
    Said(
        "A assinatura do Kommo falhou, ou mudanças chegam pela leitura sem que nenhum webhook as anuncie.",
        "Kommo's subscription failed, or polling finds changes that no webhook told.",
    ),
    unit="changes",
    patience=timedelta(minutes=5),
    every_minutes=5,
)
DRIFT_FOUND = Rule(
    "drift_found",
    Said("Divergência encontrada", "Drift found"),
    Said(
        "A última auditoria achou mais linhas diferentes do fornecedor, sem reparo, do que o limite.",
        "The last audit found more rows that differ from the vendor, unrepaired, than the threshold.",
    ),
    unit="rows",
    threshold=Decimal(0),
)
REJECTS_ABOVE = Rule(
    "rejects_above",
    Said("Registros rejeitados", "Rejected records"),
    Said(
        "Mais registros de uma conta não puderam virar linhas do que o limite.",
        "More records of an account could not become rows than the threshold.",
    ),
    unit="records",
    threshold=Decimal(10),
)
OVERDUE_ABOVE = Rule(
    "overdue_above",
    Said("Recebíveis vencidos", "Overdue receivables"),
    Said(
        "A soma dos recebíveis vencidos de uma conta passa do limite. Desligada até que você diga um valor.",
        "The overdue receivables of an account add up to more than the threshold. Off until you name a sum.",
    ),
    unit="money",
    threshold=Decimal(10000),
    enabled=False,
    every_minutes=5,
)
INBOX_WAITING = Rule(
    "inbox_waiting",
    Said("Webhooks esperando", "Webhooks are waiting"),
    Said(
        "O webhook mais antigo na caixa de entrada espera há mais minutos do que o limite.",
        "The oldest webhook in the inbox has waited for more minutes than the threshold.",
    ),
    unit="minutes",
    threshold=Decimal(10),
)
NO_WORKER = Rule(
    "no_worker",
    Said("Nenhum worker", "No worker"),
    Said(
        "Um dos grupos de workers não dá sinal de vida.",
        "One of the pools of workers gives no sign of life.",
    ),
    unit="pools",
    patience=timedelta(minutes=2),
)
ALL = (
    SYNC_STALE,
    TOKEN_EXPIRING,
    CREDENTIALS_REFUSED,
    WEBHOOK_LOST,
    DRIFT_FOUND,
    REJECTS_ABOVE,
    OVERDUE_ABOVE,
    INBOX_WAITING,
    NO_WORKER,
)
BY_NAME = {rule.name: rule for rule in ALL}


def named(name: str) -> Rule:
    """As it is declared; raises UnknownTarget."""
    if name not in BY_NAME:
        raise UnknownTarget(f"rule {name}", list(BY_NAME))
    return BY_NAME[name]


def current(connection: Connection) -> list[Rule]:
    """The rules as people have set them."""
    kept = {row.rule: row for row in connection.execute(select(table))}
    return [_as_kept(rule, kept.get(rule.name)) for rule in ALL]


def _as_kept(rule: Rule, row: Any) -> Rule:
    if row is None:
        return rule
    return replace(
        rule, enabled=row.enabled, threshold=row.threshold, remind_hours=row.remind_hours
    )


def change(connection: Connection, name: str, changes: Mapping[str, Any]) -> Rule:
    """Sets enabled, threshold or remind_hours; raises UnknownTarget, and Misuse for what cannot be."""
    rule = named(name)
    now = next(one for one in current(connection) if one.name == name)
    wanted = replace(now, **changes)
    _ensure_possible(rule, wanted)
    values = {
        "enabled": wanted.enabled,
        "threshold": wanted.threshold,
        "remind_hours": wanted.remind_hours,
    }
    kept = insert(table).values(rule=name, **values)
    set_ = {**values, "updated_at": func.clock_timestamp()}
    connection.execute(kept.on_conflict_do_update(index_elements=["rule"], set_=set_))
    return wanted


def _ensure_possible(rule: Rule, wanted: Rule) -> None:
    if (rule.threshold is None) != (wanted.threshold is None):
        has = "has no threshold" if rule.threshold is None else f"needs a number of {rule.unit}"
        raise Misuse(f"threshold: {rule.name} {has}")
    if wanted.threshold is not None and not (
        wanted.threshold.is_finite() and 0 <= wanted.threshold <= LARGEST
    ):
        raise Misuse(f"threshold {wanted.threshold}: write a number from 0 to {LARGEST:,}")
    hours = wanted.remind_hours
    if hours is not None and not 24 <= hours <= LONGEST_REMINDER:
        raise Misuse(f"reminders every {hours} hours: at most daily, 24 to {LONGEST_REMINDER}")
