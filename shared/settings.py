"""Every setting, read once at the door: from the environment, `NAME_FILE` and `.env`.

`load()` gives a `Settings` or raises SettingsError with every problem at once, by name.
`.env.example` lists the same names; a test keeps the two equal.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import SettingsError

Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """Names are the environment's, in lower case. Times are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    # Servers
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    host: str = Field("127.0.0.1", validation_alias="PONTE_HOST")
    port: Annotated[int, Field(ge=0, le=65535)] = 3000
    ponte_secret_key: SecretStr | None = None
    ponte_public_url: str | None = None
    ponte_data_dir: Path = Path(".data")
    ponte_timezone: str = "America/Sao_Paulo"
    ponte_log_level: str = "INFO"
    flower_port: Annotated[int, Field(ge=0, le=65535)] = 5555
    flower_password: SecretStr | None = None
    ponte_sandbox: str = Field("", description="set by `ponte up`: the vendors that are sandboxed")

    # Kommo
    kommo_jwt_token: SecretStr | None = Field(
        None, validation_alias=AliasChoices("KOMMO_JWT_TOKEN", "KOMMO_LONG_LIVED_TOKEN")
    )
    kommo_api_url: str = "https://api-c.kommo.com"
    kommo_base_domain: str = "kommo.com"
    kommo_timeout: Positive = Field(30000, description="milliseconds")
    kommo_retry_attempts: Positive = 3
    kommo_retry_delay: Positive = Field(1000, description="milliseconds")
    kommo_debug: bool = False
    kommo_rate_limit: Annotated[float, Field(ge=0)] = 7
    kommo_rate_limit_per_address: Annotated[float, Field(gt=0)] = 7
    kommo_webhook_secret: SecretStr | None = None
    kommo_webhook_delay_ms: Annotated[int, Field(ge=0)] = 200

    # Gestão Click
    gestao_click_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("GESTAO_CLICK_API_KEY", "GESTAO_CLICK_ACCESS_TOKEN")
    )
    gestao_click_secret_token: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices(
            "GESTAO_CLICK_SECRET_TOKEN", "GESTAO_CLICK_SECRET_ACCESS_TOKEN"
        ),
    )
    gestao_click_api_url: str = "https://api.beteltecnologia.com"
    gestao_click_timeout: Positive = Field(30000, description="milliseconds")
    gestao_click_rate_limit: Annotated[float, Field(ge=0)] = 3
    gestao_click_daily_limit: Positive = 30000
    gestao_click_history_from: date | None = None

    # Schedule
    kommo_incremental_seconds: Seconds = 300
    gestao_click_incremental_seconds: Seconds = 900
    catalogue_seconds: Seconds = Field(3600, description="lists that are always read whole")
    full_sync_hour: Annotated[int, Field(ge=0, le=23)] = 3
    sweep_seconds: Seconds = Field(5, description="how often forgotten doorbells are rung again")
    task_seconds: Seconds = Field(
        90, description="how long a task works before it rings for the rest"
    )
    run_lease_seconds: Seconds = 40
    delivery_lease_seconds: Seconds = 60
    sync_processes: Positive = 2
    webhook_processes: Positive = 2
    settled_days: Positive = Field(
        30, description="how long settled deliveries and old runs are kept"
    )

    @field_validator("kommo_api_url", "gestao_click_api_url")
    @classmethod
    def _vendor_address(cls, value: str) -> str:
        """https, or http on loopback; a trailing / or /api/v4 given by mistake goes (kommo-api.md 1.2)."""
        url = value.strip().rstrip("/").removesuffix("/api/v4")
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise ValueError(f"{value!r} is no address; write https://…")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("plain http is accepted for loopback only; write https://…")
        return url

    @field_validator("database_url")
    @classmethod
    def _database_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        schemes = ("postgres", "postgresql", "postgresql+psycopg")
        if value and urlsplit(value.get_secret_value()).scheme not in schemes:
            raise ValueError("write postgresql://user:password@host:5432/name")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value and urlsplit(value.get_secret_value()).scheme not in ("redis", "rediss"):
            raise ValueError("write redis://host:6379/0")
        return value

    @field_validator("ponte_log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("one of DEBUG, INFO, WARNING, ERROR")
        return value.upper()

    @cached_property
    def sandboxed(self) -> frozenset[str]:
        """Providers whose vendor is the sandbox."""
        return frozenset(filter(None, self.ponte_sandbox.split(",")))

    @property
    def history_from(self) -> date:
        """The first day of Gestão Click's history: the setting, else five years back."""
        today = date.today()  # noqa: DTZ011  (a day more or less does not matter here)
        return self.gestao_click_history_from or date(today.year - 5, today.month, 1)

    def configured(self, provider: str) -> bool:
        """Are there credentials for this provider?"""
        if provider == "kommo":
            return self.kommo_jwt_token is not None
        return bool(self.gestao_click_api_key and self.gestao_click_secret_token)


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
        except OSError as error:
            problems.append(f"{name}_FILE: {path} cannot be read ({error.strerror})")
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
        if limit == 0 and not is_loopback(urlsplit(url).hostname):
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
        keys = settings.ponte_secret_key.get_secret_value().replace(",", " ").split()
        if short := [key for key in keys if len(key) < 32]:
            raise SettingsError(
                [f"PONTE_SECRET_KEY: {len(short)} key(s) shorter than 32 characters"]
            )
        return keys
    if not all_on_loopback(settings):
        raise SettingsError(
            [
                "PONTE_SECRET_KEY: missing; make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
            ]
        )
    return [_kept_key(settings.ponte_data_dir / "secret_key")]


def _kept_key(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()
