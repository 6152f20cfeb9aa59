"""The accounts at the vendors: token, credentials, subscription, time zone. Nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, select, text

from shared import integrations
from shared.db.bookkeeping import integration_settings
from shared.integrations import SOON
from shared.settings import Settings
from worker.doctor.findings import Finding, ago, bad, ok, warn
from worker.sources import claims

NEW_TOKEN = (
    "make a new one in Kommo (private integration, keys and scopes), set KOMMO_JWT_TOKEN, restart"  # noqa: S105
)
REGISTER = "ponte webhooks register"


def token(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """The environment's; it is read, never trusted. What the database keeps is encrypted."""
    if settings.kommo_jwt_token is None:
        return
    said = claims.read(settings.kommo_jwt_token.get_secret_value())
    integration = integrations.of_environment(connection, settings, "kommo")
    bound = integration.account_id if integration else None
    if not said:
        yield warn("token", "Kommo's token is no JWT: when it expires is not known", NEW_TOKEN)
        return
    if bound and str(said.get("account_id", bound)) != bound:
        told = f"Kommo's token is of account {said['account_id']}, the mirror of {bound}"
        yield bad("token", told, "use that account's token, or another database")
    yield _expiry(said)


def _expiry(said: Mapping[str, Any]) -> Finding:
    now = datetime.now(UTC)
    scopes = ", ".join(map(str, said.get("scopes") or ())) or "none named"
    age = f", {ago(now - _moment(said['issued_at']))} old" if said.get("issued_at") else ""
    about = f"scopes: {scopes}{age}"
    if not said.get("expires_at"):
        return ok("token", f"Kommo's token names no expiry; {about}")
    left = _moment(said["expires_at"]) - now
    told = f"{said['expires_at'][:10]}; {about}"
    if left.total_seconds() <= 0:
        return bad("token", f"Kommo's token expired on {told}", NEW_TOKEN)
    if left < SOON:
        return warn("token", f"Kommo's token expires in {ago(left)}, on {told}", NEW_TOKEN)
    return ok("token", f"Kommo's token is good until {told}")


def _moment(written: Any) -> datetime:
    return datetime.fromisoformat(str(written))


def kept_tokens(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """Of the other integrations only the end is told: workers write it beside the encrypted token."""
    meant = integrations.of_environment(connection, settings, "kommo")
    for row in connection.execute(
        select(integration_settings).where(integration_settings.c.active)
    ):
        kept = row.metadata.get("token")
        if not isinstance(kept, Mapping) or not kept.get("expires_at"):
            continue
        left = _moment(kept["expires_at"]) - datetime.now(UTC)
        if (meant and row.id == meant.id) or left > SOON:
            continue
        ends = "has expired" if left.total_seconds() <= 0 else f"expires in {ago(left)}"
        graver = bad if left.total_seconds() <= 0 else warn
        yield graver("token", f"the token of integration {row.id} {ends}", "give it a new one")


def credentials(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """Active integrations whose credentials were refused; those that never met their account."""
    chosen = select(integration_settings).where(integration_settings.c.active)
    for row in connection.execute(chosen.order_by(integration_settings.c.id)):
        name = f"{row.provider} (integration {row.id})"
        if row.metadata.get("removed_at"):
            continue
        if row.metadata.get("refused"):
            said = (
                f"{name}: the vendor refused the credentials; the schedule asks no more with them"
            )
            yield bad("credentials", said, "give it valid ones, then: ponte sync")
        elif row.account_id is None:
            yield warn(
                "credentials", f"{name} has not met its account yet", "ponte test-connection"
            )
        else:
            yield ok("credentials", f"{name} is bound to account {row.account_id}")


def subscription(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """As it was last found: `state` and `message` under `webhook` in the integration's metadata."""
    chosen = select(integration_settings.c.id, integration_settings.c.metadata["webhook"]).where(
        integration_settings.c.provider == "kommo", integration_settings.c.active
    )
    for id_, kept in connection.execute(chosen):
        if not isinstance(kept, Mapping) or "state" not in kept:
            continue
        said = f"integration {id_}: {kept.get('message') or kept['state']}"
        if kept["state"] == "subscribed":
            yield ok("subscription", said)
        elif kept["state"] == "failed":
            yield bad("subscription", said, REGISTER)
        else:
            yield warn("subscription", said, f"nothing, if polling will do; else: {REGISTER}")


def time_zone(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """The account's against the deployment's: days begin at another hour where they differ."""
    asked = text("select integration_id, timezone from kommo.account where timezone is not null")
    ours = datetime.now(ZoneInfo(settings.ponte_timezone)).utcoffset()
    for id_, name in connection.execute(asked):
        try:
            theirs = datetime.now(ZoneInfo(name)).utcoffset()
        except (ZoneInfoNotFoundError, ValueError):
            continue
        said = f"integration {id_} lives in {name}, PONTE_TIMEZONE is {settings.ponte_timezone}"
        if theirs == ours:
            yield ok("time zone", said)
        else:
            yield warn("time zone", f"{said}: days begin at another hour", f"PONTE_TIMEZONE={name}")
