"""What the engine knows of a vendor: the Source protocol and the values that it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from shared.integrations import Integration
from shared.resources.columns import Record
from shared.resources.grammar import Asked, Resource


@dataclass(frozen=True)
class Ask:
    """What is asked about: which resource, which slice of it, changed since when (None: all)."""

    resource: Resource
    slice: Asked = field(default_factory=dict)
    since: datetime | None = None


@dataclass(frozen=True)
class Page:
    """One page of a list.

    total: how many records the vendor says the slice has; more: it says that another page follows
    (None: it does not say).
    """

    records: Sequence[Record]
    total: int | None
    more: bool | None
    observed_at: datetime


@dataclass(frozen=True)
class Found:
    """The answer to a look at some ids: what came back; what did not is absent. One clock for both.

    told: the vendor itself says that what is absent was deleted; refused: ids that it would not look at.
    """

    records: Sequence[Record]
    observed_at: datetime
    told: bool = False
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class News:
    """After what the vendor says of one id, it is looked at. deleted: if it is absent then, it was deleted.

    how: in what words it was said; slice: where the record stands.
    """

    id: str
    deleted: bool
    at: datetime
    how: str
    slice: Asked = field(default_factory=dict)


@dataclass(frozen=True)
class Account:
    """Who the credentials belong to.

    ids: what the account is known by, the steadiest first; country: ISO 3166; details: for people.
    """

    ids: tuple[str, ...]
    country: str
    timezone: str
    details: Mapping[str, Any]


class Source(Protocol):
    """A vendor, for one integration. Every method raises the errors of shared/errors.py."""

    def hold(self) -> None:
        """Takes the next request's slot now: what it asks for is decided as late as can be."""

    def page(self, ask: Ask, number: int) -> Page:
        """Page `number` (from 1) of a list; empty past its end."""

    def look(self, ask: Ask, ids: Sequence[str]) -> Found:
        """Fetches records of a slice by id, as many at once as the resource's `by_id` allows."""

    def news(self, resource: Resource, since: datetime) -> list[News]:
        """What happened since a moment that no list shows, oldest first; empty where the vendor tells none."""

    def account(self) -> Account:
        """Who am I? One request, and the proof that the credentials work."""


@dataclass(frozen=True)
class Met:
    """An integration whose account was proved, and a source that is asked within that account's quota."""

    integration: Integration
    account: Account
    source: Source
