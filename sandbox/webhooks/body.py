"""Webhook bodies: v4 records under their v2 names (kommo-api.md 6.4, 6.5)."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sandbox.records import Json
from sandbox.webhooks.codes import Group
from sandbox.webhooks.form import encode

BRASILIA = timezone(timedelta(hours=-3))
ACCOUNT = {
    "subdomain": "sandbox",
    "id": 31990001,
    "_links": {"self": "https://sandbox.kommo.com"},
}
ELEMENT_TYPES = {"contacts": 1, "leads": 2, "companies": 3, "customers": 12}


def body(group: Group, action: str, entities: list[Json], account_first: bool = True) -> bytes:
    """One delivery; `entities` are trees made by `entity`. The account block has no fixed place."""
    tree = {group.group: {action: entities}}
    return encode({"account": ACCOUNT} | tree if account_first else tree | {"account": ACCOUNT})


def entity(group: Group, action: str, record: Json, old: Json) -> Json:
    """`old`: former values of what changed (status_id, pipeline_id, responsible_user_id).

    6.5: `responsible` carries an old_status_id even when the stage did not change.
    """
    if action == "delete":
        return _deleted(group, record)
    if group.noun == "lead":
        stale = {"status_id": record.get("status_id")} if action == "responsible" else {}
        return _lead(record, stale | old)
    if group.noun == "task":
        return _task(record, old, action)
    return _contact(group, record, old)


def _deleted(group: Group, record: Json) -> Json:
    """6.5: a lead's delete has id, status_id, pipeline_id; others id (and type)."""
    if group.noun == "lead":
        return {k: record.get(k) for k in ("id", "status_id", "pipeline_id")}
    return {"id": record["id"], "type": group.kind or None}


def _lead(record: Json, old: Json) -> Json:
    return {
        "id": record["id"],
        "name": record.get("name") or "",
        "status_id": record.get("status_id"),
        "price": record.get("price"),
        "responsible_user_id": record.get("responsible_user_id"),
        "last_modified": record.get("updated_at"),
        "modified_user_id": record.get("updated_by"),
        "created_user_id": record.get("created_by"),
        "date_create": record.get("created_at"),
        "pipeline_id": record.get("pipeline_id"),
        "account_id": record.get("account_id"),
        **{f"old_{name}": value for name, value in old.items()},
        "tags": _tags(record),
        "custom_fields": _custom_fields(record),
        "created_at": record.get("created_at"),
        "updated_at": record.get("updated_at"),
    }


def _contact(group: Group, record: Json, old: Json) -> Json:
    """Contacts, companies, and whatever else declares a group (`type` only if it has one)."""
    embedded = record.get("_embedded") or {}
    companies = embedded.get("companies") or []
    leads = embedded.get("leads") or []
    return {
        "id": record["id"],
        "name": record.get("name") or "",
        "responsible_user_id": record.get("responsible_user_id"),
        **{f"old_{name}": value for name, value in old.items()},
        "group_id": record.get("group_id"),
        "date_create": record.get("created_at"),
        "last_modified": record.get("updated_at"),
        "created_user_id": record.get("created_by"),
        "modified_user_id": record.get("updated_by"),
        "account_id": record.get("account_id"),
        "linked_company_id": companies[0]["id"] if companies else None,
        "custom_fields": _custom_fields(record),
        "tags": _tags(record),
        "linked_leads_id": {str(lead["id"]): {"ID": lead["id"]} for lead in leads},
        "created_at": record.get("created_at"),
        "updated_at": record.get("updated_at"),
        "type": group.kind or None,
    }


def _task(record: Json, old: Json, action: str) -> Json:
    """6.5: string dates beside the unix ones; `action_close` and `result` on update."""
    result = record.get("result") or {}
    tree = {
        "id": record["id"],
        "element_id": record.get("entity_id"),
        "element_type": ELEMENT_TYPES.get(str(record.get("entity_type"))),
        "task_type": record.get("task_type_id"),
        "date_create": _when(record.get("created_at")),
        "text": record.get("text"),
        "status": record.get("is_completed"),
        "account_id": record.get("account_id"),
        "created_user_id": record.get("created_by"),
        "last_modified": _when(record.get("updated_at")),
        "responsible_user_id": record.get("responsible_user_id"),
        "complete_till": _when(record.get("complete_till")),
        "created_at": record.get("created_at"),
        "updated_at": record.get("updated_at"),
        "complete_before": record.get("complete_till"),
        **{f"old_{name}": value for name, value in old.items()},
    }
    if action == "update":
        tree |= {"action_close": record.get("is_completed"), "result": result}
    return tree


def _tags(record: Json) -> list[Json]:
    tags = (record.get("_embedded") or {}).get("tags") or []
    return [{"id": tag.get("id"), "name": tag.get("name")} for tag in tags]


def _custom_fields(record: Json) -> list[Json]:
    """6.2.6: empty fields are left out; none filled: the key is missing."""
    return [_custom_field(f) for f in record.get("custom_fields_values") or [] if f.get("values")]


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


def _when(value: Any) -> str | None:
    if not isinstance(value, int):
        return None
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")
