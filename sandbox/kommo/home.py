"""Whose account this box plays: two boxes are two accounts whose records have the same ids.

Records and bodies are written for the sample account; `own` makes them this account's.
"""

from sandbox.options import Options

SAMPLE_ID = 31990001
SAMPLE_SUBDOMAIN = "sandbox"
BASE_DOMAIN = "kommo.com"
IN_JSON = (b'"account_id":%d', b"https://%s.kommo.com")
IN_FORM = (b"account_id%%5D=%d", b"account%%5Bid%%5D=%d", b"account%%5Bsubdomain%%5D=%s",
           b"https%%3A%%2F%%2F%s.kommo.com", b"https%%3A%%2F%%2F%s.amocrm.com")  # fmt: skip
"""Where an account is named: its id, or its subdomain."""


class Home:
    def __init__(self, options: Options) -> None:
        self.options = options

    def own_json(self, text: bytes) -> bytes:
        return text if self._is_sample() else self._own(text, IN_JSON)

    def own_form(self, text: bytes) -> bytes:
        return text if self._is_sample() else self._own(text, IN_FORM)

    def _is_sample(self) -> bool:
        return (self.options.account_id, self.options.subdomain) == (SAMPLE_ID, SAMPLE_SUBDOMAIN)

    def _own(self, text: bytes, marks: tuple[bytes, ...]) -> bytes:
        for mark in marks:
            numeric = mark.endswith(b"%d")
            old = mark % (SAMPLE_ID if numeric else SAMPLE_SUBDOMAIN.encode())
            new = mark % (self.options.account_id if numeric else self.options.subdomain.encode())
            text = text.replace(old, new)
        return text
