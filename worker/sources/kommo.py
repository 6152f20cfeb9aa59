"""Kommo as a Source. Facts: kommo-api.md 3 (limits), 4 (paging, filters), 5 (lists), 7 (errors)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from shared.errors import (
    AccountElsewhere,
    AddressBlocked,
    CredentialsRefused,
    FilterIgnored,
    NotAvailable,
    RateLimited,
    RequestRefused,
    TooHeavy,
    VendorUnavailable,
)
from shared.resources.columns import Record, dig
from shared.resources.grammar import Resource
from shared.resources.kommo_setup import ACCOUNT
from shared.settings import is_zone
from worker.sources import bodies, encoded
from worker.sources.bodies import whole
from worker.sources.http import Answer, Dialect, Door, Parser
from worker.sources.kommo_events import moment_of, news_of
from worker.sources.protocol import Account, Ask, Found, News, Page

VENDOR = "Kommo"
API = "/api/v4"
EVENTS_LIMIT = 100
"""Kommo's docs say 250, amoCRM's 100 (kommo-api.md 3)."""
PARTS = 5
"""Into how many pages one is cut that is too heavy: 250 → 50 → 10 → 2 rows."""
OWN_LIMITS = (50, 100)
"""Limits that a server was seen to put in place of ours without saying so (kommo-api.md 4.2; 9, 41)."""


def dialect(token: str) -> Dialect:
    return Dialect(VENDOR, {"Authorization": f"Bearer {token}"}, check)


def check(path: str, status: int, body: Any) -> None:
    """Raises what a status means (kommo-api.md 7)."""
    detail = _detail(body)
    if status in (200, 201, 202, 204):
        return
    if status == 401:
        raise CredentialsRefused(VENDOR, status, detail)
    if 300 <= status < 400 or (status == 404 and path == API + ACCOUNT.path):
        raise AccountElsewhere(VENDOR, status)
    if status == 403 and not isinstance(body, Mapping):
        raise AddressBlocked(VENDOR)
    if status in (402, 403, 404):
        raise NotAvailable(VENDOR, path, status, detail)
    if status == 429:
        asked = body.get("retry_after") if isinstance(body, Mapping) else None
        raise RateLimited(VENDOR, float(asked) if isinstance(asked, int | float) else None)
    if status == 504:
        raise TooHeavy(VENDOR, f"HTTP {status} at {path}")
    if status >= 500:
        raise VendorUnavailable(VENDOR, f"HTTP {status} at {path}")
    raise RequestRefused(VENDOR, path, status, detail)


def _detail(body: Any) -> str:
    if not isinstance(body, Mapping):
        return "no JSON"
    return str(body.get("hint") or body.get("detail") or body.get("title") or "no detail")


class Kommo:
    """One Kommo account."""

    def __init__(self, door: Door) -> None:
        self.door = door

    def hold(self) -> None:
        self.door.hold()

    def page(self, ask: Ask, number: int) -> Page:
        resource = ask.resource
        path = API + resource.path.format(**ask.slice)
        if resource.single:
            return _single(self._asked(path, resource.params), number)
        question = {**resource.params, **resource.order, **_since(ask)}
        nested = len(resource.records) > 1
        parse = bodies.parse if nested else encoded.parse_list
        parts = list(self._parts(path, question, number, resource.page_size, parse))
        first, (last, size) = parts[0][0], parts[-1]
        return Page(
            [record for part, _ in parts for record in _records(part.body, resource.records)],
            total=None if nested else whole(dig(first.body or {}, ("_total_items",))),
            more=_more(last.body, resource.records[:1], size),
            observed_at=first.observed_at,
        )

    def _parts(
        self, path: str, question: Mapping[str, Any], number: int, size: int, parse: Parser
    ) -> Iterable[tuple[Answer, int]]:
        """A page with its size; where that is too heavy (504), the smaller pages that it consists of."""
        try:
            asked = {**question, "limit": size, "page": number}
            yield self._asked(path, asked, parse=parse), size
        except TooHeavy:
            if size % PARTS:
                raise
            for part in range((number - 1) * PARTS + 1, number * PARTS + 1):
                yield from self._parts(path, question, part, size // PARTS, parse)

    def _asked(
        self,
        path: str,
        question: Mapping[str, Any],
        answers: tuple[int, ...] = (),
        parse: Parser = bodies.parse,
    ) -> Answer:
        """A list that is not there (404) may be the sign of an account that is not there (9, 25)."""
        try:
            return self.door.get(path, question, answers, parse)
        except NotAvailable as error:
            if error.status == 404:
                self.account()
            raise

    def look(self, ask: Ask, ids: Sequence[str]) -> Found:
        """Records by id. One bad id must not spoil the batch (400), nor its weight (504): it is halved.

        What a lowered limit may have cut off is looked at again before it counts as absent.
        """
        resource, path = ask.resource, API + ask.resource.path.format(**ask.slice)
        by_id = resource.by_id
        if by_id is None or by_id.filter is None:
            return self._look_at_one(f"{path}/{ids[0]}")
        question = {**resource.params, **resource.order, by_id.filter: list(ids)}
        try:
            asked = {**question, "limit": len(ids)}
            answer = self._asked(path, asked, (400,), encoded.parse_list)
        except TooHeavy:
            if len(ids) == 1:
                raise
            return self._halved(ask, ids)
        if answer.status == 400:
            return self._refused(ask, ids, answer)
        records = list(_records(answer.body, resource.records))
        met = {str(dig(record, resource.key[-1:])) for record in records}
        if met - {*ids, "None"}:
            raise FilterIgnored(VENDOR, by_id.filter)
        found, rest = Found(records, answer.observed_at), [id_ for id_ in ids if id_ not in met]
        if not rest or not 0 < len(records) < len(ids):
            return found
        cut_off = _more(answer.body, resource.records[:1], len(ids)) is not False
        return _both(found, self.look(ask, rest)) if cut_off else found

    def _look_at_one(self, path: str) -> Found:
        """A list that is none: records come one by one; 204 and 404 both mean that there is none."""
        answer = self.door.get(path, answers=(404,), parse=encoded.parse_record)
        if answer.status == 404:
            self.account()  # it answers as long as it is there
        found = isinstance(answer.body, Mapping) and answer.status == 200
        return Found([answer.body] if found else [], answer.observed_at)

    def _refused(self, ask: Ask, ids: Sequence[str], refusal: Answer) -> Found:
        if len(ids) == 1:
            return Found([], refusal.observed_at, refused=tuple(ids))
        return self._halved(ask, ids)

    def _halved(self, ask: Ask, ids: Sequence[str]) -> Found:
        half = len(ids) // 2
        return _both(self.look(ask, ids[:half]), self.look(ask, ids[half:]))

    def news(self, resource: Resource, since: datetime) -> list[News]:
        """From the audit log; where the plan gives none, from the trash (kommo-api.md 4.4)."""
        try:
            told = list(self._events(resource, since))
        except NotAvailable:
            told = list(self._trash(resource, since)) if resource.tombstone else []
        return sorted(told, key=lambda item: item.at)

    def _events(self, resource: Resource, since: datetime) -> Iterable[News]:
        question = {
            "filter[type]": ",".join(resource.news),
            "filter[created_at][from]": int(since.timestamp()),
            "limit": EVENTS_LIMIT,
        }
        for event in self._all("/events", question, "events"):
            for item in news_of(resource, event, since):
                if item.at >= since.replace(microsecond=0):
                    yield item

    def _trash(self, resource: Resource, since: datetime) -> Iterable[News]:
        """`only_deleted` replaces the list by skeletons: they say that, never what.

        Where it is ignored, rows that are not deleted come: then the trash tells nothing.
        """
        question = {
            "with": "only_deleted",
            "filter[updated_at][from]": int(since.timestamp()),
            "limit": resource.page_size,
        }
        for record in self._all(resource.path, question, resource.records[0]):
            if dig(record, (resource.tombstone or "",)) is not True:
                return
            at, id_ = moment_of(dig(record, ("updated_at",)), since), whole(dig(record, ("id",)))
            if id_ is not None and at >= since.replace(microsecond=0):
                yield News(str(id_), True, at, how="trash")

    def _all(self, path: str, question: Mapping[str, Any], key: str) -> Iterable[Record]:
        number = 0
        while True:
            number += 1
            answer = self.door.get(API + path, {**question, "page": number})
            records = list(_records(answer.body, (key,)))
            yield from records
            if not records or _more(answer.body, (key,), question["limit"]) is False:
                return

    def account(self) -> Account:
        body = self.door.get(API + ACCOUNT.path, ACCOUNT.params).body
        if not isinstance(body, Mapping) or whole(body.get("id")) is None:
            raise VendorUnavailable(VENDOR, "an account without an id")
        names = ("id", "name", "subdomain", "country", "currency", "language")
        timezone = dig(body, ("_embedded", "datetime_settings", "timezone"))
        return Account(
            ids=(str(body["id"]),),
            country=str(body.get("country") or "BR"),
            timezone=timezone if is_zone(str(timezone)) else "America/Sao_Paulo",
            details={name: body.get(name) for name in names},
        )


def _single(answer: Answer, number: int) -> Page:
    records = [answer.body] if isinstance(answer.body, Mapping) and number == 1 else []
    return Page(records, total=None, more=False, observed_at=answer.observed_at)


def _since(ask: Ask) -> dict[str, Any]:
    """Ranges need [from]: a bare value means equality on some lists (kommo-api.md 4.3)."""
    if ask.since is None or ask.resource.since is None:
        return {}
    return {f"filter[{ask.resource.since.parameter}][from]": int(ask.since.timestamp())}


def _records(body: Any, path: Sequence[str]) -> Iterable[Record]:
    """The records at a path of embedded lists; a 204 has no body, an empty map may come as []."""
    found: list[Any] = [body] if isinstance(body, Mapping) else []
    for name in path:
        lists = [_listed(dig(item, ("_embedded", name)) or [], name) for item in found]
        found = [item for part in lists for item in part]
    return found


def _listed(sent: Any, name: str) -> Iterable[Any]:
    if isinstance(sent, Mapping):
        return sent.values()
    if not isinstance(sent, list):
        raise VendorUnavailable(VENDOR, f"no list under {name}")
    return sent


def _both(first: Found, second: Found) -> Found:
    return Found(
        [*first.records, *second.records],
        min(first.observed_at, second.observed_at),
        refused=first.refused + second.refused,
    )


def _more(body: Any, path: Sequence[str], asked: int) -> bool | None:
    """`next` may stand on the last page; without it a full page may still be followed (4.2)."""
    if dig(body or {}, ("_links", "next")):
        return True
    rows = len(list(_records(body, path)))
    if rows == 0:
        return None
    return False if rows < _effective_limit(body, asked) and rows not in OWN_LIMITS else None


def _effective_limit(body: Any, asked: int) -> int:
    """The server may lower the limit; its self link may say so (kommo-api.md 4.2)."""
    link = str(dig(body, ("_links", "self", "href")) or "")
    limit = whole(parse_qs(link.partition("?")[2].partition("#")[0]).get("limit", [""])[0])
    return min(asked, limit) if limit else asked
