"""What a Kommo token says of itself: read, never trusted (kommo-api.md 2.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jwt

NAMES = ("account_id", "base_domain", "api_domain", "scopes")


def read(token: str) -> dict[str, Any]:
    """account_id, domains, scopes, issued_at and expires_at (ISO 8601); empty for what is no JWT."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return {}
    found = {name: claims[name] for name in NAMES if name in claims}
    moments = {"issued_at": _moment(claims.get("iat")), "expires_at": _moment(claims.get("exp"))}
    return found | {name: moment.isoformat() for name, moment in moments.items() if moment}


def _moment(seconds: Any) -> datetime | None:
    """Some issuers write floats, and anything may stand there."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def expired(read_claims: dict[str, Any]) -> bool:
    expires = read_claims.get("expires_at")
    return expires is not None and datetime.fromisoformat(str(expires)) <= datetime.now(UTC)
