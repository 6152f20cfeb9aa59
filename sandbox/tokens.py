"""Credentials of the sandbox: deterministic for a seed, worthless anywhere else."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

import orjson

ACCOUNT_ID = 31990001
SCOPES = ("crm", "files", "files_delete", "notifications", "push_notifications")
ISSUED_AT = 1760000000
EXPIRES_AT = 4102444800
"""2100-01-01, midnight UTC (kommo-api.md 2.1: exp falls on midnight)."""


def kommo_token(
    seed: int,
    account_id: int = ACCOUNT_ID,
    expires_at: int = EXPIRES_AT,
    grant_type: str = "",
    scopes: tuple[str, ...] = SCOPES,
) -> str:
    """kommo-api.md 2.1: a JWT, RS256 by its header; nobody can verify it, so any bytes sign it."""
    purpose = "jti" if account_id == ACCOUNT_ID else f"jti of {account_id}"
    claims = _claims(_hex(seed, purpose, 80)) | {
        "account_id": account_id,
        "exp": expires_at,
        "grant_type": grant_type,
        "scopes": list(scopes),
    }
    header = {"typ": "JWT", "alg": "RS256", "jti": claims["jti"]}
    signature = bytes.fromhex(_hex(seed, "signature", 512))
    return ".".join((_part(orjson.dumps(header)), _part(orjson.dumps(claims)), _part(signature)))


def gestao_click_tokens(seed: int) -> tuple[str, str]:
    """gestaoclick-api.md 1: access and secret token, 40 hexadecimal characters each."""
    return _hex(seed, "access", 40), _hex(seed, "secret", 40)


def _claims(jti: str) -> dict[str, Any]:
    return {
        "aud": "0a1b2c3d-0000-4000-8000-00000000c11e",
        "jti": jti,
        "iat": ISSUED_AT,
        "nbf": ISSUED_AT,
        "exp": EXPIRES_AT,
        "sub": "11500101",
        "grant_type": "",
        "account_id": ACCOUNT_ID,
        "base_domain": "kommo.com",
        "version": 2,
        "scopes": list(SCOPES),
        "hash_uuid": "7f6e5d4c-0000-4000-8000-0000000000aa",
        "user_flags": 0,
        "api_domain": "api-c.kommo.com",
        "sandbox": True,
    }


def _hex(seed: int, purpose: str, length: int) -> str:
    text = ""
    while len(text) < length:
        text += hashlib.sha256(f"sandbox:{seed}:{purpose}:{len(text)}".encode()).hexdigest()
    return text[:length]


def _part(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
