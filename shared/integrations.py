"""Integrations: one account at one vendor, a row of `ponte.integration_settings` each.

The environment's credentials are the row of the user `default`; the sandbox is an integration of its
own, so that its data never mixes with a real account's.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.bookkeeping import integration_settings
from shared.errors import UnknownTarget
from shared.settings import Settings

PROVIDERS = ("kommo", "gestao-click")


@dataclass(frozen=True)
class Integration:
    id: int
    user_id: str
    provider: str
    account_id: str | None
    active: bool

    @property
    def source(self) -> str:
        return self.provider.replace("-", "_")

    @property
    def sandbox(self) -> bool:
        return self.user_id == "sandbox"


def ensure(connection: Connection, settings: Settings) -> list[Integration]:
    """The integrations of this process's environment, in the order of PROVIDERS; made if absent."""
    return [
        _ensure(connection, _user(settings, provider), provider)
        for provider in PROVIDERS
        if settings.configured(provider)
    ]


def _ensure(connection: Connection, user_id: str, provider: str) -> Integration:
    """Reads before it writes: an insert that meets its row still uses up an identity value."""
    table = integration_settings
    found = _find(connection, user_id, provider)
    if found is None:
        made = insert(table).values(user_id=user_id, provider=provider).on_conflict_do_nothing()
        connection.execute(made)
        found = _find(connection, user_id, provider)
    assert found is not None  # noqa: S101  (rows are never deleted)
    return found


def _find(connection: Connection, user_id: str, provider: str) -> Integration | None:
    table = integration_settings
    row = connection.execute(
        select(table).where(
            table.c.user_id == user_id,
            table.c.provider == provider,
            table.c.wallet_id == "global",
        )
    ).first()
    return _integration(row) if row else None


def _user(settings: Settings, provider: str) -> str:
    return "sandbox" if provider in settings.sandboxed else "default"


def of_environment(connection: Connection, settings: Settings, provider: str) -> Integration | None:
    """The integration that this process's environment means; None when it was never made."""
    return _find(connection, _user(settings, provider), provider)


def _integration(row: object) -> Integration:
    names = ("id", "user_id", "provider", "account_id", "active")
    return Integration(**{name: getattr(row, name) for name in names})


def all_of(connection: Connection) -> list[Integration]:
    """Every integration that the database knows, by id."""
    rows = connection.execute(select(integration_settings).order_by(integration_settings.c.id))
    return [_integration(row) for row in rows]


def by_id(connection: Connection, id_: int) -> Integration:
    """Raises UnknownTarget when there is none."""
    found = {integration.id: integration for integration in all_of(connection)}
    if id_ not in found:
        raise UnknownTarget(f"integration {id_}", [str(known) for known in found])
    return found[id_]


def names_webhook(settings: Settings, secret: str) -> bool:
    """Is this the secret of the webhook's path? Compared in constant time; no secret: no route."""
    expected = settings.kommo_webhook_secret
    return expected is not None and hmac.compare_digest(
        expected.get_secret_value().encode(), secret.encode()
    )


def allow_again(connection: Connection, id_: int) -> None:
    """Somebody asks for a sync: credentials that were refused are tried once more."""
    table = integration_settings
    connection.execute(
        update(table)
        .where(table.c.id == id_, table.c.metadata["refused"].as_string().is_not(None))
        .values(metadata=table.c.metadata.op("-")("refused"))
    )


def of_webhook(connection: Connection, settings: Settings, secret: str) -> Integration | None:
    """The integration that a secret path names; None: answer 404."""
    if not names_webhook(settings, secret):
        return None
    return _ensure(connection, _user(settings, "kommo"), "kommo")
