"""From an integration and the settings to a Source that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shared.errors import Misuse
from shared.integrations import PROVIDERS, Integration
from shared.settings import Settings
from worker.reach import Reach
from worker.sources import claims, gestao_click, kommo
from worker.sources.budget import AUDIT, SYNC, Book, Budget
from worker.sources.gestao_click import GestaoClick
from worker.sources.http import Dialect, Door
from worker.sources.kommo import Kommo
from worker.sources.protocol import Source


@dataclass(frozen=True)
class Credentials:
    """secrets: in the order in which the vendor's dialect takes them."""

    provider: str
    url: str
    secrets: tuple[str, ...]

    @property
    def seal(self) -> str:
        """What the keyed hash of the credentials is made from: another host is another account."""
        return "\n".join((self.provider, self.url, *self.secrets))


NO_CREDENTIALS = (
    "no credentials for {}. Set KOMMO_JWT_TOKEN, or GESTAO_CLICK_API_KEY and GESTAO_CLICK_SECRET_TOKEN, "
    "in the environment or in .env. To look around without an account: make run (it has a sandbox)."
)


def with_credentials(settings: Settings, wanted: Iterable[str] = PROVIDERS) -> list[str]:
    """Those of the wanted providers that can be asked; raises Misuse when none can."""
    named = list(wanted)
    found = [provider for provider in named if settings.configured(provider)]
    if not found:
        raise Misuse(NO_CREDENTIALS.format(" or ".join(named)))
    return found


def credentials(settings: Settings, provider: str) -> Credentials:
    """The environment's credentials; raises Misuse naming the settings that are missing."""
    if not settings.configured(provider):
        names = {
            "kommo": "KOMMO_JWT_TOKEN",
            "gestao-click": "GESTAO_CLICK_API_KEY and GESTAO_CLICK_SECRET_TOKEN",
        }
        raise Misuse(f"no credentials for {provider}: set {names[provider]}")
    if provider == "kommo":
        token = settings.kommo_jwt_token
        return Credentials(provider, settings.kommo_api_url, _shown(token))
    tokens = (settings.gestao_click_api_key, settings.gestao_click_secret_token)
    return Credentials(provider, settings.gestao_click_api_url, _shown(*tokens))


def _shown(*secrets: object) -> tuple[str, ...]:
    return tuple(
        secret.get_secret_value() for secret in secrets if hasattr(secret, "get_secret_value")
    )


def open_source(
    reach: Reach,
    integration: Integration,
    given: Credentials,
    *,
    priority: str = SYNC,
    waiting: Callable[[], None] = lambda: None,
    asked: Callable[[], None] = lambda: None,
) -> Source:
    """A Source for an integration. waiting: called before each request and while it waits for a slot;
    asked: called once a request."""
    settings = reach.settings
    account = f"{integration.provider}:{_account(integration, given)}"
    is_kommo = given.provider == "kommo"
    milliseconds = settings.kommo_timeout if is_kommo else settings.gestao_click_timeout
    door = Door(
        base_url=given.url,
        dialect=_dialect(given),
        budget=Budget(
            reach.redis,
            reach.engine,
            _books(settings, integration.provider, account, priority),
            account,
            daily_limit(settings, integration.provider),
        ),
        timeout=milliseconds / 1000,
        attempts=settings.kommo_retry_attempts,
        delay=settings.kommo_retry_delay / 1000,
        priority=priority,
        waiting=waiting,
        asked=asked,
    )
    return Kommo(door) if is_kommo else GestaoClick(door)


def _account(integration: Integration, given: Credentials) -> str:
    """Whose quota it is; before the first answer, whose the token says it is."""
    claimed = claims.read(given.secrets[0]).get("account_id") if given.provider == "kommo" else None
    return integration.account_id or str(claimed or f"new-{integration.id}")


def _dialect(given: Credentials) -> Dialect:
    if given.provider == "kommo":
        return kommo.dialect(*given.secrets)
    return gestao_click.dialect(*given.secrets)


def daily_limit(settings: Settings, provider: str) -> int | None:
    """Requests that a vendor allows in 24 hours; None: it does not count them."""
    return None if provider == "kommo" else settings.gestao_click_daily_limit


def audit_rate(settings: Settings, provider: str) -> float | None:
    """Requests a second of all audits of an account together; None: no limit (loopback)."""
    books = _vendors_books(settings, provider, provider)
    return min(book.rate for book in books) * settings.ponte_audit_share if books else None


def _books(settings: Settings, provider: str, account: str, priority: str) -> list[Book]:
    """The vendor's limits; an audit keeps to its share of them by a book of its own."""
    books = _vendors_books(settings, provider, account)
    rate = audit_rate(settings, provider)
    return [*books, Book(f"{account}:audit", rate)] if priority == AUDIT and rate else books


def _vendors_books(settings: Settings, provider: str, account: str) -> list[Book]:
    """Kommo counts per account and per address (kommo-api.md 3); the ERP per company (2)."""
    if provider == "kommo":
        if not settings.kommo_rate_limit:
            return []
        address = Book("kommo:address", settings.kommo_rate_limit_per_address)
        return [Book(account, settings.kommo_rate_limit), address]
    rate = settings.gestao_click_rate_limit
    return [Book(account, rate)] if rate else []
