"""What a Kommo token says of itself: read, never trusted (kommo-api.md 2.1).

It may warn and refuse (expired, another account's), and never allow anything.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import jwt

from shared.errors import MalformedToken, NoCredentials, TokenExpired, WrongAccount

VENDOR = "Kommo"
MOST_SCOPES = 50
DOMAINS = (".kommo.com", ".amocrm.ru", ".amocrm.com")
"""kommo-api.md 1.1: what tokens have been seen to say."""


def read(token: str) -> dict[str, Any]:
    """account_id, domains, scopes, issued_at, expires_at (ISO 8601) and days_left; empty for what is no JWT."""
    claims = _decoded(token)
    if claims is None:
        return {}
    issued, expires = _moment(claims.get("iat")), _moment(claims.get("exp"))
    found = {
        "account_id": _number(claims.get("account_id")),
        "base_domain": _domain(claims.get("base_domain")),
        "api_domain": _domain(claims.get("api_domain")),
        "scopes": _words(claims.get("scopes")),
        "issued_at": issued.isoformat() if issued else None,
        "expires_at": expires.isoformat() if expires else None,
        "days_left": (expires - datetime.now(UTC)).days if expires else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _decoded(token: str) -> dict[str, Any] | None:
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        return None
    return claims


def _number(value: Any) -> int | None:
    return int(value) if str(value).isascii() and str(value).isdigit() else None


def _domain(value: Any) -> str | None:
    """Only a domain of the vendor's may be shown; before it is asked the door looks once more."""
    text = str(value or "").lower()
    plain = re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", text)
    return text if plain and f".{text}".endswith(DOMAINS) else None


def _words(value: Any) -> list[str] | None:
    return [str(word)[:100] for word in value[:MOST_SCOPES]] if isinstance(value, list) else None


def _moment(seconds: Any) -> datetime | None:
    """Some issuers write floats, and anything may stand there."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def expired(read_claims: dict[str, Any]) -> bool:
    expires = read_claims.get("expires_at")
    return expires is not None and datetime.fromisoformat(str(expires)) <= datetime.now(UTC)


def ensure_well_formed(token: str) -> None:
    """Raises MalformedToken for what cannot be one; what stands in it is not repeated."""
    if not token:
        raise NoCredentials("kommo", "the token")
    if not token.isascii() or any(sign.isspace() for sign in token):
        raise MalformedToken("there are blanks or foreign signs in it")
    if token.startswith("def5"):
        raise MalformedToken("it looks like a refresh token")
    if _decoded(token) is None:
        raise MalformedToken("it is not a JWT of three parts with dots between")


def ensure_usable(token: str, bound: str | None) -> None:
    """Raises MalformedToken, TokenExpired or WrongAccount by the token's own word, without asking."""
    ensure_well_formed(token)
    said = read(token)
    if expired(said):
        raise TokenExpired(VENDOR, str(said["expires_at"])[:10])
    ensure_account(said, bound)


def ensure_account(said: dict[str, Any], bound: str | None) -> None:
    """Raises WrongAccount when the token says that it belongs to another account than the bound one."""
    claimed = said.get("account_id")
    if bound and claimed is not None and str(claimed) != bound:
        raise WrongAccount(VENDOR, bound, str(claimed))
