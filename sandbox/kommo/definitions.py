"""Keeps invented values true to the account's present fields: renamed, retyped or removed ones."""

from sandbox.records import Json
from sandbox.world import World


def aligned(world: World, name: str, entries: list[Json] | None) -> list[Json] | None:
    """The entries under their fields' present names and types, without fields that are gone."""
    if not entries or not world.has("kommo", f"{name}_custom_fields"):
        return entries
    fields = world.table("kommo", f"{name}_custom_fields").live
    return [
        {**entry, "field_name": field["name"], "field_type": field["type"]}
        for entry in entries
        if entry["field_id"] in fields
        for field in (fields[entry["field_id"]].open(),)
    ] or None
