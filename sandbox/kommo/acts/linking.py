"""Linking and unlinking; whether `updated_at` moves is a doubt of the page (5.16, 9.10)."""

from collections.abc import Iterable
from functools import partial

from sandbox.kommo.acts.turn import Act, Done, NothingToDo, Turn
from sandbox.kommo.blank import bought
from sandbox.kommo.linking import linked, linked_to
from sandbox.records import Json, Key

PAIRS = (("leads", "contacts"), ("leads", "companies"), ("contacts", "companies"))
SINGULAR = {"contacts": "contact", "companies": "company"}


def link(name: str, partner: str, turn: Turn) -> Done:
    """`set` may name the other end: {"to": id}. A second company replaces the first (0..1)."""
    [key] = turn.some(name)[:1]
    other = turn.other(partner, "to")
    keys = linked(turn.record(name, key), partner)
    keys = [other] if partner == "companies" else [*keys, other]
    return _relink(name, partner, key, keys, other, turn)


def unlink(name: str, partner: str, turn: Turn) -> Done:
    """The one named by {"to": id}, else the last."""
    [key] = turn.some(name, where=lambda r: bool(linked(r, partner)))[:1]
    keys = linked(turn.record(name, key), partner)
    if not keys:
        raise NothingToDo(f"{name} {key} has no {partner}")
    other = turn.fields.get("to", keys[-1])
    return _relink(name, partner, key, [k for k in keys if k != other], other, turn)


def main_contact(turn: Turn) -> Done:
    """Another contact of the lead becomes the main one."""
    [key] = turn.some("leads", where=lambda r: len(linked(r, "contacts")) > 1)[:1]
    items = turn.record("leads", key)["_embedded"]["contacts"]
    main = items[-1]["id"]
    marked = [{**item, "is_main": item["id"] == main} for item in items]
    _change("leads", key, "contacts", marked, turn)
    return {"leads": [key]}


def buy(turn: Turn) -> Done:
    """A product of the catalog is linked, in some quantity."""
    [key] = turn.some("leads")[:1]
    element = turn.other("catalogs/9001/elements", "to")
    held = turn.record("leads", key)["_embedded"].get("catalog_elements") or []
    items = [item for item in held if item["id"] != element]
    _change(
        "leads", key, "catalog_elements", [*items, bought(element, turn.rng.randrange(1, 9))], turn
    )
    return {"leads": [key], "catalogs/9001/elements": [element]}


def unbuy(turn: Turn) -> Done:
    [key] = turn.some("leads", where=lambda r: bool(linked(r, "catalog_elements")))[:1]
    held = turn.record("leads", key)["_embedded"]["catalog_elements"]
    _change("leads", key, "catalog_elements", held[:-1], turn)
    return {"leads": [key]}


def _relink(name: str, partner: str, key: Key, keys: list[Key], other: Key, turn: Turn) -> Done:
    items = linked_to(turn.record(name, key), name, partner, keys)
    _change(name, key, partner, items, turn)
    return {name: [key], partner: [other]}


def _change(name: str, key: Key, partner: str, items: list[Json], turn: Turn) -> None:
    """Without a bump no webhook is sent either: only the audit log knows."""
    bump = turn.world.options.link_bumps_updated_at
    fields = {f"_embedded.{partner}": items}
    turn.actions.change(name, [key], fields, turn.silent or not bump, bump=bump)


def acts() -> Iterable[tuple[str, Act]]:
    for name, partner in PAIRS:
        yield f"{name}.link_{SINGULAR[partner]}", partial(link, name, partner)
        yield f"{name}.unlink_{SINGULAR[partner]}", partial(unlink, name, partner)
    yield "leads.main_contact", main_contact
    yield "leads.buy", buy
    yield "leads.unbuy", unbuy
