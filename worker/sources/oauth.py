"""OAuth tokens (kommo-api.md 2.2): a code becomes a pair, a pair is renewed before it ends.

An access token lives a day, a refresh token three months and serves once. Renewals of one integration are
serialised by a lock in PostgreSQL, and the new pair is committed before it is used. Kommo keeps the old refresh
token alive until the new pair is first used: an answer that was lost is asked for again with the old one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
from sqlalchemy import select, text, update

from shared import integrations, oauth
from shared.db.bookkeeping import integration_settings as table
from shared.enrolment import seal
from shared.errors import (
    CredentialsRefused,
    Misuse,
    NotAvailable,
    RequestRefused,
    TokenRenewed,
    VendorUnavailable,
)
from shared.integrations import Integration
from shared.logs import logger
from shared.settings import is_loopback
from worker.reach import Reach
from worker.sources import claims
from worker.sources.budget import WEBHOOKS
from worker.sources.http import Dialect
from worker.sources.kommo import VENDOR, check
from worker.sources.opening import Credentials, credentials, open_door

TOKEN = "/oauth2/access_token"  # noqa: S105  (a path)
CURRENT = "/oauth2/account/current/subdomain"
EARLY = timedelta(minutes=10)
"""So long before its end an access token is renewed."""
REFRESH_LIVES = timedelta(days=90)
REFUSED_AGAIN = timedelta(hours=1)
"""An access token that is refused within this time after a renewal for the same reason stays refused."""

log = logger(__name__)


REFUSALS = (CredentialsRefused, NotAvailable, RequestRefused)


def usable(reach: Reach, integration: Integration) -> Credentials:
    """The integration's credentials; an access token near its end is renewed first.

    Raises CredentialsRefused once when it cannot be renewed: from then on nobody asks with it.
    """
    given = credentials(reach, integration)
    now = datetime.now(UTC)
    if given.expires_at is None or given.expires_at - now > EARLY:
        return given
    with reach.engine.begin() as connection:
        before = integrations.refused_digest(connection, integration.id)
    if reach.keys.knows(given.seal, before):
        return given  # whoever proves it is told so, without a request
    try:
        return renew(reach, integration, given)
    except VendorUnavailable:
        if given.expires_at <= now:
            raise
        return given
    except REFUSALS as error:
        with reach.engine.begin() as connection:
            integrations.refuse(connection, integration.id, reach.keys.digest(given.seal))
        log.error("integration_stopped", integration=integration.id, why=str(error))
        raise CredentialsRefused(VENDOR, 401, f"the token cannot be renewed: {error}") from None


def renew(reach: Reach, integration: Integration, seen: Credentials) -> Credentials:
    """A new pair in place of the one `seen`; of several processes one asks, the others take what it got."""
    with _alone(reach, integration.id):
        with reach.engine.begin() as connection:
            current = integrations.by_id(connection, integration.id)
        now = credentials(reach, current)
        if now.secrets != seen.secrets:
            return now
        stored = _stored(reach, current)
        url, pair = _renewed(reach, current, now, stored["refreshToken"])
        _keep(reach, current, url, pair)
        log.info("token_renewed", integration=current.id)
        return credentials(reach, replace(current, url=url))


def renew_after_refusal(reach: Reach, integration: Integration, given: Credentials) -> None:
    """One renewal for a token that was refused (401): raises TokenRenewed when it is worth a new try.

    Returns when there is nothing to renew, or when a renewed one was refused soon after: stop.
    """
    if given.expires_at is None:
        return
    with reach.engine.begin() as connection:
        row = connection.execute(select(table.c.metadata).where(table.c.id == integration.id)).one()
    last = row.metadata.get("renewed_after_refusal")
    if last and datetime.now(UTC) - datetime.fromisoformat(last) < REFUSED_AGAIN:
        return
    try:
        renew(reach, integration, given)
    except REFUSALS as error:
        log.warning("token_not_renewed", integration=integration.id, why=str(error))
        return
    _note_renewal(reach, integration)
    raise TokenRenewed(VENDOR)


def _note_renewal(reach: Reach, integration: Integration) -> None:
    said = {"renewed_after_refusal": datetime.now(UTC).isoformat()}
    with reach.engine.begin() as connection:
        connection.execute(
            update(table)
            .where(table.c.id == integration.id)
            .values(metadata=table.c.metadata.op("||")(said))
        )


def exchange(reach: Reach, url: str, code: str) -> dict[str, Any]:
    """The first pair, for a code: as it is stored. The code serves once, so nothing is repeated."""
    asked = Integration(0, "nobody", "kommo", url=url)
    return _ask(reach, asked, Credentials("kommo", url, ("",)), "authorization_code", code=code)


def _renewed(
    reach: Reach, integration: Integration, given: Credentials, refresh: str
) -> tuple[str, dict[str, Any]]:
    """(address, pair); an account that was renamed is asked for at its present address."""
    try:
        return given.url, _ask_again(reach, integration, given, refresh)
    except REFUSALS:
        moved = _current_address(reach, integration, given, refresh)
        if moved is None or moved == given.url:
            raise
        log.warning("account_renamed", integration=integration.id)
        there = replace(given, url=moved)
        return moved, _ask_again(reach, integration, there, refresh)


def _ask_again(
    reach: Reach, integration: Integration, given: Credentials, refresh: str
) -> dict[str, Any]:
    """A lost answer harms nothing: the old refresh token works until the new pair is used."""
    attempts = reach.settings.kommo_retry_attempts
    while True:
        attempts -= 1
        try:
            return _ask(reach, integration, given, "refresh_token", refresh_token=refresh)
        except VendorUnavailable as error:
            log.info("token_asked_again", integration=integration.id, why=str(error))
            if attempts <= 0:
                raise


def _ask(
    reach: Reach, integration: Integration, given: Credentials, grant: str, **proof: str
) -> dict[str, Any]:
    """One request for a pair, with our client secret: to the vendor's own hosts only."""
    settings = reach.settings
    oauth.ensure_configured(settings)
    assert settings.kommo_client_secret  # noqa: S101
    oauth.account_url(settings, urlsplit(given.url).netloc)
    door = open_door(reach, integration, given, Dialect(VENDOR, {}, check), priority=WEBHOOKS)
    body = {
        "client_id": settings.kommo_client_id,
        "client_secret": settings.kommo_client_secret.get_secret_value(),
        "grant_type": grant,
        "redirect_uri": oauth.redirect_uri(settings),
        **proof,
    }
    return _pair(door.send("POST", TOKEN, body).body)


def _pair(body: Any) -> dict[str, Any]:
    """What the token endpoint answered, by the names under which it is stored."""
    said = body if isinstance(body, Mapping) else {}
    access, refresh = said.get("access_token"), said.get("refresh_token")
    if not isinstance(access, str) or not isinstance(refresh, str):
        raise VendorUnavailable(VENDOR, "a token answer without tokens")
    seconds = said.get("expires_in")
    lives = timedelta(seconds=float(seconds) if isinstance(seconds, int | float) else 86400.0)
    now = datetime.now(UTC)
    return {
        "jwtToken": access,
        "refreshToken": refresh,
        "expiresAt": (now + lives).isoformat(),
        "refreshUntil": (now + REFRESH_LIVES).isoformat(),
    }


def _current_address(
    reach: Reach, integration: Integration, given: Credentials, refresh: str
) -> str | None:
    """Where the account lives now, by the word of its shard; None when it does not say (1.1)."""
    shard = claims.read(given.secrets[0]).get("api_domain")
    boxed = is_loopback(urlsplit(given.url).hostname)
    if not shard and not boxed:
        return None
    url = given.url if boxed else f"https://{shard}"
    dialect = Dialect(VENDOR, {"X-Refresh-Token": refresh}, check)
    door = open_door(reach, integration, replace(given, url=url), dialect, priority=WEBHOOKS)
    try:
        said = door.get(CURRENT).body
        return oauth.account_url(reach.settings, str(said["domain"]))
    except (*REFUSALS, Misuse, KeyError, TypeError):
        return None


def _stored(reach: Reach, integration: Integration) -> dict[str, Any]:
    chosen = select(table.c.credentials).where(table.c.id == integration.id)
    with reach.engine.begin() as connection:
        sealed = connection.scalar(chosen)
    stored: dict[str, Any] = orjson.loads(reach.keys.decrypt(sealed or b""))
    return stored


def _keep(reach: Reach, integration: Integration, url: str, pair: Mapping[str, Any]) -> None:
    """Committed before the pair is used: a crash in between leaves the new one here, not lost."""
    with reach.engine.begin() as connection:
        connection.execute(
            update(table)
            .where(table.c.id == integration.id, table.c.credentials.is_not(None))
            .values(credentials=seal(reach.keys, pair), url=url)
        )


@contextmanager
def _alone(reach: Reach, integration_id: int) -> Iterator[None]:
    """A lock of the session: no transaction is open while the vendor is asked; a killed process frees it."""
    with reach.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        key = {"integration": integration_id}
        connection.execute(text("select pg_advisory_lock(7223, :integration)"), key)
        try:
            yield
        finally:
            connection.execute(text("select pg_advisory_unlock(7223, :integration)"), key)
