"""What the winner of a merge takes over from a loser (kommo-api.md 4.4)."""

from sandbox.kommo.linking import PARTNERS, linked, linked_to
from sandbox.records import Json, Key
from sandbox.world import World


def absorbed(name: str, winner: Json, loser: Json) -> Json:
    """The winner with the loser's links and tags, and the fields that it had not filled itself."""
    for partner in PARTNERS.get(name, ()):
        old, new = linked(winner, partner), linked(loser, partner)
        keys = old if old and partner == "companies" else [*old, *new]
        winner["_embedded"][partner] = linked_to(winner, name, partner, keys)
    tags = [*(winner["_embedded"].get("tags") or []), *(loser["_embedded"].get("tags") or [])]
    winner["_embedded"]["tags"] = list({tag["id"]: tag for tag in tags}.values())
    own = winner.get("custom_fields_values") or []
    known = {entry["field_id"] for entry in own}
    more = [e for e in loser.get("custom_fields_values") or [] if e["field_id"] not in known]
    winner["custom_fields_values"] = [*own, *more] or winner.get("custom_fields_values")
    return winner


def adopt(world: World, name: str, winner: Key, loser: Key) -> None:
    """Notes and tasks of the loser belong to the winner; their `updated_at` does not move."""
    for listed in (f"{name}_notes", "tasks"):
        if not world.has("kommo", listed):
            continue
        table = world.table("kommo", listed)
        mark = b'"entity_id":%d,' % loser
        for key in [k for k in table.ids if mark in table.live[k].raw]:
            record = table.live[key].open()
            if record.get("entity_type", name) == name:
                table.put(table.make({**record, "entity_id": winner}))
