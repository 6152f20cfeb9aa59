"""Every setting, read once at the door: from the environment, `NAME_FILE` and `.env`.

`load()` gives a `Settings` or raises SettingsError with every problem at once, by name.
`.env.example` lists the same names; a test keeps the two equal.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import SettingsError

Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """Names are the environment's, in lower case. Times are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    # Servers
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL; absent: an embedded one below PONTE_DATA_DIR"
    )
    redis_url: SecretStr | None = Field(
        None, description="Redis or Valkey; absent: an embedded one below PONTE_DATA_DIR"
    )
    host: str = Field(
        "127.0.0.1",
        validation_alias="PONTE_HOST",
        description="where web and Flower listen; 0.0.0.0 behind a proxy",
    )
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        3000, description="the port of the API, the webhooks and the pages"
    )
    ponte_secret_key: SecretStr | None = Field(
        None,
        description="32 characters or more; several, newest first, separated by space or comma; "
        "absent with everything on loopback: made once below PONTE_DATA_DIR",
    )
    ponte_public_url: str | None = Field(
        None, description="https address under which Kommo reaches this deployment"
    )
    ponte_data_dir: Path = Field(
        Path(".data"), description="embedded servers, logs of `ponte up`, a secret key made here"
    )
    ponte_timezone: str = Field("America/Sao_Paulo", description="for FULL_SYNC_HOUR and the pages")
    ponte_log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    flower_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        5555, description="the port of Flower"
    )
    flower_password: SecretStr | None = Field(
        None, description="user: ponte; without it `ponte flower` does not start"
    )
    ponte_sandbox: str = Field(
        "",
        description="set by `ponte up`: the vendors that are sandboxed",
        json_schema_extra={"internal": True},
    )

    # Kommo
    kommo_jwt_token: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("KOMMO_JWT_TOKEN", "KOMMO_LONG_LIVED_TOKEN"),
        description="the long-lived token of a private integration",
    )
    kommo_api_url: str = Field(
        "https://api-c.kommo.com",
        description="or the account's own address, https://NAME.kommo.com",
    )
    kommo_domains: str = Field(
        "kommo.com, amocrm.ru, amocrm.com",
        description="tokens are sent to hosts below these and nowhere else",
    )
    kommo_base_domain: str = Field(
        "kommo.com", description="where the consent page of OAuth is: www.kommo.com"
    )
    kommo_client_id: str | None = Field(
        None, description="of an integration with OAuth; with it accounts consent in their browser"
    )
    kommo_client_secret: SecretStr | None = Field(None, description="of the same integration")
    kommo_redirect_uri: str | None = Field(
        None,
        description="as registered there; absent: PONTE_PUBLIC_URL and /oauth/kommo/callback",
    )
    kommo_timeout: Positive = Field(30000, description="of one answer, milliseconds")
    kommo_retry_attempts: Positive = Field(
        3, description="requests for one answer, of both vendors, before the run is put back"
    )
    kommo_retry_delay: Positive = Field(
        1000, description="before the second of them, milliseconds; doubles, with jitter"
    )
    kommo_debug: bool = Field(
        False, description="log level DEBUG: each request to a vendor is logged"
    )
    kommo_rate_limit: Annotated[float, Field(ge=0)] = Field(
        7, description="requests a second of the account; 0: no limit, loopback addresses only"
    )
    kommo_rate_limit_per_address: Annotated[float, Field(gt=0)] = Field(
        7, description="requests a second of all accounts together, from this address"
    )
    kommo_webhook_secret: SecretStr | None = Field(
        None,
        description="last part of the webhook's address; several, newest first, separated by spaces: "
        "the first is subscribed, all are taken; absent: no webhooks are",
    )
    kommo_webhook_overlap_hours: Annotated[float, Field(ge=0)] = Field(
        24,
        description="how long an added account's former secret is still taken, once Kommo calls the new address",
    )
    kommo_webhook_delay_ms: Annotated[int, Field(ge=0)] = Field(
        200,
        description="least age of the second batch of a burst, never of the first; milliseconds",
    )

    kommo_unknown_looks_a_minute: Positive = Field(
        240,
        description="requests for ids that only webhooks have named, of each account; the rest waits",
    )
    kommo_sale_number_field: str = Field(
        "",
        description="custom field of a deal that holds the number of its sale, by id, name or code; "
        "absent: those whose name says venda or pedido",
    )

    # Gestão Click
    gestao_click_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("GESTAO_CLICK_API_KEY", "GESTAO_CLICK_ACCESS_TOKEN"),
        description="the access token",
    )
    gestao_click_secret_token: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices(
            "GESTAO_CLICK_SECRET_TOKEN", "GESTAO_CLICK_SECRET_ACCESS_TOKEN"
        ),
        description="the secret token; both are needed",
    )
    gestao_click_api_url: str = Field(
        "https://api.beteltecnologia.com", description="the address of the ERP's API"
    )
    gestao_click_domains: str = Field(
        "beteltecnologia.com, gestaoclick.com",
        description="as KOMMO_DOMAINS; a white label has one of its own",
    )
    gestao_click_timeout: Positive = Field(30000, description="of one answer, milliseconds")
    gestao_click_rate_limit: Annotated[float, Field(ge=0)] = Field(
        3, description="requests a second; 0: no limit, loopback addresses only"
    )
    gestao_click_daily_limit: Positive = Field(30000, description="requests in any 24 hours")
    gestao_click_history_from: date | None = Field(
        None, description="first month of receivables and payables; absent: five years back"
    )

    # Schedule
    kommo_incremental_seconds: Seconds = Field(300, description="how often changes are asked for")
    gestao_click_incremental_seconds: Seconds = Field(
        900, description="how often documents and titles around today are read"
    )
    gestao_click_open_seconds: Seconds = Field(
        3600, description="how often older ones that are still open are read"
    )
    gestao_click_catalogue_seconds: Seconds = Field(
        21600, description="how often lists without dates are read: clients, products, …"
    )
    gestao_click_history_days: Positive = Field(
        7, description="in so many days all of history is read once more, month by month"
    )
    ponte_daily_share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="of a vendor's requests in 24 hours: what the agenda plans with"
    )
    catalogue_seconds: Seconds = Field(
        3600, description="how often Kommo's lists that are always read whole are"
    )
    full_sync_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        3, description="when everything of Kommo is read in full, in PONTE_TIMEZONE"
    )
    ponte_audit_share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.2,
        description="of each vendor's rate and daily limit: what audits may use; the full walks of the night keep to the same rate",
    )
    ponte_audit_hours: str = Field(
        "1-5", description="when scheduled audits run, from hour to hour, in PONTE_TIMEZONE"
    )
    ponte_audit_days: Annotated[int, Field(ge=0)] = Field(
        7, description="how often each list is compared in full with its vendor; 0: never by itself"
    )
    sweep_seconds: Seconds = Field(5, description="how often forgotten doorbells are rung again")
    task_seconds: Seconds = Field(
        90, description="how long a task works before it rings for the rest"
    )
    run_lease_seconds: Seconds = Field(
        40, description="how long after its last sign of life a run's worker counts as dead"
    )
    delivery_lease_seconds: Seconds = Field(60, description="how long a worker may hold deliveries")
    ponte_deaf_seconds: Seconds = Field(
        30, description="how long bells may hang before an idle pool until it is started anew"
    )
    sync_processes: Positive = Field(2, description="processes of the pool for syncs")
    webhook_processes: Positive = Field(2, description="processes of the pool for webhooks")
    settled_days: Positive = Field(
        30, description="how long settled deliveries and old runs are kept"
    )
    ponte_dead_letter_days: Positive = Field(
        90,
        description="how long deliveries that failed for good are kept, and rejects that no read has met since",
    )
    ponte_journal_days: Positive = Field(
        365, description="how long it is kept what rows were before they changed"
    )

    @field_validator("kommo_api_url", "gestao_click_api_url")
    @classmethod
    def _vendor_address(cls, value: str) -> str:
        return vendor_address(value)

    @field_validator("database_url")
    @classmethod
    def _database_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        schemes = ("postgres", "postgresql", "postgresql+psycopg")
        if value and _scheme(value.get_secret_value()) not in schemes:
            raise ValueError("write postgresql://user:password@host:5432/name")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value and _scheme(value.get_secret_value()) not in ("redis", "rediss"):
            raise ValueError("write redis://host:6379/0")
        return value

    @field_validator("ponte_public_url")
    @classmethod
    def _public_address(cls, value: str | None) -> str | None:
        if value and (_scheme(value) not in ("http", "https") or not urlsplit(value).hostname):
            raise ValueError("write https://ponte.example.com")
        return value

    @field_validator("ponte_timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if not is_zone(value):
            raise ValueError("write the name of a time zone: America/Sao_Paulo")
        return value

    @field_validator("ponte_log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("one of DEBUG, INFO, WARNING, ERROR")
        return value.upper()

    @field_validator("ponte_audit_hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        first, _, last = value.partition("-")
        hours = [int(hour) for hour in (first, last) if hour.isdigit() and int(hour) <= 24]
        if len(hours) != 2 or hours[0] == hours[1]:
            raise ValueError("write the first and the last hour: 1-5, or 22-4")
        return value

    def domains(self, provider: str) -> list[str]:
        """The vendor's, in lower case: its API is below one of them."""
        given = self.kommo_domains if provider == "kommo" else self.gestao_click_domains
        return [word.strip(".").lower() for word in given.replace(",", " ").split()]

    @property
    def audit_hours(self) -> tuple[int, int]:
        """(from, to): hours of the day; the night may lie between."""
        first, _, last = self.ponte_audit_hours.partition("-")
        return int(first), int(last)

    @property
    def log_level(self) -> str:
        return "DEBUG" if self.kommo_debug else self.ponte_log_level

    @property
    def webhook_secrets(self) -> list[str]:
        """The environment's, newest first."""
        given = self.kommo_webhook_secret
        return given.get_secret_value().split() if given else []

    @cached_property
    def sandboxed(self) -> frozenset[str]:
        """Providers whose vendor is the sandbox."""
        return frozenset(filter(None, self.ponte_sandbox.split(",")))

    @property
    def history_from(self) -> date:
        """The first day of Gestão Click's history: the setting, else five years back."""
        today = date.today()  # noqa: DTZ011  (a day more or less does not matter here)
        return self.gestao_click_history_from or date(today.year - 5, today.month, 1)

    def daily_limit(self, provider: str) -> int | None:
        """Requests that a vendor allows in 24 hours; None: it does not count them."""
        return None if provider == "kommo" else self.gestao_click_daily_limit

    def interval(self, provider: str, *, windowed: bool) -> timedelta:
        """How often a list is read: what changed every few minutes, whole lists now and then."""
        if provider == "kommo":
            seconds = self.kommo_incremental_seconds if windowed else self.catalogue_seconds
        elif windowed:
            seconds = self.gestao_click_incremental_seconds
        else:
            seconds = self.gestao_click_catalogue_seconds
        return timedelta(seconds=seconds)

    def configured(self, provider: str) -> bool:
        """Are there credentials for this provider?"""
        if provider == "kommo":
            return self.kommo_jwt_token is not None
        return bool(self.gestao_click_api_key and self.gestao_click_secret_token)


def _scheme(url: str) -> str:
    """Empty where it is no address, or its port no number."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.port != 0:
            return parts.scheme
    return ""


def vendor_address(value: str) -> str:
    """https, or http on loopback; a trailing / or /api/v4 given by mistake goes (kommo-api.md 1.2).

    Raises ValueError saying what to write.
    """
    url = value.strip().rstrip("/").removesuffix("/api/v4")
    parts = urlsplit(url if _scheme(url) else "")
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise ValueError(f"{value!r} is no address; write https://…")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("plain http is accepted for loopback only; write https://…")
    return url


def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # no path, unknown, or a folder of zones
        return False
    return True


def is_loopback(host: str | None) -> bool:
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


SECRETS = (
    "DATABASE_URL",
    "REDIS_URL",
    "PONTE_SECRET_KEY",
    "FLOWER_PASSWORD",
    "KOMMO_JWT_TOKEN",
    "KOMMO_LONG_LIVED_TOKEN",
    "KOMMO_WEBHOOK_SECRET",
    "KOMMO_CLIENT_SECRET",
    "GESTAO_CLICK_API_KEY",
    "GESTAO_CLICK_ACCESS_TOKEN",
    "GESTAO_CLICK_SECRET_TOKEN",
    "GESTAO_CLICK_SECRET_ACCESS_TOKEN",
)


def load(**overrides: Any) -> Settings:
    """The settings of this process; raises SettingsError naming every problem at once."""
    problems = list(_read_files(os.environ))
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        problems += [_problem(item) for item in error.errors()]
        raise SettingsError(problems) from None
    problems += _contradictions(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def _read_files(environ: Mapping[str, str]) -> list[str]:
    """`NAME_FILE` gives NAME, unless NAME is there too; returns what could not be read."""
    problems = []
    for name in SECRETS:
        path = environ.get(f"{name}_FILE")
        if not path or environ.get(name):
            continue
        try:
            os.environ[name] = Path(path).read_text().strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            problems.append(f"{name}_FILE: {path} cannot be read ({why})")
    return problems


def _problem(item: Any) -> str:
    name = ".".join(str(part) for part in item["loc"]).upper()
    return f"{name}: {str(item['msg']).removeprefix('Value error, ')}"


def _contradictions(settings: Settings) -> list[str]:
    problems = []
    if (settings.gestao_click_api_key is None) != (settings.gestao_click_secret_token is None):
        missing = "SECRET_TOKEN" if settings.gestao_click_api_key else "API_KEY"
        problems.append(f"GESTAO_CLICK_{missing}: missing; both tokens are needed")
    for vendor in ("kommo", "gestao_click"):
        url, limit = (
            getattr(settings, f"{vendor}_api_url"),
            getattr(settings, f"{vendor}_rate_limit"),
        )
        provider, host = vendor.replace("_", "-"), urlsplit(url).hostname or ""
        domains = settings.domains(provider)
        if not is_loopback(host) and not host.endswith(tuple(f".{domain}" for domain in domains)):
            problems.append(
                f"{vendor.upper()}_API_URL: {host} is not below {', '.join(domains)}, and no token is sent elsewhere; "
                f"is it the vendor's all the same, add it to {vendor.upper()}_DOMAINS"
            )
        used = settings.configured(provider)
        if used and limit == 0 and not is_loopback(host):
            problems.append(
                f"{vendor.upper()}_RATE_LIMIT: 0 is accepted for loopback addresses only"
            )
    return problems


def all_on_loopback(settings: Settings) -> bool:
    """Nothing of this deployment is reached from, or reaches for, another machine."""
    servers = (settings.database_url, settings.redis_url)
    hosts = [urlsplit(url.get_secret_value()).hostname for url in servers if url]
    public = [urlsplit(settings.ponte_public_url).hostname] if settings.ponte_public_url else []
    return all(is_loopback(host) for host in (*hosts, *public, settings.host))


def secret_key(settings: Settings) -> list[str]:
    """PONTE_SECRET_KEY, newest first; made once into the data folder when everything is on loopback.

    Raises SettingsError when it is absent and something is reachable from elsewhere.
    """
    if settings.ponte_secret_key:
        keys = _separated(settings.ponte_secret_key.get_secret_value())
        if short := [key for key in keys if len(key) < 16]:
            raise SettingsError(
                [f"PONTE_SECRET_KEY: {len(short)} key(s) shorter than 16 characters"]
            )
        return keys
    if not all_on_loopback(settings):
        raise SettingsError(
            [
                "PONTE_SECRET_KEY: missing; make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
            ]
        )
    return _separated(_kept_key(settings.ponte_data_dir / "secret_key"))


def _separated(keys: str) -> list[str]:
    return keys.replace(",", " ").split()


def _kept_key(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()
