"""Our webhook at Kommo: subscribed with the events that the declarations name, and kept so.

Every integration has a destination of its own. Others' hooks are never touched. What the vendor does not
take is remembered in the integration's metadata (`webhook`) and tried again after a day: event codes whose
names are doubtful (kommo-api.md 6.3), and the webhooks themselves where the plan has none (5.21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select, update

from shared import integrations, resources
from shared.db.bookkeeping import integration_settings as table
from shared.db.engine import clock
from shared.enrolment import webhook_address
from shared.errors import NoCredentials, NotAvailable, PonteError
from shared.integrations import Integration
from shared.logs import logger
from shared.settings import is_loopback
from worker import hook_rotation
from worker.commands.programs import local
from worker.reach import Reach
from worker.sources import identity, kommo_hooks, oauth
from worker.sources.kommo import Kommo
from worker.sources.opening import NAMES, credentials, open_source

EVENTS = frozenset(event for r in resources.ALL if r.webhook for event in r.webhook.events)
AGAIN_AFTER = timedelta(days=1)
NOT_AVAILABLE, OFF = "not available", "switched off by hand"
POLLED = "no webhooks, changes are polled"
UNREACHABLE = (
    f"{POLLED}: Kommo cannot reach this machine. Set PONTE_PUBLIC_URL (https) "
    "and KOMMO_WEBHOOK_SECRET, then: ponte webhooks register"
)

log = logger(__name__)


@dataclass(frozen=True)
class Care:
    """What was found and done. state: subscribed, not available, switched off by hand,
    no address, or failed."""

    state: str
    message: str
    dropped: tuple[str, ...] = ()

    @property
    def subscribed(self) -> bool:
        return self.state == "subscribed"


def tend_all(reach: Reach) -> None:
    """Beat's round: whatever is wrong with one subscription is mended, and stops no other."""
    with reach.engine.begin() as connection:
        working = integrations.worked_on(connection, reach.settings)
    for integration in working:
        if integration.provider == "kommo":
            _try_to_tend(reach, integration)


def _try_to_tend(reach: Reach, integration: Integration) -> None:
    try:
        tend(reach, integration)
    except PonteError as error:
        log.warning("webhook_not_tended", integration=integration.id, why=str(error))


def register(reach: Reach, integration_id: int | None = None) -> tuple[bool, str]:
    """Subscribes now, whatever was refused before; tells whether, or why changes come by polling only."""
    integration = _chosen(reach, integration_id)
    if integration is None:
        return False, "no webhooks: there are no credentials for kommo"
    care = tend(reach, integration, anew=True)
    return care.subscribed, care.message


def _chosen(reach: Reach, integration_id: int | None) -> Integration | None:
    with reach.engine.begin() as connection:
        integrations.ensure(connection, reach.settings)
        return integrations.chosen(connection, reach.settings, "kommo", integration_id)


def tend(reach: Reach, integration: Integration, *, anew: bool = False) -> Care:
    """Looks at one subscription and mends it. anew: also what was refused within the last day."""
    remembered, lately = _remembered(reach, integration)
    state = remembered.get("state")
    if not anew and (state == OFF or (state == NOT_AVAILABLE and lately)):
        return Care(str(state), str(remembered["message"]))
    kept = () if anew or not lately else tuple(remembered.get("dropped", ()))
    address = destination(reach, integration)
    care = _cared(reach, integration, address, kept) if address else Care("no address", UNREACHABLE)
    _remember(reach, integration, remembered, care, again=kept == ())
    return care


def _cared(reach: Reach, integration: Integration, address: str, kept: Sequence[str]) -> Care:
    try:
        source = _source(reach, integration)
        dropped = kommo_hooks.subscribe(source, address, EVENTS, kept)
        _leave_former(reach, integration, source)
    except NotAvailable as error:
        return Care(NOT_AVAILABLE, f"{POLLED}: {error}")
    except PonteError as error:
        return Care("failed", f"{POLLED}: {error}")
    but = f"; not known to this account: {', '.join(dropped)}" if dropped else ""
    return Care("subscribed", f"webhook registered: changes arrive as they happen{but}", dropped)


def _leave_former(reach: Reach, integration: Integration, source: Kommo) -> None:
    """Kommo calls the newest address now: it is told to leave the former ones."""
    try:
        for address in _addresses(reach, integration)[1:]:
            if kommo_hooks.ours(source, address):
                kommo_hooks.unsubscribe(source, address)
                log.info("webhook_moved", integration=integration.id)
    except PonteError as error:  # the next round tries again; until then both are taken
        log.warning("former_webhook_left", integration=integration.id, why=str(error))
        return
    hook_rotation.moved(reach, integration.id)


def _source(reach: Reach, integration: Integration) -> Kommo:
    """Proved first: refused credentials are not tried again, another account's hooks not touched."""
    given = oauth.usable(reach, integration)
    source = open_source(reach, integration, given)
    identity.prove(reach, integration, given, source)
    assert isinstance(source, Kommo)  # noqa: S101
    return source


def destination(reach: Reach, integration: Integration) -> str | None:
    """The address that Kommo should call; None when it could not reach us."""
    return next(iter(_addresses(reach, integration)), None)


def _addresses(reach: Reach, integration: Integration) -> list[str]:
    """Newest first: the one that Kommo should call, and those that it was told before."""
    secrets = _secrets(reach, integration)
    if not secrets:
        return []
    if reach.settings.ponte_public_url:
        return [webhook_address(reach.settings, secret) for secret in secrets]
    if is_loopback(urlsplit(credentials(reach, integration).url).hostname):
        home = f"http://{local(reach.settings.host)}:{reach.settings.port}"
        return [f"{home}/webhooks/kommo/{secret}" for secret in secrets]
    return []


def _secrets(reach: Reach, integration: Integration) -> list[str]:
    chosen = select(table.c.webhook_secret).where(table.c.id == integration.id)
    with reach.engine.begin() as connection:
        sealed = connection.scalar(chosen)
    if sealed is not None:
        return [reach.keys.decrypt(sealed), *hook_rotation.unmoved(reach, integration.id)]
    meant = integrations.meant_by_environment(reach.settings, integration)
    return reach.settings.webhook_secrets if meant else []


def remove(reach: Reach, integration_id: int | None = None) -> bool:
    """Ends our own subscription until `register`; False when there was none. Others' are never touched."""
    integration = _needed(reach, integration_id)
    off = Care(OFF, f"{POLLED}: switched off; ponte webhooks register switches them on")
    _remember(reach, integration, {}, off, again=True)
    source = _source(reach, integration)
    there = [one for one in _addresses(reach, integration) if kommo_hooks.ours(source, one)]
    for address in there:
        kommo_hooks.unsubscribe(source, address)
    return bool(there)


def rotate_secret(
    reach: Reach, integration_id: int | None = None, *, now: bool = False
) -> tuple[bool, str]:
    """A new secret, and the subscription moved to it; (whether Kommo calls there, what to tell).

    now: the former one is not taken any more, whether Kommo knows the new one or not. Raises Misuse for the
    environment's: there it is for people to change.
    """
    integration = _needed(reach, integration_id)
    hook_rotation.replace(reach, integration, now=now)
    care = tend(reach, integration, anew=True)
    if care.subscribed:
        return True, care.message
    address = webhook_address(reach.settings, _secrets(reach, integration)[0])
    return False, f"{care.message}\nits new address: {address}"


def listed(reach: Reach, integration_id: int | None = None) -> list[dict[str, Any]]:
    """The account's hooks: whose, where (the host only: the rest may be a secret), which events."""
    integration = _needed(reach, integration_id)
    addresses = _addresses(reach, integration)
    return [
        {
            "id": hook.get("id"),
            "ours": hook.get("destination") in addresses,
            "former": hook.get("destination") in addresses[1:],
            "destination": kommo_hooks.masked(str(hook.get("destination") or "")),
            "disabled": bool(hook.get("disabled")),
            "events": sorted(hook.get("settings") or ()),
        }
        for hook in kommo_hooks.hooks(_source(reach, integration))
    ]


def _needed(reach: Reach, integration_id: int | None) -> Integration:
    integration = _chosen(reach, integration_id)
    if integration is None:
        raise NoCredentials("kommo", NAMES["kommo"])
    return integration


def _remembered(reach: Reach, integration: Integration) -> tuple[dict[str, Any], bool]:
    """What was found last, and whether it was within a day."""
    chosen = select(table.c.metadata["webhook"]).where(table.c.id == integration.id)
    with reach.engine.begin() as connection:
        found: dict[str, Any] = connection.scalar(chosen) or {}
        now = clock(connection)
    tried = found.get("tried_at")
    return found, tried is not None and now - datetime.fromisoformat(tried) < AGAIN_AFTER


def _remember(
    reach: Reach, integration: Integration, before: Mapping[str, Any], care: Care, *, again: bool
) -> None:
    """Written, and told in the log, when it is news. again: everything was tried just now."""
    news = before.get("state") != care.state or tuple(before.get("dropped", ())) != care.dropped
    if news:
        tell = log.info if care.subscribed else log.warning
        tell(
            "webhook_care",
            integration=integration.id,
            state=care.state,
            why=care.message,
            dropped=care.dropped,
        )
    if not news and not again:
        return
    with reach.engine.begin() as connection:
        tried = clock(connection).isoformat() if again else before.get("tried_at")
        said = {
            "state": care.state,
            "message": care.message,
            "dropped": list(care.dropped),
            "tried_at": tried,
        }
        connection.execute(
            update(table)
            .where(table.c.id == integration.id)
            .values(metadata=table.c.metadata.op("||")({"webhook": said}))
        )
