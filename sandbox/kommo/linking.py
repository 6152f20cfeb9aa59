"""Both sides of a link stay true: leads, contacts and companies embed each other's ids."""

from collections.abc import Iterable

from sandbox.kommo.views import links
from sandbox.records import Json, Key, Table
from sandbox.world import World

PARTNERS = {
    "leads": ("contacts", "companies"),
    "contacts": ("leads", "companies"),
    "companies": ("leads", "contacts"),
}


def relink(world: World, name: str, key: Key, before: Json, after: Json) -> None:
    """Carry what changed in one record's links over to the other ends."""
    for partner in PARTNERS.get(name, ()):
        if not world.has("kommo", partner):
            continue
        old, new = set(linked(before, partner)), set(linked(after, partner))
        table = world.table("kommo", partner)
        for other in sorted(old - new):
            _edit(world, table, other, name, remove=key)
        for other in sorted(new - old):
            _edit(world, table, other, name, add=key)


def linked(record: Json, partner: str) -> list[Key]:
    """Ids, in the record's order."""
    return [item["id"] for item in (record.get("_embedded") or {}).get(partner) or []]


def link(name: str, key: Key, **more: bool) -> Json:
    return {"id": key, **more, "_links": links(f"/{name}/{key}")}


def linked_to(record: Json, name: str, partner: str, keys: Iterable[Key]) -> list[Json]:
    """A record's links once they lead to `keys`: known ones as they were, then the new ones.

    kommo-api.md 5.5: a lead's contacts, and only they, carry `is_main`; one of them is it.
    """
    known = {item["id"]: item for item in record["_embedded"].get(partner) or []}
    items = [known.get(key) or link(partner, key) for key in dict.fromkeys(keys)]
    if (name, partner) != ("leads", "contacts") or not items:
        return items
    main = next((item["id"] for item in items if item.get("is_main")), items[0]["id"])
    return [link(partner, item["id"], is_main=item["id"] == main) for item in items]


def _edit(
    world: World, table: Table, other: Key, partner: str, *, add: Key = None, remove: Key = None
) -> None:
    record = table.live.get(other)
    if record is None or record.planted:
        return
    opened = record.open()
    items = opened["_embedded"].get(partner) or []
    keys = [item["id"] for item in items if item["id"] not in (add, remove)]
    keys += [] if add is None else [add]
    opened["_embedded"][partner] = linked_to(opened, table.spec.name, partner, keys)
    if world.options.link_bumps_updated_at:
        opened["updated_at"] = max(world.now(), opened["updated_at"])
    table.put(table.make(opened))
