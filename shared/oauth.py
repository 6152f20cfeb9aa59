"""Asking an account's owner for consent (kommo-api.md 2.2): where to send him, and what comes back.

The state is random, kept by its hash with what is to be added, lives 20 minutes and serves once. What comes
back with it is a stranger's word until it is checked: a code is sent, with our secret, to the vendor's own
hosts only.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from sqlalchemy import Connection, delete, func, insert, text

from shared import addresses, integrations
from shared.db.bookkeeping import oauth_states as table
from shared.errors import Misuse
from shared.secrets import Keyring
from shared.settings import Settings, is_loopback

CALLBACK = "/oauth/kommo/callback"
LIVES = text("interval '20 minutes'")
HOST = re.compile(r"[a-z0-9.-]+(:[0-9]{1,5})?")


def redirect_uri(settings: Settings) -> str:
    """Where the vendor sends the owner back to; the same in every request, as it is registered there."""
    home = (settings.ponte_public_url or "").rstrip("/")
    return settings.kommo_redirect_uri or f"{home}{CALLBACK}"


def ensure_configured(settings: Settings) -> None:
    """Raises Misuse naming what is missing."""
    needed = {
        "KOMMO_CLIENT_ID": settings.kommo_client_id,
        "KOMMO_CLIENT_SECRET": settings.kommo_client_secret,
        "KOMMO_REDIRECT_URI or PONTE_PUBLIC_URL": settings.kommo_redirect_uri
        or settings.ponte_public_url,
    }
    if missing := [name for name, value in needed.items() if not value]:
        raise Misuse(f"OAuth needs {', '.join(missing)}")


def consent_url(
    connection: Connection,
    settings: Settings,
    keys: Keyring,
    *,
    user_id: str,
    wallet_id: str = integrations.WALLET,
    sync_frequency: str | None = None,
) -> str:
    """Keeps what is to be added and returns the address that the account's owner opens."""
    ensure_configured(settings)
    state = secrets.token_urlsafe(32)
    wanted = {"user_id": user_id, "wallet_id": wallet_id, "sync_frequency": sync_frequency}
    connection.execute(delete(table).where(table.c.expires_at < func.clock_timestamp()))
    connection.execute(
        insert(table).values(
            digest=_digest(state),
            wanted=keys.encrypt(orjson.dumps(wanted).decode()),
            expires_at=func.clock_timestamp() + LIVES,
        )
    )
    asked = {"client_id": settings.kommo_client_id, "state": state, "mode": "popup"}
    return f"{_consent_page(settings)}?{urlencode(asked)}"


def _consent_page(settings: Settings) -> str:
    """www.kommo.com/oauth; the sandbox has its own."""
    if is_loopback(urlsplit(settings.kommo_api_url).hostname):
        return f"{settings.kommo_api_url}/oauth"
    return f"https://www.{settings.kommo_base_domain}/oauth"


def redeem(connection: Connection, state: str) -> bytes | None:
    """What was to be added, still encrypted; None for a state that is unknown, used or too old."""
    sealed: bytes | None = connection.scalar(
        delete(table)
        .where(table.c.digest == _digest(state), table.c.expires_at > func.clock_timestamp())
        .returning(table.c.wanted)
    )
    return sealed


def account_url(settings: Settings, referer: str) -> str:
    """The account's address out of the callback; raises Misuse for a host that is not the vendor's."""
    host = referer.strip().lower()
    named = host.partition(":")[0]
    if not HOST.fullmatch(host):
        raise Misuse("the address that came back is none")
    if is_loopback(named) and is_loopback(urlsplit(settings.kommo_api_url).hostname):
        return f"http://{host}"
    if ":" in host or not addresses.ours(settings, "kommo", host):
        raise Misuse("the address that came back is none of Kommo's")
    return f"https://{host}"


def wanted_of(keys: Keyring, sealed: bytes) -> dict[str, Any]:
    wanted: dict[str, Any] = orjson.loads(keys.decrypt(sealed))
    return wanted


def _digest(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
