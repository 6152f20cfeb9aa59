"""Our webhook at Kommo: subscribed with the events that the declarations name (kommo-api.md 5.21)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared import integrations, resources
from shared.errors import PonteError
from shared.resources.columns import dig
from worker.commands.programs import local
from worker.reach import Reach
from worker.sources.kommo import API, Kommo
from worker.sources.opening import credentials, open_source

EVENTS = sorted({event for r in resources.ALL if r.webhook for event in r.webhook.events})


def destination(reach: Reach) -> str | None:
    """The address that Kommo should call; None when it could not reach us."""
    given = reach.settings
    secret = given.kommo_webhook_secret
    if secret is None:
        return None
    home = given.ponte_public_url
    if home is None and "kommo" in given.sandboxed:
        home = f"http://{local(given.host)}:{given.port}"
    return f"{home.rstrip('/')}/webhooks/kommo/{secret.get_secret_value()}" if home else None


def register(reach: Reach) -> tuple[bool, str]:
    """Subscribes; tells whether, or why changes come by polling only. Others' hooks are never touched."""
    with reach.engine.begin() as connection:
        integrations.ensure(connection, reach.settings)
        kommo = integrations.chosen(connection, reach.settings, "kommo")
    if kommo is None:
        return False, "no webhooks: there are no credentials for kommo"
    address = destination(reach)
    if address is None:
        return False, UNREACHABLE
    source = open_source(reach, kommo, credentials(reach, kommo))
    assert isinstance(source, Kommo)  # noqa: S101
    try:
        _subscribe(source, address)
    except PonteError as error:
        return False, f"no webhooks, changes are polled: {error}"
    return True, "webhook registered: changes arrive as they happen"


UNREACHABLE = (
    "no webhooks, changes are polled: Kommo cannot reach this machine. Set PONTE_PUBLIC_URL (https) "
    "and KOMMO_WEBHOOK_SECRET, then: ponte webhooks register"
)


def _subscribe(source: Kommo, address: str) -> None:
    """Settings may be replaced or merged by a second POST: a differing hook is removed first."""
    hook = _ours(source, address)
    if hook and not hook.get("disabled") and set(hook.get("settings") or ()) == set(EVENTS):
        return
    if hook:
        source.door.send("DELETE", f"{API}/webhooks", {"destination": address})
    source.door.send("POST", f"{API}/webhooks", {"destination": address, "settings": EVENTS})


def _ours(source: Kommo, address: str) -> Mapping[str, Any] | None:
    body = source.door.get(f"{API}/webhooks", {"filter[destination]": address}).body
    hooks = dig(body or {}, ("_embedded", "webhooks")) or []
    return next((hook for hook in hooks if hook.get("destination") == address), None)
