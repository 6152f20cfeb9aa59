"""The audit log `GET /events`: written by every change (kommo-api.md 5.11)."""

from sandbox.kommo.differences import differences
from sandbox.kommo.linking import PARTNERS, linked
from sandbox.kommo.views import links
from sandbox.records import Json, Key
from sandbox.world import World

ENTITY = {
    "leads": "lead",
    "contacts": "contact",
    "companies": "company",
    "customers": "customer",
    "tasks": "task",
}
"""kommo-api.md 5.11: entity_type is singular here."""

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


class EventLog:
    def __init__(self, world: World) -> None:
        self.world = world

    def write(self, name: str, key: Key, kind: str, **values: list[Json]) -> None:
        """`kind` with {} for the entity: "{}_added"; values: before, after."""
        if not self.world.has("kommo", "events") or name not in ENTITY:
            return
        table = self.world.table("kommo", "events")
        event = make_event(self.world, name, key, kind, self.world.now(), **values)
        table.put(table.make(event))

    def write_differences(self, name: str, key: Key, before: Json, after: Json) -> None:
        if name in ENTITY:
            for kind, old, new in differences(name, before, after):
                self.write(name, key, kind, before=old, after=new)
            self.write_links(name, key, before, after)

    def write_links(self, name: str, key: Key, before: Json, after: Json) -> None:
        """entity_linked and entity_unlinked, told of both ends."""
        for partner in (*PARTNERS.get(name, ()), "catalog_elements"):
            old, new = linked(before, partner), linked(after, partner)
            for other in (k for k in new if k not in old):
                self.write(name, key, "entity_linked", after=[_link(partner, other)])
                self.write(partner, other, "entity_linked", after=[_link(name, key)])
            for other in (k for k in old if k not in new):
                self.write(name, key, "entity_unlinked", before=[_link(partner, other)])
                self.write(partner, other, "entity_unlinked", before=[_link(name, key)])


def make_event(world: World, name: str, key: Key, kind: str, at: int, **values: list[Json]) -> Json:
    identity = event_id(at, world.tick())
    entity = ENTITY[name]
    return {
        "id": identity,
        "type": kind.format(entity),
        "entity_id": key,
        "entity_type": entity,
        "created_by": world.actor,
        "created_at": at,
        "value_after": values.get("after", []),
        "value_before": values.get("before", []),
        "account_id": 31990001,
        "_links": links(f"/events/{identity}"),
        "_embedded": {"entity": {"id": key, "_links": links(f"/{name}/{key}")}},
    }


def event_id(at: int, number: int) -> str:
    """A lower-case ULID: time first, so that the newest sorts last (5.11: id is a string)."""
    return _base32(at * 1000, 10) + _base32(number, 16)


def _link(name: str, key: Key) -> Json:
    kind = ENTITY.get(name, "catalog_element")
    return {"link": {"entity": {"type": kind, "id": key}}}


def _base32(number: int, length: int) -> str:
    text = ""
    for _ in range(length):
        number, digit = divmod(number, 32)
        text = CROCKFORD[digit] + text
    return text
