"""Whether a mirror equals the sandbox's world, as far as it can know of it: `differences`."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from sandbox.kommo.access import Access
from shared import row_counts
from shared.resources import of_provider
from shared.resources.grammar import Resource
from tests.contract.worlds import Expected, keyed, world, wrong_columns
from tests.ground import Ground, Row
from tests.walks.ledger import Ledger, Place
from worker.sync.hashing import without_links

KOMMO = of_provider("kommo")
LISTED = [resource for resource in KOMMO if not resource.unlisted]
LINKING = ("leads", "contacts", "companies", "customers")
LINKED = ("leads", "contacts", "companies", "customers", "catalog_elements")


def differences(ground: Ground, ledger: Ledger, *, whole: bool, heard: set[Place]) -> list[Any]:
    """What the mirror lacks, has too much, has wrong, or marks by the wrong word; at best empty.

    whole: everything was read in full, twice; else incrementally: what nobody told of is not asked for.
    heard: the talks of which a webhook came and was looked at.
    """
    found = []
    for resource in KOMMO:
        comparison = Comparison(ground, ledger, resource, whole, heard)
        found += [(resource.name, *each) for each in comparison.differences()]
    return found + _wrong_counts(ground) + (_wrong_links(ground) if whole else [])


class Comparison:
    def __init__(
        self, ground: Ground, ledger: Ledger, resource: Resource, whole: bool, heard: set[Place]
    ) -> None:
        self.ground, self.ledger, self.resource, self.heard = ground, ledger, resource, heard
        self.lenient = not whole and resource.since is not None
        self.one_walk = not whole and resource.by_id is None
        self.rows = keyed(resource, ground.rows(resource))
        self.world = {each.key(resource): each for each in visible(ground, resource)}

    def differences(self) -> Iterator[tuple[Any, ...]]:
        wanted = {key: each for key, each in self.world.items() if self._can_be_known(each)}
        there = {key for key in wanted if key in self.rows and _live(self.rows[key])}
        yield from (("lacks", key, self.rows.get(key)) for key in wanted.keys() - there)
        sound = {key: wanted[key] for key in there}
        yield from (("wrong", *each) for each in wrong_columns(self.resource, sound, self.rows))
        for key, each in sound.items():
            if without_links(self.rows[key]["raw"]) != without_links(each.record):
                yield "raw", key, self.rows[key]["raw"], each.record
        if not self.resource.append_only and not self.resource.unlisted:
            for key in self.rows.keys() - self.world.keys():
                yield from self._wrongly_kept(key, self.rows[key])

    def _can_be_known(self, each: Expected) -> bool:
        place = (each.table.spec.name, each.parent)
        if self.resource.unlisted:
            return place in self.heard
        return not (self.lenient and place in self.ledger.quiet)

    def _wrongly_kept(self, key: Any, row: Row) -> Iterator[tuple[Any, ...]]:
        """A row whose record does not show: deleted if somebody told so, else missing."""
        place = self._place(row)
        if self.lenient and place in self.ledger.quiet:
            return
        if _live(row):
            if not self.one_walk:
                yield "too many", key
        elif row["deleted_at"] and place not in self.ledger.ended:
            yield "deleted though only hidden", key
        elif row["missing_since"] and self._was_told(place):
            yield "missing though told to be deleted", key

    def _was_told(self, place: Place) -> bool:
        return place in self.ledger.told and place not in self.ledger.ever_hidden

    def _place(self, row: Row) -> Place:
        if len(self.resource.records) > 1:
            return self.resource.name, row["id"]
        table = self.ground.box.world.at("kommo", self.resource.path.format(**row))
        assert table
        return table.spec.name, row[self.resource.key[-1]]


def visible(ground: Ground, resource: Resource) -> list[Expected]:
    """What the world shows to the token."""
    access = Access(ground.box.world)
    return [
        each
        for each in world(ground.box, resource)
        if access.visible(each.table, [each.parent])
        and each.record.get(resource.tombstone or "") is not True
    ]


def _live(row: Row) -> bool:
    return row["deleted_at"] is row["missing_since"] is None


def _wrong_counts(ground: Ground) -> list[Any]:
    """What is kept as the number of rows, beside how many there are: (list, (live, gone), (live, gone))."""
    of, kept = ground.integration("kommo").id, ground.run(row_counts.all_of)
    found = []
    for resource in KOMMO:
        rows = ground.rows(resource)
        live = sum(map(_live, rows))
        there, told = (live, len(rows) - live), kept.get((of, resource.full_name), (0, 0))
        found += [("counts", resource.name, there, told)] if there != told else []
    return found


def _wrong_links(ground: Ground) -> list[Any]:
    """Both ways, as leads, contacts, companies and customers carry them."""
    of = {resource.name: resource for resource in KOMMO if resource.name in LINKING}
    told = {
        (name, each.parent, to, item["id"])
        for name, resource in of.items()
        for each in visible(ground, resource)
        for to in LINKED
        for item in each.record["_embedded"].get(to) or []
    }
    select = text("select entity_type, entity_id, to_entity_type, to_entity_id from kommo.links")
    stored = {tuple(row) for row in ground.run(lambda c: c.execute(select).all())}
    return [("links", *link) for link in told ^ stored]
