"""Integrations: one account at one vendor, a row of `ponte.integration_settings` each.

The environment's credentials are the row of the user `default`; the sandbox is an integration of its
own, so that its data never mixes with a real account's. Others are added by people and bring their own
credentials (shared/enrolment.py). One is worked on when it is active and has credentials.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.bookkeeping import former_webhook_secrets as former
from shared.db.bookkeeping import integration_settings as table
from shared.errors import Misuse, UnknownTarget
from shared.settings import Settings

PROVIDERS = ("kommo", "gestao-click")
OF_ENVIRONMENT = ("default", "sandbox")
"""Users whose credentials are the environment's."""
WALLET = "global"
FREQUENCIES = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
}
SOON = timedelta(days=30)
"""So long before a token's end people are told."""
FIRST_TRIAL, LONGEST_TRIAL = 3600.0, 86400.0
"""Seconds until credentials that the vendor refused are tried once more; the time doubles with each trial."""
LEAST_MINUTES, MOST_MINUTES = 5, 10080


@dataclass(frozen=True)
class Integration:
    """stored: it has credentials of its own; removed: nobody reads it any more; removing: and a worker has
    still to do something about it (shared/leaving.py); token_expires_at: by the token's own word, null
    where it does not say; history_from, stores, daily_share: None where the settings decide, or where
    all stores are read."""

    id: int
    user_id: str
    provider: str
    account_id: str | None = None
    active: bool = True
    wallet_id: str = WALLET
    auto_sync: bool = True
    sync_frequency: str | None = None
    url: str | None = None
    history_from: date | None = None
    stores: tuple[str, ...] | None = None
    daily_share: float | None = None
    stored: bool = False
    removed: bool = False
    removing: bool = False
    refused: bool = False
    token_expires_at: datetime | None = None

    @property
    def source(self) -> str:
        return self.provider.replace("-", "_")

    @property
    def sandbox(self) -> bool:
        return self.user_id == "sandbox"

    @property
    def budget(self) -> str:
        """Whose quota it is, `kommo:31990001`; before the vendor's first answer its own."""
        return f"{self.provider}:{self.account_id or f'new-{self.id}'}"

    @property
    def state(self) -> str:
        gone = "removing" if self.removing else "removed"
        return "active" if self.active else gone if self.removed else "paused"


def ensure(connection: Connection, settings: Settings) -> list[Integration]:
    """The integrations of this process's environment, in the order of PROVIDERS; made if absent."""
    return [
        environments(connection, settings, provider)
        for provider in PROVIDERS
        if settings.configured(provider)
    ]


def environments(connection: Connection, settings: Settings, provider: str) -> Integration:
    """The one whose credentials the environment has, made if absent."""
    return _ensure(connection, _user(settings, provider), provider)


def _ensure(connection: Connection, user_id: str, provider: str) -> Integration:
    """Reads before it writes: an insert that meets its row still uses up an identity value."""
    found = find(connection, user_id, provider)
    if found is None:
        made = insert(table).values(user_id=user_id, provider=provider).on_conflict_do_nothing()
        connection.execute(made)
        found = find(connection, user_id, provider)
    assert found is not None  # noqa: S101  (rows are never deleted)
    return found


def find(
    connection: Connection, user_id: str, provider: str, wallet_id: str = WALLET
) -> Integration | None:
    row = connection.execute(
        select(table).where(
            table.c.user_id == user_id,
            table.c.provider == provider,
            table.c.wallet_id == wallet_id,
        )
    ).first()
    return _integration(row) if row else None


def _user(settings: Settings, provider: str) -> str:
    return "sandbox" if provider in settings.sandboxed else "default"


def of_environment(connection: Connection, settings: Settings, provider: str) -> Integration | None:
    """The integration that this process's environment means; None when it was never made."""
    return find(connection, _user(settings, provider), provider)


def meant_by_environment(settings: Settings, integration: Integration) -> bool:
    """Is this the row whose credentials this process's environment holds, or would hold?"""
    is_users = integration.user_id == _user(settings, integration.provider)
    return is_users and integration.wallet_id == WALLET


def has_credentials(settings: Settings, integration: Integration) -> bool:
    """Stored ones, or the environment's for the row that it means."""
    given = meant_by_environment(settings, integration)
    return integration.stored or (given and settings.configured(integration.provider))


def _integration(row: Any) -> Integration:
    ends = (row.metadata.get("token") or {}).get("expires_at")
    return Integration(
        id=row.id,
        user_id=row.user_id,
        provider=row.provider,
        account_id=row.account_id,
        active=row.active,
        wallet_id=row.wallet_id,
        auto_sync=row.auto_sync,
        sync_frequency=row.sync_frequency,
        url=row.url,
        history_from=row.history_from,
        stores=None if row.stores is None else tuple(row.stores),
        daily_share=None if row.daily_share is None else float(row.daily_share),
        stored=row.credentials is not None,
        removed="removed_at" in row.metadata,
        removing=(row.metadata.get("removal") or {}).get("done") is False,
        refused=row.metadata.get("refused") is not None,
        token_expires_at=datetime.fromisoformat(ends) if ends else None,
    )


def all_of(connection: Connection) -> list[Integration]:
    """Every integration that the database knows, by id."""
    return [_integration(row) for row in connection.execute(select(table).order_by(table.c.id))]


def by_id(connection: Connection, id_: int) -> Integration:
    """Raises UnknownTarget when there is none."""
    found = {integration.id: integration for integration in all_of(connection)}
    if id_ not in found:
        raise UnknownTarget(f"integration {id_}", [str(known) for known in found] or ["none yet"])
    return found[id_]


def worked_on(connection: Connection, settings: Settings) -> list[Integration]:
    """Every integration that is scheduled, swept and drained: active, and with credentials."""
    ensure(connection, settings)
    known = all_of(connection)
    return [one for one in known if one.active and has_credentials(settings, one)]


def chosen(
    connection: Connection, settings: Settings, provider: str, id_: int | None = None
) -> Integration | None:
    """The integration with this id; without one the only active one, or the environment's.

    None when the provider has none yet. Raises UnknownTarget, and Misuse when there are several and
    none of them is the environment's.
    """
    known = [one for one in all_of(connection) if one.provider == provider]
    if id_ is not None:
        found = [one for one in known if one.id == id_]
        if not found:
            there = [str(one.id) for one in known] or ["none yet"]
            raise UnknownTarget(f"{provider} integration {id_}", there)
        return found[0]
    working = [one for one in known if one.active and has_credentials(settings, one)]
    for candidates in (working, known):
        if len(candidates) == 1:
            return candidates[0]
        if meant := [one for one in candidates if meant_by_environment(settings, one)]:
            return meant[0]
        if candidates:
            ids = ", ".join(str(one.id) for one in candidates)
            raise Misuse(
                f"there are several {provider} integrations: {ids}; say which one by its id"
            )
    return None


def every(settings: Settings, integration: Integration, *, windowed: bool) -> timedelta:
    """How often a list of this integration is read; whole lists never more often than the settings say."""
    usual = settings.interval(integration.provider, windowed=windowed)
    own = frequency(integration.sync_frequency)
    if own is None:
        return usual
    return own if windowed else max(own, usual)


def frequency(word: str | None) -> timedelta | None:
    """hourly, daily, weekly or a number of minutes; raises Misuse for anything else."""
    if word is None or word in FREQUENCIES:
        return FREQUENCIES.get(word or "")
    if re.fullmatch(r"[0-9]{1,5}", word) and LEAST_MINUTES <= int(word) <= MOST_MINUTES:
        return timedelta(minutes=int(word))
    raise Misuse(
        f"sync frequency {word!r}: write {', '.join(FREQUENCIES)}, "
        f"or minutes from {LEAST_MINUTES} to {MOST_MINUTES}"
    )


def refused_digest(connection: Connection, id_: int) -> str | None:
    """The keyed hash of the credentials that the vendor refused, if any."""
    said: str | None = connection.scalar(
        select(table.c.metadata["refused"].as_string()).where(table.c.id == id_)
    )
    return said


def refuse(connection: Connection, id_: int, digest: str) -> None:
    """Nobody asks with these credentials any more, until there are others, somebody orders a sync, or a trial
    (`may_try`) shows that the vendor takes them again."""
    said = func.jsonb_build_object("refused", digest, "trials", 0, "trial_at", _in(FIRST_TRIAL))
    connection.execute(
        update(table).where(table.c.id == id_).values(metadata=table.c.metadata.op("||")(said))
    )


def may_try(connection: Connection, id_: int) -> bool:
    """Is it time for a trial of refused credentials? After an hour, then ever more rarely, at last once a day.

    Of several that ask at once, one may.
    """
    said = table.c.metadata
    trials = func.coalesce(said["trials"].as_integer(), 0)
    wait = func.least(LONGEST_TRIAL, FIRST_TRIAL * func.power(2, func.least(trials + 1, 30)))
    noted = func.jsonb_build_object("trials", trials + 1, "trial_at", _in(wait))
    due = func.coalesce(said["trial_at"].as_float(), 0.0) <= _in(0.0)
    tried = connection.execute(
        update(table)
        .where(table.c.id == id_, said["refused"].as_string().is_not(None), due)
        .values(metadata=said.op("||")(noted))
    )
    return tried.rowcount == 1


def _in(seconds: Any) -> Any:
    """A moment ahead, as an epoch of PostgreSQL's clock."""
    return func.extract("epoch", func.clock_timestamp()) + seconds


def allow_again(connection: Connection, id_: int) -> None:
    """Somebody asks for a sync: credentials that were refused are tried once more."""
    connection.execute(
        update(table)
        .where(table.c.id == id_, table.c.metadata["refused"].as_string().is_not(None))
        .values(metadata=table.c.metadata.op("-")("refused"))
    )


def note_run(connection: Connection, id_: int, resource: str, reason: str | None) -> None:
    """Keeps in the row what the last run was, how many there were, and the last error."""
    now, counted = func.clock_timestamp(), "runs_failed" if reason else "runs_done"
    last = func.jsonb_build_object("at", now, "resource", resource, "reason", reason)
    number = func.coalesce(table.c.metadata[counted].as_integer(), 0) + 1
    said = func.jsonb_build_object("last_error" if reason else "last_sync", last, counted, number)
    connection.execute(
        update(table).where(table.c.id == id_).values(metadata=table.c.metadata.op("||")(said))
    )


def is_environments_webhook(settings: Settings, secret: str) -> bool:
    """Is this one of KOMMO_WEBHOOK_SECRET? Compared in constant time; no secret: no route."""
    given = secret.encode()
    same = [hmac.compare_digest(one.encode(), given) for one in settings.webhook_secrets]
    return any(same)


def webhook_digest(secret: str) -> str:
    """Not keyed: the secret is random, and must be found again under the next PONTE_SECRET_KEY too."""
    return hashlib.sha256(secret.encode()).hexdigest()


def of_webhook(connection: Connection, settings: Settings, secret: str) -> Integration | None:
    """The integration that a secret path names, working or paused; None: answer 404."""
    if is_environments_webhook(settings, secret):
        return environments(connection, settings, "kommo")
    digest = webhook_digest(secret)
    replaced = select(former.c.integration_id).where(
        former.c.digest == digest, func.coalesce(former.c.ends_at > func.clock_timestamp(), True)
    )
    meant = or_(table.c.webhook_digest == digest, table.c.id.in_(replaced))
    row = connection.execute(select(table).where(meant)).first()
    return _integration(row) if row else None
