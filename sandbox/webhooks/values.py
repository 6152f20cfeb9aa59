"""Custom fields and tags in a webhook body: four shapes of `values` (kommo-api.md 6.2)."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sandbox.records import Json

BRASILIA = timezone(timedelta(hours=-3))


def tags(record: Json) -> list[Json]:
    found = (record.get("_embedded") or {}).get("tags") or []
    return [{"id": tag.get("id"), "name": tag.get("name")} for tag in found]


def custom_fields(record: Json) -> list[Json]:
    """6.2.6: empty fields are left out; none filled: the key is missing."""
    return [_custom_field(f) for f in record.get("custom_fields_values") or [] if f.get("values")]


def when(value: Any) -> str | None:
    """6.5: "YYYY-MM-DD HH:MM:SS", UTC in the samples."""
    if not isinstance(value, int):
        return None
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")


def local(value: Any) -> str | None:
    """6.5: notes carry the server's local time, +3 h in the samples: to be ignored."""
    return when(value + 3 * 3600) if isinstance(value, int) else None


def _custom_field(entry: Json) -> Json:
    return {
        "id": entry["field_id"],
        "name": entry.get("field_name"),
        "values": _values(str(entry.get("field_type")), entry["values"]),
        "code": entry.get("field_code"),
    }


def _values(kind: str, values: list[Json]) -> Any:
    """6.2.4, 6.2.5: four shapes."""
    match kind:
        case "date":
            return [v.get("value") for v in values]
        case "birthday":
            return [{"value": _birthday(v.get("value"))} for v in values]
        case "radiobutton":
            return {"value": values[0].get("value"), "enum": values[0].get("enum_id")}
        case "smart_address":
            return [{"value": v.get("value"), "subtype": v.get("enum_code")} for v in values]
    return [{"value": v.get("value", v), "enum": v.get("enum_id")} for v in values]


def _birthday(value: Any) -> str | None:
    if not isinstance(value, int):
        return None if value is None else str(value)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
    return moment.astimezone(BRASILIA).strftime("%d.%m.%Y")
