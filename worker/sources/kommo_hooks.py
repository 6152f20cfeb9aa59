"""The webhook subscriptions of a Kommo account (kommo-api.md 5.21): ours is made right, others are not touched."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from shared.errors import NotAvailable, RequestRefused
from shared.logs import logger, mask
from shared.resources.columns import dig
from worker.sources.kommo import API, VENDOR, Kommo

PATH = f"{API}/webhooks"
DOUBTFUL = ("unsorted", "message", "talk", "customer", "catalog", "template_review")
"""Ends of codes that only some accounts or documents know; update_task is one more (kommo-api.md 6.3)."""

log = logger(__name__)


def doubtful(code: str) -> bool:
    return code == "update_task" or code.endswith(DOUBTFUL)


def subscribe(
    source: Kommo, address: str, events: frozenset[str], kept: Sequence[str]
) -> tuple[str, ...]:
    """Makes the hook what it should be; returns the codes that were dropped. kept: dropped before.

    Settings may be replaced or merged by a second POST: a differing hook is removed first (5.21).
    """
    wanted = events - set(kept)
    hook = ours(source, address)
    if _is_right(hook, wanted):
        return tuple(kept)
    if hook:
        log.warning("webhook_mended", disabled=bool(hook.get("disabled")))
        unsubscribe(source, address)
    accepted = _accepted(source, address, wanted)
    if not _is_right(ours(source, address), accepted):
        raise RequestRefused(VENDOR, PATH, 200, "the hook is not what was asked for")
    return tuple(sorted(events - accepted))


def _is_right(hook: Mapping[str, Any] | None, wanted: Collection[str]) -> bool:
    if not hook or hook.get("disabled"):
        return False
    return set(hook.get("settings") or ()) == set(wanted)


def _accepted(source: Kommo, address: str, wanted: frozenset[str]) -> frozenset[str]:
    """Asks for all; when that is refused, for the sure ones, and for each doubtful one besides."""
    if _post(source, address, wanted):
        return wanted
    accepted = frozenset(code for code in wanted if not doubtful(code))
    source.door.send("POST", PATH, {"destination": address, "settings": sorted(accepted)})
    for code in sorted(wanted - accepted):
        if _post(source, address, accepted | {code}):
            accepted |= {code}
    return accepted


def _post(source: Kommo, address: str, events: frozenset[str]) -> bool:
    """False when Kommo does not know one of the codes."""
    try:
        source.door.send("POST", PATH, {"destination": address, "settings": sorted(events)})
    except RequestRefused as error:
        if error.status not in (400, 422):
            raise
        return False
    return True


def hooks(source: Kommo, **narrowed: str) -> list[Mapping[str, Any]]:
    """Every hook of the account, other vendors' too."""
    body = source.door.get(
        PATH, {f"filter[{name}]": value for name, value in narrowed.items()}
    ).body
    return list(dig(body or {}, ("_embedded", "webhooks")) or [])


def ours(source: Kommo, address: str) -> Mapping[str, Any] | None:
    found = hooks(source, destination=address)
    return next((hook for hook in found if hook.get("destination") == address), None)


def unsubscribe(source: Kommo, address: str) -> None:
    """What somebody else has removed meanwhile is gone all the same."""
    try:
        source.door.send("DELETE", PATH, {"destination": address})
    except NotAvailable as error:
        if error.status != 404:
            raise


def masked(destination: str) -> str:
    """`https://host/…`: paths, queries and user names hold secrets."""
    parts = urlsplit(destination)
    return mask(f"{parts.scheme}://{parts.hostname or ''}/…")
