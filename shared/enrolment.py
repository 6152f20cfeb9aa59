"""Adding and changing integrations: what `ponte integrations` and /api/integrations do.

Credentials are mappings by their public names (CREDENTIALS), encrypted in the row and never shown. Every
function works in the caller's transaction and raises Misuse with what to do instead.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared import addresses, coverage, integrations, leaving
from shared.coverage import Coverage
from shared.db.bookkeeping import integration_settings as table
from shared.errors import Conflict, Misuse
from shared.integrations import OF_ENVIRONMENT, PROVIDERS, Integration
from shared.secrets import Keyring
from shared.settings import Settings

CREDENTIALS = {"kommo": ("jwtToken",), "gestao-click": ("apiKey", "secretToken")}
"""What each vendor asks for, in the order in which its dialect takes them."""
LONGEST_NAME = 100
NOW = func.clock_timestamp()
WORKABLE = table.c.metadata.op("-")("refused").op("-")("removed_at").op("-")("removal")
"""The metadata of one that is worked on again."""


@dataclass(frozen=True)
class Wanted:
    """An integration to be added. credentials: by the names of CREDENTIALS."""

    provider: str
    user_id: str
    credentials: Mapping[str, str] = field(repr=False)
    wallet_id: str = integrations.WALLET
    url: str | None = None
    sync_frequency: str | None = None
    auto_sync: bool = True


@dataclass(frozen=True)
class Added:
    """webhook_secret: the last part of its webhook's address, None where the vendor sends none."""

    integration: Integration
    webhook_secret: str | None = field(repr=False)


class Changes(Coverage, total=False):
    active: bool
    auto_sync: bool
    sync_frequency: str | None
    credentials: Mapping[str, str]


def checked(settings: Settings, wanted: Wanted) -> Wanted:
    """The same with its address as it is stored; raises Misuse for what cannot be added at all."""
    if wanted.provider not in PROVIDERS:
        raise Misuse(f"unknown provider {wanted.provider!r}; there are: {', '.join(PROVIDERS)}")
    ensure_named(wanted.user_id, wanted.wallet_id, wanted.sync_frequency)
    _complete(wanted.provider, wanted.credentials)
    url = addresses.checked(settings, wanted.provider, wanted.url) if wanted.url else None
    return Wanted(**{**vars(wanted), "url": url})


def ensure_named(user_id: str, wallet_id: str, sync_frequency: str | None) -> None:
    """Raises Misuse for names and frequencies that cannot be."""
    for name in (user_id, wallet_id):
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise Misuse(f"user and wallet need a name of 1 to {LONGEST_NAME} characters")
    if user_id in OF_ENVIRONMENT:
        raise Misuse(f"the user {user_id!r} has the environment's credentials; choose another name")
    integrations.frequency(sync_frequency)


def _complete(provider: str, given: Mapping[str, str]) -> dict[str, str]:
    names = CREDENTIALS[provider]
    found = {name: given.get(name, "").strip() for name in names}
    missing = [name for name, value in found.items() if not value]
    unknown = sorted(set(given) - set(names))
    if missing or unknown:
        raise Misuse(f"credentials of {provider}: {' and '.join(names)} are needed, nothing else")
    return found


def seal(keys: Keyring, credentials: Mapping[str, Any]) -> bytes:
    return keys.encrypt(orjson.dumps(dict(credentials)).decode())


def add(connection: Connection, settings: Settings, keys: Keyring, wanted: Wanted) -> Added:
    """Makes the integration, or brings a removed one back with its rows; raises Conflict for a duplicate."""
    wanted = checked(settings, wanted)
    return keep(connection, keys, wanted, _complete(wanted.provider, wanted.credentials))


def keep(
    connection: Connection, keys: Keyring, wanted: Wanted, credentials: Mapping[str, Any]
) -> Added:
    """As `add`, of what has been checked."""
    place = (wanted.user_id, wanted.provider, wanted.wallet_id)
    there = integrations.find(connection, *place)
    if there and not there.removed:
        raise Conflict(_duplicate(there))
    if there and there.removing:
        raise Conflict(_leaving(there.id))
    secret = secrets.token_urlsafe(32) if wanted.provider == "kommo" else None
    values = {
        "active": True,
        "auto_sync": wanted.auto_sync,
        "sync_frequency": wanted.sync_frequency,
        "url": wanted.url,
        "credentials": seal(keys, credentials),
        "webhook_digest": integrations.webhook_digest(secret) if secret else None,
        "webhook_secret": keys.encrypt(secret) if secret else None,
        "updated_at": NOW,
    }
    names = dict(zip(("user_id", "provider", "wallet_id"), place, strict=True))
    made = insert(table).values(**names, **values)
    # only a removed one gives its place: two who add at once do not overwrite each other
    back = made.on_conflict_do_update(
        index_elements=list(names),
        set_={**values, "metadata": WORKABLE.op("-")("webhook")},
        where=and_(table.c.metadata.has_key("removed_at"), leaving.UNDER_WAY.is_not(True)),
    )
    id_ = connection.scalar(back.returning(table.c.id))
    if id_ is None:
        raise Conflict(
            "somebody else has just added the same integration; see: ponte integrations list"
        )
    return Added(integrations.by_id(connection, id_), secret)


def _duplicate(there: Integration) -> str:
    return (
        f"integration {there.id} is {there.provider} of {there.user_id} already "
        f"(wallet {there.wallet_id}). Change its credentials, remove it first, or choose another wallet."
    )


def _leaving(id_: int) -> str:
    return f"integration {id_} is still being removed; a worker does it: ponte integrations list"


def webhook_address(settings: Settings, secret: str) -> str:
    """Where Kommo should call; only the path while PONTE_PUBLIC_URL is not set."""
    return f"{(settings.ponte_public_url or '').rstrip('/')}/webhooks/kommo/{secret}"


def change(
    connection: Connection, settings: Settings, keys: Keyring, id_: int, changes: Changes
) -> Integration:
    """Pauses, resumes, sets the schedule or other credentials; the next tick of beat knows."""
    there = integrations.by_id(connection, id_)
    if there.removing:
        raise Conflict(_leaving(id_))
    values: dict[str, Any] = {**changes, "updated_at": NOW}
    integrations.frequency(changes.get("sync_frequency"))
    coverage.ensure_possible(connection, there, changes)
    if "credentials" in changes:
        if there.user_id in OF_ENVIRONMENT:
            raise Conflict(
                f"the credentials of integration {id_} are the environment's: set them there"
            )
        given = _complete(there.provider, changes["credentials"])
        values["credentials"] = seal(keys, given)
        values["metadata"] = WORKABLE
    elif changes.get("active"):
        _ensure_workable(settings, there)
        values["metadata"] = WORKABLE
    connection.execute(update(table).where(table.c.id == id_).values(**values))
    return integrations.by_id(connection, id_)


def renew_credentials(
    connection: Connection, keys: Keyring, id_: int, url: str, credentials: Mapping[str, Any]
) -> None:
    """Other credentials from a consent: an integration that had stopped goes on."""
    connection.execute(
        update(table)
        .where(table.c.id == id_)
        .values(
            active=True,
            url=url,
            credentials=seal(keys, credentials),
            metadata=WORKABLE,
            updated_at=NOW,
        )
    )


def _ensure_workable(settings: Settings, integration: Integration) -> None:
    if not integrations.has_credentials(settings, integration):
        raise Conflict(
            f"integration {integration.id} has no credentials: give it some, then it can be resumed"
        )


def listed(connection: Connection, settings: Settings) -> list[dict[str, Any]]:
    """Every integration as it is told: state, schedule, last sync, counts, errors; never a secret."""
    rows = connection.execute(select(table).order_by(table.c.id)).mappings()
    known = {one.id: one for one in integrations.all_of(connection)}
    return [_told(settings, known[row["id"]], dict(row)) for row in rows if row["id"] in known]


def _told(settings: Settings, one: Integration, row: Mapping[str, Any]) -> dict[str, Any]:
    said = row["metadata"]
    held = integrations.has_credentials(settings, one)
    return {
        "id": one.id,
        "provider": one.provider,
        "user": one.user_id,
        "wallet": one.wallet_id,
        "state": one.state,
        "account_id": one.account_id,
        "account_name": ((said.get("account") or {}).get("details") or {}).get("name"),
        "url": one.url,
        "credentials": ("stored" if one.stored else "environment") if held else "none",
        "auto_sync": one.auto_sync,
        "sync_frequency": one.sync_frequency,
        "history_from": one.history_from,
        "stores": one.stores,
        "daily_share": one.daily_share,
        "token_expires_at": one.token_expires_at,
        "refused": one.refused,
        "webhook": row["webhook_digest"] is not None,
        "webhook_care": said.get("webhook"),
        "removal": said.get("removal"),
        "last_sync": said.get("last_sync"),
        "last_error": said.get("last_error"),
        "runs_done": said.get("runs_done", 0),
        "runs_failed": said.get("runs_failed", 0),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
