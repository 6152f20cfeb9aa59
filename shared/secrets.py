"""Keys derived from PONTE_SECRET_KEY: one to encrypt what is stored, one to sign tokens, one to compare.

Several keys may be given, newest first: the newest writes, all of them read.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import Misuse


class Keyring:
    """Everything that is derived from the secret keys."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(_derive(key, "encrypt"))) for key in keys]
        )
        self.signing: list[bytes] = [_derive(key, "sign") for key in keys]
        self._comparing = _derive(keys[0], "compare")
        self.session = _derive(keys[0], "session")

    def encrypt(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def decrypt(self, token: bytes) -> str:
        """Raises Misuse when no key fits."""
        try:
            return self._fernet.decrypt(token).decode()
        except InvalidToken:
            raise Misuse(
                "a stored secret cannot be read: PONTE_SECRET_KEY has changed. "
                "Put the former key behind the new one, separated by a space."
            ) from None

    def digest(self, text: str) -> str:
        """A keyed hash: tells whether a secret is the same without keeping it."""
        return hmac.new(self._comparing, text.encode(), hashlib.sha256).hexdigest()


def _derive(key: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"ponte {purpose}".encode()).derive(key.encode())
