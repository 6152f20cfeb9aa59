"""API tokens: JWT HS256 (exp, aud, sub, scope, jti), looked up by `jti` at each use, so that revoking works.

Scopes nest: admin ⊃ sync ⊃ read.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt
from sqlalchemy import Connection, delete, func, insert, select, update

from shared.db.bookkeeping import api_tokens, login_links
from shared.secrets import Keyring

AUDIENCE = "ponte-api"
SCOPES = ("read", "sync", "admin")


@dataclass(frozen=True)
class Token:
    jti: UUID
    name: str
    scope: str

    def allows(self, scope: str) -> bool:
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


def create(
    connection: Connection, keys: Keyring, name: str, scope: str = "sync", days: int = 365
) -> str:
    """Keeps a new token's id and returns the token itself: it is not shown again."""
    jti, now = uuid4(), datetime.now(UTC)
    expires = now + timedelta(days=days)
    connection.execute(
        insert(api_tokens).values(
            jti=jti, name=name, scope=scope, expires_at=expires, signed_by=keys.names[0]
        )
    )
    claims = {"jti": str(jti), "sub": name, "aud": AUDIENCE, "scope": scope, "exp": expires}
    return jwt.encode({**claims, "iat": now}, keys.signing[0], algorithm="HS256")


def verify(connection: Connection, keys: Keyring, presented: str) -> Token | None:
    """The token behind a Bearer header; None when it is forged, expired, revoked or unknown."""
    jti, signed_by = _jti(keys, presented)
    if jti is None:
        return None
    row = connection.execute(
        update(api_tokens)
        .where(
            api_tokens.c.jti == jti,
            api_tokens.c.revoked_at.is_(None),
            api_tokens.c.expires_at > func.clock_timestamp(),
        )
        .values(used_at=func.clock_timestamp(), signed_by=signed_by)
        .returning(api_tokens.c.jti, api_tokens.c.name, api_tokens.c.scope)
    ).first()
    return Token(row.jti, row.name, row.scope) if row else None


def _jti(keys: Keyring, presented: str) -> tuple[UUID, str] | tuple[None, None]:
    """The id in a token of ours, and the name of the key that signed it."""
    for key, name in zip(keys.signing, keys.names, strict=True):
        try:
            claims = jwt.decode(
                presented,
                key,
                algorithms=["HS256"],
                audience=AUDIENCE,
                options={"require": ["exp", "aud", "sub", "jti"]},
            )
            return UUID(str(claims["jti"])), name
        except (jwt.InvalidTokenError, ValueError):
            continue
    return None, None


def revoke(connection: Connection, name: str) -> int:
    """Revokes every live token of a name; returns how many there were."""
    revoked = connection.execute(
        update(api_tokens)
        .where(api_tokens.c.name == name, api_tokens.c.revoked_at.is_(None))
        .values(revoked_at=func.clock_timestamp())
    )
    return revoked.rowcount


def listed(connection: Connection) -> list[dict[str, object]]:
    """Every token, newest first, without the token itself."""
    rows = connection.execute(select(api_tokens).order_by(api_tokens.c.created_at.desc()))
    return [row._asdict() for row in rows]


def login_link(
    connection: Connection, keys: Keyring, minutes: int = 60, scope: str = "admin"
) -> str:
    """A secret that opens one dashboard session of this scope, once; with a mark that tells it from a made-up one."""
    word = secrets.token_urlsafe(32)
    secret = f"{word}.{_marks(keys, word)[0]}"
    connection.execute(
        insert(login_links).values(
            digest=_digest(secret),
            expires_at=datetime.now(UTC) + timedelta(minutes=minutes),
            scope=scope,
        )
    )
    return secret


def is_marked(keys: Keyring, secret: str) -> bool:
    """Was this link made here, whether it still opens or not?"""
    word, _, mark = secret.rpartition(".")
    same = [hmac.compare_digest(own.encode(), mark.encode()) for own in _marks(keys, word)]
    return any(same)


def _marks(keys: Keyring, word: str) -> list[str]:
    return [digest[:16] for digest in keys.digests(f"login {word}")]


def use_login_link(connection: Connection, secret: str) -> str | None:
    """The scope of a living link, exactly once: the row is the permission, deleting it uses it up."""
    used = connection.execute(
        delete(login_links)
        .where(login_links.c.digest == _digest(secret))
        .returning(login_links.c.expires_at, login_links.c.scope)
    ).first()
    living = used is not None and used.expires_at > datetime.now(UTC)
    return str(used.scope) if used and living else None


def forget_ended(connection: Connection) -> None:
    """Links that nobody used in their time go."""
    connection.execute(delete(login_links).where(login_links.c.expires_at < func.clock_timestamp()))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
