"""Where secrets may be sent: to the vendors' own hosts; to loopback where the settings' own address is there (the
sandbox), or where nothing of this deployment is reached from elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from shared.errors import Misuse
from shared.settings import Settings, all_on_loopback, is_loopback, vendor_address


def configured(settings: Settings, provider: str) -> str:
    """The address of the settings."""
    return settings.kommo_api_url if provider == "kommo" else settings.gestao_click_api_url


def ours(settings: Settings, provider: str, host: str | None) -> bool:
    """Is this host below one of the vendor's domains? (kommo-api.md 1: {subdomain}.kommo.com, api-x.kommo.com)"""
    below = tuple(f".{domain}" for domain in settings.domains(provider))
    return (host or "").lower().endswith(below)


def allowed(settings: Settings, provider: str, url: str) -> bool:
    """May a token be sent there? The last question before it is, wherever the address was learnt."""
    parts = urlsplit(url)
    if is_loopback(parts.hostname):
        boxed = is_loopback(urlsplit(configured(settings, provider)).hostname)
        return boxed or all_on_loopback(settings)
    return parts.scheme == "https" and ours(settings, provider, parts.hostname)


def checked(settings: Settings, provider: str, given: str) -> str:
    """An account's address, as it is stored; raises Misuse unless its secrets may go there."""
    try:
        url = vendor_address(given)
    except ValueError as error:
        raise Misuse(f"url: {error}") from None
    parts = urlsplit(url)
    if url == configured(settings, provider):
        return url
    bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    port = None if is_loopback(parts.hostname) else parts.port
    if port or not bare or not allowed(settings, provider, url):
        ends = ", ".join(settings.domains(provider))
        raise Misuse(f"url: {provider} accounts are asked at https://NAME with a name in {ends}")
    return url
