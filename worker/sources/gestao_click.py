"""Gestão Click as a Source. Facts: gestaoclick-api.md 1 (transport), 3 (envelope, errors), 5 (sales)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.errors import (
    CredentialsRefused,
    NotAvailable,
    RateLimited,
    RequestRefused,
    VendorUnavailable,
)
from shared.resources.columns import Record, unwrapped
from shared.resources.gestao_click_setup import LOJAS
from shared.resources.grammar import Resource
from worker.sources.bodies import whole
from worker.sources.http import Dialect, Door
from worker.sources.protocol import Account, Ask, Found, News, Page

VENDOR = "Gestão Click"
SMALLEST_PAGE = 20
"""A page with fewer rows is the last one even where the vendor ignores `limite` (2)."""
GONE = (404, 410)
"""What a detail may answer for an id that was deleted (3, Errors)."""
_ENVELOPE = re.compile(rb'\{\s*"code"')


def dialect(access_token: str, secret_token: str) -> Dialect:
    headers = {"access-token": access_token, "secret-access-token": secret_token}
    return Dialect(VENDOR, headers, check, without_notice)


def without_notice(content: bytes) -> bytes:
    """PHP may print a notice before the JSON (gestaoclick-api.md 3, Errors)."""
    if content[:1] in (b"{", b"["):
        return content
    found = _ENVELOPE.search(content)
    return content[found.start() :] if found else content


def check(path: str, status: int, body: Any) -> None:
    """Raises what a status means; a 200 may carry an error inside (gestaoclick-api.md 3, Errors)."""
    code, detail = _code(status, body), _detail(body)
    if code in (200, 201):
        if body is None:
            raise VendorUnavailable(VENDOR, f"an empty body at {path}")
        return
    if code in (401, 403):
        raise CredentialsRefused(VENDOR, code, detail)
    if code == 429:
        raise RateLimited(VENDOR, None)
    foreign_404 = code == 404 and not isinstance(body, Mapping)
    if code >= 500 or foreign_404 or "could not be found" in detail:
        # a controller that is missing for seconds: a route that exists comes back (3, Errors);
        # a 404 without the vendor's envelope is somebody else's, and no word of a deletion
        raise VendorUnavailable(VENDOR, f"HTTP {code} at {path} ({detail})")
    if code == 404:
        raise NotAvailable(VENDOR, path, code, detail)
    raise RequestRefused(VENDOR, path, code, detail)


def _code(status: int, body: Any) -> int:
    inside = _number(body, "code")
    if status == 200 and inside is not None and inside >= 400:
        return inside
    if status == 200 and isinstance(body, Mapping) and body.get("status") not in ("success", None):
        return 400
    return status


def _detail(body: Any) -> str:
    if not isinstance(body, Mapping):
        return "no JSON"
    told = body.get("devTools") or body.get("data") or {}
    if not isinstance(told, Mapping):
        return str(told)[:200]
    return str(told.get("mensagem") or told.get("error") or told.get("erro") or "no detail")


class GestaoClick:
    """One company at Gestão Click."""

    def __init__(self, door: Door) -> None:
        self.door = door

    def hold(self) -> None:
        self.door.hold()

    def page(self, ask: Ask, number: int) -> Page:
        question = {**ask.resource.params, **ask.slice}
        answer = self.door.get(
            ask.resource.path,
            {**question, "limite": ask.resource.page_size, "pagina": number},
        )
        records = _records(answer.path, answer.body)
        meta = answer.body.get("meta") if isinstance(answer.body, Mapping) else None
        return Page(
            records,
            total=_number(meta, "total_registros"),
            more=_more(meta, number, len(records)),
            observed_at=answer.observed_at,
        )

    def look(self, ask: Ask, ids: Sequence[str]) -> Found:
        """One record by id: 404 on a detail means that it was deleted, 400 says nothing (gestaoclick-api.md 3)."""
        (id_,) = ids
        path = f"{ask.resource.path}/{id_}"
        answer = self.door.get(path, answers=(*GONE, 400))
        if answer.status in GONE:
            return Found([], answer.observed_at, told=True)
        if answer.status == 400:
            return Found([], answer.observed_at, refused=(id_,))
        record = answer.body.get("data") if isinstance(answer.body, Mapping) else None
        if not isinstance(record, Mapping):
            raise VendorUnavailable(VENDOR, f"no record at {path}")
        return Found([unwrapped(record)], answer.observed_at)

    def news(self, resource: Resource, since: datetime) -> list[News]:
        """Gestão Click tells nothing: no webhooks, no tombstones (gestaoclick-api.md 4, 8)."""
        return []

    def account(self) -> Account:
        """The company is known by its stores: nothing else names it (gestaoclick-api.md 6, lojas)."""
        answer = self.door.get(LOJAS.path, {"limite": LOJAS.page_size})
        stores = _records(answer.path, answer.body)
        named = [store for store in stores if isinstance(store, Mapping) and store.get("id")]
        if stores and not named:
            raise VendorUnavailable(VENDOR, "stores without an id")
        return Account(
            ids=tuple(sorted(str(store["id"]) for store in named)) or ("no-stores",),
            country="BR",
            timezone="America/Sao_Paulo",
            details={"stores": [{"id": s.get("id"), "nome": s.get("nome")} for s in named]},
        )


def _records(path: str, body: Any) -> list[Record]:
    """`data` is a string or null when nothing is there; rows may be wrapped (gestaoclick-api.md 3).

    An answer without `data`, or with anything else in it, is no empty list.
    """
    data = body.get("data", False) if isinstance(body, Mapping) else False
    if data is None or isinstance(data, str):
        return []
    if not isinstance(data, list):
        raise VendorUnavailable(VENDOR, f"no list at {path}")
    return [unwrapped(row) for row in data]


def _number(said: Any, name: str) -> int | None:
    return whole(said.get(name)) if isinstance(said, Mapping) else None


def _more(meta: Any, page: int, rows: int) -> bool | None:
    """Stop rule of gestaoclick-api.md 3; None where neither meta nor the rows tell."""
    if _number(meta, "proxima_pagina") or page < (_number(meta, "total_paginas") or 0):
        return True
    if _number(meta, "total_registros") is not None:
        return False
    return False if 0 < rows < SMALLEST_PAGE else None
