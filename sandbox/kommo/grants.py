"""Tokens and what became of them: long-lived ones, and the pairs of OAuth (kommo-api.md 2)."""

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from sandbox import tokens
from sandbox.options import Options
from sandbox.records import Json

CODE_LIVES = 20 * 60
"""kommo-api.md 2.2."""


@dataclass
class Token:
    """An access token; the registry's word counts, not its claims."""

    text: str
    expires_at: float
    scopes: tuple[str, ...] = tokens.SCOPES
    revoked: bool = False
    refresh: str = ""
    """The refresh token that it came with; "" = long-lived."""


@dataclass
class Pair:
    """One refresh token: until its pair is first used, the one before it works too (2.2)."""

    refresh: str
    previous: str = ""
    used: bool = False
    revoked: bool = False


@dataclass
class Grants:
    options: Options
    access: dict[str, Token] = field(default_factory=dict)
    pairs: dict[str, Pair] = field(default_factory=dict)
    codes: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Code -> (born, redirect_uri)."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def know(self, text: str) -> Token:
        """A long-lived token that works from now on."""
        return self.access.setdefault(text, Token(text, tokens.EXPIRES_AT))

    def long_lived(self, seconds: float, scopes: Sequence[str] = tokens.SCOPES) -> str:
        """One more token of this account, as an administrator makes it (2.1)."""
        expires_at = int(time.time() + seconds)
        text = tokens.kommo_token(
            secrets.randbits(40), self.options.account_id, expires_at, scopes=tuple(scopes)
        )
        self.access[text] = Token(text, expires_at, tuple(scopes))
        return text

    def live(self, text: str) -> Token | None:
        """The token, if it works now; its first use ends the refresh token before it."""
        with self.lock:
            token = self._known(text)
            if token is None or token.revoked or token.expires_at <= time.time():
                return None
            if token.refresh:
                self._use(self.pairs[token.refresh])
            return token

    def new_code(self, redirect_uri: str) -> str:
        code = secrets.token_hex(32)
        self.codes[code] = (time.time(), redirect_uri)
        return code

    def redeem(self, code: str, redirect_uri: str) -> bool:
        """Once, within 20 minutes, for the address that it was made for."""
        born, wanted = self.codes.pop(code, (0.0, ""))
        return time.time() - born < CODE_LIVES and wanted in ("", redirect_uri)

    def issue(self, previous: str = "") -> Json:
        """A new pair; an unused one made from the same refresh token before no longer works."""
        for other in [p for p in self.pairs.values() if previous and p.previous == previous]:
            self._end(other)
        refresh = "def502" + secrets.token_hex(493)
        self.pairs[refresh] = Pair(refresh, previous)
        seconds = self.options.oauth_expires_in
        expires_at = int(time.time()) + seconds
        text = tokens.kommo_token(
            secrets.randbits(40), self.options.account_id, expires_at, "authorization_code"
        )
        self.access[text] = Token(text, expires_at, refresh=refresh)
        return {
            "token_type": "Bearer",
            "expires_in": seconds,
            "access_token": text,
            "refresh_token": refresh,
        }

    def refreshed(self, refresh: str) -> Json | None:
        """None: unknown, revoked, or replaced by a pair that has been used."""
        with self.lock:
            pair = self.pairs.get(refresh)
            if pair is None or pair.revoked:
                return None
            self._use(pair)
            return self.issue(refresh)

    def refresh_is_known(self, refresh: str) -> bool:
        return refresh in self.pairs and not self.pairs[refresh].revoked

    def revoke(self, text: str = "") -> int:
        """One access or refresh token, else all; how many were ended."""
        self._known(text)
        found = [t for t in self.access.values() if text in ("", t.text)]
        pairs = [p for p in self.pairs.values() if text in ("", p.refresh)]
        for token in found:
            token.revoked = True
        for pair in pairs:
            pair.revoked = True
        return len(found) + len(pairs)

    def expire(self, text: str = "") -> int:
        """Access tokens only: a refresh would help."""
        self._known(text)
        found = [t for t in self.access.values() if text in ("", t.text)]
        for token in found:
            token.expires_at = time.time() - 1
        return len(found)

    def revive(self) -> None:
        """Long-lived tokens work again."""
        for token in self.access.values():
            if not token.refresh:
                token.revoked, token.expires_at = False, tokens.EXPIRES_AT

    def kept(self) -> Json:
        """For the state file."""
        return {"access": [asdict(t) for t in self.access.values()],
                "pairs": [asdict(p) for p in self.pairs.values()]}  # fmt: skip

    def resume(self, kept: Json) -> None:
        for entry in kept.get("access", []):
            self.access[entry["text"]] = Token(**{**entry, "scopes": tuple(entry["scopes"])})
        for entry in kept.get("pairs", []):
            self.pairs[entry["refresh"]] = Pair(**entry)

    def _known(self, text: str) -> Token | None:
        if text in self.options.more_kommo_tokens:
            return self.know(text)
        return self.access.get(text)

    def _use(self, pair: Pair) -> None:
        pair.used = True
        if pair.previous in self.pairs:
            self.pairs[pair.previous].revoked = True

    def _end(self, pair: Pair) -> None:
        pair.revoked = True
        for token in self.access.values():
            if token.refresh == pair.refresh:
                token.revoked = True
