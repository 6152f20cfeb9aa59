"""Looking at rows once more, by id where the list has a way, and setting what comes beside the mirror."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from uuid import UUID

from sqlalchemy import Connection

from shared.availability import name_of
from shared.resources.columns import Context
from shared.resources.grammar import Asked, Resource
from worker.audit import comparing
from worker.audit.comparing import Difference
from worker.audit.notes import Doubt
from worker.sources.protocol import Ask, Found, Page, Source
from worker.sync import rows, walk
from worker.sync.rows import Batch, Key


@dataclass(frozen=True)
class Seen:
    """What a look at keys brought. absent: those of which nothing came; what came and could not be
    understood is neither a row nor absent."""

    keys: tuple[Key, ...]
    batch: Batch
    absent: tuple[Key, ...]
    found: Found

    @property
    def hashes(self) -> dict[Key, UUID]:
        return hashes(self.batch)


class Looker:
    """Looks at one list of one integration."""

    def __init__(
        self, source: Source, integration_id: int, resource: Resource, country: str
    ) -> None:
        self._source, self._integration_id = source, integration_id
        self._resource, self._country = resource, country

    def context(self, asked: Asked) -> Context:
        return Context(asked, self._country)

    def looks(self, asked: Asked, keys: Sequence[Key]) -> Iterator[Seen]:
        """Looks at keys of a slice: by id, as many at once as can be; else its pages once more."""
        ask, by_id = Ask(self._resource, asked), self._resource.by_id
        if not by_id:
            yield self._seen(asked, keys, self._listed(ask))
            return
        for start in range(0, len(keys), by_id.most):
            some = keys[start : start + by_id.most]
            found = self._source.look(ask, [str(key[-1]) for key in some])
            yield self._seen(asked, some, found)

    def _seen(self, asked: Asked, keys: Sequence[Key], found: Found) -> Seen:
        context = self.context(asked)
        batch = rows.batch(self._resource, found.records, context)
        kept = tuple(row for row in batch.rows if row.key in set(keys))
        refused = tuple(rows.refused(self._resource, id_, context) for id_ in found.refused)
        rejects = batch.rejects + refused
        there = {row.key for row in kept}
        unclear = {reject.key for reject in rejects}
        absent = tuple(key for key in keys if key not in there and str(key[-1]) not in unclear)
        return Seen(tuple(keys), Batch(kept, rejects, batch.deleted), absent, found)

    def _listed(self, ask: Ask) -> Found:
        """All of a slice that can't be asked for by id: such lists are short."""
        pages: list[Page] = []
        for number, page in walk.pages(partial(self._source.page, ask), 1):
            if number > 1 and page.records == pages[-1].records:
                break  # the vendor does not page this list
            pages.append(page)
            if page.more is False:
                break
        if not pages:  # nothing but empty pages: the moment of another one will do
            pages.append(self._source.page(ask, 1))
        return Found([record for page in pages for record in page.records], pages[0].observed_at)

    def differences(self, connection: Connection, seen: Seen) -> dict[Key, Difference]:
        """Its transaction may hold no other look."""
        place = (connection, self._integration_id, self._resource)
        there = comparing.with_rows(*place, seen.batch)
        return {**there, **comparing.with_nothing(*place, seen.absent)}


def hashes(batch: Batch) -> dict[Key, UUID]:
    return {row.key: row.hash for row in batch.rows}


def is_newer(difference: Difference, found: Found) -> bool:
    """Has the mirror looked at the row after our look?"""
    return difference.observed_at is not None and difference.observed_at >= found.observed_at


def by_slice(doubts: Sequence[Doubt]) -> Iterator[tuple[Asked, list[Key]]]:
    """(slice, keys): what can be looked at together."""

    def slice_of(doubt: Doubt) -> str:
        return name_of(doubt.asked)

    for _, some in groupby(sorted(doubts, key=slice_of), key=slice_of):
        group = list(some)
        yield group[0].asked, [doubt.key for doubt in group]
