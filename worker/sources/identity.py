"""An integration stays itself: it is bound to the account that it first met.

Credentials are proved once, with one request, and remembered by a keyed hash; refused ones are remembered
too, so that nobody hammers the vendor with them.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from shared.db.bookkeeping import integration_settings as table
from shared.errors import CredentialsRefused, WrongAccount
from shared.integrations import Integration
from worker.reach import Reach
from worker.sources.opening import Credentials
from worker.sources.protocol import Account, Source


def prove(reach: Reach, integration: Integration, given: Credentials, source: Source) -> Account:
    """The account behind the credentials; asks the vendor only when they are new.

    Raises WrongAccount, and CredentialsRefused without a request when these were refused before.
    """
    digest = reach.keys.digest(given.seal)
    with reach.engine.begin() as connection:
        row = connection.execute(select(table).where(table.c.id == integration.id)).one()
    if row.metadata.get("refused") == digest:
        raise CredentialsRefused(integration.provider, 401, "as before; nothing was asked again")
    known = row.metadata.get("account")
    if row.credentials_seen == digest and known:
        return Account(**{**known, "ids": tuple(known["ids"])})
    try:
        account = source.account()
    except CredentialsRefused:
        note_refused(reach, integration, given)
        raise
    ensure_same(integration.provider, row.account_id, account)
    with reach.engine.begin() as connection:
        _bind(connection, integration, account, digest)
    return account


def ensure_same(provider: str, bound: str | None, seen: Account) -> None:
    """Raises WrongAccount when an integration is bound to another account than the one seen."""
    if bound and bound not in seen.ids:
        raise WrongAccount(provider, bound, seen.ids[0])


def _bind(connection: Connection, integration: Integration, account: Account, digest: str) -> None:
    remembered = {
        "ids": list(account.ids),
        "country": account.country,
        "timezone": account.timezone,
        "details": dict(account.details),
    }
    connection.execute(
        update(table)
        .where(table.c.id == integration.id)
        .values(
            account_id=func.coalesce(table.c.account_id, account.ids[0]),
            credentials_seen=digest,
            metadata=table.c.metadata.op("||")({"account": remembered, "refused": None}),
            updated_at=func.clock_timestamp(),
        )
    )


def note_refused(reach: Reach, integration: Integration, given: Credentials) -> None:
    """Remembers that the vendor refused these credentials; a new request to sync tries them once more."""
    refused = {"refused": reach.keys.digest(given.seal)}
    with reach.engine.begin() as connection:
        connection.execute(
            update(table)
            .where(table.c.id == integration.id)
            .values(metadata=table.c.metadata.op("||")(refused))
        )
