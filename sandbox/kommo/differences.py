"""What the audit log says of one edit: (event type, value_before, value_after) (kommo-api.md 5.11)."""

from sandbox.records import Json

Difference = tuple[str, list[Json], list[Json]]

SIMPLE = {
    "": (
        ("responsible_user_id", "entity_responsible_changed", "responsible_user", "id"),
        ("price", "sale_field_changed", "sale_field_value", "sale"),
        ("name", "name_field_changed", "name_field_value", "name"),
        ("ltv", "ltv_field_changed", "ltv_field_value", "ltv"),
    ),
    "tasks": (
        ("responsible_user_id", "entity_responsible_changed", "responsible_user", "id"),
        ("text", "task_text_changed", "task", "text"),
        ("complete_till", "task_deadline_changed", "task_deadline", "timestamp"),
        ("task_type_id", "task_type_changed", "task_type", "id"),
    ),
}
"""List ("" = every other) -> field, event type, root and inner key; those without a sample are (?)."""


def differences(name: str, before: Json, after: Json) -> list[Difference]:
    found: list[Difference] = []
    if stage_of(before) != stage_of(after):
        found.append(("lead_status_changed", stage_of(before), stage_of(after)))
    for field, kind, root, inner in SIMPLE.get(name, SIMPLE[""]):
        if field in after and before.get(field) != after.get(field):
            old, new = ([{root: {inner: r.get(field)}}] for r in (before, after))
            found.append((kind, old, new))
    if name == "tasks":
        return found + _completion(before, after)
    return found + _tag_differences(before, after) + _custom_differences(before, after)


def stage_of(record: Json) -> list[Json]:
    """As an event tells it (5.11)."""
    if "status_id" not in record or "pipeline_id" not in record:
        return []
    stage = {"id": record["status_id"], "pipeline_id": record["pipeline_id"]}
    return [{"lead_status": stage}]


def _completion(before: Json, after: Json) -> list[Difference]:
    found: list[Difference] = []
    if after.get("is_completed") and not before.get("is_completed"):
        found.append(("task_completed", [], []))
    if after.get("result") and after.get("result") != before.get("result"):
        found.append(("task_result_added", [], [{"task": {"text": after["result"]["text"]}}]))
    return found


def _tag_differences(before: Json, after: Json) -> list[Difference]:
    old, new = _tags(before), _tags(after)
    added: list[Difference] = [
        ("entity_tag_added", [], [{"tag": {"name": n}}]) for n in new if n not in old
    ]
    return added + [("entity_tag_deleted", [{"tag": {"name": n}}], []) for n in old if n not in new]


def _tags(record: Json) -> list[str]:
    tags = (record.get("_embedded") or {}).get("tags") or []
    return list(dict.fromkeys(tag["name"] for tag in tags))


def _custom_differences(before: Json, after: Json) -> list[Difference]:
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
