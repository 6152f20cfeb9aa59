"""Both sides of a link stay true: leads, contacts and companies embed each other's ids."""

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
        old, new = linked(before, partner), linked(after, partner)
        table = world.table("kommo", partner)
        for other in old - new:
            _edit(world, table, other, name, remove=key)
        for other in new - old:
            _edit(world, table, other, name, add=key)


def linked(record: Json, partner: str) -> set[Key]:
    return {item["id"] for item in (record.get("_embedded") or {}).get(partner) or []}


def link(name: str, key: Key, **more: bool) -> Json:
    return {"id": key, **more, "_links": links(f"/{name}/{key}")}


def _edit(
    world: World, table: Table, other: Key, name: str, *, add: Key = None, remove: Key = None
) -> None:
    record = table.live.get(other)
    if record is None:
        return
    opened = record.open()
    items = [i for i in opened["_embedded"].get(name, []) if i["id"] not in (add, remove)]
    if add is not None:
        items.append(
            link(name, add, is_main=not items) if _has_main(table, name) else link(name, add)
        )
    if _has_main(table, name) and items and not any(i.get("is_main") for i in items):
        items[0]["is_main"] = True
    opened["_embedded"][name] = items
    if world.options.link_bumps_updated_at:
        opened["updated_at"] = max(world.now(), opened["updated_at"])
    table.put(table.make(opened))


def _has_main(table: Table, name: str) -> bool:
    """kommo-api.md 5.5: only a lead's contacts carry `is_main`."""
    return table.spec.name == "leads" and name == "contacts"
