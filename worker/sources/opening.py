"""From an integration and the settings to a Source that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

import orjson
from pydantic import SecretStr
from sqlalchemy import select, text

from shared import addresses, integrations
from shared.db.bookkeeping import integration_settings
from shared.enrolment import CREDENTIALS
from shared.errors import Misuse, NoCredentials
from shared.integrations import Integration
from shared.settings import Settings, is_loopback
from worker.reach import Reach
from worker.sources import claims, gestao_click, kommo
from worker.sources.budget import AUDIT, SYNC, Book, Budget
from worker.sources.gestao_click import GestaoClick
from worker.sources.http import Dialect, Door
from worker.sources.kommo import Kommo
from worker.sources.protocol import Source


@dataclass(frozen=True)
class Credentials:
    """secrets: in the order in which the vendor's dialect takes them; expires_at: of an access token that
    can be renewed (oauth.py), renewable_until: of its refresh token."""

    provider: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    expires_at: datetime | None = None
    renewable_until: datetime | None = None

    @property
    def seal(self) -> str:
        """What the keyed hash of the credentials is made from: another host is another account."""
        return "\n".join((self.provider, self.url, *self.secrets))


ELSEWHERE = "{} is no address of {}: no token is sent there (KOMMO_DOMAINS, GESTAO_CLICK_DOMAINS)"
USUAL_RATES = {"kommo": 7.0, "gestao-click": 3.0}
NAMES = {
    "kommo": "KOMMO_JWT_TOKEN",
    "gestao-click": "GESTAO_CLICK_API_KEY and GESTAO_CLICK_SECRET_TOKEN",
}


def credentials(reach: Reach, integration: Integration) -> Credentials:
    """Its own, or the environment's for the row that this means; raises NoCredentials, and Misuse when
    PONTE_SECRET_KEY has changed."""
    settings, provider = reach.settings, integration.provider
    with reach.engine.begin() as connection:
        sealed = connection.scalar(
            select(integration_settings.c.credentials).where(
                integration_settings.c.id == integration.id
            )
        )
    url = integration.url or addresses.configured(settings, provider)
    if sealed is not None:
        return _unsealed(provider, url, orjson.loads(reach.keys.decrypt(sealed)))
    if not integrations.has_credentials(settings, integration):
        meant = integrations.meant_by_environment(settings, integration)
        what = f"{provider} of {integration.user_id} (integration {integration.id})"
        raise NoCredentials(what, NAMES[provider] if meant else None)
    return Credentials(provider, url, _of_environment(settings, provider))


def _unsealed(provider: str, url: str, stored: Mapping[str, str]) -> Credentials:
    secrets = tuple(stored[name] for name in CREDENTIALS[provider])
    if "refreshToken" not in stored:
        return Credentials(provider, url, secrets)
    ends = (datetime.fromisoformat(stored[name]) for name in ("expiresAt", "refreshUntil"))
    return Credentials(provider, url, secrets, *ends)


def _of_environment(settings: Settings, provider: str) -> tuple[str, ...]:
    if provider == "kommo":
        return _shown(settings.kommo_jwt_token)
    return _shown(settings.gestao_click_api_key, settings.gestao_click_secret_token)


def _shown(*secrets: SecretStr | None) -> tuple[str, ...]:
    return tuple(secret.get_secret_value() for secret in secrets if secret)


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
    door = open_door(reach, integration, given, _dialect(given), priority=priority)
    door.waiting, door.asked = waiting, asked
    return Kommo(door) if given.provider == "kommo" else GestaoClick(door)


def open_door(
    reach: Reach, integration: Integration, given: Credentials, dialect: Dialect, *, priority: str
) -> Door:
    """The door to an account, within its budget; raises Misuse when its address is not the vendor's."""
    settings = reach.settings
    if not addresses.allowed(settings, given.provider, given.url):
        raise Misuse(ELSEWHERE.format(urlsplit(given.url).hostname, given.provider))
    account = _budget(integration, given)
    is_kommo = given.provider == "kommo"
    milliseconds = settings.kommo_timeout if is_kommo else settings.gestao_click_timeout
    return Door(
        base_url=given.url,
        dialect=dialect,
        budget=Budget(
            reach.redis,
            reach.engine,
            _books(reach, given, account, priority),
            account,
            settings.daily_limit(given.provider),
        ),
        timeout=milliseconds / 1000,
        attempts=settings.kommo_retry_attempts,
        delay=settings.kommo_retry_delay / 1000,
        priority=priority,
    )


def _budget(integration: Integration, given: Credentials) -> str:
    """Whose quota it is; before the first answer, whose the token says it is."""
    claimed = claims.read(given.secrets[0]).get("account_id") if given.provider == "kommo" else None
    if claimed and not integration.account_id:
        return f"{integration.provider}:{claimed}"
    return integration.budget


def _dialect(given: Credentials) -> Dialect:
    if given.provider == "kommo":
        return kommo.dialect(*given.secrets)
    return gestao_click.dialect(*given.secrets)


def vendor_rate(settings: Settings, integration: Integration) -> float | None:
    """Requests a second that an account may be asked; None: no limit (loopback)."""
    url = integration.url or addresses.configured(settings, integration.provider)
    return _rate(_vendors_books(settings, integration.provider, url, ""))


def _politely(reach: Reach, books: list[Book], account: str) -> list[Book]:
    """Other tools of the company share the seconds of a quota that counts by the day: after a refusal one
    request of each second is left to them, for an hour."""
    if not books or reach.settings.daily_limit(account.split(":", maxsplit=1)[0]) is None:
        return books
    with reach.engine.begin() as connection:
        met = connection.scalar(_MET_OTHERS, {"budget": account})
    return [replace(book, rate=max(1.0, book.rate - 1.0)) if met else book for book in books]


_MET_OTHERS = text(
    """
    select exists (select 1 from sync.usage where budget = :budget and limited > 0
    and hour > clock_timestamp() - interval '1 hour')
    """
)


def _rate(books: list[Book]) -> float | None:
    return min((book.rate for book in books), default=None)


def _books(reach: Reach, given: Credentials, account: str, priority: str) -> list[Book]:
    """The vendor's limits; who iterates through everything keeps to a share of them, by a book of its own."""
    vendors = _vendors_books(reach.settings, given.provider, given.url, account)
    books = _politely(reach, vendors, account)
    rate = _rate(books)
    if priority != AUDIT or rate is None:
        return books
    return [*books, Book(f"{account}:audit", rate * reach.settings.ponte_audit_share)]


def _vendors_books(settings: Settings, provider: str, url: str, account: str) -> list[Book]:
    """Kommo counts per account and per address (kommo-api.md 3); the ERP per company (2)."""
    is_kommo = provider == "kommo"
    rate = settings.kommo_rate_limit if is_kommo else settings.gestao_click_rate_limit
    if not rate and is_loopback(urlsplit(url).hostname):
        return []
    # no limit is for the sandbox; an account with an address of its own keeps the vendor's
    of_account = Book(account, rate or USUAL_RATES[provider])
    if not is_kommo:
        return [of_account]
    return [of_account, Book("kommo:address", settings.kommo_rate_limit_per_address)]
