"""Where secrets may be sent: the vendors' own hosts, the configured address, and loopback (the sandbox)."""

from __future__ import annotations

from urllib.parse import urlsplit

from shared.errors import Misuse
from shared.settings import Settings, is_loopback, vendor_address

SUFFIXES = {
    "kommo": (".kommo.com", ".amocrm.ru", ".amocrm.com"),
    "gestao-click": (".beteltecnologia.com",),
}
"""kommo-api.md 1: accounts live at {subdomain}.{base domain}, shards at api-x.{base domain}."""


def configured(settings: Settings, provider: str) -> str:
    """The address of the settings."""
    return settings.kommo_api_url if provider == "kommo" else settings.gestao_click_api_url


def ours(provider: str, host: str | None) -> bool:
    """Is this host the vendor's? A user name or a port in front of it does not make it so."""
    return (host or "").lower().endswith(SUFFIXES[provider])


def checked(settings: Settings, provider: str, given: str) -> str:
    """An account's address, as it is stored; raises Misuse unless its secrets may go there."""
    try:
        url = vendor_address(given)
    except ValueError as error:
        raise Misuse(f"url: {error}") from None
    parts = urlsplit(url)
    known = ours(provider, parts.hostname) or is_loopback(parts.hostname)
    if url == configured(settings, provider):
        return url
    if not known or parts.path or parts.query or "@" in parts.netloc:
        ends = ", ".join(SUFFIXES[provider])
        raise Misuse(f"url: {provider} accounts are asked at https://NAME with a name in {ends}")
    return url
