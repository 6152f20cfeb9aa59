"""Known secrets, and whether one of them shows somewhere: as it is, in an address, in base64 or in hex."""

import base64
from collections.abc import Iterable, Mapping
from urllib.parse import quote


class Needles:
    """secrets: by what they are; each must be of its own kind, long enough to be no word."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._forms: dict[str, set[str]] = {}
        for name, secret in secrets.items():
            self.add(name, secret)

    def add(self, name: str, secret: str) -> str:
        assert len(secret) >= 12, f"{name}: too short to be looked for"
        raw = secret.encode()
        # base64 of it in the middle of something: the first and last signs depend on their neighbours
        coded = {base64.b64encode(b"\0" * shift + raw)[4:-4].decode() for shift in range(3)}
        self._forms[name] = {secret, quote(secret, safe=""), raw.hex(), *coded}
        if secret.count(".") == 2:
            self._forms[name].add(secret.rpartition(".")[2])  # of a JWT the signature is the secret
        return secret

    def shown_in(self, text: str) -> list[str]:
        return [name for name, forms in self._forms.items() if any(form in text for form in forms)]

    def hunt(self, places: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
        """What shows where: {"log of web": ["KOMMO_JWT_TOKEN"]}; empty: nothing does."""
        found: dict[str, list[str]] = {}
        for place, text in places:
            if shown := self.shown_in(text):
                found[place] = sorted({*found.get(place, []), *shown})
        return found
