"""Keys derived from PONTE_SECRET_KEY: one to encrypt what is stored, one to sign tokens, one to compare.

Several keys may be given, newest first: the newest writes, all of them read. `ponte secrets rotate` writes
everything anew under the newest.
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
        each = [Fernet(base64.urlsafe_b64encode(_derive(key, "encrypt"))) for key in keys]
        self._newest, self._fernet = each[0], MultiFernet(each)
        self.signing: list[bytes] = [_derive(key, "sign") for key in keys]
        self.sessions: list[bytes] = [_derive(key, "session") for key in keys]
        self._comparing = [_derive(key, "compare") for key in keys]
        self.names: list[str] = [_derive(key, "name").hex()[:8] for key in keys]
        """What keys are called where they must not be shown."""

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

    def is_newest(self, token: bytes) -> bool:
        """Was it encrypted with the newest key?"""
        try:
            self._newest.decrypt(token)
        except InvalidToken:
            return False
        return True

    def digest(self, text: str) -> str:
        """A keyed hash: tells whether a secret is the same without keeping it."""
        return self.digests(text)[0]

    def digests(self, text: str) -> list[str]:
        """The same under every key, newest first: what was kept before a rotation is found with them."""
        encoded = text.encode()
        return [hmac.new(key, encoded, hashlib.sha256).hexdigest() for key in self._comparing]

    def knows(self, text: str, digest: str | None) -> bool:
        """Is this the digest of `text`, under any of the keys?"""
        return any(hmac.compare_digest(own, digest or "") for own in self.digests(text))


def _derive(key: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"ponte {purpose}".encode()).derive(key.encode())
