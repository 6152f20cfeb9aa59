"""The audit log `GET /events`: written by every change (kommo-api.md 5.11)."""

from sandbox.kommo.views import links
from sandbox.records import Json
from sandbox.world import World

ENTITY = {"leads": "lead", "contacts": "contact", "companies": "company", "tasks": "task"}
"""kommo-api.md 5.11: entity_type is singular here."""

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


class EventLog:
    def __init__(self, world: World) -> None:
        self.world = world

    def write(self, name: str, key: int, kind: str, **values: list[Json]) -> None:
        """`kind` with {} for the entity: "{}_added"; values: before, after."""
        if not self.world.has("kommo", "events") or name not in ENTITY:
            return
        table = self.world.table("kommo", "events")
        event = make_event(self.world, name, key, kind, self.world.now(), **values)
        table.put(table.make(event))

    def write_differences(self, name: str, before: Json, after: Json) -> None:
        key = after["id"]
        for kind, old, new in differences(before, after):
            self.write(name, key, kind, before=old, after=new)


def make_event(world: World, name: str, key: int, kind: str, at: int, **values: list[Json]) -> Json:
    identity = event_id(at, world.tick())
    entity = ENTITY[name]
    return {
        "id": identity,
        "type": kind.format(entity),
        "entity_id": key,
        "entity_type": entity,
        "created_by": 11500101,
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


def differences(before: Json, after: Json) -> list[tuple[str, list[Json], list[Json]]]:
    """(event type, value_before, value_after) of one edit."""
    found = []
    if _stage(before) != _stage(after):
        found.append(("lead_status_changed", _stage(before), _stage(after)))
    for field, kind, root, inner in SIMPLE:
        if field in after and before.get(field) != after.get(field):
            old, new = ([{root: {inner: r.get(field)}}] for r in (before, after))
            found.append((kind, old, new))
    return found + _custom_differences(before, after)


SIMPLE = (
    ("responsible_user_id", "entity_responsible_changed", "responsible_user", "id"),
    ("price", "sale_field_changed", "sale_field_value", "sale"),
    ("name", "name_field_changed", "name_field_value", "name"),
)


def _stage(record: Json) -> list[Json]:
    if "status_id" not in record:
        return []
    stage = {"id": record["status_id"], "pipeline_id": record["pipeline_id"]}
    return [{"lead_status": stage}]


def _custom_differences(before: Json, after: Json) -> list[tuple[str, list[Json], list[Json]]]:
    old, new = _by_field(before), _by_field(after)
    changed = [f for f in {**old, **new} if old.get(f) != new.get(f)]
    return [(f"custom_field_{f}_value_changed", _texts(old, f), _texts(new, f)) for f in changed]


def _by_field(record: Json) -> dict[int, Json]:
    return {entry["field_id"]: entry for entry in record.get("custom_fields_values") or []}


def _texts(fields: dict[int, Json], field: int) -> list[Json]:
    """5.11: `field_type` is a number here."""
    values = fields.get(field, {}).get("values") or []
    return [
        {"custom_field_value": {"field_id": field, "field_type": 1,
                                "enum_id": v.get("enum_id"), "text": str(v.get("value"))}}
        for v in values
    ]  # fmt: skip


def _base32(number: int, length: int) -> str:
    text = ""
    for _ in range(length):
        number, digit = divmod(number, 32)
        text = CROCKFORD[digit] + text
    return text
