"""An integration stays itself: it is bound to the account that it first met.

Credentials are proved once, with one request, and remembered by a keyed hash; refused ones are remembered
too, so that nobody hammers the vendor with them: they are tried once in a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, func, select, text, update

from shared import integrations
from shared.db.bookkeeping import integration_settings as table
from shared.errors import CredentialsRefused, PonteError, TokenExpired, WrongAccount
from shared.integrations import Integration
from shared.logs import logger
from worker.reach import Reach
from worker.sources import claims, oauth
from worker.sources.opening import Credentials, open_source
from worker.sources.protocol import Account, Met, Source

log = logger(__name__)


@contextmanager
def meeting(reach: Reach, integration: Integration, **opening: Any) -> Iterator[Met]:
    """An integration's account, proved, for as long as it is asked something (opening: as open_source takes it).

    Raises as prove does; a refusal meanwhile is remembered. From the proof on it is the account's quota that is
    used: who went on with the one that an integration has before would, with others, pass the vendor's limit.
    """
    given = oauth.usable(reach, integration)
    source = open_source(reach, integration, given, **opening)
    account = prove(reach, integration, given, source)
    if integration.account_id is None:
        integration = replace(integration, account_id=account.ids[0])
        source = open_source(reach, integration, given, **opening)
    try:
        yield Met(integration, account, source)
    except CredentialsRefused:
        note_refused(reach, integration, given)
        raise


def prove(reach: Reach, integration: Integration, given: Credentials, source: Source) -> Account:
    """The account behind the credentials; asks the vendor only when they are new, one at a time.

    Raises WrongAccount, and CredentialsRefused without a request when these were refused before.
    """
    if known := _known(reach, integration, given):
        return known
    with _alone(reach, integration):
        return _known(reach, integration, given) or _ask(reach, integration, given, source)


def _known(reach: Reach, integration: Integration, given: Credentials) -> Account | None:
    with reach.engine.begin() as connection:
        row = connection.execute(select(table).where(table.c.id == integration.id)).one()
    if reach.keys.knows(given.seal, row.metadata.get("refused")):
        raise CredentialsRefused(integration.provider, 401, "as before; nothing was asked again")
    _ensure_alive(reach, integration, given, _claims(given), row.account_id)
    known = row.metadata.get("account")
    if not known or not reach.keys.knows(given.seal, row.credentials_seen):
        return None
    return Account(**{**known, "ids": tuple(known["ids"])})


def _ask(reach: Reach, integration: Integration, given: Credentials, source: Source) -> Account:
    try:
        account = source.account()
    except CredentialsRefused:
        note_refused(reach, integration, given)
        raise
    with reach.engine.begin() as connection:
        ensure_same(
            integration.provider, integrations.by_id(connection, integration.id).account_id, account
        )
        claims.ensure_account(_claims(given), account.ids[0])
        _bind(connection, integration, account, reach.keys.digest(given.seal))
    return account


def _claims(given: Credentials) -> dict[str, Any]:
    return claims.read(given.secrets[0]) if given.provider == "kommo" else {}


@contextmanager
def _alone(reach: Reach, integration: Integration) -> Iterator[None]:
    """One proof at a time: the others find its result. A lock of the session, so that the dead give it back."""
    with reach.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        key = {"integration": integration.id}
        connection.execute(text("select pg_advisory_lock(7222, :integration)"), key)
        try:
            yield
        finally:
            connection.execute(text("select pg_advisory_unlock(7222, :integration)"), key)


def try_refused(reach: Reach, integration: Integration, given: Credentials) -> bool:
    """Whether refused credentials are taken again; asked with one request, when it is time for a trial.

    A vendor that refused by mistake for some minutes is so noticed without anybody's hand.
    """
    with reach.engine.begin() as connection:
        if not integrations.may_try(connection, integration.id):
            return False
        account_id = integrations.by_id(connection, integration.id).account_id
    try:
        _ensure_alive(reach, integration, given, _claims(given), account_id)
        account = open_source(reach, integration, given).account()
        ensure_same(integration.provider, account_id, account)
    except PonteError as error:
        log.info("credentials_still_refused", integration=integration.id, why=str(error))
        return False
    with reach.engine.begin() as connection:
        _bind(connection, integration, account, reach.keys.digest(given.seal))
    log.info("credentials_taken_again", integration=integration.id)
    return True


def _ensure_alive(
    reach: Reach,
    integration: Integration,
    given: Credentials,
    said: dict[str, Any],
    bound: str | None,
) -> None:
    """By the token's own word it is not over and is the bound account's: else nothing is asked."""
    if claims.expired(said):
        note_refused(reach, integration, given)
        raise TokenExpired(integration.provider, str(said["expires_at"])[:10])
    claims.ensure_account(said, bound)


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
    """Remembers that the vendor refused these credentials; a new request to sync tries them once more.

    An access token that can be renewed is renewed, once: raises TokenRenewed.
    """
    with reach.engine.begin() as connection:
        before = integrations.refused_digest(connection, integration.id)
    if reach.keys.knows(given.seal, before):
        return
    oauth.renew_after_refusal(reach, integration, given)
    with reach.engine.begin() as connection:
        integrations.refuse(connection, integration.id, reach.keys.digest(given.seal))
    log.error("integration_stopped", integration=integration.id, why="credentials refused")
