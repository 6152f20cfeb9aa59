"""Names in one spelling: as matching compares them, and as a reader's words look for them. Pure."""

from __future__ import annotations

import re
import unicodedata

FORMS = frozenset(["ltda", "me", "mei", "epp", "eireli", "sa", "s/a", "cia", "limitada"])
"""Legal forms: one system writes them, the other does not."""
_OTHER = re.compile(r"[^a-z0-9/& ]+")


def plain(name: str) -> str:
    """`José  D'Ávila Comércio LTDA 😀` → `jose davila comercio`."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = _OTHER.sub(" ", bare.replace("'", "")).split()
    return " ".join(word for word in words if word not in FORMS)
