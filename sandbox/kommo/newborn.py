"""A new record for a list: a blank of its kind, or, for a newcomer's list, a copy of the last."""

from sandbox.kommo import blank
from sandbox.kommo.definitions import aligned
from sandbox.kommo.samples import contact_fields
from sandbox.kommo.views import links
from sandbox.people import firm_name, person
from sandbox.records import Json, Table
from sandbox.world import World


def newborn(world: World, table: Table) -> Json:
    key, now = table.next_id(), world.now()
    match table.spec.name:
        case "leads":
            embedded = blank.lead_embedded([], [], None, lost=False)
            return blank.lead(key, now, now, _embedded=embedded)
        case "contacts":
            who = person(key)
            names = {"name": who.name, "first_name": who.first, "last_name": who.last}
            embedded = blank.contact_embedded([], None, [])
            fields = aligned(world, "contacts", contact_fields(who, key))
            return blank.contact(
                key, now, now, **names, custom_fields_values=fields, _embedded=embedded
            )
        case "companies":
            embedded = blank.company_embedded([], [])
            return blank.company(key, now, now, name=firm_name(key), _embedded=embedded)
    return _copy_of_last(table, key, now)


def _copy_of_last(table: Table, key: int, now: int) -> Json:
    record = table.live[table.ids[-1]].open() if table.ids else {}
    named = bool(table.ids) and isinstance(table.ids[-1], str)
    record[table.spec.id_field] = f"sandbox-{key}" if named else key
    times: Json = {name: now for name in ("created_at", "updated_at") if name in record}
    return {**record, **times, "_links": links(f"{table.spec.path}/{key}")}
